import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { historyIn } from "../adapters/vmap/history-file.ts";
import { isUnreleased, spansOf } from "../counterexamples/vmap/evidence.ts";
import { BUGS } from "../counterexamples/vmap/index.ts";
import { replay } from "../engine/run/stepper.ts";
import { bugsIn, LABELLED, MAINLINE, variants } from "../kernels/versions.ts";
import { benchFor, type JudgedStep } from "../properties/vmap/test-bench.ts";
import { CHANGES } from "../spec/vmap/bibliography.ts";
import { type Version, versionOf } from "../spec/vmap/change.ts";
import { judgedAlsoBy } from "../spec/vmap/kernel.ts";
import { namesOf } from "./hunt-target.ts";
import { violationsOf } from "./list-one.ts";
import { askedAs, checkedFor, findKernel, kernelNamed, releaseNamed } from "./names.ts";
import { allPinned, pinnedFile } from "./pin/pinned.ts";
import { subjectNamed } from "./subject.ts";
import { factsOf, factsText, takenText, type VersionFacts, withOthers } from "./versions.ts";
import { OPEN_VMAP } from "./vmap/open-wing.ts";

const facts = (word: string) => factsOf(word) as VersionFacts;
/** Its lines without wrapping. */
const text = (word: string) => factsText(facts(word));
const columns = (word: string) => checkedFor(word).kernels.map(({ name }) => name);

describe("a version without a model of its own", () => {
  test.each([
    ["5.15", ["5.11"]],
    ["6.6", ["6.5"]],
    ["5.10.120", ["5.10"]],
    ["v6.6.3", ["6.5"]],
    ["6.13-rc2", ["6.12"]],
    ["4.14", ["4.15.0"]],
    ["3.2", ["3.1"]],
    ["5.15.0-91-generic", ["5.11"]],
    ["6.1.0-18-amd64", ["6.1"]],
    ["v6.12", ["6.12"]],
    ["4.15", ["4.15.0"]],
  ])("%s is checked as the release that answers as it does", (word, names) => {
    expect(columns(word)).toEqual(names);
    expect(facts(word).answersAs.map((label) => releaseNamed(label).name)).toEqual(names);
  });

  test.each([
    ["5.3", ["5.2", "5.10"], ["5336e52c9e85"], ["dd3b8353bae7"]],
    ["6.17", ["6.12", "6.19"], ['"mm/vmalloc.c: optimize'], ['"mm/vmalloc: support non-blocking']],
  ])(
    "%s is checked as both its neighbours, with the changes it has more and less",
    (word, names, more, less) => {
      expect(columns(word)).toEqual(names);
      const { answersAs, against } = facts(word);
      expect(answersAs).toEqual([]);
      const begin = (changes: readonly { commit: string }[], expected: readonly string[]) =>
        changes.map(({ commit }, nth) => commit.slice(0, expected[nth]?.length));
      expect(begin(against[0]?.more ?? [], more)).toEqual(more);
      expect(begin(against[1]?.less ?? [], less)).toEqual(less);
    },
  );

  test("is checked as one release if both neighbours are the same, with the changes it lacks", () => {
    expect(columns("2.6.29")).toEqual(["2.6.28.10"]);
    expect(facts("2.6.29").against[0]?.less.map(({ commit }) => commit)).toEqual(["2498ce42d3a3"]);
    expect(facts("2.6.29").bugs.has).toContain("va-leak-on-enospc");
  });

  test("is checked as all releases it may answer as, if its backports are not known", () => {
    expect(columns("4.19.300")).toEqual(["4.15.0", "4.15.18-ubuntu"]);
    expect(text("4.19.300")).toMatch(
      /^4\.19\.300 answers as 4\.15\.0 or as 4\.15\.18-ubuntu: whether it has afd07389d3f4 \(5\.1\) is not known\.$/m,
    );
  });

  test("above the newest is taken as the newest, with a note", () => {
    expect(columns("7.10")).toEqual(["6.19"]);
    expect(text("7.10")).toMatch(
      /^7\.10 is newer than 7\.3, the newest known: taken as 7\.3 \(= 6\.19 = 7\.2\); what changed since is not known\.$/m,
    );
  });

  test.each(["1.0", "2.4", "2.4.0", "2.6.26"])("below the oldest is refused in one line: %s", (word) => {
    expect(() => checkedFor(word)).toThrow(
      /^there is no kernel "[\d.]+": it is older than the oldest, 2\.6\.27$/,
    );
  });
});

describe("the source of what is known", () => {
  test("is the commits, and recordings on both sides", () => {
    const lines = text("6.6");
    expect(lines).toContain("6.6 answers as 6.5 (= 6.8).");
    expect(lines).toContain("by the commits: none that replies show lies between 6.5 and 6.6");
    expect(lines).toContain("recorded: 6.5 and 6.8, on both sides of it, answer alike in every reply");
  });

  test("is the replies of a later stable version's code", () => {
    expect(text("5.10.120")).toContain(
      "recorded: the allocator of 5.10.262 answered all 254 traces of 5.10 as 5.10 did",
    );
  });

  test("names changes that no reply shows, backports, and possible others", () => {
    expect(text("5.15")).toMatch(
      /^ {2}no reply shows: {2}ad216c0316ad \(5\.13\) .*brings C13; ends C6.* \(blocks, walks\)$/m,
    );
    expect(text("6.6.3")).toContain("stable: 6.6.y has 8c61291fd850 (6.10) in some version");
    expect(text("5.15.3")).toContain("a stable 5.15.y may have taken a later change");
    expect(text("5.15.0-91-generic")).toContain('"-91-generic" is a distribution\'s');
  });
});

test.each(["mainline", "6", "6.", "", "4.15.18-ubunut"])("%j is no version", (word) => {
  expect(() => checkedFor(word)).toThrow(/^there is no kernel /);
});

test("every verb takes a version for the kernel that answers as it does, and names that kernel", () => {
  expect(kernelNamed("6.6").name).toBe("6.5");
  expect(subjectNamed("5.15").name).toBe("5.11");
  expect(askedAs("6.6", kernelNamed("6.6"))).toBe("6.6 (= 6.5)");
  expect(askedAs("7.2", kernelNamed("7.2"))).toBe("7.2 (= 6.19)");
  expect(askedAs("6.5", kernelNamed("6.5"))).toBe("6.5");
});

test("every verb takes a version that does not exist yet as the newest known, and says so", () => {
  expect(kernelNamed("9.1").name).toBe("6.19");
  expect(subjectNamed("9.1").name).toBe("6.19");
  expect(askedAs("9.1", kernelNamed("9.1"))).toBe("9.1 (taken as 7.3, the newest known)");
  expect(takenText("blocks-9.1", "blocks-6.12")).toContain(
    "newer than 7.3, the newest known: taken as blocks-6.12",
  );
});

describe("a version that no single release answers like is refused with the reason, in one line", () => {
  test.each([
    ["5.3", "it lies between 5.2 and 5.4 (= 5.10), and answers as neither; check 5.3 shows both"],
    [
      "4.19.300",
      "it may answer as 4.15.0 or as 4.15.18-ubuntu: whether it has afd07389d3f4 (5.1) is not known",
    ],
    ["2.4.0", "it is older than the oldest, 2.6.27"],
    ["2.6.93", "no such release was made, the last 2.6 is 2.6.39"],
    ["4.21", "no such release was made, the last 4 is 4.20"],
  ])("%s", (word, said) => {
    expect(() => kernelNamed(word)).toThrow(`there is no kernel "${word}": ${said}`);
    expect(() => subjectNamed(word)).toThrow(`there is no machine "${word}": ${said}`);
  });
});

test("a label is printed with the other labels of its kernel", () => {
  expect(withOthers("7.2", ["6.19", "7.2"])).toBe("7.2 (= 6.19)");
  expect(withOthers("6.12", ["6.12"])).toBe("6.12");
});

/** Labels, releases from the oldest to the newest, and where the table says that a change or a backport came. */
const VERSIONS = [
  ...new Set([
    ...LABELLED.map(({ label }) => label),
    ...MAINLINE.map((each) => each.text),
    ...CHANGES.flatMap(({ release, backports }) => [
      release,
      ...backports.flatMap(({ series, from }) =>
        from === undefined ? [] : [`${series}.${from - 1}`, `${series}.${from}`],
      ),
    ]),
  ]),
];

describe("a version has the bugs that the commits give it", () => {
  const ofCalls = new Set(BUGS.map(({ id }) => id));
  const known = VERSIONS.flatMap((word) => {
    const kernel = findKernel(word);
    return kernel === undefined ? [] : [{ word, kernel }];
  });

  test.each(known)("$word, as list, check and replay know it: by $kernel.name", ({ word, kernel }) => {
    const { has, mayHave } = bugsIn(versionOf(word) as Version);
    const violated = violationsOf(OPEN_VMAP, kernel);
    const ids = BUGS.filter(({ violations }) => violations.some((each) => violated.has(each))).map(
      ({ id }) => id,
    );
    expect(ids.filter((id) => !mayHave.includes(id)).sort()).toEqual(
      has.filter((id) => ofCalls.has(id)).sort(),
    );
  });

  test("and so it is for every label, and for a version inside each bug's spans", () => {
    const words = known.map(({ word }) => word);
    expect(LABELLED.map(({ label }) => label).filter((label) => !words.includes(label))).toEqual([]);
    const released = BUGS.filter(({ id }) => spansOf(id).length > 0 && !isUnreleased(spansOf(id)));
    const inside = released.filter(({ id }) =>
      words.some((word) => bugsIn(versionOf(word) as Version).has.includes(id)),
    );
    expect(inside.map(({ id }) => id)).toEqual(released.map(({ id }) => id));
    expect(words).toEqual(expect.arrayContaining(["3.10", "4.18", "5.0", "6.3"]));
  });
});

describe("a kernel that is no column of its own", () => {
  test.each(variants().map((kernel) => ({ name: kernel.name, kernel })))(
    "violates by replay what its list says, and by the same names: $name",
    ({ kernel }) => {
      const violated = violationsOf(OPEN_VMAP, kernel);
      for (const { bug, pinned } of allPinned({ bugs: BUGS }).filter((each) => violated.has(each.pinned))) {
        const { scope, commands } = historyIn(
          pinned.pinned,
          JSON.parse(readFileSync(pinnedFile(bug, pinned), "utf8")),
        );
        const last = replay(benchFor(judgedAlsoBy(kernel, pinned.law), scope), commands, pinned.law).at(-1);
        const found = namesOf(OPEN_VMAP, kernel, last as JudgedStep).find(({ law }) => law === pinned.law);
        expect([bug.id, found?.listed]).toEqual([found?.known, true]);
      }
    },
  );

  test.each([
    ["3.10", "3.10.4", "3.1", "4341fa4"],
    ["4.19", "4.19", "4.15.0", "f3c01d2f3ade"],
    ["6.3", "6.3", "6.1", '"mm: vmalloc: Avoid calling'],
  ])("is checked under its own name, and the answer says how it differs: %s", (word, name, like, commit) => {
    expect(columns(word)).toEqual([name]);
    expect(kernelNamed(word).release.like).toBe(like);
    const own = word === name;
    expect(facts(word)).toMatchObject({ answersAs: [own ? like : name], inside: own, columns: [name] });
    if (own) expect(text(word)).toContain(`no reply shows:  ${commit}`);
    expect(text(word)).toMatch(own ? / to calls inside their domain; outside/ : /answers as 3\.10\.4\./);
  });

  test("is found by the versions that took the same backports", () => {
    expect(columns("4.19.125")).toContain("4.19");
    expect(columns("4.19.126")).not.toContain("4.19");
    expect(columns("4.17")).toEqual(["4.15.0"]);
    expect(columns("6.2")).toEqual(["6.1"]);
  });
});

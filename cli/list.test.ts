/** `list`: the spans of bugs, and the page of one bug or kernel. */
import { stripVTControlCharacters } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listVerb } from "./verbs/list.ts";

async function printed(name?: string, json = false): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  expect(await listVerb(name, { json })).toBe(0);
  const text = stripVTControlCharacters(log.mock.calls.map(([line]) => line).join("\n"));
  log.mockRestore();
  return text;
}

/** The third column of the bugs, unfolded, by slug and number. */
function spansIn(out: string): ReadonlyMap<string, string> {
  const spans = new Map<string, string>();
  let current = "";
  for (const line of out.slice(out.indexOf("\nbugs")).split("\n")) {
    // Between two columns are at least two blanks; a folded one continues below, after at least thirty.
    const [, slug = "", number = ""] = /^ {3}([a-z]\S+) +([A-Z]\d+)?/.exec(line) ?? [];
    if (slug !== "") {
      current = `${slug} ${number}`.trim();
      spans.delete(current);
    }
    const span = /^(?: {3}[a-z]\S+ +(?:[A-Z]\d+ +)?| {30,39})(\S+(?: \S+)*)/.exec(line)?.[1];
    if (span !== undefined) spans.set(current, `${spans.get(current) ?? ""} ${span}`.trim());
  }
  return spans;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("list", () => {
  test("prints for each bug since when, until when, and by which commit it was fixed", async () => {
    const spans = spansIn(await printed());
    expect(spans.get("vb-full-block-stale C7")).toBe("since 2.6.28 until 6.5 by fc1e0d980037");
    expect(spans.get("aug-align-overhead A13")).toBe(
      "since 5.2 until 5.16 by 9f531973dff3; since 5.18, not fixed",
    );
    expect(spans.get("va-gap-offbyone A1")).toMatch(
      /^since 2\.6\.28 until 2\.6\.28 before its release by "mm: /,
    );
    expect(spans.get("vmlist-overruns-end E1")).toBe("from before 2.6.27 until 2.6.28 by db64fe02258f");
    expect(spans.get("cache-no-align-test")).toBe("never released");
    expect(spans.get("vb-final-free-window C13")).toBe("since 5.13, not fixed");
  });

  test("prints for each kernel the releases that it stands for", async () => {
    const out = await printed();
    expect(out).toMatch(/^ +6\.5 = 6\.8 +stands for 6\.5 to 6\.8 /m);
    expect(out).toMatch(/^ +5\.11 +stands for 5\.11 to 5\.15 /m);
    expect(out).toMatch(/^ +4\.15\.18-ubuntu +stands for 5\.1 /m);
  });

  test("says the same as JSON, beside what it said before", async () => {
    const { kernels, bugs } = JSON.parse(await printed(undefined, true));
    const six = kernels.find(({ labels }: { labels: string[] }) => labels.includes("6.8"));
    expect(six).toMatchObject({
      standsFor: ["6.5 to 6.8"],
      protocols: expect.arrayContaining(["blocks-6.5"]),
    });
    const c7 = bugs.find(({ number }: { number: string }) => number === "C7");
    expect(c7).toMatchObject({
      fixed: "6.5",
      spans: [
        {
          since: { commit: "db64fe02258f", release: "2.6.28" },
          until: { commit: "fc1e0d980037", release: "6.5" },
        },
      ],
    });
  });
});

describe("list of one bug", () => {
  test("has its source, mechanism, spans, and laws with commands and the line that replays them", async () => {
    const out = await printed("C7");
    expect(out).toMatch(
      /^vb-full-block-stale \(C7\)\nA block that has given out all its pages is on no list/,
    );
    expect(out).toContain("Thomas Gleixner, 2023");
    expect(out).toMatch(/^since: +db64fe02258f \(2\.6\.28\) {2}The rewrite/m);
    expect(out).toMatch(/^until: +fc1e0d980037 \(6\.5\) {2}vm_unmap_aliases looks at every block\.$/m);
    expect(out).toMatch(/^ {2}no-alias-after-unmap-aliases in 5, on 2\.6\.37, /m);
    expect(out).toMatch(
      /^ {4}replay: {2}npm run -s vmapcheck -- replay vb-full-block-stale --law pinned-is-unaliased \\\n +--kernel \S+$/m,
    );
    expect(out).toContain(
      "Laws it violates when calls interleave\n  no-alias-after-unmap-aliases in 15 steps, on blocks-5.13",
    );
  });

  test("has backports, and commits that ended it in part", async () => {
    const out = await printed("a11");
    expect(out).toMatch(/^in part until: +afd07389d3f4 \(5\.1\) /m);
    expect(out).toMatch(/^backport: +afd07389d3f4 in 4\.4\.179$/m);
  });

  test("is a JSON document too", async () => {
    const c13 = JSON.parse(await printed("C13", true));
    expect(c13).toMatchObject({ id: "vb-final-free-window", breaks: [], spans: [{ until: null }] });
    expect(c13.interleaved).toMatchObject([
      { law: "no-alias-after-unmap-aliases", steps: 17, repaired: "blocks-6.12-repaired" },
    ]);
  });
});

describe("list of one kernel", () => {
  test("has versions, what changed, promises, bugs at both grains, and protocols", async () => {
    const out = await printed("6.8");
    expect(out).toMatch(/^stands for +6\.5 to 6\.8; recorded as 6\.5, 6\.8$/m);
    expect(out).toMatch(
      /^protocols +areas-5\.18, blocks-6\.5, locks-6\.5, reset-perms-5\.2, contexts-5\.17, kasan-5\.5,/m,
    );
    expect(out).toMatch(/^Changes since 6\.4\n {2}fc1e0d980037 \(6\.5\)/m);
    expect(out).toMatch(/^Promises \d+ laws$/m);
    expect(out).toMatch(/^Known bugs\n +A13 +aug-align-overhead /m);
    expect(out).toMatch(/^ +C10 +vb-wrong-queue-lock +nothing-leaks +locks-6\.5$/m);
  });

  test("may be of a version: it has the release, with the protocols of that version", async () => {
    const out = await printed("5.15");
    expect(out).toMatch(/^5\.15 answers as 5\.11\.$/m);
    expect(out).toMatch(
      /^protocols +areas-5\.1, blocks-5\.13, walks-5\.13, reset-perms-5\.2, contexts-5\.5,/m,
    );
    const { version, kernels } = JSON.parse(await printed("5.3", true));
    expect(version).toMatchObject({ asked: "5.3", answersAs: [] });
    expect(kernels.map(({ labels }: { labels: string[] }) => labels[0])).toEqual(["5.2", "5.10"]);
  });

  test("or of neither is refused in one line", async () => {
    await expect(listVerb("mainline", { json: false })).rejects.toThrow(
      /^there is no kernel, bug, law or protocol "mainline"/,
    );
  });
});

describe("list of one law", () => {
  test("says who promises it, and which bugs violate it at both grains", async () => {
    const out = await printed("no-alias-after-unmap-aliases");
    expect(out).toMatch(/^source: +db64fe02: Xen and PAT call vm_unmap_aliases/m);
    expect(out).toMatch(/^promised: +by 2\.6\.28, /m);
    expect(out).toMatch(/^ +C7 +vb-full-block-stale +2\.6\.37, /m);
    expect(out).toMatch(/^ +C13 +vb-final-free-window +blocks-6\.12, /m);
    const { id, bugs, interleaved } = JSON.parse(await printed("no-alias-after-unmap-aliases", true));
    expect(id).toBe("no-alias-after-unmap-aliases");
    expect(bugs.map(({ number }: { number: string }) => number)).toContain("C5");
    expect(interleaved.map(({ number }: { number: string }) => number)).toContain("C13");
  });

  test("knows what has to end, and laws of a gather", async () => {
    expect(await printed("lazy-comes-down")).toMatch(/^ +A15 +purge-starved-by-alloc +areas-4\.10$/m);
    expect(JSON.parse(await printed("page-after-flush", true))).toMatchObject({ wings: ["gather"] });
  });
});

describe("list of one protocol", () => {
  test("says what it describes, takes, calls and has to keep, and what it shows", async () => {
    const out = await printed("blocks-6.12");
    expect(out).toMatch(/^describes: +6\.12, 6\.19, 7\.2, 7\.3$/m);
    expect(out).toMatch(/^ +pages +pages of a block +2; 1 to 5$/m);
    expect(out).toContain("\nCalls\n  vm_map_ram\n");
    expect(out).toMatch(/^ +C13 +vb-final-free-window +no-alias-after-unmap-aliases$/m);
  });
});

test.each([
  ["draft-3", /; did you mean piggin-draft-3\?$/],
  ["D99", /; did you mean D9, /],
  ["vb-stale", /; did you mean vb-full-block-stale\?$/],
  ["blocs-6.12", /; did you mean blocks-6\.12\?$/],
  ["lowest-fti", /; did you mean lowest-fit\?$/],
])("A word that names nothing is refused with near ones: %s", async (word, says) => {
  await expect(listVerb(word, { json: false })).rejects.toThrow(says);
});

import { describe, expect, test } from "vitest";
import { CHANGES } from "../spec/vmap/bibliography.ts";
import { compareVersions, hasChange, type Version, versionOf } from "../spec/vmap/change.ts";
import { RELEASES } from "../spec/vmap/releases.ts";
import { type Facts, factsOf } from "./changes.ts";
import {
  changesBetween,
  changesOf,
  kernelStandingFor,
  LABELLED,
  MAINLINE,
  place,
  rangesLike,
  variants,
} from "./versions.ts";
import { kernelFor } from "./vmap/index.ts";

const version = (text: string) => versionOf(text) as Version;
const change = (commit: string) =>
  CHANGES.find((each) => each.commit.startsWith(commit)) as (typeof CHANGES)[number];
const alike = (text: string) => place(version(text)).alike.map(({ label }) => label);

describe("a word names a version", () => {
  test.each([
    ["5.15", [5, 15], 0, undefined, ""],
    ["v6.6.3", [6, 6], 3, undefined, ""],
    ["linux-6.6.3", [6, 6], 3, undefined, ""],
    ["6.13-rc2", [6, 13], 0, 2, ""],
    ["6.13.0-rc2+", [6, 13], 0, 2, "+"],
    ["5.15.0-91-generic", [5, 15], 0, undefined, "-91-generic"],
    ["6.1.0-18-amd64", [6, 1], 0, undefined, "-18-amd64"],
    ["5.10.16.3-microsoft-standard-WSL2", [5, 10], 16, undefined, ".3-microsoft-standard-WSL2"],
    ["2.6.28.10", [2, 6, 28], 10, undefined, ""],
    ["2.6.32-431.el6.x86_64", [2, 6, 32], 0, undefined, "-431.el6.x86_64"],
    ["6.6.y", [6, 6], undefined, undefined, ""],
  ])("The word %s names a version", (text, base, stable, rc, suffix) => {
    expect(versionOf(text)).toEqual({ text, base, stable, rc, suffix });
  });

  test.each(["mainline", "6", "6.", "", "piggin-draft-1", "2.6", "6.6 ", "A13", "./6.6.json"])(
    "The word %j names no version",
    (text) => {
      expect(versionOf(text)).toBeUndefined();
    },
  );
});

test("Versions are in order as numbers are, a release candidate before its release", () => {
  const inOrder = [
    "2.6.28-rc3",
    "2.6.28",
    "2.6.28.10",
    "2.6.30.4",
    "3.1",
    "3.10.4",
    "3.10.65",
    "5.4",
    "5.10",
    "6.13-rc2",
    "6.13",
  ];
  const shuffled = inOrder.toReversed().map(version);
  expect(shuffled.sort(compareVersions).map(({ text }) => text)).toEqual(inOrder);
});

describe("the table of changes", () => {
  test("The table of changes is in the order of releases", () => {
    const releases = CHANGES.map(({ release }) => version(release)).map((each) => ({
      ...each,
      rc: undefined,
    }));
    expect(releases.toSorted(compareVersions)).toEqual(releases);
  });

  test("The table of changes names each commit by its first digits, or by the subject of its patch, and none twice", () => {
    const commits = CHANGES.map(({ commit }) => commit);
    expect(commits.filter((commit) => !/^([0-9a-f]{7,12}|".+", .*\d{4}-\d\d-\d\d)$/.test(commit))).toEqual(
      [],
    );
    expect(new Set(commits).size).toBe(commits.length);
  });

  test("The table of changes gives all labels of one release the same changes, as far as replies show them", () => {
    for (const { labels, version: own } of LABELLED) {
      const sets = labels.map((label) => changesOf(version(label), "replies"));
      expect(sets.map(({ has }) => has)).toEqual(labels.map(() => changesOf(own, "replies").has));
      expect(sets.flatMap(({ mayHave }) => mayHave)).toEqual([]);
    }
  });

  test("The table of changes separates every two different releases", () => {
    const named = RELEASES.filter(({ labels }) => LABELLED.some((each) => each.labels === labels));
    const sets = named.map(({ labels }) => changesOf(version(labels[0] as string), "replies").has);
    const key = (has: (typeof sets)[number]) => has.map(({ commit }) => commit).join(" ");
    expect(new Set(sets.map(key)).size).toBe(named.length);
  });
});

describe("a change is in a version", () => {
  test.each([
    [
      "of its release and of later ones, and in no earlier",
      "fc1e0d980037",
      { "6.4": false, "6.5-rc1": true, "6.5": true, "6.6.3": true, "6.4.12": false },
    ],
    [
      "from the release candidate on that it came with",
      "8c61291fd850",
      { "6.10-rc4": false, "6.10-rc5": true, "6.10": true },
    ],
    [
      "of a stable series from the version on that took it",
      "afd07389d3f4",
      { "4.4.178": false, "4.4.179": true, "5.0.6": false, "5.0.7": true, "4.18.20": false },
    ],
    [
      "or it is not known which one did",
      "bcb615a81b17",
      { "3.10.4": false, "3.10.20": undefined, "3.10.33": true, "3.10": false },
    ],
    [
      "or only that one did",
      "8c61291fd850",
      { "6.6": false, "6.6.30": undefined, "6.6.y": undefined, "6.7.12": false },
    ],
    [
      "or what a distribution made of it",
      "afd07389d3f4",
      {
        "4.4.0-210-generic": undefined,
        "4.15.0-213-generic": undefined,
        "4.15.18": false,
        "4.15.18-ubuntu": true,
      },
    ],
  ])("A version has a change: %s", (_what, commit, expected) => {
    const found = Object.keys(expected).map((text) => [text, hasChange(version(text), change(commit))]);
    expect(Object.fromEntries(found)).toEqual(expected);
  });
});

describe("a version answers as the release with the same changes does", () => {
  test.each([
    ["5.15", "5.11"],
    ["6.6", "6.5"],
    ["v6.6.3", "6.5"],
    ["6.7", "6.5"],
    ["5.10.120", "5.10"],
    ["5.9", "5.4"],
    ["6.13-rc2", "6.12"],
    ["4.14", "4.15.0"],
    ["3.2", "3.1"],
    ["2.6.38", "2.6.37"],
    ["5.16", "5.17"],
    ["5.18", "6.1"],
    ["6.0", "6.1"],
    ["6.3", "6.1"],
    ["5.1", "4.15.18-ubuntu"],
    ["5.15.0-91-generic", "5.11"],
    ["6.1.0-18-amd64", "6.1"],
    ["7.0", "6.19"],
    ["2.6.32", "2.6.30.4"],
    ["7.3.1", "7.3"],
  ])("A version answers as the release with the same changes: %s as %s", (text, label) => {
    expect(alike(text)).toEqual([label]);
  });

  test.each(["2.6.26", "2.6.27-rc9", "2.6.29", "2.6.36", "4.0", "5.3", "4.4.200", "6.9", "6.17", "7.4"])(
    "A version without a release of the same changes answers as none: %s",
    (text) => {
      expect(alike(text)).toEqual([]);
    },
  );

  test("A version answers as one of several releases if its backports are unknown", () => {
    expect(alike("3.10.20").sort()).toEqual(["3.10.4", "3.10.65"]);
    expect(place(version("4.19.300")).mayHave.map(({ commit }) => commit)).toEqual(["afd07389d3f4"]);
    expect(alike("4.19.300").sort()).toEqual(["4.15.18-ubuntu", "4.19"]);
  });
});

test("The changes between two versions are those that only one of them has", () => {
  const { gained, lost } = changesBetween(version("5.11"), version("5.17"));
  expect(gained.map(({ commit }) => commit)).toEqual(["9f531973dff3", "bd1a8fb2d43f"]);
  expect(lost).toEqual([]);
  expect(changesBetween(version("5.17"), version("5.11")).lost).toEqual(gained);
});

describe("the kernel that stands for a version", () => {
  /** What only interleavings show, or the time of a call, or a dump. */
  const UNSEEN: readonly (keyof Facts)[] = [
    "triesPurge",
    "assertsCount",
    "countsFirst",
    "uncounts",
    "releases",
    "overwritesCounter",
    "shrinkerLocks",
    "areaLocks",
    "passesFull",
    "cpuWritten",
    "rcuLists",
    "synchronises",
    "resetAsks",
    "flagsAreas",
    "callers",
    "dropsObjects",
    "fallsBack",
    "flushesShadow",
    "huge",
    "notIn",
    "replaced",
    "shadowIn",
    "shadowOf",
    "syncs",
    "tables",
  ];
  const versions = [...LABELLED.map((each) => each.version), ...MAINLINE];
  const stoodFor = versions.flatMap((each) => {
    const kernel = kernelStandingFor(each);
    return kernel === undefined ? [] : [{ version: each.text, kernel: kernel.name }];
  });

  test.each(stoodFor.filter(({ version: text }) => text !== "2.6.27"))(
    "The kernel that stands for a version has all facts of $version: $kernel",
    (each) => {
      const [facts, own] = [factsOf(each.version), factsOf(each.kernel)];
      const differing = (Object.keys(facts) as (keyof Facts)[]).filter(
        (fact) => JSON.stringify(facts[fact]) !== JSON.stringify(own[fact]),
      );
      expect(differing.filter((fact) => !UNSEEN.includes(fact))).toEqual([]);
    },
  );

  test("The kernel that stands for a version is a kernel of its own if only calls outside their domain differ", () => {
    expect(variants().map(({ name, release }) => [name, release.like, rangesLike(name)])).toEqual([
      ["3.9", "3.1", ["3.6 to 3.9"]],
      ["3.10.4", "3.1", ["3.10"]],
      ["4.19", "4.15.0", ["4.18 to 5.0"]],
      ["6.3", "6.1", ["6.3"]],
    ]);
    expect(rangesLike("4.15.0")).toEqual(["4.7 to 4.17"]);
    expect(stoodFor.length).toBeGreaterThan(70);
  });

  test("The kernel that stands for a version follows the backports: 4.19.126 warns again", () => {
    expect(kernelStandingFor(version("4.18.20"))?.name).toBe("4.19");
    expect(kernelFor("4.19.125", "4.19").name).toBe("4.19");
    expect(kernelFor("4.19.126", "4.19").name).toBe("4.15.0");
  });
});

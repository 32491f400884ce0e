import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cachedKernel } from "../kernels/cached-kernel.ts";
import { linux2_6_39, rules2_6_39 } from "../kernels/linux-2.6.39.ts";
import { rules5_2 } from "../kernels/linux-5.2.ts";
import { plainSize } from "../kernels/search-tree.ts";
import { treeKernel } from "../kernels/tree-kernel.ts";
import { releaseOf } from "../spec/releases.ts";
import { type CheckOptions, checkKernel } from "./check-kernel.ts";

/** A kernel that forgets the page before the next area, under a name the catalogue has no bug for. */
const broken = { ...cachedKernel(releaseOf("2.6.39"), { ...rules2_6_39, beforeNext: 0 }), name: "2.6.39" };
const options: CheckOptions = {
  seed: 3,
  runs: 300,
  law: undefined,
  compare: false,
  say: () => {},
  interrupted: () => false,
};
const failures = () => readdirSync(join(".vmapcheck", "failures"));

describe("a break that the catalogue does not know", () => {
  const home = process.cwd();
  beforeAll(() => process.chdir(mkdtempSync(join(tmpdir(), "vmapcheck-failures-"))));
  afterAll(() => process.chdir(home));

  test("is the run's failure, shrunk, kept, and given a line that replays it", async () => {
    const { surprises } = await checkKernel(broken, options);
    const found = surprises.find(({ law }) => law === "guard-gap");
    expect(found?.history).toHaveLength(2);
    expect(found?.what).toContain("the catalogue does not know");
    expect(found?.replay).toContain(join(".vmapcheck", "failures", "2.6.39.guard-gap.json"));
    expect(failures()).toEqual(["2.6.39.guard-gap.json"]);
  });

  test("is tried first next time, before anything random", async () => {
    const { surprises } = await checkKernel(broken, { ...options, runs: 0 });
    expect(surprises.map(({ what }) => what)).toContainEqual(
      expect.stringContaining("kept from an earlier run"),
    );
  });

  test("is forgotten once it breaks no law any more", async () => {
    const { surprises } = await checkKernel(linux2_6_39, { ...options, runs: 0 });
    expect(surprises).toEqual([]);
    expect(failures()).toEqual([]);
  });
});

describe("an expected break that is gone", () => {
  test("is the run's failure too", async () => {
    const repaired = { ...linux2_6_39, name: "3.1" };
    const { surprises } = await checkKernel(repaired, { ...options, runs: 0 });
    expect(surprises.map(({ what }) => what)).toContain(
      "cache-exact-hole-missed no longer breaks lowest-fit with its pinned history",
    );
  });

  test("so is one of a law that is not promised", async () => {
    const plain = treeKernel(releaseOf("5.2"), { ...rules5_2, lookedFor: plainSize, shiftsStart: true });
    const { cells, surprises } = await checkKernel(plain, { ...options, runs: 0, law: "lowest-fit" });
    expect(surprises.map(({ what }) => what)).toEqual([
      "5.2 no longer falls short of lowest-fit, which it does not promise, with the history pinned for aug-align-overhead",
    ]);
    expect(cells).toMatchObject([{ verdict: "not-promised", bug: null, commands: null }]);
  });
});

import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linux } from "../../kernels/vmap/index.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith } from "../../kernels/vmap/rules.ts";
import { plainSize } from "../../kernels/vmap/search-tree.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { OPEN_VMAP } from "../vmap/open-wing.ts";
import { checkKernel, type KernelOptions, USUAL_RUNS } from "./kernel.ts";

/** A kernel that forgets the page before the next area, under a name the catalogue has no bug for. */
const broken = {
  ...kernelWith(releaseOf("2.6.39"), { ...rulesOf("2.6.39"), beforeNext: 0 }),
  name: "2.6.39",
};
const options: KernelOptions = {
  seed: 3,
  runs: 300,
  law: undefined,
  coverage: undefined,
  keepsFailures: true,
};
const failures = () => readdirSync(join(".vmapcheck", "failures"));

describe("a violation that the catalogue does not know", () => {
  const home = process.cwd();
  beforeAll(() => process.chdir(mkdtempSync(join(tmpdir(), "vmapcheck-failures-"))));
  afterAll(() => process.chdir(home));

  test("is a failure of the run, shrunk, kept, and printed with a line that replays it", async () => {
    const { surprises, cells } = await checkKernel(OPEN_VMAP, broken, options);
    const found = surprises.find(({ law }) => law === "guard-gap");
    expect(found?.history).toHaveLength(2);
    expect(found?.what).toContain("the catalogue does not know");
    expect(found?.replay).toContain(join(".vmapcheck", "failures", "2.6.39.guard-gap.json"));
    expect(failures()).toEqual(["2.6.39.guard-gap.json"]);
    // The matrix does not show "ok" for it.
    const cell = cells.find(({ law }) => law === "guard-gap");
    expect(cell).toMatchObject({ verdict: "broken", bug: null, commands: 2 });
  });

  test("is tried first in the next run, before random histories", async () => {
    const { surprises } = await checkKernel(OPEN_VMAP, broken, { ...options, runs: 0 });
    expect(surprises.map(({ what }) => what)).toContainEqual(
      expect.stringContaining("kept from an earlier run"),
    );
  });

  test("is dropped once it no longer violates a law", async () => {
    const { surprises } = await checkKernel(OPEN_VMAP, linux("2.6.39"), { ...options, runs: 0 });
    expect(surprises).toEqual([]);
    expect(failures()).toEqual([]);
  });
});

describe("an expected violation that is gone", () => {
  test("is a failure of the run, too", async () => {
    const repaired = { ...linux("2.6.39"), name: "3.1" };
    const { surprises } = await checkKernel(OPEN_VMAP, repaired, { ...options, runs: 0 });
    expect(surprises.map(({ what }) => what)).toContain(
      "cache-exact-hole-missed no longer violates lowest-fit with its pinned history",
    );
  });

  test("of a law that is not promised is a failure of the run, too", async () => {
    const plain = kernelWith(releaseOf("5.2"), {
      ...rulesOf("5.2"),
      lookedFor: plainSize,
      shiftsStart: true,
    });
    const { cells, surprises } = await checkKernel(OPEN_VMAP, plain, {
      ...options,
      runs: 0,
      law: "lowest-fit",
    });
    expect(surprises.map(({ what }) => what)).toEqual([
      "5.2 no longer falls short of lowest-fit, which it does not promise, with the history pinned for aug-align-overhead",
    ]);
    expect(cells).toMatchObject([{ verdict: "not-promised", bug: null, commands: null }]);
  });
});

describe("a witness that no random history reaches", () => {
  /** A path that no kernel has. */
  const lost = { ...linux("2.6.39"), paths: [...linux("2.6.39").paths, "never-taken"] };

  test("is a failure of a run of the usual length", async () => {
    const { surprises, unmet } = await checkKernel(OPEN_VMAP, lost, { ...options, runs: USUAL_RUNS });
    expect(surprises).toMatchObject([{ kind: "unmet", what: expect.stringContaining("never-taken") }]);
    expect(unmet).toEqual([]);
  });

  test("is named by a shorter run, and is no failure there", async () => {
    const { surprises, unmet } = await checkKernel(OPEN_VMAP, lost, { ...options, runs: 300 });
    expect(surprises).toEqual([]);
    expect(unmet).toContain("never-taken");
  });
});

describe("without random histories", () => {
  test("a law is reported as kept only if the small space tries it", async () => {
    const { cells } = await checkKernel(OPEN_VMAP, linux("2.6.39"), { ...options, runs: 0 });
    const verdictOf = (id: string) => cells.find(({ law }) => law === id);
    expect(verdictOf("lowest-fit")).toMatchObject({ verdict: "kept", tried: "visited" });
    expect(verdictOf("no-stale-translation")).toMatchObject({ verdict: "not-tried", tried: "nothing" });
    expect(verdictOf("in-window")).toMatchObject({ verdict: "broken", bug: "wrap-size-minus-one" });
  });
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, isPossible, possibleCpus, type Scope, vmapNodes } from "../../spec/vmap/scope.ts";
import type { Cpu } from "../../spec/vmap/vocabulary.ts";
import { anyOfSoMany, nextPossible } from "./block-rules.ts";
import { KERNELS, kernelCalled } from "./index.ts";
import type { State } from "./state.ts";

const PAGES = 4;

/** Blocks of four pages from page 64 on, number 16; CPUs 0 and 2. */
const GAP: Scope = {
  ...AREAS_ONLY,
  name: "gap",
  wordPages: 256,
  cpus: 3,
  absentCpus: [1],
  lazyMaxPages: 4,
  vmalloc: { vstart: 64, vend: 96 },
  blockPages: PAGES,
  bitsPerLong: 2,
  sizes: [],
  aligns: [],
  windows: [],
};

const withGaps = (cpus: number, ...absentCpus: readonly Cpu[]): Scope => ({ ...GAP, cpus, absentCpus });
const firstNumbers = Array.from({ length: 6 }, (_none, number) => number);

describe("the index that has a block", () => {
  test("Up to 6.8 the index of a block may be that of a CPU that is not possible", () => {
    expect(firstNumbers.map((number) => anyOfSoMany(GAP, number))).toEqual([0, 1, 0, 1, 0, 1]);
  });

  test("From 6.10 on the index of a block is that of the next possible CPU", () => {
    expect(firstNumbers.map((number) => nextPossible(GAP, number))).toEqual([0, 2, 2, 0, 2, 2]);
    expect(firstNumbers.map((number) => nextPossible(withGaps(5, 1, 2, 3), number))).toEqual([
      0, 4, 4, 4, 4, 0,
    ]);
  });

  test("The index of a block is the same by both rules if no CPU number is left out", () => {
    const dense: Scope = { ...AREAS_ONLY, ...GAP, absentCpus: [] };
    for (const number of firstNumbers) expect(nextPossible(dense, number)).toBe(anyOfSoMany(dense, number));
  });

  test.prop([fc.integer({ min: 1, max: 12 }), fc.uniqueArray(fc.nat(11)), fc.nat(1000)])(
    "From 6.10 on the index of a block is never that of a CPU that is not possible",
    (cpus, left, number) => {
      const scope = withGaps(cpus, ...left.filter((cpu) => cpu > 0 && cpu < cpus - 1));
      expect(isPossible(scope, nextPossible(scope, number))).toBe(true);
    },
  );
});

describe("a map on CPUs 0 and 2", () => {
  /** Whether data of CPU 1 were used: by a map into block 16, one into block 17, and their way back. */
  const used = (label: string): (boolean | undefined)[] => {
    const kernel = kernelCalled(label) as Kernel<State>;
    const state: State = kernel.initial(GAP);
    const commands = [
      { op: "mapRam", cpu: 0, count: 2 },
      { op: "mapRam", cpu: 2, count: 2 },
      { op: "unmapRam", cpu: 0, start: 64, count: 2 },
      { op: "unmapRam", cpu: 0, start: 68, count: 2 },
      // The blocks are fragmented now: the purge takes both out of their index.
      { op: "purge" },
    ] as const;
    return commands.map((command) => kernel.act(state, command).usedAbsentCpu);
  };

  test.each(["6.4", "6.5"])(
    "On %s a map on CPUs 0 and 2 uses data of CPU 1 for every second block",
    (label) => {
      expect(used(label)).toEqual([false, true, false, true, true]);
    },
  );

  const others = KERNELS.filter(({ release }) => release.fragments !== "no blocks")
    .map(({ name }) => name)
    .filter((name) => name !== "6.4" && name !== "6.5");

  test.each(others)("On %s a map on CPUs 0 and 2 uses only data of possible CPUs", (label) => {
    expect(used(label)).not.toContain(true);
  });
});

test("There are as many nodes as CPUs, whatever their numbers, and 128 at most", () => {
  expect(possibleCpus(GAP)).toEqual([0, 2]);
  expect(vmapNodes(GAP)).toBe(2);
  expect(vmapNodes({ ...AREAS_ONLY, ...GAP, cpus: 4096 })).toBe(128);
});

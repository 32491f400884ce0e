import { describe, expect, test } from "vitest";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { NONE } from "./areas.ts";
import { kernelCalled } from "./index.ts";
import { quarter, quarterOrAll } from "./nodes.ts";
import { copyPools, decayPools, emptyPools, poolExtent, pooledExtents, takePooled } from "./pools.ts";
import type { State } from "./state.ts";

describe("a node's pool", () => {
  const filled = (...starts: number[]) => {
    const pools = emptyPools(2);
    for (const start of starts) poolExtent(pools, 1, start, 4);
    return pools;
  };
  const startsOf = (pools: ReturnType<typeof filled>) => pooledExtents(pools).map(({ start }) => start);

  test("A node's pool gives out the extent that came last, of exactly the requested size, and only to its own node", () => {
    const pools = filled(8, 16);
    expect([takePooled(pools, 0, 4, 1), takePooled(pools, 1, 3, 1)]).toEqual([NONE, NONE]);
    expect([takePooled(pools, 1, 4, 1), takePooled(pools, 1, 4, 1)]).toEqual([16, 8]);
    expect(takePooled(pools, 1, 4, 1)).toBe(NONE);
  });

  test("A node's pool moves its first extent to the end if it is not aligned as requested, and gives out none", () => {
    const pools = filled(8, 16, 12);
    expect(takePooled(pools, 1, 4, 8)).toBe(NONE);
    expect(startsOf(pools)).toEqual([16, 8, 12]);
    expect(takePooled(pools, 1, 4, 8)).toBe(16);
  });

  test("A node's pool holds nothing of more than 256 pages", () => {
    const pools = emptyPools(1);
    expect([poolExtent(pools, 0, 0, 257), poolExtent(pools, 0, 0, 256)]).toEqual([false, true]);
  });

  test.each([
    [1, 1, 0],
    [3, 3, 0],
    [4, 1, 1],
    [9, 2, 2],
  ])("A node's pool of %i loses %i to 6.12's decay and %i to 6.19's", (length, to6_12, to6_19) => {
    const pools = filled(...Array.from({ length }, (_none, nth) => 4 * nth));
    const lost = [quarterOrAll, quarter].map((decay) => decayPools(copyPools(pools), 1, decay).length);
    expect(lost).toEqual([to6_12, to6_19]);
  });
});

describe("nodes, on two CPUs", () => {
  const SCOPE: Scope = {
    ...AREAS_ONLY,
    name: "nodes",
    wordPages: 4096,
    cpus: 2,
    lazyMaxPages: 4,
    vmalloc: { vstart: 64, vend: 128 },
    sizes: [],
    aligns: [],
    windows: [],
  };
  const kernel = kernelCalled("6.19") as Kernel<State>;
  const alloc = (state: State, size: number, cpu: number, window = SCOPE.vmalloc) =>
    kernel.act(state, { op: "alloc", size, align: PAGE_SIZE, ...window, map: false, cpu });
  const free = (state: State, start: number) => kernel.act(state, { op: "free", start });

  test("On two CPUs a node keeps what its CPU freed for that CPU", () => {
    const state = kernel.initial(SCOPE);
    expect(alloc(state, 5, 1)).toMatchObject({ start: 64 });
    expect(free(state, 64)).toMatchObject({ workItems: 1, flushes: [{ start: 64, end: 69 }] });
    expect(kernel.dump(state).pool).toEqual([{ node: 1, start: 64, end: 69 }]);
    expect(alloc(state, 5, 0)).toMatchObject({ start: 69 });
    expect(alloc(state, 5, 1)).toMatchObject({ start: 64 });
  });

  test("There are at most 128 nodes: CPU 129 shares its pool with CPU 1", () => {
    const state = kernel.initial({ ...SCOPE, cpus: 200 });
    alloc(state, 5, 129);
    free(state, 64);
    expect(kernel.dump(state).pool).toEqual([{ node: 1, start: 64, end: 69 }]);
    expect(alloc(state, 5, 1)).toMatchObject({ start: 64 });
  });

  test("A node pools an extent of 256 pages, and none of 257", () => {
    const large = { ...SCOPE, vmalloc: { vstart: 64, vend: 1024 } };
    for (const [size, pooled] of [
      [256, 1],
      [257, 0],
    ] as const) {
      const state = kernel.initial(large);
      alloc(state, size, 1, large.vmalloc);
      free(state, 64);
      expect(kernel.dump(state).pool).toHaveLength(pooled);
    }
  });

  test("A node pools nothing of another window", () => {
    const state = kernel.initial(SCOPE);
    alloc(state, 5, 1, { vstart: 64, vend: 127 });
    free(state, 64);
    expect(kernel.dump(state)).toMatchObject({ pool: [], free: [{ start: 0, end: 4096 }] });
  });

  test("The nodes give everything back if an allocation fails", () => {
    const state = kernel.initial(SCOPE);
    alloc(state, 5, 1);
    free(state, 64);
    expect(alloc(state, 64, 0)).toMatchObject({ kind: "placed", start: 64 });
  });

  test("The nodes do not purge for a caller that cannot wait", () => {
    const state = kernel.initial(SCOPE);
    alloc(state, 3, 1);
    free(state, 64);
    const request = { op: "alloc", size: 62, align: PAGE_SIZE, ...SCOPE.vmalloc, map: false } as const;
    expect(kernel.act(state, { ...request, noblock: true })).toMatchObject({ kind: "refused", flushes: [] });
    expect(kernel.act(state, request)).toMatchObject({ kind: "placed", start: 64 });
  });
});

/** What surrounds the allocator: the page table, TLBs, what callers hold, and what of these is left when it is over. */
import { describe, expect, test } from "vitest";
import { kernelCalled } from "../vmap/index.ts";
import type { State } from "../vmap/state.ts";
import {
  aliasReport,
  assignMemory,
  copyMemory,
  deadPagesOf,
  dropPte,
  emptyMemory,
  endHold,
  flushCacheVunmap,
  flushTlbKernelRange,
  type Memory,
  mapRange,
  touch,
  unmapRange,
} from "./memory.ts";
import { frameOf, type PageMap, pagesOf } from "./page-map.ts";

const SCOPE = {
  name: "two CPUs",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: null,
  vmalloc: { vstart: 0, vend: 0 },
  blockPages: 0,
  bitsPerLong: 64,
  beforeInit: false,
  counts: [],
  congruent: [],
  sizes: [],
  aligns: [],
  windows: [],
};
const empty = (): State => (kernelCalled("3.16") as { initial(scope: typeof SCOPE): State }).initial(SCOPE);
/** Pages 64 to 66 mapped to frames 1 to 3, and held. */
function given(): State {
  const state = empty();
  expect(mapRange(state, 64, 67, 3)).toBe("mapped");
  return state;
}
const read = (state: State, cpu: number, page: number) => touch(state, { op: "touch", cpu, page });
const entries = (map: PageMap) => Object.fromEntries(pagesOf(map).map((page) => [page, frameOf(map, page)]));

describe("a mapping", () => {
  test("A mapping puts a fresh frame under every page, and counts the PTEs", () => {
    const state = given();
    expect(entries(state.memory.pageTable)).toEqual({ 64: 1, 65: 2, 66: 3 });
    expect([state.pteSet, state.memory.nextFrame]).toEqual([3, 4]);
  });

  test("A mapping stops at a present PTE after it has taken its frames", () => {
    const state = given();
    expect(mapRange(state, 62, 66, 4)).toBe("stopped");
    expect(entries(state.memory.pageTable)).toEqual({ 62: 4, 63: 5, 64: 1, 65: 2, 66: 3 });
    expect([state.pteSet, state.memory.nextFrame]).toEqual([5, 8]);
  });

  test("A mapping of no pages stops the kernel, and so does unmapping none", () => {
    expect(() => mapRange(empty(), 64, 64, 0)).toThrow("addr >= end");
    expect(() => unmapRange(empty(), 64, 64)).toThrow("addr >= end");
  });

  test("A mapping is cleared page by page, and the cleared PTEs are counted", () => {
    const state = given();
    unmapRange(state, 65, 80);
    expect([entries(state.memory.pageTable), state.pteCleared]).toEqual([{ 64: 1 }, 2]);
    dropPte(state, 70);
    dropPte(state, 64);
    expect([entries(state.memory.pageTable), state.pteCleared]).toEqual([{}, 3]);
  });
});

describe("a touch", () => {
  test("A touch fills a TLB from the page table, and is then answered by it", () => {
    const state = given();
    expect(read(state, 1, 65)).toEqual({ hit: false, frame: 2 });
    unmapRange(state, 64, 67);
    expect(read(state, 1, 65)).toEqual({ hit: true, frame: 2 });
    expect(read(state, 0, 65)).toEqual({ hit: false, frame: null });
    expect(state.memory.tlbs.map(entries)).toEqual([{}, { 65: 2 }]);
  });

  test("A touch leaves a dirty line if it writes where something is mapped, until that is written back", () => {
    const state = given();
    read(state, 0, 64);
    touch(state, { op: "touch", cpu: 0, page: 65, write: true });
    touch(state, { op: "touch", cpu: 0, page: 70, write: true });
    expect(entries(state.memory.cache)).toEqual({ 65: 2 });
    flushCacheVunmap(state, 66, 80);
    expect(entries(state.memory.cache)).toEqual({ 65: 2 });
    flushCacheVunmap(state, 65, 66);
    expect(entries(state.memory.cache)).toEqual({});
  });

  test("A touch by a CPU that does not exist is refused", () => {
    expect(() => read(given(), 2, 64)).toThrow(new RangeError("CPU 2 of 2"));
  });
});

describe("a flush", () => {
  test("A flush drops its pages, and no others, from the TLB of every CPU, and is reported", () => {
    const state = given();
    for (const cpu of [0, 1]) for (const page of [64, 65, 66]) read(state, cpu, page);
    flushTlbKernelRange(state, 65, 66);
    expect(state.memory.tlbs.map(entries)).toEqual([
      { 64: 1, 66: 3 },
      { 64: 1, 66: 3 },
    ]);
    expect(state.flushes).toEqual([{ start: 65, end: 66 }]);
  });
});

describe("an owner who frees", () => {
  test("An owner that frees an area holds no page of it any more; its frames are free, the last on top", () => {
    const state = given();
    endHold(state, 64, 67);
    expect(entries(state.memory.held)).toEqual({});
    expect(state.memory.frames.freed).toEqual([1, 2, 3]);
    expect(pagesOf(state.memory.frames.noted)).toEqual([]);
  });

  test("A free of pages that no caller holds changes nothing", () => {
    const state = given();
    endHold(state, 60, 64);
    endHold(empty(), 64, 67);
    expect(entries(state.memory.held)).toEqual({ 64: 1, 65: 2, 66: 3 });
  });

  test("The frames of an owner that frees are recorded if a policy asks for it", () => {
    const state = { ...given(), notesFrames: true };
    endHold(state, 64, 67);
    expect(pagesOf(state.memory.frames.noted)).toEqual([1, 2, 3]);
  });
});

describe("what is left", () => {
  const none = { staleTlb: [], deadTlb: [], deadPtes: 0 };

  test("Nothing is left to report while all is held", () => {
    const state = given();
    read(state, 0, 64);
    expect(aliasReport(state)).toEqual(none);
    expect(deadPagesOf(state, 1)).toEqual([]);
  });

  test("A free leaves a dead PTE and a dead TLB entry, and no stale entry while the PTE is present", () => {
    const state = given();
    read(state, 1, 65);
    endHold(state, 64, 67);
    expect(aliasReport(state)).toEqual({
      ...none,
      deadTlb: [{ cpu: 1, page: 65, frame: 2 }],
      deadPtes: 3,
    });
    expect([1, 2, 3, 4].map((frame) => deadPagesOf(state, frame))).toEqual([[64], [65], [66], []]);
  });

  test("A TLB entry is stale once its PTE is cleared or maps another frame", () => {
    const state = given();
    read(state, 0, 64);
    read(state, 0, 66);
    unmapRange(state, 64, 65);
    const stale = { cpu: 0, page: 64, frame: 1 };
    expect(aliasReport(state)).toEqual({ ...none, staleTlb: [stale] });
    expect(mapRange(state, 64, 65, 1)).toBe("mapped");
    expect(aliasReport(state)).toEqual({ ...none, staleTlb: [stale], deadTlb: [stale] });
  });
});

describe("a copy of it", () => {
  const contentOf = ({ pageTable, held, tlbs, cache, frames, nextFrame }: Memory) => ({
    maps: [pageTable, held, cache, ...tlbs].map(entries),
    freed: [...frames.freed],
    nextFrame,
  });

  test("A copy of the memory is equal, shares nothing, and can be made equal to another", () => {
    const state = given();
    read(state, 1, 64);
    touch(state, { op: "touch", cpu: 0, page: 65, write: true });
    const before = contentOf(state.memory);
    const copies = [copyMemory(state.memory), emptyMemory(2)];
    assignMemory(copies[1] as Memory, state.memory);
    expect(copies.map(contentOf)).toEqual([before, before]);
    flushCacheVunmap(state, 0, 256);
    flushTlbKernelRange(state, 0, 256);
    endHold(state, 64, 67);
    unmapRange(state, 64, 67);
    mapRange(state, 80, 81, 1);
    expect(copies.map(contentOf)).toEqual([before, before]);
    assignMemory(copies[0] as Memory, state.memory);
    expect(contentOf(copies[0] as Memory)).toEqual(contentOf(state.memory));
  });
});

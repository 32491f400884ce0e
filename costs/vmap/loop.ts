/** The test of db64fe02: threads that map, touch and unmap some pages over and over. */
import type { State } from "../../kernels/vmap/state.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, lazyMaxPages, type Scope, WORD64 } from "../../spec/vmap/scope.ts";
import type { Cpu, Pages } from "../../spec/vmap/vocabulary.ts";
import type { Costs } from "../costs.ts";
import { type Nanoseconds, resultOf, type Turns } from "../simulation.ts";
import { Calls, type Steps } from "./calls.ts";

/** What the threads call. 2.6.27 has no vm_map_ram. */
export type Interface = "vmap" | "vm_map_ram";

export interface LoopOptions {
  readonly kernel: Kernel<State>;
  readonly costs: Costs;
  readonly cpus: number;
  readonly threads: number;
  readonly pages: Pages;
  readonly calls: Interface;
  /** The purge threshold, as a multiple of lazy_max_pages(). */
  readonly threshold?: number;
  readonly seed: number;
}

export interface LoopResult {
  /** Of one thread, for a map, its touches and its unmap. */
  readonly nanoseconds: Nanoseconds;
  /** In the time that was measured. */
  readonly maps: number;
  readonly purges: number;
  readonly flushes: number;
  /** Shares of the time of all CPUs, by function, largest first. */
  readonly shares: readonly { readonly as: string; readonly share: number }[];
  /** Locks by the share of the time in which each was held. */
  readonly locks: readonly { readonly name: string; readonly busy: number }[];
}

const WINDOW = { vstart: 2 ** 33, vend: 2 ** 34 };

/** A 64-bit machine whose space is never exhausted. */
export function scopeFor(cpus: number, threshold = 1): Scope {
  const scope: Scope = {
    ...AREAS_ONLY,
    name: "costs",
    wordPages: WORD64,
    cpus,
    lazyMaxPages: null,
    vmalloc: WINDOW,
    blockPages: 1024,
    sizes: [],
    aligns: [],
    windows: [WINDOW],
  };
  return { ...scope, lazyMaxPages: Math.round(lazyMaxPages(scope) * threshold) };
}

/**
 * Before the measurement each thread has made this many maps, and as many while it lasts: in a block half of those
 * that it holds. It ends with a purge, after at least this number of them.
 */
const ROUNDS = { list: 1, areas: 4, blocks: 128 };
const PURGES = 1;
const ENOUGH_MAPS = 400;
/** A purge that does not end is not waited for: so often the purge threshold has then been freed. */
const MOST_LIMITS = 8;

export const runLoop = (options: LoopOptions): LoopResult => resultOf(loopInTurns(options));

/** The same, for a number of CPUs with which it takes long. */
export function* loopInTurns(options: LoopOptions): Turns<LoopResult> {
  const { kernel, costs, cpus, threads, threshold } = options;
  const calls = new Calls(kernel, scopeFor(cpus, threshold), costs);
  const { simulation } = calls;
  yield* fillBlocks(calls, options);
  for (let cpu = 0; cpu < threads; cpu++) simulation.start(cpu, loop(calls, cpu, options));
  const rounds = calls.isEager ? ROUNDS.list : options.calls === "vmap" ? ROUNDS.areas : ROUNDS.blocks;
  const limit = lazyMaxPages(calls.scope) / options.pages;
  const least = Math.max(ENOUGH_MAPS, threads * rounds);
  yield* simulation.running(
    () =>
      calls.maps >= least && (calls.isEager || calls.purges.length > 0 || calls.maps >= MOST_LIMITS * limit),
  );
  const began = { at: simulation.now, maps: calls.maps, purges: calls.purges.length, flushes: calls.flushes };
  simulation.spent.clear();
  for (const lock of simulation.locks) lock.busy = 0;
  const ends = () => {
    const maps = calls.maps - began.maps;
    const purges = calls.purges.length - began.purges;
    return maps >= least && (calls.isEager || purges >= PURGES || maps >= MOST_LIMITS * limit);
  };
  yield* simulation.running(ends);
  const elapsed = simulation.now - began.at;
  const maps = calls.maps - began.maps;
  return {
    nanoseconds: (elapsed * threads) / maps,
    maps,
    purges: calls.purges.length - began.purges,
    flushes: calls.flushes - began.flushes,
    shares: sharesOf(simulation.spent, elapsed * cpus),
    locks: simulation.locks
      .map(({ name, busy }) => ({ name, busy: busy / elapsed }))
      .sort((a, b) => b.busy - a.busy),
  };
}

/** CPUs do not use up their blocks all at once: each begins somewhere in one. */
function* fillBlocks(
  { kernel, state, scope }: Calls,
  { threads, pages, calls, seed }: LoopOptions,
): Turns<void> {
  if (calls !== "vm_map_ram") return;
  const draw = drawing(seed);
  for (let cpu = 0; cpu < threads; cpu++) {
    for (let left = Math.floor((draw() * scope.blockPages) / pages); left > 0; left--) {
      const reply = kernel.act(state, { op: "mapRam", cpu, count: pages });
      if (reply.kind === "placed")
        kernel.act(state, { op: "unmapRam", cpu, start: reply.start, count: pages });
    }
    yield;
  }
}

/** Numbers from 0 to 1 (mulberry32). */
export function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function* loop(calls: Calls, cpu: Cpu, { pages, calls: use }: LoopOptions): Steps {
  for (;;) {
    if (use === "vmap") {
      const start = yield* calls.vmap(cpu, pages);
      yield* calls.touch(cpu, start, pages);
      yield* calls.vunmap(cpu, start);
    } else {
      const start = yield* calls.mapRam(cpu, pages);
      yield* calls.touch(cpu, start, pages);
      yield* calls.unmapRam(cpu, start, pages);
    }
  }
}

/** By function; what is left is idle. */
export function sharesOf(spent: ReadonlyMap<string, Nanoseconds>, total: Nanoseconds): LoopResult["shares"] {
  const all = [...spent].map(([as, time]) => ({ as, share: time / total }));
  const idle = 1 - all.reduce((sum, { share }) => sum + share, 0);
  return [...all, { as: "default_idle", share: Math.max(0, idle) }].sort((a, b) => b.share - a.share);
}

/** Other users of the same calls: a directory on XFS, and frames that Xen pins. */
import { linux } from "../../kernels/vmap/index.ts";
import { type PinPolicy, underPolicy } from "../../kernels/vmap/pinning.ts";
import type { Cpu } from "../../spec/vmap/vocabulary.ts";
import type { Costs } from "../costs.ts";
import type { Lock, Nanoseconds } from "../simulation.ts";
import { Calls, type Steps } from "./calls.ts";
import { drawing, type LoopResult, scopeFor, sharesOf } from "./loop.ts";

export const DIRECTORY_CPUS = 64;

/**
 * What the model cannot know of the workload, from the two profiles in db64fe02. CPUs with a process: those that are
 * not idle before. Other work for each buffer: what is neither idle, nor spins, nor vmap's, before: 3,300 samples for
 * some 20,500 of vmap's under its lock. The share of it under another lock: 1,225 samples a CPU of 3,127, after.
 */
export const DIRECTORY = {
  processes: 39,
  otherWork: 3300 / 20500,
  underOtherLock: 1225 / 3127,
  mostPages: 16,
};

/** The lines of the profiles in db64fe02 that have to do with vmap, or with waiting: samples, of all. */
export const PROFILE: Readonly<Record<"before" | "after", ReadonlyMap<string, number>>> = {
  before: profile(1352059, {
    _write_lock: 798784,
    default_idle: 529313,
    smp_call_function: 15242,
    __get_vm_area_node: 2472,
    remove_vm_area: 1762,
    map_vm_area: 316,
    kfree: 312,
    _spin_lock: 300,
    vmap: 238,
    unmap_kernel_range: 118,
  }),
  after: profile(78406, {
    default_idle: 40053,
    spinlock_contention: 33576,
    _spin_lock: 1650,
    bitmap_find_free_region: 319,
  }),
};

function profile(all: number, samples: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(samples).map(([as, count]) => [as, count / all]));
}

export interface DirectoryResult {
  /** Buffers a second. */
  readonly rate: number;
  /** Nanoseconds between two buffers, of all CPUs together. */
  readonly interval: Nanoseconds;
  readonly shares: LoopResult["shares"];
}

/** Buffers of 1 to 16 pages, mapped and unmapped by processes that do other work between, some under another lock. */
export function runDirectory(
  label: string,
  costs: Costs,
  otherWork: Nanoseconds,
  seed: number,
): DirectoryResult {
  const calls = new Calls(linux(label), scopeFor(DIRECTORY_CPUS), costs);
  const { simulation } = calls;
  const other = simulation.lock("another lock", "spinlock_contention", false);
  const draw = drawing(seed);
  for (let cpu = 0; cpu < DIRECTORY.processes; cpu++)
    simulation.start(cpu, usesBuffers(calls, cpu, other, otherWork, draw));
  const enough = DIRECTORY.processes * 100;
  simulation.run(() => calls.maps >= enough);
  const began = { at: simulation.now, maps: calls.maps };
  simulation.spent.clear();
  simulation.run(() => calls.maps >= 3 * enough);
  const elapsed = simulation.now - began.at;
  const interval = elapsed / (calls.maps - began.maps);
  return { rate: 1e9 / interval, interval, shares: sharesOf(simulation.spent, elapsed * DIRECTORY_CPUS) };
}

function* usesBuffers(
  calls: Calls,
  cpu: Cpu,
  other: Lock,
  otherWork: Nanoseconds,
  draw: () => number,
): Steps {
  const { underOtherLock, mostPages } = DIRECTORY;
  for (;;) {
    // Exponentially distributed, so that processes do not move in step.
    const work = -Math.log(1 - draw()) * otherWork;
    yield { work: work * (1 - underOtherLock), as: "other work" };
    yield { take: other };
    yield { work: work * underOtherLock, as: "other work" };
    yield { release: other };
    const pages = 1 + Math.floor(draw() * mostPages);
    const start = yield* calls.isEager ? calls.vmap(cpu, pages) : calls.mapRam(cpu, pages);
    yield* calls.touch(cpu, start, pages);
    yield* calls.isEager ? calls.vunmap(cpu, start) : calls.unmapRam(cpu, start, pages);
  }
}

/** The time of a pinned frame: in the burst of a new process, and in the life of one that does I/O. */
export interface PinTimes {
  readonly burst: Nanoseconds;
  readonly live: Nanoseconds;
}

const PROCESSES = 4;
const BURST = 24;
const LIVE = 16;
const IO_PAGES = 16;

/** The workload of docs/pinning.md on one CPU; the others are idle, or loop over maps of their own. */
export function runPins(
  label: string,
  policy: PinPolicy,
  costs: Costs,
  cpus: number,
  isBusy: boolean,
): PinTimes {
  const calls = new Calls(underPolicy(linux(label), policy), scopeFor(cpus), costs);
  const { simulation } = calls;
  const times = { burst: 0, live: 0 };
  let isDone = false;
  simulation.start(
    0,
    (function* (): Steps {
      yield* pins(calls, times);
      isDone = true;
    })(),
  );
  for (let cpu = 1; isBusy && cpu < cpus; cpu++) simulation.start(cpu, loops(calls, cpu));
  simulation.run(() => isDone);
  return { burst: times.burst / (PROCESSES * BURST), live: times.live / (PROCESSES * LIVE) };
}

function* loops(calls: Calls, cpu: Cpu): Steps {
  for (;;) yield* mapsAndUnmaps(calls, cpu);
}

function* mapsAndUnmaps(calls: Calls, cpu: Cpu): Steps {
  const start = yield* calls.mapRam(cpu, IO_PAGES);
  yield* calls.touch(cpu, start, 1);
  yield* calls.unmapRam(cpu, start, IO_PAGES);
}

function* pins(calls: Calls, times: { burst: number; live: number }): Steps {
  const { simulation } = calls;
  function* pin(phase: "burst" | "live"): Steps<number> {
    const began = simulation.now;
    const response = yield* calls.sweep({ op: "pin" });
    times[phase] += simulation.now - began;
    return response.kind === "pinned" ? (response.frame as number) : 0;
  }
  const buffers: number[] = [];
  for (let process = 0; process < PROCESSES; process++) {
    buffers.push(yield* calls.mapRam(0, IO_PAGES));
    for (let nth = 0; nth < 4; nth++) yield* mapsAndUnmaps(calls, 0);
    const frames: number[] = [];
    for (let nth = 0; nth < BURST; nth++) frames.push(yield* pin("burst"));
    for (let nth = 0; nth < LIVE; nth++) {
      yield* mapsAndUnmaps(calls, 0);
      frames.push(yield* pin("live"));
    }
    for (const frame of frames) calls.act({ op: "unpin", frame });
    const oldest = buffers.length > 2 ? buffers.shift() : undefined;
    if (oldest !== undefined) yield* calls.unmapRam(0, oldest, IO_PAGES);
  }
}

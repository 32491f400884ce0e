/** The state of a tree's allocator and of what surrounds it: booted, asked, and kept while another is asked. */
import { InputError } from "../../adapters/input-error.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { Dump, DumpedArea, DumpedBlock, DumpedPooled } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { type Extent, PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Built } from "../build.ts";
import { observe, setPte } from "../observer.ts";
import { type Place, placeOf, WORD32 } from "../place.ts";
import { BASE, EVENTS, Instance, KINDS, OPS, type Saved, type Stop } from "../webassembly.ts";

/** The surroundings of the allocator, and its memory. The structures of a model's state stay empty. */
export interface TreeState extends State {
  readonly machine: Machine;
  /** The allocator's memory, or undefined while the instance holds it and it has changed since it was saved. */
  saved: Saved | undefined;
  /** Of the last call: allocations of memory that it asked for, and those alive after it. */
  allocations: number;
  live: number;
  /** Of the next call: the allocation that fails, from 1; 0 for none. */
  fails: number;
}

/** One instance, and the state that is in its memory. */
export interface Machine {
  readonly instance: Instance;
  readonly place: Place;
  readonly scope: Scope;
  readonly hasNodes: boolean;
  /** Whether lazy areas are listed with the busy ones. */
  readonly lazyAmongAreas: boolean;
  /** The state that the instance holds; undefined if that state is no longer used. */
  live: TreeState | undefined;
  /** The saved memory that equals the instance's, if any. */
  content: Saved | undefined;
}

/** A stop, on its way from the instance to the reply. */
export class Stopped extends Error {
  readonly stop: Stop;
  constructor(stop: Stop) {
    super(stop.text);
    this.stop = stop;
  }
}

/** Bytes for descriptors: of a small machine, and of one with the windows of a real one. */
const SMALL_ARENA = 1 << 18;
const LARGE_ARENA = 1 << 23;
const SMALL_WINDOW: Pages = 2 ** 10;

/** The parts of a scope that the allocator was booted with. */
export function bootKey({ wordPages, cpus, absentCpus, lazyMaxPages, vmalloc, ...rest }: Scope): string {
  const { blockPages, bitsPerLong, beforeInit } = rest;
  return JSON.stringify([
    wordPages,
    cpus,
    absentCpus,
    lazyMaxPages,
    vmalloc,
    blockPages,
    bitsPerLong,
    beforeInit,
  ]);
}

export function boot(scope: Scope, built: Built): Machine {
  const { cpus, absentCpus = [], lazyMaxPages, vmalloc, blockPages, bitsPerLong, beforeInit } = scope;
  if (cpus > 8) throw new InputError(`a tree is compiled for at most 8 CPUs, not ${cpus}`);
  const place = placeOf(scope);
  const instance = new Instance(built, {
    start: place.addressOf(vmalloc.vstart),
    end: place.limitOf(vmalloc.vend),
    // A limit that 32 bits cannot hold means: never purge.
    lazyMax: lazyMaxPages === null ? undefined : Math.min(lazyMaxPages, WORD32),
    cpus,
    absent: absentCpus.reduce((bits, cpu) => bits | (1 << cpu), 0),
    arena: vmalloc.vend - vmalloc.vstart <= SMALL_WINDOW ? SMALL_ARENA : LARGE_ARENA,
  });
  if (blockPages > 0 && (instance.blockPages !== blockPages || instance.mapLimit !== bitsPerLong))
    throw new InputError(
      `mm/vmalloc.c: VMAP_BBMAP_BITS comes out at ${instance.blockPages} and VMAP_MAX_ALLOC at ${instance.mapLimit}; expected ${blockPages} and ${bitsPerLong}`,
    );
  const hasNodes = built.facts.holds.includes("HAVE_NODES");
  const lazyAmongAreas = built.facts.holds.includes("HAVE_LAZY_AMONG_AREAS");
  const machine: Machine = {
    instance,
    place,
    scope,
    hasNodes,
    lazyAmongAreas,
    live: undefined,
    content: undefined,
  };
  if (!beforeInit) initialise(machine);
  instance.setBase();
  machine.content = BASE;
  return machine;
}

/** vmalloc_init; then the pages outside a smaller word are taken away. Throws an InputError if it stops. */
export function initialise({ instance, place: { carved } }: Machine): void {
  let stop = instance.call(OPS.init);
  if (stop === undefined && carved > 0) {
    instance.argument(0, 0);
    instance.argument(1, carved * PAGE_SIZE);
    stop = instance.call(OPS.carve);
    if (stop === undefined && instance.kind !== KINDS.done)
      throw new InputError(
        "mm/vmalloc.c: the first area after vmalloc_init does not begin where the free space does",
      );
  }
  if (stop !== undefined) throw new InputError(`mm/vmalloc.c: vmalloc_init stops: ${stop.text}`);
}

/** Loads this state into the instance. */
export function load(state: TreeState): void {
  const { machine } = state;
  const { live } = machine;
  if (live === state) return;
  if (live !== undefined) savedOf(live);
  if (machine.content !== state.saved) {
    machine.instance.restore(state.saved as Saved);
    machine.content = state.saved;
  }
  machine.live = state;
}

/** The state's saved memory. */
export function savedOf(state: TreeState): Saved {
  const { machine } = state;
  if (state.saved === undefined) {
    state.saved = machine.instance.save();
    machine.content = state.saved;
  }
  return state.saved;
}

/** Makes a call to the allocator, and notes its effects. */
export function ask(state: TreeState, op: number, args: readonly number[]): void {
  load(state);
  const { instance } = state.machine;
  for (let nth = 0; nth < args.length; nth++) instance.argument(nth, args[nth] as number);
  state.saved = undefined;
  state.machine.content = undefined;
  if (state.fails > 0) instance.failAt(state.fails);
  const stop = instance.call(op);
  note(state);
  if (stop !== undefined) throw new Stopped(stop);
}

function note(state: TreeState): void {
  const { instance, place } = state.machine;
  const { events } = instance;
  state.rcuCallbacks = instance.rcu;
  state.workItems = instance.work;
  state.lazyPages = instance.lazy;
  state.allocations = instance.allocations;
  state.live = instance.live;
  for (let nth = 0; nth < events; nth++) {
    const a = instance.event(nth, 1);
    switch (instance.event(nth, 0)) {
      case EVENTS.set:
        setPte(state, place.pageOf(a), instance.event(nth, 2));
        break;
      case EVENTS.clear:
        observe(state, { kind: "clear", page: place.pageOf(a) });
        break;
      case EVENTS.flush:
        observe(state, { kind: "flush", start: place.pageOf(a), end: place.endOf(instance.event(nth, 2)) });
        break;
      case EVENTS.cache:
        observe(state, {
          kind: "flushCache",
          start: place.pageOf(a),
          end: place.endOf(instance.event(nth, 2)),
        });
        break;
      case EVENTS.warn:
        observe(state, { kind: "warn", text: instance.textAt(a) });
        break;
      case EVENTS.absent:
        observe(state, { kind: "absentCpu" });
        break;
    }
  }
}

// The allocator's structures as its own code has them, for `conform` and maps.

export function dump(state: TreeState): Dump {
  load(state);
  const { instance, place, scope, hasNodes, lazyAmongAreas } = state.machine;
  instance.dump();
  const areas: DumpedArea[] = [];
  const free: Extent[] = [];
  const purge: Extent[] = [];
  const pool: DumpedPooled[] = [];
  const blocks: DumpedBlock[] = [];
  const freeLists: Vpn[][] = Array.from({ length: scope.cpus }, () => []);
  const extent = (nth: number) => ({
    start: place.pageOf(instance.event(nth, 1)),
    end: endOf(place, instance.event(nth, 2)),
  });
  for (let nth = 0; nth < instance.events; nth++) {
    const [a, b, c] = [instance.event(nth, 1), instance.event(nth, 2), instance.event(nth, 3)];
    switch (instance.event(nth, 0)) {
      case EVENTS.area:
        areas.push({ ...extent(nth), flags: c, lazy: false });
        break;
      case EVENTS.freeExtent:
        free.push(extent(nth));
        break;
      case EVENTS.lazy:
        purge.push(extent(nth));
        break;
      case EVENTS.pooled:
        pool.push({ node: c, ...extent(nth) });
        break;
      case EVENTS.block:
        blocks.push(dumpedBlock(state, nth, a, b, c));
        break;
      case EVENTS.listed:
        (freeLists[b] as Vpn[]).push(place.pageOf(a));
    }
  }
  for (const [nth, block] of blocks.entries()) {
    const cpu = freeLists.findIndex((list) => list.includes(block.start));
    if (cpu >= 0) blocks[nth] = { ...block, onFreeList: cpu };
  }
  blocks.sort((one, other) => one.start - other.start);
  const isLazy = ({ start }: Extent) => purge.some((each) => each.start === start);
  return {
    areas: lazyAmongAreas ? areas.map((each) => ({ ...each, lazy: isLazy(each) })) : areas,
    lazyPages: state.lazyPages,
    cache: undefined,
    free,
    purge: lazyAmongAreas ? undefined : purge,
    ...(hasNodes ? { pool } : {}),
    blocks,
    freeLists,
  };
}

/** An end at the top of the word has wrapped: ULONG_MAX and 0 are both its end. */
function endOf(place: Place, address: number): Vpn {
  return place.endOf(address);
}

function dumpedBlock(
  { machine }: TreeState,
  nth: number,
  address: number,
  free: number,
  dirty: number,
): DumpedBlock {
  const { instance, place } = machine;
  const cpu = instance.event(nth + 1, 3) | 0;
  return {
    start: place.pageOf(address),
    free,
    dirty,
    onFreeList: null,
    cpu: cpu < 0 ? undefined : cpu,
    dirtyRuns: undefined,
    dirtyRange: { start: instance.event(nth + 1, 1), end: instance.event(nth + 1, 2) },
  };
}

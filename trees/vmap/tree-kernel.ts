/** A tree's own mm/vmalloc.c as a kernel like those in kernels/: it can be stepped, copied, explored and compared. */
import { InputError } from "../../adapters/input-error.ts";
import { aliasReport, assignMemory, copyMemory, endHold, touch } from "../../kernels/hardware/memory.ts";
import { pagesOf } from "../../kernels/hardware/page-map.ts";
import { addHardware } from "../../kernels/vmap/fingerprint.ts";
import { pin, unpin } from "../../kernels/vmap/pinning.ts";
import { beginCall, initialState, type State } from "../../kernels/vmap/state.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Dump, DumpedArea, DumpedBlock, DumpedPooled, Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/releases.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { type Extent, PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { type Built, build } from "../build.ts";
import { hold, observe, setPte } from "../observer.ts";
import { type Place, placeOf, WORD32 } from "../place.ts";
import type { SourceTree } from "../source-tree.ts";
import { BASE, EVENTS, Instance, KINDS, OPS, type Saved, type Stop } from "../webassembly.ts";

/** The surroundings of the allocator, and its memory. The structures of a model's state stay empty. */
export interface TreeState extends State {
  readonly machine: Machine;
  /** The allocator's memory, or undefined while the instance holds it and it has changed since it was saved. */
  saved: Saved | undefined;
}

/** One instance, and the state that is in its memory. */
interface Machine {
  readonly instance: Instance;
  readonly place: Place;
  readonly scope: Scope;
  readonly hasNodes: boolean;
  /** The state that the instance holds; undefined if that state is no longer used. */
  live: TreeState | undefined;
  /** The saved memory that equals the instance's, if any. */
  content: Saved | undefined;
}

/** A stop, on its way from the instance to the reply. */
class Stopped extends Error {
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
/** If callers map nothing through blocks, the blocks' size has no effect. */
export const ANY_BLOCKS = { mapLimit: 4, blockPages: 8 };

export function treeKernel(tree: SourceTree, release: Promises, name: string): Kernel<TreeState> {
  const machines = new Map<string, Machine>();
  const built = new Map<string, Built>();
  const machineFor = (scope: Scope): Machine => {
    const key = bootKey(scope);
    let machine = machines.get(key);
    if (machine === undefined) {
      machine = boot(scope, builtFor(scope));
      machines.set(key, machine);
    }
    return machine;
  };
  const builtFor = ({ blockPages, bitsPerLong }: Scope): Built => {
    const constants = blockPages === 0 ? ANY_BLOCKS : { mapLimit: bitsPerLong, blockPages };
    const key = `${constants.mapLimit} ${constants.blockPages}`;
    const made = built.get(key) ?? build(tree, constants);
    built.set(key, made);
    return made;
  };
  const act = (state: TreeState, command: Command): Response => {
    beginCall(state);
    return answer(state, command);
  };
  return {
    name,
    promises: release.laws,
    release,
    initial: (scope) => ({ ...initialState(scope), machine: machineFor(scope), saved: BASE }),
    copy: (state) => ({ ...state, saved: savedOf(state), memory: copyMemory(state.memory) }),
    assign: (to, from) => {
      to.saved = savedOf(from);
      if (to.machine.live === to) to.machine.live = undefined;
      assignMemory(to.memory, from.memory);
      to.lazyPages = from.lazyPages;
      to.initialised = from.initialised;
    },
    act,
    step: (state, command) => {
      const after = { ...state, saved: savedOf(state), memory: copyMemory(state.memory) };
      return [after, act(after, command)];
    },
    dump,
    identity: (_scope, { pin: pins }) => ({
      reductions: [],
      add: (state, to) => {
        to.add(state.initialised ? 1 : 0);
        load(state);
        state.machine.instance.fingerprint((word) => to.add(word));
        addHardware(state.memory, pins, to);
      },
    }),
    paths: [],
    marks: () => [],
  };
}

/** The parts of a scope that the allocator was booted with. */
function bootKey({ wordPages, cpus, absentCpus, lazyMaxPages, vmalloc, ...rest }: Scope): string {
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

function boot(scope: Scope, built: Built): Machine {
  const { cpus, absentCpus = [], lazyMaxPages, vmalloc, blockPages, bitsPerLong, beforeInit } = scope;
  if (cpus > 8) throw new InputError(`a tree is compiled for at most 8 CPUs, not ${cpus}`);
  const place = placeOf(scope);
  const instance = new Instance(built, {
    start: place.addressOf(vmalloc.vstart),
    end: place.limitOf(vmalloc.vend),
    lazyMax: lazyMaxPages ?? undefined,
    cpus,
    absent: absentCpus.reduce((bits, cpu) => bits | (1 << cpu), 0),
    arena: vmalloc.vend - vmalloc.vstart <= SMALL_WINDOW ? SMALL_ARENA : LARGE_ARENA,
  });
  if (blockPages > 0 && (instance.blockPages !== blockPages || instance.mapLimit !== bitsPerLong))
    throw new InputError(
      `mm/vmalloc.c: VMAP_BBMAP_BITS comes out at ${instance.blockPages} and VMAP_MAX_ALLOC at ${instance.mapLimit}; expected ${blockPages} and ${bitsPerLong}`,
    );
  const hasNodes = built.facts.holds.includes("HAVE_NODES");
  const machine: Machine = { instance, place, scope, hasNodes, live: undefined, content: undefined };
  if (!beforeInit) initialise(machine);
  instance.setBase();
  machine.content = BASE;
  return machine;
}

/** vmalloc_init; then the pages outside a smaller word are taken away. Throws an InputError if it stops. */
function initialise({ instance, place: { carved } }: Machine): void {
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
function load(state: TreeState): void {
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
function savedOf(state: TreeState): Saved {
  const { machine } = state;
  if (state.saved === undefined) {
    state.saved = machine.instance.save();
    machine.content = state.saved;
  }
  return state.saved;
}

/** Makes a call to the allocator, and notes its effects. */
function ask(state: TreeState, op: number, args: readonly number[]): void {
  load(state);
  const { instance } = state.machine;
  for (let nth = 0; nth < args.length; nth++) instance.argument(nth, args[nth] as number);
  state.saved = undefined;
  state.machine.content = undefined;
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

/** Whether mapping stopped at a present PTE. */
function mapStopped({ machine: { instance } }: TreeState): boolean {
  for (let nth = instance.events - 1; nth >= 0; nth--)
    if (instance.event(nth, 0) === EVENTS.stopped) return true;
  return false;
}

function answer(state: TreeState, command: Command): Response {
  try {
    return carryOut(state, command);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    const { kind, text } = error.stop;
    if (kind === "endless") return { kind: "silent", text, ...effectsOf(state) };
    return { kind: kind === "crash" ? "crashed" : "bug", text, ...effectsOf(state) };
  }
}

function carryOut(state: TreeState, command: Command): Response {
  const { place, scope } = state.machine;
  const { memory } = state;
  const at = (page: Vpn) => place.addressOf(page);
  switch (command.op) {
    case "alloc": {
      const { size, align, vstart, vend, map, cpu = 0, noblock, endsInside } = command;
      const end = place.limitOf(vend) + (endsInside ? PAGE_SIZE - 1 : 0);
      // The free space begins at its second byte, where an area that is not aligned to a page could begin as well.
      const start = align < PAGE_SIZE ? Math.max(vstart, 1) : vstart;
      const first = map ? memory.nextFrame : 0;
      // A window that ends inside the last page of the vmalloc space is that space's: it ends there as well.
      if (endsInside && vend === scope.vmalloc.vend) setEnd(state, end);
      ask(state, OPS.alloc, [cpu, bytes(size), align, at(start), end, first, noblock ? 1 : 0]);
      return placed(state, map ? size : 0);
    }
    case "free":
      ask(state, OPS.free, [0, at(command.start)]);
      endHoldOfArea(state);
      return done(state);
    case "mapRam": {
      const { cpu, count } = command;
      ask(state, OPS.mapRam, [cpu, count, memory.nextFrame]);
      return placed(state, count, true);
    }
    case "unmapRam": {
      const { cpu, start, count } = command;
      endHold(state, start, start + count);
      ask(state, OPS.unmapRam, [cpu, at(start), count]);
      return done(state);
    }
    case "vmap":
      ask(state, OPS.vmap, [0, command.count, memory.nextFrame, command.noGuard ? 1 : 0]);
      return placed(state, command.count, command.count > 0);
    case "pcpuGet": {
      const { offsets, sizes, align } = command;
      if (!state.initialised || scope.vmalloc.vstart >= scope.vmalloc.vend) return refused(state);
      ask(state, OPS.pcpuGet, [0, align, offsets.length, ...offsets.map(bytes), ...sizes.map(bytes)]);
      return placed(state, 0);
    }
    case "pcpuFree":
      ask(state, OPS.pcpuFree, [0, at(command.start), command.offsets.length, ...command.offsets.map(bytes)]);
      return done(state);
    case "find": {
      ask(state, OPS.find, [0, at(command.page)]);
      const { kind, value } = state.machine.instance;
      return { kind: "found", start: kind === KINDS.found ? place.pageOf(value) : null, ...effectsOf(state) };
    }
    case "init":
      load(state);
      state.saved = undefined;
      state.machine.content = undefined;
      initialise(state.machine);
      state.initialised = true;
      return done(state);
    case "purge":
      ask(state, OPS.purge, [0]);
      return { ...done(state), wholeFree: couldGiveAll(state) };
    case "unmapAliases":
      ask(state, OPS.unmapAliases, [0]);
      return reported(state);
    case "tlb":
      return reported(state);
    case "touch":
      return { kind: "reached", ...touch(state, command), ...effectsOf(state) };
    case "pin":
      return { ...pin(state, () => ask(state, OPS.unmapAliases, [0])), ...effectsOf(state) };
    case "unpin":
      unpin(state, command.frame);
      return done(state);
  }
}

/** The owner of a freed area no longer holds it. */
function endHoldOfArea(state: TreeState): void {
  const { instance, place } = state.machine;
  if (instance.size === 0) return;
  const start = place.pageOf(instance.value);
  endHold(state, start, start + instance.size / PAGE_SIZE);
}

function setEnd(state: TreeState, end: number): void {
  load(state);
  if (!state.machine.instance.setEnd(end)) return;
  state.saved = undefined;
  state.machine.content = undefined;
}

/** A size larger than the word becomes that of the word. */
function bytes(pages: Pages): number {
  return Math.min(pages, WORD32 - 1) * PAGE_SIZE;
}

/** A reply to a request, and of one that maps, whose frames are taken: a refused one may have taken them too. */
function placed(state: TreeState, mapped: Pages, takesAnyway = false): Response {
  const { instance, place } = state.machine;
  const { memory } = state;
  const first = memory.nextFrame;
  const isPlaced = instance.kind === KINDS.placed;
  if (isPlaced || takesAnyway) memory.nextFrame += mapped;
  if (!isPlaced) return refused(state);
  const start = place.pageOf(instance.value);
  hold(state, start, mapped, first);
  return { kind: "placed", start, mapStopped: mapped > 0 && mapStopped(state), ...effectsOf(state) };
}

function refused(state: TreeState): Response {
  return { kind: "refused", ...effectsOf(state) };
}

function done(state: TreeState): Response & { readonly kind: "done" } {
  return { kind: "done", ...effectsOf(state) };
}

function reported(state: TreeState): Response {
  return { kind: "done", aliases: aliasReport(state), ...effectsOf(state) };
}

const NO_PAGES: readonly number[] = [];

/**
 * The parts of every reply beside its result. The number of live descriptors, and reads of freed ones, are not known
 * here.
 */
function effectsOf(state: TreeState) {
  const { flushes, pteSet, pteCleared, rcuCallbacks, workItems, lazyPages, usedAbsentCpu, warning, memory } =
    state;
  const dirtyLines = memory.cache.count === 0 ? NO_PAGES : pagesOf(memory.cache);
  return {
    flushes,
    pteSet,
    pteCleared,
    rcuCallbacks,
    workItems,
    lazyPages,
    usedAbsentCpu,
    dirtyLines,
    warning,
  };
}

/** After a purge that released areas: whether the whole word except its first and last page could be given out. */
function couldGiveAll(state: TreeState): boolean | undefined {
  const { flushes, machine, scope } = state;
  const size = scope.wordPages - 2;
  if (size < 1 || flushes.length === 0 || scope.wordPages > WORD32) return undefined;
  const { instance, place } = machine;
  const saved = savedOf(state);
  const args = [0, bytes(size), 1, place.addressOf(1), place.addressOf(scope.wordPages - 1), 0, 0];
  for (const [nth, value] of args.entries()) instance.argument(nth, value);
  const stop = instance.call(OPS.alloc);
  const isPlaced = stop === undefined && instance.kind === KINDS.placed;
  instance.restore(saved);
  machine.content = saved;
  return isPlaced;
}

function dump(state: TreeState): Dump {
  load(state);
  const { instance, place, scope, hasNodes } = state.machine;
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
  return {
    areas,
    lazyPages: state.lazyPages,
    cache: undefined,
    free,
    purge,
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

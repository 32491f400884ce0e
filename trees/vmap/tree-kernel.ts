/** A tree's own mm/vmalloc.c as a kernel like those in kernels/: it can be stepped, copied, explored and compared. */
import { aliasReport, assignMemory, copyMemory, endHold, touch } from "../../kernels/hardware/memory.ts";
import { pagesOf } from "../../kernels/hardware/page-map.ts";
import { addHardware } from "../../kernels/vmap/fingerprint.ts";
import { pin, unpin } from "../../kernels/vmap/pinning.ts";
import { beginCall, initialState } from "../../kernels/vmap/state.ts";
import { MEMORY_LAWS } from "../../spec/process.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { fitsBlock, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";
import type { Built, Constants } from "../build.ts";
import { hold } from "../observer.ts";
import { WORD32 } from "../place.ts";
import { BASE, EVENTS, KINDS, OPS } from "../webassembly.ts";
import {
  ask,
  boot,
  bootKey,
  dump,
  initialise,
  load,
  type Machine,
  Stopped,
  savedOf,
  type TreeState,
} from "./tree-state.ts";

/** If callers map nothing through blocks, the blocks' size has no effect. */
export const ANY_BLOCKS = { mapLimit: 4, blockPages: 8 };

/** Compiled for each size of blocks that a scope has. */
export function treeKernel(
  compile: (constants: Constants) => Built,
  release: Promises,
  name: string,
): Kernel<TreeState> {
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
    const made = built.get(key) ?? compile(constants);
    built.set(key, made);
    return made;
  };
  const act = (state: TreeState, command: Command): Response => {
    beginCall(state);
    return answer(state, command);
  };
  return {
    name,
    promises: release.laws.filter((id) => !MEMORY_LAWS.some((law) => law.id === id)),
    release,
    initial: (scope) => ({
      ...initialState(scope),
      machine: machineFor(scope),
      saved: BASE,
      ...NOTHING_ALLOCATED,
    }),
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
    memory: {
      actFailing: (state, command, allocation) => {
        state.fails = allocation;
        const response = act(state, command);
        state.fails = 0;
        return response;
      },
      allocations: ({ allocations }) => allocations,
      live: ({ live }) => live,
      scope: ({ scope }) => scope,
    },
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

const NOTHING_ALLOCATED = { allocations: 0, live: 0, fails: 0 } as const;
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
  switch (command.op) {
    case "alloc": {
      const { size, align, vstart, vend, map, cpu = 0, noblock, endsInside } = command;
      const end = place.limitOf(vend) + (endsInside ? PAGE_SIZE - 1 : 0);
      // The free space begins at its second byte, where an area that is not aligned to a page could begin as well.
      const start = align < PAGE_SIZE ? Math.max(vstart, 1) : vstart;
      const first = map ? memory.nextFrame : 0;
      // A window that ends inside the last page of the vmalloc space is that space's: it ends there as well.
      if (endsInside && vend === scope.vmalloc.vend) setEnd(state, end);
      ask(state, OPS.alloc, [cpu, bytes(size), align, place.addressOf(start), end, first, noblock ? 1 : 0]);
      return placed(state, map ? size : 0);
    }
    case "free":
      ask(state, OPS.free, [0, place.addressOf(command.start)]);
      endHoldOfArea(state);
      return done(state);
    case "mapRam": {
      const { cpu, count } = command;
      ask(state, OPS.mapRam, [cpu, count, memory.nextFrame]);
      return placed(state, count, true);
    }
    case "unmapRam": {
      const { cpu, start, count } = command;
      if (fitsBlock(scope, count)) endHold(state, start, start + count);
      ask(state, OPS.unmapRam, [cpu, place.addressOf(start), count]);
      endHoldOfArea(state);
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
      ask(state, OPS.pcpuFree, [
        0,
        place.addressOf(command.start),
        command.offsets.length,
        ...command.offsets.map(bytes),
      ]);
      return done(state);
    case "find": {
      ask(state, OPS.find, [0, place.addressOf(command.page)]);
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

/** The owner of an area that a free or an unmap took no longer holds it. */
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

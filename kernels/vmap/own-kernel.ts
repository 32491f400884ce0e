/**
 * An allocator of one's own as a kernel: it finds places and frees them; its surroundings (page table, TLBs, frames,
 * callers) are those of the kernels here. Calls that it does not have are refused.
 */
import { type Fingerprint, LIST_END } from "../../spec/fingerprint.ts";
import type { Alloc, Command, Response } from "../../spec/vmap/commands.ts";
import type { DumpedArea, Kernel } from "../../spec/vmap/kernel.ts";
import { type OwnPromises, promisesOfOwn } from "../../spec/vmap/own-promises.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import {
  aliasReport,
  endHold,
  flushTlbKernelRange,
  mapRange,
  touch,
  unmapRange,
} from "../hardware/memory.ts";
import { addFreeFrames, addMemory } from "./fingerprint.ts";
import type { Result } from "./kernel.ts";
import { pin, unpin } from "./pinning.ts";
import { assignState, beginCall, copyState, initialState, type State } from "./state.ts";
import { warnOfNoArea } from "./unmap-calls.ts";

/** A request: a size in pages, an alignment in bytes, and the window [vstart, vend) of pages. */
export type OwnRequest = Pick<Alloc, "size" | "align" | "vstart" | "vend" | "noblock">;

/** What it may do to page table and TLBs. */
export interface Hardware {
  readonly scope: Scope;
  /** Clears the PTEs of [start, end). */
  unmap(start: Vpn, end: Vpn): void;
  /** Drops what every TLB has of [start, end). */
  flush(start: Vpn, end: Vpn): void;
}

export interface OwnAllocator<S extends object> {
  readonly name: string;
  /** What it is judged by. By default: no guard page, no placement, and an area that stays until it is flushed. */
  readonly promises?: Partial<Omit<OwnPromises, "blocks">>;
  /** Its state in a scope: anything that can be cloned. It may be changed in place. */
  initial(scope: Scope): S;
  /** The start of the area, or undefined if the request is refused. */
  alloc(state: S, request: OwnRequest, hardware: Hardware): Vpn | undefined;
  /** Its caller frees the area that begins here. */
  free(state: S, start: Vpn, hardware: Hardware): void;
  /** Flushes and releases everything lazy, if anything can be lazy. */
  purge?(state: S, hardware: Hardware): void;
  /** Pages that are freed and not yet released, if it counts them. */
  lazyPages?(state: S): Pages;
}

/** Its own state, what surrounds it, and the areas that callers hold: the pages of each, by where it begins. */
interface OwnState<S> {
  own: S;
  readonly around: State;
  readonly held: Map<Vpn, Pages>;
}

const NO_GUARD = { inside: 0, afterArea: 0, beforeNext: 0 };

/** Throws a RangeError for promises that do not go together. */
export function defineKernel<S extends object>(allocator: OwnAllocator<S>): Kernel<OwnState<S>> {
  const { name, promises = {} } = allocator;
  const { guard = NO_GUARD, placement = "none", frees, laws } = promises;
  if (placement !== "none" && frees === undefined)
    throw new RangeError(`${name}: placement ${placement} needs frees, as what a purge takes is room`);
  const release = promisesOfOwn(name, { guard, placement, frees, laws, blocks: "no blocks" });
  const act = (state: OwnState<S>, command: Command): Response => {
    beginCall(state.around);
    const result = answerOrBug(allocator, state, command);
    const { flushes, pteSet, pteCleared, warning } = state.around;
    const lazy = allocator.lazyPages === undefined ? {} : { lazyPages: allocator.lazyPages(state.own) };
    return { ...result, flushes, pteSet, pteCleared, warning, ...lazy };
  };
  const copy = ({ own, around, held }: OwnState<S>): OwnState<S> => {
    return { own: structuredClone(own), around: copyState(around), held: new Map(held) };
  };
  return {
    name,
    promises: release.laws,
    release,
    initial: (scope) => ({ own: allocator.initial(scope), around: initialState(scope), held: new Map() }),
    copy,
    assign: (to, from) => {
      to.own = structuredClone(from.own);
      assignState(to.around, from.around);
      to.held.clear();
      for (const [start, pages] of from.held) to.held.set(start, pages);
    },
    act,
    step: (state, command) => {
      const after = copy(state);
      return [after, act(after, command)];
    },
    dump: ({ own, held }) => ({
      areas: [...held].sort(([a], [b]) => a - b).map(asDumped),
      lazyPages: allocator.lazyPages?.(own),
      cache: undefined,
      blocks: [],
      freeLists: [],
    }),
    identity: (_scope, { pin }) => ({
      reductions: [],
      add: ({ own, around, held }, to) => {
        addValue(own, to);
        addValue(
          [...held].sort(([a], [b]) => a - b),
          to,
        );
        to.add(around.initialised ? 1 : 0);
        addMemory(around.memory, to);
        if (pin) addFreeFrames(around.memory.frames, to);
      },
    }),
    paths: [],
    marks: () => [],
  };
}

const asDumped = ([start, pages]: [Vpn, Pages]): DumpedArea => {
  return { start, end: start + pages, flags: 0, lazy: false };
};

/** Anything it throws stops the kernel. */
function answerOrBug<S extends object>(
  allocator: OwnAllocator<S>,
  state: OwnState<S>,
  command: Command,
): Result {
  try {
    return answer(allocator, state, command);
  } catch (error) {
    return { kind: "bug", text: error instanceof Error ? error.message : String(error) };
  }
}

function answer<S extends object>(allocator: OwnAllocator<S>, state: OwnState<S>, command: Command): Result {
  const { own, around, held } = state;
  const hardware = hardwareOf(around);
  switch (command.op) {
    case "alloc":
      return alloc(allocator, state, command, command.map ? command.size : 0);
    case "vmap": {
      const { guard } = promisesOfGuard(allocator);
      const size = command.count === 0 || guard.inside > 0 ? command.count : command.count + 1;
      const result = alloc(allocator, state, { ...around.scope.vmalloc, size, align: 1 }, command.count);
      // Its frames are taken even if it is refused.
      if (result.kind === "refused") around.memory.nextFrame += command.count;
      return result;
    }
    case "free": {
      const pages = held.get(command.start);
      if (pages === undefined) {
        warnOfNoArea(around);
        return { kind: "done" };
      }
      held.delete(command.start);
      endHold(around, command.start, command.start + pages);
      allocator.free(own, command.start, hardware);
      return { kind: "done" };
    }
    case "find":
      return { kind: "found", start: held.has(command.page) ? command.page : null };
    case "purge":
      allocator.purge?.(own, hardware);
      return { kind: "done" };
    case "unmapAliases":
      allocator.purge?.(own, hardware);
      return { kind: "done", aliases: aliasReport(around) };
    case "tlb":
      return { kind: "done", aliases: aliasReport(around) };
    case "init":
      around.initialised = true;
      return { kind: "done" };
    case "touch":
      return { kind: "reached", ...touch(around, command) };
    case "pin":
      return pin(around, () => allocator.purge?.(own, hardware));
    case "unpin":
      unpin(around, command.frame);
      return { kind: "done" };
    case "mapRam":
    case "unmapRam":
    case "pcpuGet":
    case "pcpuFree":
      return { kind: "refused" };
  }
}

function alloc<S extends object>(
  allocator: OwnAllocator<S>,
  { own, around, held }: OwnState<S>,
  { size, align, vstart, vend, noblock = false }: OwnRequest,
  mapped: Pages,
): Result {
  if (size === 0) return { kind: "refused" };
  const start = allocator.alloc(own, { size, align, vstart, vend, noblock }, hardwareOf(around));
  if (start === undefined) return { kind: "refused" };
  held.set(start, size);
  const isStopped = mapped > 0 && mapRange(around, start, start + mapped, mapped) === "stopped";
  return { kind: "placed", start, mapStopped: isStopped };
}

const promisesOfGuard = <S extends object>({ promises = {} }: OwnAllocator<S>) => ({
  guard: promises.guard ?? NO_GUARD,
});

const hardwareOf = (around: State): Hardware => ({
  scope: around.scope,
  unmap: (start, end) => unmapRange(around, start, end),
  flush: (start, end) => flushTlbKernelRange(around, start, end),
});

/** Any state, number by number. In which order the entries of a Map or a Set were added is part of it. */
function addValue(value: unknown, to: Fingerprint): void {
  if (typeof value === "number" && Number.isSafeInteger(value)) {
    to.add(value);
    return;
  }
  if (typeof value === "object" && value !== null) {
    const parts = value instanceof Map || value instanceof Set ? [...value] : Object.entries(value);
    for (const part of Array.isArray(value) ? value : parts) addValue(part, to);
  } else for (const letter of String(value)) to.add(letter.codePointAt(0) ?? 0);
  to.add(LIST_END);
}

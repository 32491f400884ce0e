/**
 * A history as files and generators write it: an area is named by the index of the command that asked for it,
 * whether that was granted or not. So one history means the same on every kernel, also on the repaired one.
 */

import type { Naming } from "../contract.ts";
import type { Alloc, Command, Find, MapRam, PcpuGet, Response, Vmap } from "./commands.ts";
import type { Scope } from "./scope.ts";
import type { Cpu, Pages, Pfn, Vpn } from "./vocabulary.ts";

export type HistoryStep =
  | Alloc
  /**
   * Frees what command number `area` got, or `offset` pages behind its start, whether that is held or not. Where that
   * command got nothing, there is no address, and this does nothing.
   */
  | { readonly op: "free"; readonly area: number; readonly offset?: Pages }
  /** Frees this page of the space, whatever is there. */
  | { readonly op: "free"; readonly page: Vpn }
  | MapRam
  | Vmap
  | Find
  /** Unmaps what command number `area` got, likewise: as many pages as it asked for, if not `count`. */
  | {
      readonly op: "unmapRam";
      readonly cpu: Cpu;
      readonly area: number;
      readonly offset?: Pages;
      readonly count?: Pages;
    }
  | { readonly op: "unmapRam"; readonly cpu: Cpu; readonly page: Vpn; readonly count: Pages }
  | PcpuGet
  /** Frees all areas that pcpuGet number `area` got, whether they are held or not. */
  | { readonly op: "pcpuFree"; readonly area: number }
  /** Reads or writes page number `page` of what command number `area` got, also after it was let go. */
  | {
      readonly op: "touch";
      readonly cpu: Cpu;
      readonly area: number;
      readonly page: Pages;
      readonly write?: boolean;
    }
  | { readonly op: "pin" }
  /** Gives back the frame that pin number `area` got. */
  | { readonly op: "unpin"; readonly area: number }
  | { readonly op: "init" }
  | { readonly op: "purge" }
  | { readonly op: "unmapAliases" }
  | { readonly op: "tlb" };

/** What each command got, while a history is being run. */
export interface Names {
  /** An address, the base of a pcpuGet, or the frame of a pin; undefined where nothing was got. */
  readonly got: (number | undefined)[];
  /** Of a pin: its frame was given back. */
  readonly unpinned: boolean[];
  /** Pages asked for. */
  readonly counts: (Pages | undefined)[];
  /** What a pcpuGet asked for. */
  readonly offsets: (readonly Pages[] | undefined)[];
}

function begin(): Names {
  return { got: [], unpinned: [], counts: [], offsets: [] };
}

/** The step with addresses for names, or undefined when it names nothing that is there: it does nothing then. */
function resolve(names: Names, step: HistoryStep): Command | undefined {
  const named = "area" in step ? names.got[step.area] : undefined;
  switch (step.op) {
    case "free": {
      const start = addressIn(names, step);
      return start === undefined ? undefined : { op: "free", start };
    }
    case "unmapRam": {
      const start = addressIn(names, step);
      const count = step.count ?? ("area" in step ? names.counts[step.area] : undefined);
      if (start === undefined || count === undefined) return undefined;
      return { op: "unmapRam", cpu: step.cpu, start, count };
    }
    case "pcpuFree": {
      const offsets = names.offsets[step.area];
      if (named === undefined || offsets === undefined) return undefined;
      return { op: "pcpuFree", start: named as Vpn, offsets };
    }
    case "unpin":
      if (named === undefined || names.unpinned[step.area] === true) return undefined;
      return { op: "unpin", frame: named as Pfn };
    case "touch": {
      if (named === undefined) return undefined;
      const page = named + step.page;
      return step.write
        ? { op: "touch", cpu: step.cpu, page, write: true }
        : { op: "touch", cpu: step.cpu, page };
    }
    default:
      return step;
  }
}

/** The page that a free or an unmap means: what it names, or that much behind what a command got. */
function addressIn({ got }: Names, step: Extract<HistoryStep, { op: "free" | "unmapRam" }>): Vpn | undefined {
  if ("page" in step) return step.page;
  const start = got[step.area];
  return start === undefined ? undefined : start + (step.offset ?? 0);
}

/** Notes what step number `index` got, in place. `response` is undefined when the step did nothing. */
function note(names: Names, index: number, step: HistoryStep, response: Response | undefined): void {
  names.got[index] = whatIsGot(response);
  names.unpinned[index] = false;
  names.counts[index] = pagesAskedFor(step);
  names.offsets[index] = step.op === "pcpuGet" ? step.offsets : undefined;
  if (step.op === "unpin" && response !== undefined) names.unpinned[step.area] = true;
}

/** The pages of one area or map that a step asks for; undefined where it asks for none. */
export function pagesAskedFor(step: HistoryStep): Pages | undefined {
  if (step.op === "alloc") return step.size;
  return step.op === "mapRam" || step.op === "vmap" ? step.count : undefined;
}

function whatIsGot(response: Response | undefined): number | undefined {
  if (response?.kind === "placed") return response.start;
  return response?.kind === "pinned" ? response.frame : undefined;
}

/** The index of the command this step names, or undefined. */
function named(step: HistoryStep): number | undefined {
  return "area" in step ? step.area : undefined;
}

/** Which commands a step may name. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  free: ["alloc", "vmap", "mapRam"],
  unmapRam: ["mapRam", "alloc", "vmap"],
  pcpuFree: ["pcpuGet"],
  touch: ["alloc", "mapRam", "vmap"],
  unpin: ["pin"],
};

/** What the command that this step names must be, if it is not; undefined where nothing is wrong. */
export function misnamed(history: readonly HistoryStep[], index: number): readonly string[] | undefined {
  const step = history[index] as HistoryStep;
  const before = named(step);
  if (before === undefined) return undefined;
  const kinds = NAMES[step.op] as readonly string[];
  return before < index && kinds.includes(history[before]?.op as string) ? undefined : kinds;
}

/** Whether a call may be made before vmalloc_init: vm_unmap_aliases and who relies on it, and what only looks. */
export function comesBeforeInit({ op }: { readonly op: string }): boolean {
  if (op === "find") return true;
  return op === "unmapAliases" || op === "pin" || op === "unpin" || op === "tlb" || op === "init";
}

/** The index of the first step that may not come before vmalloc_init and does; -1 if there is none. */
export function tooEarly(history: readonly HistoryStep[], scope: Pick<Scope, "beforeInit">): number {
  if (!scope.beforeInit) return -1;
  const init = history.findIndex(({ op }) => op === "init");
  return history.slice(0, init < 0 ? history.length : init).findIndex((step) => !comesBeforeInit(step));
}

/** Whether every step names an earlier one of the right kind, if any, and none comes too early. */
export function isWellFormed(history: readonly HistoryStep[], scope: Pick<Scope, "beforeInit">): boolean {
  const named = history.every((_step, index) => misnamed(history, index) === undefined);
  return named && tooEarly(history, scope) < 0;
}

/**
 * The history without the steps whose index is in `dropped`. Steps that named a dropped command go as well,
 * for there is nothing left for them to name; the others are renumbered.
 */
function without(history: readonly HistoryStep[], dropped: ReadonlySet<number>): HistoryStep[] {
  const renumbered: (number | undefined)[] = [];
  const kept: HistoryStep[] = [];
  for (const [index, step] of history.entries()) {
    const before = named(step);
    const now = before === undefined ? undefined : renumbered[before];
    const goes = dropped.has(index) || (before !== undefined && now === undefined);
    renumbered[index] = goes ? undefined : kept.length;
    if (!goes) kept.push(now === undefined ? step : ({ ...step, area: now } as HistoryStep));
  }
  return kept;
}

export const naming: Naming<Names, HistoryStep, Command, Response> = { begin, resolve, note, without };

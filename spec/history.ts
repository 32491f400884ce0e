/**
 * A history as files and generators write it: an area is named by the index of the command that asked for it,
 * whether that was granted or not. So one history means the same on every kernel, also on the repaired one.
 */
import type { Alloc, Command, Response } from "./commands.ts";
import type { Naming } from "./contract.ts";
import type { Cpu, Pages, Vpn } from "./vocabulary.ts";

export type HistoryStep =
  | Alloc
  /** Frees what command number `area` got; freeing what was refused or is already free does nothing. */
  | { readonly op: "free"; readonly area: number }
  /** Reads page number `page` of the area that command number `area` got, also after it was freed. */
  | { readonly op: "touch"; readonly cpu: Cpu; readonly area: number; readonly page: Pages }
  | { readonly op: "purge" }
  | { readonly op: "unmapAliases" }
  | { readonly op: "tlb" };

/** Which address each command got, while a history is being run. */
export interface Names {
  /** Address by command index; undefined where nothing was placed. */
  readonly starts: (Vpn | undefined)[];
  readonly freed: boolean[];
}

function begin(): Names {
  return { starts: [], freed: [] };
}

/** The step with addresses for names, or undefined when it names nothing that is there: it does nothing then. */
function resolve(names: Names, step: HistoryStep): Command | undefined {
  switch (step.op) {
    case "free": {
      const start = names.starts[step.area];
      if (start === undefined || names.freed[step.area]) return undefined;
      return { op: "free", start };
    }
    case "touch": {
      const start = names.starts[step.area];
      if (start === undefined) return undefined;
      return { op: "touch", cpu: step.cpu, page: start + step.page };
    }
    default:
      return step;
  }
}

/** Notes what step number `index` got, in place. `response` is undefined when the step did nothing. */
function note(names: Names, index: number, step: HistoryStep, response: Response | undefined): void {
  names.starts[index] = response?.kind === "placed" ? response.start : undefined;
  names.freed[index] = false;
  if (step.op === "free" && response !== undefined) names.freed[step.area] = true;
}

/** The index of the command whose area this step names, or undefined. */
function named(step: HistoryStep): number | undefined {
  return step.op === "free" || step.op === "touch" ? step.area : undefined;
}

/** Whether every step that names another names an earlier alloc. */
export function namesOnlyAllocs(history: readonly HistoryStep[]): boolean {
  return history.every((step, index) => {
    const before = named(step);
    return before === undefined || (before < index && history[before]?.op === "alloc");
  });
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

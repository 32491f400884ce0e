/**
 * A history as files and generators write it: an area is named by the index of the command that asked for it,
 * whether that was granted or not. So one history means the same on every kernel, also on the repaired one.
 */

import type { NamingOf } from "../wing.ts";
import {
  COMMANDS,
  type Command,
  type CommandName,
  type HistoryStep,
  RECORDS,
  type Response,
  recordOf,
} from "./commands.ts";
import { type Kind, Ledger } from "./ledger.ts";
import type { Promises } from "./promises.ts";
import type { Scope } from "./scope.ts";
import type { VmapTerms } from "./terms.ts";

export type { HistoryStep } from "./commands.ts";

/** The step with addresses for names, or undefined when it names nothing that is there: it does nothing then. */
function resolve(ledger: Ledger, step: HistoryStep): Command | undefined {
  return recordOf(step).resolve(step, ledger);
}

/** Notes what step number `index` got, in place. `response` is undefined when the step did nothing. */
function note(ledger: Ledger, index: number, step: HistoryStep, response: Response | undefined): void {
  const { gives, takes, pages, offsets } = recordOf(step);
  if (gives !== undefined && response !== undefined) {
    const got = whatIsGot(response);
    if (got !== undefined) ledger.give(gives, index, got, pages(step) ?? 0, offsets(step));
  }
  if (takes !== undefined && "area" in step) ledger.take(takes, step.area);
}

function whatIsGot(response: Response): number | undefined {
  if (response.kind === "placed") return response.start;
  return response.kind === "pinned" ? response.frame : undefined;
}

/**
 * Notes a command with addresses, as a recording has it, likewise. The index of the command that got what it frees or
 * unmaps; undefined where it does neither, is refused, or is outside its domain.
 */
export function noteCommand(
  ledger: Ledger,
  index: number,
  command: Command,
  response: Response,
): number | undefined {
  if (recordOf(command).gives !== undefined) note(ledger, index, command as HistoryStep, response);
  if ((command.op !== "free" && command.op !== "unmapRam") || response.kind === "refused") return undefined;
  const pages = command.op === "unmapRam" ? command.count : undefined;
  const held = ledger.heldAt(recordOf(command).takes as Kind, command.start, pages);
  if (held !== undefined) ledger.take(held.kind, held.index);
  return held?.index;
}

/** The index of the command this step names, or undefined. */
function named(step: HistoryStep): number | undefined {
  return "area" in step ? step.area : undefined;
}

/** What the command that this step names must be, if it is not; undefined where nothing is wrong. */
export function misnamed(history: readonly HistoryStep[], index: number): readonly string[] | undefined {
  const step = history[index] as HistoryStep;
  const before = named(step);
  if (before === undefined) return undefined;
  const kinds = recordOf(step).names.flatMap((kind) => RECORDS.filter(({ gives }) => gives === kind));
  const other = history[before];
  const isRight = before < index && other !== undefined && kinds.includes(recordOf(other));
  return isRight ? undefined : kinds.map(({ op }) => op);
}

/** Why a history cannot be run on a release, though every one has the call; undefined if it can. */
export function whyUnmodelled(history: readonly HistoryStep[], promises: Promises): string | undefined {
  const records = history.map(recordOf);
  return records.find((each) => each.unmodelled !== undefined && !each.offered(promises))?.unmodelled;
}

/** Every form of a step simpler than this one, best first: what a reader would rather see in a counterexample. */
export function simpler(step: HistoryStep, scope: Scope): Iterable<HistoryStep> {
  return recordOf(step).simpler(step, scope);
}

/** Whether a call may be made before vmalloc_init. */
export function comesBeforeInit({ op }: { readonly op: CommandName }): boolean {
  return COMMANDS[op].beforeInit;
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

export const naming: NamingOf<VmapTerms> = {
  begin: () => new Ledger(),
  resolve,
  note,
  without,
  named: (ledger, command) => recordOf(command).named(command, ledger),
};

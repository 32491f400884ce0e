/** A history: commands as they are. A step names addresses, frames and tables of its scope, and nothing else. */
import type { Naming } from "../contract.ts";
import { type Command, type HistoryStep, type Response, recordOf } from "./commands.ts";

export type { HistoryStep } from "./commands.ts";

/** Nothing has to be known of earlier steps. */
export type Names = null;

export const naming: Naming<Names, HistoryStep, Command, Response> = {
  begin: () => null,
  resolve: (_names, step) => step,
  note: () => {},
  without: (history, dropped) => history.filter((_step, index) => !dropped.has(index)),
};

/** Every form of a step simpler than this one, best first. */
export function simpler(step: HistoryStep): Iterable<HistoryStep> {
  return recordOf(step).simpler(step);
}

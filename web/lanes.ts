/** Where things stand in swim lanes: bars of locks, waits, calls and arrows, from the steps of a run. */
import type { RunFilm } from "../jobs/page/documents.ts";

/** From after one step up to another, counted from 1; an end behind the last step is open. */
export interface Bar {
  readonly lane: number;
  readonly from: number;
  readonly to: number;
  readonly says: string;
  /** Beside other bars of its lane: 0 for the first. */
  readonly place: number;
}

type Steps = RunFilm["steps"];

/** The locks that are held, each with its bar. */
export function lockBars(steps: Steps, lanes: number): readonly Bar[] {
  const names = [...new Set(steps.flatMap(({ holds }) => holds.flat()))];
  return names.flatMap((name, place) =>
    range(lanes).flatMap((lane) =>
      runs(steps, ({ holds }) => holds[lane]?.includes(name) === true).map((run) => ({
        ...run,
        lane,
        says: name,
        place,
      })),
    ),
  );
}

export const waitBars = (steps: Steps, lanes: number): readonly Bar[] =>
  range(lanes).flatMap((lane) =>
    runs(steps, ({ waits }) => waits[lane] === true).map((run) => ({
      ...run,
      lane,
      says: "waits",
      place: 0,
    })),
  );

/** Where a CPU is inside a call. */
export const callBars = (steps: Steps, lanes: number): readonly Bar[] =>
  range(lanes).flatMap((lane) =>
    runs(steps, ({ idle }) => idle[lane] === false).map((run) => ({
      ...run,
      lane,
      says: "in a call",
      place: 0,
    })),
  );

/** The names of all locks, in the order of their bars. */
export const locksIn = (bars: readonly Bar[]): readonly string[] => [
  ...new Set(bars.map(({ says }) => says)),
];

const range = (count: number) => Array.from({ length: count }, (_none, nth) => nth);

/** The longest runs of steps after which something is so. */
function runs(steps: Steps, isSo: (step: Steps[number]) => boolean): readonly { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  let from: number | undefined;
  for (const [nth, step] of steps.entries()) {
    if (isSo(step)) from ??= nth + 1;
    else if (from !== undefined) {
      found.push({ from, to: nth + 1 });
      from = undefined;
    }
  }
  if (from !== undefined) found.push({ from, to: steps.length + 1 });
  return found;
}

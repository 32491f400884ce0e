/** Judges a recording as a plain history: the specification alone, none of our kernels. */

import type { Command, Response } from "../spec/commands.ts";
import { judge, type Law, type Spec } from "../spec/contract.ts";
import type { Scope } from "../spec/scope.ts";
import type { Trace } from "./recording.ts";

/** A reply that broke laws. */
export interface JudgedBreak<W> {
  /** Index of the command in its trace. */
  readonly index: number;
  readonly laws: readonly Law<W, Command, Response>[];
  readonly before: W;
  readonly command: Command;
  readonly response: Response;
  readonly after: W | undefined;
}

export interface JudgedTrace<W> {
  readonly breaks: readonly JudgedBreak<W>[];
  /** Laws broken after an area was placed on another, other than by the placing itself: not accusations. */
  readonly consequences: number;
}

/** The laws a reply can be judged by even when areas overlap. */
const STILL_JUDGED = ["in-window", "aligned", "no-overlap", "no-bug"];

/**
 * Judges a trace to its end, going on after a break with the world that follows it. Once two areas overlap,
 * which of them a free means is anybody's guess: what breaks then beside placement is counted, not accused.
 */
export function judgeTrace<W>(
  spec: Spec<Scope, W, Command, Response>,
  laws: readonly Law<W, Command, Response>[],
  trace: Trace,
): JudgedTrace<W> {
  const breaks: JudgedBreak<W>[] = [];
  let consequences = 0;
  let overlapped = false;
  let world = spec.initial(trace.scope);
  for (const [index, { command, response }] of trace.exchanges.entries()) {
    const verdict = judge(spec, laws, world, command, response);
    if (!verdict.accepted) {
      const accused = overlapped
        ? verdict.broken.filter(({ id }) => STILL_JUDGED.includes(id))
        : verdict.broken;
      consequences += verdict.broken.length - accused.length;
      overlapped ||= verdict.broken.some(({ id }) => id === "no-overlap");
      if (accused.length > 0) {
        breaks.push({ index, laws: accused, before: world, command, response, after: verdict.world });
      }
    }
    if (verdict.world === undefined) break;
    world = verdict.world;
  }
  return { breaks, consequences };
}

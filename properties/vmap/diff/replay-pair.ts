/** One history on two kernels, step by step, up to the point where it no longer means the same. */
import { type Command, endsHistory, type Response } from "../../../spec/vmap/commands.ts";
import { type HistoryStep, naming } from "../../../spec/vmap/history.ts";
import type { Kernel } from "../../../spec/vmap/kernel.ts";
import type { Scope } from "../../../spec/vmap/scope.ts";
import { differences, PARTS_WAYS } from "./differences.ts";

export interface PairStep {
  readonly step: HistoryStep;
  /** Undefined where the step did nothing. */
  readonly command: Command | undefined;
  readonly responses: readonly [Response, Response] | undefined;
  /** Bits of the kinds in which the replies differ. */
  readonly differs: number;
}

/** Ends with the step at which they diverge, or both stop, if there is one. */
export function replayPair<S>(
  one: Kernel<S>,
  other: Kernel<S>,
  scope: Scope,
  history: readonly HistoryStep[],
): readonly PairStep[] {
  const states = [one.initial(scope), other.initial(scope)] as const;
  const names = [naming.begin(), naming.begin()] as const;
  const played: PairStep[] = [];
  for (const [index, step] of history.entries()) {
    // What a pin got may differ; anything else that a step can name is the same on both.
    const commands = names.map((each) => naming.resolve(each, step));
    const [command, otherwise] = commands;
    const responses =
      command === undefined || otherwise === undefined
        ? undefined
        : ([one.act(states[0], command), other.act(states[1], otherwise)] as const);
    for (const [nth, each] of names.entries()) naming.note(each, index, step, responses?.[nth]);
    const differs = responses === undefined ? 0 : differences(...responses);
    played.push({ step, command, responses, differs });
    if ((differs & PARTS_WAYS) !== 0 || (responses !== undefined && endsHistory(responses[0]))) break;
  }
  return played;
}

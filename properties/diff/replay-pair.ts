/** One history on two kernels, step by step, up to the point where it no longer means the same. */
import type { Comparison, Kernel, Terms } from "../../spec/wing.ts";

export interface PairStep<T extends Terms = Terms> {
  readonly step: T["step"];
  /** Undefined where the step did nothing. */
  readonly command: T["command"] | undefined;
  readonly responses: readonly [T["response"], T["response"]] | undefined;
  /** Bits of the kinds in which the replies differ. */
  readonly differs: number;
}

/** Ends with the step at which they diverge, or both stop, if there is one. */
export function replayPair<T extends Terms>(
  of: Comparison<T>,
  one: Kernel<T>,
  other: Kernel<T>,
  scope: T["scope"],
  history: readonly T["step"][],
): readonly PairStep<T>[] {
  const { naming } = of.bench(one, scope);
  const states = [one.initial(scope), other.initial(scope)] as const;
  const names = [naming.begin(), naming.begin()] as const;
  const played: PairStep<T>[] = [];
  for (const [index, step] of history.entries()) {
    // What a pin got may differ; anything else that a step can name is the same on both.
    const commands = names.map((each) => naming.resolve(each, step));
    const [command, otherwise] = commands;
    const responses =
      command === undefined || otherwise === undefined
        ? undefined
        : ([one.act(states[0], command), other.act(states[1], otherwise)] as const);
    for (const [nth, each] of names.entries()) naming.note(each, index, step, responses?.[nth]);
    const differs = responses === undefined ? 0 : of.differences(...responses);
    played.push({ step, command, responses, differs });
    if ((differs & of.partsWays) !== 0 || (responses !== undefined && of.endsHistory(responses[0]))) break;
  }
  return played;
}

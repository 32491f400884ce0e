/** Two kernels that get the same commands, as a machine for the explorer: do they answer alike, whatever callers do? */
import { DISABLED, visitInPlace } from "../../engine/run/in-place.ts";
import { ENDS } from "../../engine/search/batch.ts";
import type { Comparison, Kernel, Kind, Pair, Terms } from "../../spec/wing.ts";
import type { Explorable } from "../explorable.ts";

/** What of two replies is compared: a law, a bit each. */
export interface Compared {
  readonly laws: readonly Kind[];
  /** What is left of the bits of all differences. */
  bits(differing: number): number;
  /** The bits past which the search does not continue. */
  readonly ends: number;
}

/**
 * A law for each kind of difference, unless others are given. The search continues past those after which the same
 * commands still mean the same. The machine follows one kernel; where the other differs, a law is violated.
 */
export function lockstep<T extends Terms>(
  of: Comparison<T>,
  one: Kernel<T>,
  other: Kernel<T>,
  place: T["place"],
  { laws, bits, ends }: Compared = { laws: of.kinds, bits: (differing) => differing, ends: of.partsWays },
): Explorable<T> {
  const { commands, isEnabled, nameOf, form } = of.workload(one, other, place);
  const { scope } = place;
  const { spec } = of.bench(one, scope);
  return {
    commands,
    ...visitInPlace<Pair<T>>({
      name: `${one.name} and ${other.name}`,
      actions: commands.map(nameOf),
      laws,
      reductions: form.reductions,
      words: form.words,
      hashBits: form.hashBits,
      initial: () => ({
        one: one.initial(scope),
        other: other.initial(scope),
        world: spec.initial(scope),
      }),
      copy: (pair) => ({ one: one.copy(pair.one), other: other.copy(pair.other), world: pair.world }),
      assign: (to, from) => {
        one.assign(to.one, from.one);
        other.assign(to.other, from.other);
        to.world = from.world;
      },
      take: (pair, action) => {
        const command = commands[action] as T["command"];
        if (!isEnabled(pair.world, command)) return DISABLED;
        const response = one.act(pair.one, command);
        const violated = bits(of.differences(response, other.act(pair.other, command)));
        if ((violated & ends) !== 0) return violated | ENDS;
        const after = spec.after(pair.world, command, response);
        if (after === undefined) return violated | ENDS;
        pair.world = after;
        return violated;
      },
      retake: (pair, action) => {
        const command = commands[action] as T["command"];
        const response = one.act(pair.one, command);
        other.act(pair.other, command);
        pair.world = spec.after(pair.world, command, response);
      },
      form: form.write,
      witnesses: () => new Map(),
    }),
  };
}

// One history on two kernels, step by step, up to the point where it no longer means the same.

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

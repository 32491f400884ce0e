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

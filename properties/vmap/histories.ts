/** How histories of this wing are drawn, for the searches of all wings. */
import { MEMORY_LAWS } from "../../spec/process.ts";
import { recordOf } from "../../spec/vmap/commands.ts";
import { witnessesFor } from "../../spec/vmap/witnesses.ts";
import { type Drawing, type Histories, judgedAlsoBy } from "../../spec/wing.ts";
import { choices, type Lengths, WEIGHTS, type Weights } from "./choices.ts";
import { scopesFor } from "./random-scopes.ts";
import type { Vmap } from "./terms.ts";
import { benchFor } from "./test-bench.ts";

function weighted(usual: Drawing, name: string, weights: Partial<Weights>): Drawing & Lengths {
  return { ...usual, name, weights: { ...WEIGHTS, ...weights } };
}

export const HISTORIES: Histories<Vmap> = {
  bench: benchFor,
  /** For one law, calls outside their domain are made if it is about them, or if a bug needs one. */
  scopesFor({ release }, law, unchecked) {
    const scopes = scopesFor(release, law);
    if (law === undefined || unchecked === true || law === "argument-domain") return scopes;
    return scopes.filter(({ outside }) => outside !== true);
  },
  /** What needed maps cannot happen without blocks, and what needed none is found sooner without them; so with percpu areas. */
  fits(history, scope) {
    const maps = history.some((step) => recordOf(step).gives === "map");
    const areas = !maps || history.some((step) => recordOf(step).asksIn === "windows");
    const percpu = history.some((step) => recordOf(step).gives === "percpu");
    return (scope.blockPages > 0 ? maps : areas) && percpu === scope.congruent.length > 0;
  },
  inEachScope: (histories) => histories,
  choices,
  drawings(histories) {
    const usual = { name: "as check draws", histories, longest: 60 };
    return [
      usual,
      {
        ...usual,
        name: "a quarter as long, four times as many",
        longest: 15,
        histories: histories * 4,
      },
      {
        ...usual,
        name: "four times as long, a quarter as many",
        longest: 240,
        histories: Math.ceil(histories / 4),
      },
      weighted(usual, "frees twice as often", { free: WEIGHTS.free * 2 }),
      weighted(usual, "purges four times as often", { purge: WEIGHTS.purge * 4 }),
      weighted(usual, "nothing but areas", { pin: 0, unpin: 0, touch: 0, tlb: 0, unmapAliases: 0 }),
    ];
  },
  /** Code in which allocations of memory can be made to fail: each command is tried several times. */
  beside(kernel) {
    if (kernel.memory === undefined) return [];
    const asked = MEMORY_LAWS.reduce((held, { id }) => judgedAlsoBy(held, id), kernel);
    return scopesFor(kernel.release)
      .filter(({ outside, beforeInit }) => outside !== true && !beforeInit)
      .map((scope) => ({ asked, scope, most: 40 }));
  },
  witnesses: ({ release }) => witnessesFor(release),
};

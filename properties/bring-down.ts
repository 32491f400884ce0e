/** Shrinks a history as far as its last step still violates a law in the wanted way. */
import { shrink } from "../engine/run/shrink.ts";
import { lastPlayed } from "../engine/run/stepper.ts";
import type { LawId } from "../spec/contract.ts";
import type { Bench, Terms } from "../spec/wing.ts";
import type { PlayedOf } from "./run-choices.ts";

export function bringDown<T extends Terms>(
  bench: Bench<T>,
  law: LawId,
  isMeant: (step: PlayedOf<T>, history: readonly T["step"][]) => boolean,
  history: readonly T["step"][],
): readonly T["step"][] {
  return shrink(history, {
    fails: (candidate) => {
      if (!bench.isWellFormed(candidate)) return false;
      const last = lastPlayed(bench, candidate, law);
      return last?.violated.some(({ id }) => id === law) === true && isMeant(last, candidate);
    },
    without: bench.naming.without,
    simpler: bench.simpler,
  });
}

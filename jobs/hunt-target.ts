/** The bugs by which a step violates laws, and a bug of the catalogue as the target of a hunt. */
import { attribute } from "../counterexamples/attribution.ts";
import type { Target } from "../properties/hunt.ts";
import type { PlayedOf } from "../properties/run-choices.ts";
import type { LawId } from "../spec/contract.ts";
import { type Bug, judgedAlsoBy, type Kernel, type OpenWing, type Terms, type Wing } from "../spec/wing.ts";
import { bugOf, withNumber } from "./wings.ts";

/** This law violated by this bug, on the first kernel the catalogue names for it. */
export function bugTarget<T extends Terms>(wing: OpenWing<T>, bug: Bug<NoInfer<T>>, law: LawId): Target<T> {
  const on = bug.violations.find((each) => each.law === law)?.on[0];
  const found = on === undefined ? undefined : wing.kernelCalled(on);
  if (found === undefined) throw new RangeError(`${bug.id} does not violate ${law}`);
  const kernel = judgedAlsoBy(found, law);
  return {
    kernel,
    law,
    byUnchecked: bug.byUnchecked,
    meant: (step) => namesOf(wing, kernel, step).some((each) => each.law === law && each.known === bug.id),
  };
}

/** A law that a step violated, and its bug in the catalogue. */
export interface Named {
  readonly law: LawId;
  readonly known: string | undefined;
  /** Whether the bug's entry lists the law; if not, the bug violates it as well. */
  readonly listed: boolean;
}

/** One judged step. */
type Judged<T extends Terms> = Pick<PlayedOf<T>, "violated" | "command" | "response" | "before" | "after">;

/** The bug of each law that a step violated on this kernel, among its own and its inherited bugs. */
export function namesOf<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  { violated, before, command, response, after }: Judged<T>,
): readonly Named[] {
  if (command === undefined || response === undefined || violated.length === 0) return [];
  const { violations } = wing.inheritanceOf(kernel);
  const seen = { before, command, response, after };
  return attribute(wing.bugs, kernel.name, violated, seen, violations).map(({ law, bug, listed }) => ({
    law,
    known: bug?.id,
    listed,
  }));
}

/** `known as cache-exact-hole-missed`; or that a law is violated as a consequence: the bug's entry does not list it. */
export function knownText<T extends Terms>(
  wing: Wing<T>,
  { known, listed }: Pick<Named, "known" | "listed">,
): string {
  if (known === undefined) return "not known to the catalogue";
  if (listed) return `known as ${withNumber(bugOf(wing, known) ?? { id: known })}`;
  const laws = [...new Set(bugOf(wing, known)?.violations.map(({ law }) => law))].join(", ");
  return `follows from ${known}, which violates ${laws}`;
}

/** A bug of the catalogue as the target of a hunt. */
import type { Bug, Evidence } from "../counterexamples/bug.ts";
import { attributeViolations, bugCalled } from "../counterexamples/vmap/index.ts";
import type { State } from "../kernels/vmap/state.ts";
import type { Target } from "../properties/vmap/hunt.ts";
import type { JudgedStep } from "../properties/vmap/test-bench.ts";
import type { LawId } from "../spec/contract.ts";
import { judgedAlsoBy, type Kernel } from "../spec/vmap/kernel.ts";
import { inheritanceOf } from "./lineage.ts";
import { kernelNamed } from "./names.ts";

/** This law violated by this bug, on the first kernel the catalogue names for it. */
export function bugTarget(bug: Bug, law: LawId): Target<State> {
  const on = bug.violations.find((each) => each.law === law)?.on[0];
  if (on === undefined) throw new RangeError(`${bug.id} does not violate ${law}`);
  const kernel = judgedAlsoBy(kernelNamed(on), law);
  return {
    kernel,
    law,
    byUnchecked: bug.byUnchecked,
    meant: (step) => namesOf(kernel, step).some((each) => each.law === law && each.known === bug.id),
  };
}

/** A law that a step violated, and its bug in the catalogue. */
export interface Named {
  readonly law: LawId;
  readonly known: string | undefined;
  /** Whether the bug's entry lists the law; if not, the bug violates it as well. */
  readonly listed: boolean;
}

/** The bug of each law that a step violated on this kernel, among its own and its inherited bugs. */
export function namesOf(
  kernel: Kernel,
  { violated, before, command, response, after }: Judged,
): readonly Named[] {
  if (command === undefined || response === undefined || violated.length === 0) return [];
  const { violations } = inheritanceOf(kernel);
  return attributeViolations(kernel.name, violated, { before, command, response, after }, violations).map(
    ({ law, bug, listed }) => ({ law, known: bug?.id, listed }),
  );
}

/** One judged step. */
type Judged = Pick<JudgedStep, "violated" | "command" | "response"> & Pick<Evidence, "before" | "after">;

/** `known as cache-exact-hole-missed`; or that a law is violated as a consequence: the bug's entry does not list it. */
export function knownText({ known, listed }: Pick<Named, "known" | "listed">): string {
  if (known === undefined) return "not known to the catalogue";
  if (listed) return `known as ${known}`;
  const laws = [...new Set(bugCalled(known)?.violations.map(({ law }) => law))].join(", ");
  return `follows from ${known}, which violates ${laws}`;
}

/** A law that the last step of a history violates, and the bug that explains it. */
import type { Attributed } from "../counterexamples/attribution.ts";
import type { LawId } from "../spec/contract.ts";
import type { Bug, Terms } from "../spec/wing.ts";

export interface Violation<T extends Terms = Terms> extends Attributed<T> {
  readonly promised: boolean;
  /** Of compiled code where no bug of its release accounts for it: a bug of other releases whose history it is like. */
  readonly alike?: Bug<T> | undefined;
}

/** Violations, with the law that counts first; then those that a bug's entry lists, before their consequences. */
export function meantFirst<T extends Terms>(
  violations: readonly Violation<T>[],
  law: LawId | undefined,
): readonly Violation<T>[] {
  const rank = (each: Violation<T>) => (each.law === law ? 0 : each.listed ? 1 : 2);
  return violations.toSorted((a, b) => rank(a) - rank(b));
}

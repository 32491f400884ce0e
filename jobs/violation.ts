/** A law that the last step of a history violates, and the bug that accounts for it. */
import type { NamedBreak } from "../counterexamples/vmap/index.ts";
import type { LawId } from "../spec/contract.ts";

export interface Violation extends NamedBreak {
  readonly promised: boolean;
}

/** Violations with the one that is meant first. */
export function meantFirst(violations: readonly Violation[], law: LawId | undefined): readonly Violation[] {
  return violations.toSorted((a, b) => Number(b.law === law) - Number(a.law === law));
}

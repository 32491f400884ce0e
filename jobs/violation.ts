/** A law that the last step of a history violates, and the bug that explains it. */
import type { AttributedViolation } from "../counterexamples/vmap/index.ts";
import type { LawId } from "../spec/contract.ts";
import type { Response } from "../spec/vmap/commands.ts";

export interface Violation extends AttributedViolation {
  readonly promised: boolean;
}

/** Violations, with the law that counts first; then those that a bug's entry lists, before their consequences. */
export function meantFirst(violations: readonly Violation[], law: LawId | undefined): readonly Violation[] {
  const rank = (each: Violation) => (each.law === law ? 0 : each.listed ? 1 : 2);
  return violations.toSorted((a, b) => rank(a) - rank(b));
}

/** Why no step follows a reply: the kernel stopped, or does not return; undefined if a step may follow. */
export function stopText(response: Response): string | undefined {
  if (response.kind === "bug") return `BUG: ${response.text}`;
  return response.kind === "hung" ? `does not return: ${response.text}` : undefined;
}

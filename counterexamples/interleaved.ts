/** What the catalogue says of a bug that needs calls to interleave: it shows at the step grain. */
import type { LawId } from "../spec/contract.ts";

/** One law that the bug violates, or one condition that it lets last for ever. */
export interface InterleavedViolation {
  /** A law, or a condition that must end (liveness). */
  readonly law: LawId;
  /** The protocol whose run is pinned, and others that violate the law in the same scope. */
  readonly protocol: string;
  readonly also?: readonly string[];
  readonly scope: Readonly<Record<string, number>>;
  /** File name of the pinned run, beside the bug. */
  readonly pinned: string;
  /**
   * A protocol without the bug: it keeps the law in this scope. The release that repaired it, which may have changed
   * other things too; or, by its name, an order in which that one thing is repaired.
   */
  readonly repaired: string;
}

export interface InterleavedBug {
  /** Its slug: the name of its folder. */
  readonly id: string;
  /** Its number in the catalogue, if it has one. */
  readonly number: string | undefined;
  readonly says: string;
  readonly source: string;
  /** No report of it is known: it was found by reading, or here. */
  readonly latent?: true;
  /** Where it ended. */
  readonly fixed: string;
  readonly violations: readonly InterleavedViolation[];
}

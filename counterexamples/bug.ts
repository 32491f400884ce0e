/** What the catalogue says of one historical bug, and how it shows. */

import type { State } from "../kernels/vmap/state.ts";
import type { LawId } from "../spec/contract.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import type { World } from "../spec/vmap/world.ts";

/** A law was violated here: what a judge saw. */
export interface Evidence {
  readonly law: LawId;
  readonly before: World;
  readonly command: Command;
  readonly response: Response;
  /** Undefined if the kernel stopped. */
  readonly after: World | undefined;
}

/**
 * One law that the bug violates, on which kernels, and the shortest history known to do it. Kernels that do not promise
 * the law fall short of it (`judgedAlsoBy`).
 */
export interface PinnedViolation {
  readonly law: LawId;
  /** The kernels on which the pinned history violates the law: labels, or the bug's own changed kernel. */
  readonly on: readonly string[];
  /** File name of the pinned history, beside the bug. */
  readonly pinned: string;
  /** The first of those kernels without the bug: it accepts the same history. */
  readonly repaired: Kernel<State>;
}

export interface Bug {
  /** Its slug: the name of its folder. */
  readonly id: string;
  /** Its number in the catalogue, if it has one. */
  readonly number: string | undefined;
  /** What goes wrong, in a sentence or two. */
  readonly says: string;
  /** Commits, mails, entries of docs/catalogue.md. */
  readonly source: string;
  /** No report of it is known: it was found by reading, or here. */
  readonly latent?: true;
  /** Where it ended. */
  readonly fixed: string;
  /** The good kernel with one step replaced; undefined where a release simply has the bug. */
  readonly changed: Kernel<State> | undefined;
  readonly violations: readonly PinnedViolation[];
  /** It takes a call outside its domain that a release does not check (spec/vmap/outside.ts). */
  readonly byUnchecked?: true;
  /** Whether this bug explains a violation of one of its laws on a release that has it. */
  explains(evidence: Evidence): boolean;
}

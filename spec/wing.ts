/**
 * What a wing gives: a subsystem with its own commands, laws and releases (docs/design.md). Code for all wings is
 * written against this; jobs/wings.ts lists them.
 */
import type { LawId } from "./contract.ts";

/** What a law, a bug or a machine is called, and what it is in a sentence. */
interface Entry {
  readonly id: string;
  readonly says: string;
  readonly source: string;
}

export interface Wing {
  /** The name of its folder in each room. */
  readonly name: string;
  readonly laws: readonly Entry[];
  /** By the labels that answer alike, each with the laws it promises. */
  readonly releases: readonly { readonly labels: readonly string[]; readonly laws: readonly LawId[] }[];
  /** What each release does, call by call. */
  readonly kernels: readonly { readonly name: string; readonly promises: readonly LawId[] }[];
  /** At both grains; a bug with both is listed twice. */
  readonly bugs: readonly (Entry & { readonly number: string | undefined; readonly fixed: string })[];
  /** The same releases, step by step. */
  readonly machines: readonly { readonly name: string; readonly says: string }[];
  /** Every trace of a file that was recorded from a real one. */
  recordings(file: string): AsyncIterable<{ readonly label: string; readonly line: number }>;
}

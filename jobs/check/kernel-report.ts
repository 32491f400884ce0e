/** What `check` reports of one kernel, and how it is asked. */
import type { LawId } from "../../spec/contract.ts";
import type { Kernel, OpenWing, Terms } from "../../spec/wing.ts";
import { unconfirmedText } from "../kernel-subject.ts";
import { bugOf, withNumber } from "../wings.ts";
import type { ExploredKernel } from "./explored.ts";

/** The verdict on one law for one kernel. */
export interface Cell {
  readonly law: LawId;
  readonly verdict: "kept" | "broken" | "not-promised" | "not-tried";
  /** The grounds of the verdict beside pinned histories: random ones, a small space alone, or nothing. */
  readonly tried: "random" | "visited" | "nothing";
  /**
   * The slug of the bug that explains the violation, or the shortfall from a law that is not promised; null if there is
   * none.
   */
  readonly bug: string | null;
  /** Of a violation that none explains: bugs of other kernels whose histories violate the law as well. */
  readonly alike: readonly string[];
  /** Commands of the pinned history, or of the shortest one found; the violating one included. */
  readonly commands: number | null;
  /** The line that replays it. */
  readonly replay: string | null;
  /** Every bug that violated it, the best known first. */
  readonly bugs: readonly SeenViolation[];
}

export interface SeenViolation {
  readonly bug: string;
  readonly commands: number;
  readonly replay: string | null;
}

/** A surprise: an unknown violation, an expected one gone, or a witness never reached. */
export interface Surprise<T extends Terms = Terms> {
  readonly kind: "unknown" | "gone" | "unmet";
  readonly kernel: string;
  readonly what: string;
  readonly law: LawId | null;
  /** For a tree: the bugs that its release has not, and whose histories violate the same law here. */
  readonly alike?: readonly string[];
  /** For an unknown violation: its history, and the line that replays it. */
  readonly history: readonly T["step"][] | null;
  readonly scope: T["scope"] | null;
  readonly replay: string | null;
  /** The space, visited whole, in which no history is shorter; absent for one that is only shrunk. */
  readonly shortestIn?: string | undefined;
}

/** A law that compiled code violated, but not again. */
export const unconfirmed = <T extends Terms>({ name: kernel }: Kernel<T>, law: LawId): Surprise<T> => ({
  kind: "unknown",
  kernel,
  what: unconfirmedText(law),
  law,
  history: null,
  scope: null,
  replay: null,
});

export interface KernelReport<T extends Terms = Terms> {
  readonly wing: OpenWing<T>;
  readonly kernel: Kernel<T>;
  readonly cells: readonly Cell[];
  readonly surprises: readonly Surprise<T>[];
  readonly histories: number;
  readonly commands: number;
  /** How often each witness and each path inside the kernel was taken. */
  readonly seen: ReadonlyMap<string, number>;
  /** For a run shorter than usual: the witnesses it never reached. It proves nothing about them. */
  readonly unmet: readonly string[];
  /** The slugs of bugs of the kernel it was derived from that it does not have. */
  readonly gone: readonly string[];
  /** The exploration of a small space; undefined if the run was interrupted before. */
  readonly explored: ExploredKernel<T> | undefined;
}

export interface KernelOptions {
  readonly seed: number;
  /** Random histories in each scope. */
  readonly runs: number;
  readonly law: LawId | undefined;
  readonly coverage: "counted" | "compared" | undefined;
  readonly keepsFailures: boolean;
  /** Histories that failed elsewhere, as files: they are tried first. */
  readonly examples?: readonly string[] | undefined;
}

export function unknownText<T extends Terms>(
  wing: OpenWing<T>,
  { release }: Kernel<T>,
  law: LawId,
  alike: readonly string[],
): string {
  if (alike.length === 0) return `${law} is ${UNKNOWN}`;
  const names = alike.map((id) => withNumber(bugOf(wing, id) ?? { id })).join(", ");
  return `${law} is violated where ${release.like} keeps it, as by the history of ${names}`;
}

export const UNKNOWN = "violated in a way the catalogue does not know";

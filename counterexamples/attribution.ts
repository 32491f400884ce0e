/** Attributes violations to the bugs of a catalogue. */
import type { LawId } from "../spec/contract.ts";
import type { Bug, Evidence, PinnedViolation, Terms } from "../spec/wing.ts";

/** A law violated by one reply, and the catalogue's bug that explains it. */
export interface Attributed<T extends Terms = Terms> {
  readonly law: LawId;
  readonly bug: Bug<T> | undefined;
  /** Whether the bug's entry lists this law on this kernel. If not, the violation follows from the bug. */
  readonly listed: boolean;
}

/**
 * Attributes the violations of one reply of a kernel (a label, or a bug's changed kernel). Violations that the kernel
 * inherited from the one it was derived from come first; its own bug explains the rest. If no bug explains a violated
 * law, it is attributed to the bug that explains another law violated by the same reply: an area placed outside its
 * window by a wrap may lie on another area, or on pages that no flush covered. Any other violation of a changed kernel
 * is attributed to its bug.
 */
export function attribute<T extends Terms>(
  bugs: readonly Bug<T>[],
  kernel: string,
  violated: readonly { readonly id: LawId }[],
  seen: Omit<Evidence<T>, "law">,
  inherited: ReadonlySet<PinnedViolation<T>> = new Set(),
): readonly Attributed<T>[] {
  const own = violated.map(({ id: law }) => ({
    law,
    bug: explaining(bugs, kernel, { law, ...seen }, inherited),
  }));
  const other =
    own.find((each) => each.bug !== undefined)?.bug ?? bugs.find((bug) => bug.changed?.name === kernel);
  return own.map(({ law, bug }) => ({ law, bug: bug ?? other, listed: bug !== undefined }));
}

function explaining<T extends Terms>(
  bugs: readonly Bug<T>[],
  kernel: string,
  evidence: Evidence<T>,
  inherited: ReadonlySet<PinnedViolation<T>>,
): Bug<T> | undefined {
  const accounts = (isHere: (each: PinnedViolation<T>) => boolean) =>
    bugs.find(
      (bug) =>
        bug.violations.some((each) => each.law === evidence.law && isHere(each)) && bug.explains(evidence),
    );
  return accounts((each) => inherited.has(each)) ?? accounts(({ on }) => on.includes(kernel));
}

/** A law that the last step of a history violates, and the bug that explains it. */
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

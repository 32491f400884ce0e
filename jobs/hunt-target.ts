/** A bug of the catalogue as something to hunt. */
import type { Bug, Evidence } from "../counterexamples/bug.ts";
import { bugCalled, nameBreaks } from "../counterexamples/vmap/index.ts";
import type { State } from "../kernels/vmap/state.ts";
import type { Target } from "../properties/vmap/hunt.ts";
import type { VmapPlayed } from "../properties/vmap/test-bench.ts";
import type { LawId } from "../spec/contract.ts";
import { heldTo, type Kernel } from "../spec/vmap/kernel.ts";
import { inheritanceOf } from "./lineage.ts";
import { kernelNamed } from "./names.ts";

/** This law broken by this bug, on the first kernel the catalogue names for it. */
export function bugTarget(bug: Bug, law: LawId): Target<State> {
  const on = bug.breaks.find((each) => each.law === law)?.on[0];
  if (on === undefined) throw new RangeError(`${bug.id} does not break ${law}`);
  const kernel = heldTo(kernelNamed(on), law);
  return {
    kernel,
    law,
    byUnchecked: bug.byUnchecked,
    meant: (step) => namesOf(kernel, step).some((each) => each.law === law && each.known === bug.id),
  };
}

/** A law that a step broke, and what the catalogue calls it. */
export interface Named {
  readonly law: LawId;
  readonly known: string | undefined;
  /** Whether the bug's entry says so; if not, the bug breaks this law as well. */
  readonly listed: boolean;
}

/** What the catalogue calls each law that a step broke on this kernel, by its own bugs and those it inherited. */
export function namesOf(
  kernel: Kernel,
  { broken, before, command, response, after }: Judged,
): readonly Named[] {
  if (command === undefined || response === undefined || broken.length === 0) return [];
  const { breaks } = inheritanceOf(kernel);
  return nameBreaks(kernel.name, broken, { before, command, response, after }, breaks).map(
    ({ law, bug, listed }) => ({ law, known: bug?.id, listed }),
  );
}

/** What a judge saw of one step. */
type Judged = Pick<VmapPlayed, "broken" | "command" | "response"> & Pick<Evidence, "before" | "after">;

/** `known as cache-exact-hole-missed`; or that a law is violated as a consequence: the bug's entry does not list it. */
export function knownText({ known, listed }: Pick<Named, "known" | "listed">): string {
  if (known === undefined) return "not known to the catalogue";
  if (listed) return `known as ${known}`;
  const laws = [...new Set(bugCalled(known)?.breaks.map(({ law }) => law))].join(", ");
  return `follows from ${known}, which violates ${laws}`;
}

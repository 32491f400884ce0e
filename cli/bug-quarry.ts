/** A bug of the catalogue as something to hunt. */
import type { Bug } from "../counterexamples/bug.ts";
import { nameBreaks } from "../counterexamples/index.ts";
import type { State } from "../kernels/state.ts";
import type { Quarry } from "../properties/hunt.ts";
import type { VmapPlayed } from "../properties/setting.ts";
import type { LawId } from "../spec/contract.ts";
import { heldTo, type Kernel } from "../spec/kernel.ts";
import { kernelNamed } from "./names.ts";

/** This law broken by this bug, on the first kernel the catalogue names for it. */
export function bugQuarry(bug: Bug, law: LawId): Quarry<State> {
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

/** What the catalogue calls each law that a step broke on this kernel. */
export function namesOf(
  kernel: Kernel<State>,
  { broken, before, command, response, after }: VmapPlayed,
): readonly { readonly law: LawId; readonly known: string | undefined }[] {
  if (command === undefined || response === undefined) return [];
  return nameBreaks(kernel.name, broken, { before, command, response, after }).map(({ law, bug }) => ({
    law,
    known: bug?.id,
  }));
}

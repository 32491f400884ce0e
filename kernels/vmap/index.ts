/** Every kernel, one for each release, oldest first, the drafts where they would have been merged. */
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { RELEASES } from "../../spec/vmap/releases.ts";
import { linux2_6_27 } from "./linux-2.6.27.ts";
import { pigginDraft1, pigginDraft3 } from "./piggin-drafts.ts";
import { rulesOf } from "./releases.ts";
import { kernelWith } from "./rules.ts";
import type { State } from "./state.ts";

/** Those that are more than facts: whose steps are their own. */
const OWN = [linux2_6_27, pigginDraft1, pigginDraft3];

export const KERNELS: readonly Kernel<State>[] = RELEASES.map(
  (release) =>
    OWN.find((kernel) => kernel.release === release) ??
    kernelWith(release, rulesOf(release.labels[0] as string)),
);

/** The kernel that has this label among its names, or undefined. */
export function kernelCalled(label: string): Kernel<State> | undefined {
  return KERNELS.find((kernel) => kernel.release.labels.includes(label));
}

/** The same. Throws a RangeError if there is none. */
export function linux(label: string): Kernel<State> {
  const found = kernelCalled(label);
  if (found === undefined) throw new RangeError(`no kernel is called ${label}`);
  return found;
}

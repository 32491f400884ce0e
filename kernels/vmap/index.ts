/** Every kernel, one for each release, oldest first, the drafts where they would have been merged. */

import { baseOf, type Version, versionOf } from "../../spec/vmap/change.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { promisesOf, RELEASES } from "../../spec/vmap/releases.ts";
import { factsOf, OUTSIDE_FACTS } from "../changes.ts";
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
  return KERNELS.some(({ release }) => release.labels.includes(label)) ? kernelFor(label, label) : undefined;
}

/**
 * The kernel of a version that answers calls inside their domain as the release with this label does: that one, or one of
 * its own where the facts that only other calls show differ. It goes by the labels that have the same facts, or else by
 * the version's release.
 */
export function kernelFor(version: string, label: string): Kernel<State> {
  const column = KERNELS.find(({ release }) => release.labels.includes(label)) as Kernel<State>;
  if (OWN.includes(column) || version === column.name) return column;
  const facts = factsOf(version);
  const isSame = (other: string) => OUTSIDE_FACTS.every((fact) => factsOf(other)[fact] === facts[fact]);
  const { labels } = column.release;
  if (isSame(labels[0] as string)) return column;
  const base = baseOf(versionOf(version) as Version);
  const same = labels.filter(isSame);
  const isWhole = JSON.stringify(factsOf(base)) === JSON.stringify(facts);
  const names = same.length > 0 ? same : [isWhole ? base : version];
  const [name] = names as [string];
  const known = VARIANTS.get(name);
  if (known !== undefined) return known;
  const { outside } = promisesOf(version);
  const release = { ...column.release, labels: names, like: labels[0] as string, outside };
  const variant = kernelWith(release, rulesOf(name));
  VARIANTS.set(name, variant);
  return variant;
}

/** The labels among a kernel's that answer as it does to every call. */
export function labelsAlike({ release }: Kernel<State>): readonly string[] {
  const [first] = release.labels as [string];
  return release.labels.filter((label) => kernelCalled(label) === kernelCalled(first));
}

/** By their names. */
const VARIANTS = new Map<string, Kernel<State>>();

/** The same. Throws a RangeError if there is none. */
export function linux(label: string): Kernel<State> {
  const found = kernelCalled(label);
  if (found === undefined) throw new RangeError(`no kernel is called ${label}`);
  return found;
}

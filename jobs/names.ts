/** The words a user may type, and their meanings. */
import { distance } from "fastest-levenshtein";
import { BUGS, bugCalled } from "../counterexamples/vmap/index.ts";
import { KERNELS, kernelCalled, kernelFor } from "../kernels/vmap/index.ts";
import type { State } from "../kernels/vmap/state.ts";
import type { LawId } from "../spec/contract.ts";
import { CONCEPT_LAWS } from "../spec/vmap/concepts.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import { ALL_LAWS } from "../spec/vmap/laws/index.ts";
import { treeCalled } from "./trees/trees.ts";
import { orNearest } from "./usage-error.ts";
import { factsOf, labelTakenFor, placeOf, standsForText, type VersionFacts } from "./versions.ts";

const LABELS = KERNELS.flatMap((kernel) => kernel.release.labels);
const CHANGED = BUGS.filter((bug) => bug.changed !== undefined);
/**
 * A kernel by any of its labels, a bug's changed kernel by the bug's slug, or the release that answers as a version does
 * of which there is no model.
 */
export function findKernel(name: string): Kernel<State> | undefined {
  return kernelCalled(name) ?? bugCalled(name)?.changed ?? treeCalled(name)?.kernel ?? standIn(name);
}

/** The release known to answer as this version does, or the newest for one that is newer than all. */
function standIn(word: string): Kernel<State> | undefined {
  const label = isMisspelt(word) ? undefined : labelTakenFor(word);
  return label === undefined ? undefined : kernelFor(word, label);
}

/** Whether a word is nearly a label that is more than a version, such as 4.15.18-ubuntu. */
function isMisspelt(word: string): boolean {
  return LABELS.some((label) => /[a-z]/.test(label) && distance(word, label) <= 2);
}

/** Every name that findKernel knows, bugs by their slugs. */
const KERNEL_NAMES: readonly string[] = [...LABELS, ...CHANGED.map((bug) => bug.id)];

/** The neighbours of a version that no single release answers like; undefined for any other word. */
export function placeOfKernel(word: string): string | undefined {
  return isMisspelt(word) ? undefined : placeOf(word);
}

export function kernelNamed(name: string): Kernel<State> {
  return orNearest("kernel", name, findKernel, KERNEL_NAMES, placeOfKernel);
}

/**
 * A kernel as it was requested: `7.2 (= 6.19)` if that is not its first label, `6.6 (= 6.5)` for a version that it
 * answers like, or `9.1 (taken as 7.3, the newest known)`.
 */
export function askedAs(asked: string, kernel: Kernel): string {
  const { name, release } = kernel;
  const isOther = release.labels.includes(asked) || standIn(asked)?.name === name;
  if (asked === name || !isOther) return name;
  return standsForText(asked, name);
}

/** A released or drafted kernel by any of its labels, or the one that answers as a version does. */
export function releaseNamed(name: string): Kernel<State> {
  return orNearest("kernel", name, (word) => kernelCalled(word) ?? standIn(word), LABELS, placeOfKernel);
}

/**
 * The kernels that `check` takes for a word: one release, or those that a version may answer as, or both its
 * neighbours.
 */
export function checkedFor(word: string): {
  readonly kernels: readonly Kernel<State>[];
  readonly facts: VersionFacts | undefined;
} {
  const tree = treeCalled(word);
  if (tree !== undefined) return { kernels: [tree.kernel], facts: undefined };
  const known = kernelCalled(word);
  const isColumn = known !== undefined && KERNELS.includes(known);
  const facts = isColumn || isMisspelt(word) ? undefined : factsOf(word);
  if (facts === undefined || facts.columns.length === 0)
    return { kernels: [releaseNamed(word)], facts: undefined };
  return { kernels: facts.columns.map(releaseNamed), facts };
}

export function lawNamed(id: string): LawId {
  const ids = [...new Set([...ALL_LAWS, ...CONCEPT_LAWS].map((law) => law.id))];
  return orNearest("law", id, (word) => ids.find((known) => known === word), ids);
}

/** The command line that replays something, as a user of this installation types it. */
export function replayLine(what: string): string {
  return toolLine(`replay ${what}`);
}

/** Any command line, likewise. */
export function toolLine(words: string): string {
  const installed = import.meta.url.includes("/dist/");
  return `${installed ? "vmapcheck" : "npm run -s vmapcheck --"} ${words}`;
}

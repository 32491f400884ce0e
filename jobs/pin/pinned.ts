/** Where the catalogue's pinned histories lie. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type InterleavingFile, interleavingIn } from "../../adapters/interleaving-file.ts";
import { readJson } from "../../adapters/json-file.ts";
import { type TreeRunFile, treeRunIn } from "../../adapters/tree-run-file.ts";
import type { InterleavedBug, InterleavedViolation } from "../../counterexamples/interleaved.ts";
import { wingOfInterleaved } from "../../counterexamples/interleavings.ts";
import type { Bug, HistoryFile, OpenWing, PinnedViolation, Terms } from "../../spec/wing.ts";

export function pinnedFile(
  { id }: Pick<Bug, "id">,
  { pinned }: Pick<PinnedViolation, "pinned">,
  wing = "vmap",
): string {
  return fileURLToPath(new URL(`../../counterexamples/${wing}/${id}/${pinned}`, import.meta.url));
}

/** Every bug's pinned histories. */
export function allPinned<T extends Terms>({
  bugs,
}: {
  readonly bugs: readonly Bug<T>[];
}): readonly { readonly bug: Bug<T>; readonly pinned: PinnedViolation<T> }[] {
  return bugs.flatMap((bug) => bug.violations.map((pinned) => ({ bug, pinned })));
}

/** A history in a file. Throws an InputError for a file that is not one. */
export async function readHistory<T extends Terms>(
  { files }: OpenWing<T>,
  path: string,
): Promise<HistoryFile<T>> {
  return files.historyIn(path, await readJson(path));
}

export function readPinned<T extends Terms>(
  wing: OpenWing<T>,
  bug: Bug<T>,
  pinned: PinnedViolation<T>,
): Promise<HistoryFile<T>> {
  return readHistory(wing, pinnedFile(bug, pinned, wing.name));
}

/** A bug's pinned interleaving. Throws an InputError for a file that is not one. */
export async function readPinnedInterleaving(
  bug: Pick<InterleavedBug, "id">,
  pinned: Pick<InterleavedViolation, "pinned">,
): Promise<InterleavingFile> {
  const path = pinnedFile(bug, pinned, wingOfInterleaved(bug));
  return interleavingIn(path, await readJson(path));
}

/** A bug's pinned run of a tree's own code, if there is one. */
export async function readPinnedTreeRun({
  id,
}: Pick<InterleavedBug, "id">): Promise<TreeRunFile | undefined> {
  const path = fileURLToPath(new URL(`../../trees/vmap/runs/${id}.json`, import.meta.url));
  return existsSync(path) ? treeRunIn(path, await readJson(path)) : undefined;
}

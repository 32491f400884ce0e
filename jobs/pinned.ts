/** Where the catalogue's pinned histories lie. */
import { fileURLToPath } from "node:url";
import { type InterleavingFile, interleavingIn } from "../adapters/interleaving-file.ts";
import { readJson } from "../adapters/json-file.ts";
import { LARGEST_FILE } from "../adapters/vmap/history-file.ts";
import type { Bug, PinnedViolation } from "../counterexamples/bug.ts";
import type { InterleavedBug, InterleavedViolation } from "../counterexamples/interleaved.ts";
import { wingOfInterleaved } from "../counterexamples/interleavings.ts";
import { BUGS } from "../counterexamples/vmap/index.ts";

export function pinnedFile(bug: Bug, pinned: Pick<PinnedViolation, "pinned">): string {
  return fileURLToPath(new URL(`../counterexamples/vmap/${bug.id}/${pinned.pinned}`, import.meta.url));
}

/** Every bug's pinned histories. */
export function allPinned(): readonly { readonly bug: Bug; readonly pinned: PinnedViolation }[] {
  return BUGS.flatMap((bug) => bug.violations.map((pinned) => ({ bug, pinned })));
}

/** A bug's pinned interleaving. Throws an InputError for a file that is not one. */
export async function readPinnedInterleaving(
  bug: InterleavedBug,
  { pinned }: InterleavedViolation,
): Promise<InterleavingFile> {
  const folder = `../counterexamples/${wingOfInterleaved(bug)}/${bug.id}/`;
  const path = fileURLToPath(new URL(`${folder}${pinned}`, import.meta.url));
  return interleavingIn(path, await readJson(path, LARGEST_FILE));
}

/** Where the catalogue's pinned histories lie. */
import { fileURLToPath } from "node:url";
import type { Break, Bug } from "../counterexamples/bug.ts";
import { BUGS } from "../counterexamples/index.ts";

export function pinnedFile(bug: Bug, pinned: Break): string {
  return fileURLToPath(new URL(`../counterexamples/${bug.id}/${pinned.pinned}`, import.meta.url));
}

/** Every bug's pinned histories. */
export function allPinned(): readonly { readonly bug: Bug; readonly pinned: Break }[] {
  return BUGS.flatMap((bug) => bug.breaks.map((pinned) => ({ bug, pinned })));
}

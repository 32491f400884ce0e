import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { plainSize } from "../../../kernels/vmap/search-tree.ts";
import type { Alloc } from "../../../spec/vmap/commands.ts";
import { cannotWait, purgeableAtPlacement, requestOf, roomiestFit } from "../../../spec/vmap/laws/law.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import { PAGE_SIZE } from "../../../spec/vmap/vocabulary.ts";
import type { Bug, Evidence } from "../bug.ts";
import { kernelsWith } from "../evidence/spans.ts";

const plain5_2 = kernelWith(
  releaseOf("5.2"),
  { ...rulesOf("5.2"), lookedFor: plainSize, shiftsStart: true },
  "5.2 searching for the plain size",
);

const TO_5_15 = ["5.2", "5.10", "5.11"];
const ON = kernelsWith("aug-align-overhead", "5.2");

export const augAlignOverhead: Bug = {
  id: "aug-align-overhead",
  number: "A13",
  says: "The tree is searched for the size and what its alignment may cost: a hole that holds the request and is smaller than that is found only if it lies on the way, and what lies there depends on the shape of the tree.",
  source:
    "68ad4a330433 (5.2); 9f531973dff3 (5.16) searched for the plain size; 9333fe98d0a6 (5.18) brought it back but for the alignment of a page; catalogue A13 and section 11",
  fixed: "5.16, and back in 5.18",
  changed: undefined,
  violations: [
    { law: "refused-only-when-full", on: ON, pinned: "refused-only-when-full.json", repaired: plain5_2 },
    { law: "purge-only-when-full", on: ON, pinned: "purge-only-when-full.json", repaired: plain5_2 },
    { law: "lowest-fit", on: ON, pinned: "lowest-fit.json", repaired: plain5_2 },
    { law: "lowest-fit-at-a-page", on: TO_5_15, pinned: "lowest-fit-at-a-page.json", repaired: plain5_2 },
    { law: "blocks-pack", on: ON, pinned: "blocks-pack.json", repaired: plain5_2 },
    { law: "free-space-is-usable", on: ON, pinned: "free-space-is-usable.json", repaired: plain5_2 },
  ],
  explains: onlyTightHoles,
};

/**
 * The request fits, but into no hole that has room for its alignment as well; or into no such hole below its place, so
 * that every lower place lies in a hole that is too tight.
 */
function onlyTightHoles({ law, before, command, response }: Evidence): boolean {
  const request = requestOf(before, command);
  if (request === undefined || !addsOverhead(before.promises.laws, request)) return false;
  const isPlaced = response.kind === "placed";
  const isOfPurge = law === "purge-only-when-full" || (law === "blocks-pack" && isPlaced);
  if (isPlaced && !isOfPurge) {
    const roomiest = roomiestFit(before, request, purgeableAtPlacement(response));
    return roomiest === undefined || roomiest >= response.start;
  }
  const purgeable = isOfPurge || cannotWait(before, command) ? "taken" : "gone";
  if (before.lowestFit(request, purgeable) === undefined) return false;
  return roomiestFit(before, request, purgeable) === undefined;
}

/** From 5.18 on neither for an alignment of one page nor in a window of exactly the size, to the byte. */
function addsOverhead(
  laws: readonly string[],
  { size, align, vstart, vend, endsInside }: Pick<Alloc, "size" | "align" | "vstart" | "vend" | "endsInside">,
): boolean {
  if (!laws.includes("lowest-fit-at-a-page")) return align > 1;
  return align > PAGE_SIZE && (vend - vstart !== size || endsInside === true);
}

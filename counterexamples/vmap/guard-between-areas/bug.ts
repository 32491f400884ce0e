import { linux } from "../../../kernels/vmap/index.ts";
import { cannotWait, requestOf } from "../../../spec/vmap/laws/law.ts";
import type { Bug, Evidence } from "../bug.ts";
import { kernelsWith } from "../evidence/spans.ts";

const ON = kernelsWith("guard-between-areas", "2.6.28");

export const guardBetweenAreas: Bug = {
  id: "guard-between-areas",
  number: "A17",
  says: "A page is kept free after each area, and from 2.6.39 on before the next as well, in addition to the guard page inside areas of vmalloc and vmap. An area that is aligned to its own size then wastes its size again: vm_map_ram is refused a block with half of the space free.",
  source:
    'db64fe02 (2.6.28); 248ac0e1943a, "mm/vmalloc: remove guard page from between vmap blocks", Johannes Weiner, 2011-04-14; the thread of "xfs: flush vmap aliases when mapping fails", linux-mm, 2011-03-21; kernel bugzilla 27492',
  fixed: "248ac0e1943a (3.0)",
  changed: undefined,
  violations: [
    { law: "blocks-pack", on: ON, pinned: "blocks-pack.json", repaired: linux("3.1") },
    { law: "free-space-is-usable", on: ON, pinned: "free-space-is-usable.json", repaired: linux("3.1") },
  ],
  explains: fitsBarely,
};

/** The request fits only where it would touch a neighbour. */
function fitsBarely({ before, command, response }: Evidence): boolean {
  const request = requestOf(before, command);
  if (request === undefined) return false;
  const purgeable = response.kind === "refused" && !cannotWait(before, command) ? "gone" : "taken";
  return (
    before.lowestFit(request, purgeable) === undefined && before.lowestFree(request, purgeable) !== undefined
  );
}

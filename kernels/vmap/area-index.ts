/** How a kernel keeps the areas it has handed out: what its calls insert, find by address and take out again. */
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import { erase, linkAndColour } from "../structures/rbtree.ts";
import { walked } from "../structures/walked.ts";
import { type Areas, findArea, listInsertAfter, listRemove, NONE } from "./areas.ts";
import { bugOn } from "./bug.ts";

export interface AreaIndex {
  insert(areas: Areas, slot: number): void;
  /** The area that starts exactly here, or NONE. */
  find(areas: Areas, start: Vpn): number;
  remove(areas: Areas, slot: number): void;
  /** Brings the list by address up to date for its readers, where insertions do not. */
  list(areas: Areas): void;
}

/** Where every insertion maintains the list. */
export const alwaysListed: Pick<AreaIndex, "list"> = { list: () => {} };

/** To 5.0.1: a red-black tree and a list by address. */
export const inTree: AreaIndex = {
  insert: insertInTree,
  find: findArea,
  remove: removeFromTree,
  ...alwaysListed,
};

/** __insert_vmap_area: by address into tree and list. Two areas in the wrong order stop the kernel. */
function insertInTree(areas: Areas, slot: number): void {
  const start = areas.start[slot] as number;
  const end = areas.end[slot] as number;
  let above = NONE;
  let here = areas.root;
  let asLeft = false;
  let before = NONE;
  while (here !== NONE) {
    walked.tree += 1;
    above = here;
    asLeft = start < (areas.end[here] as number);
    if (asLeft) {
      here = areas.left[here] as number;
    } else {
      bugOn(end <= (areas.start[here] as number), "__insert_vmap_area: BUG()");
      before = here;
      here = areas.right[here] as number;
    }
  }
  linkAndColour(areas, slot, above, asLeft);
  listInsertAfter(areas, slot, before);
}

export function removeFromTree(areas: Areas, slot: number): void {
  erase(areas, slot);
  listRemove(areas, slot);
}

/** The orders in which releases fill and empty the two side tables, and each with one thing replaced. */
import { factsOf } from "../../../kernels/changes.ts";
import {
  makes,
  ofAreaAlone,
  ofFreeNeighbours,
  others,
  populates,
  purgesAfterLook,
  purgesUnderLock,
  resizes,
} from "./shadow.ts";
import { frees as freesObjects, others as ofObjects, type Steps } from "./steps.ts";

/** Lists of steps. */
export type TablesOrder = readonly Steps[];

function shadowOf(label: string): TablesOrder {
  const { shadowOf: areas, readsShadow, emptiesShadow, flushesShadow } = factsOf(label);
  const own = emptiesShadow === "of the area alone";
  return [
    makes(areas === "vmalloc" ? "vmalloc alone" : "all areas"),
    populates(readsShadow),
    own ? purgesAfterLook(ofAreaAlone, flushesShadow) : purgesUnderLock(ofFreeNeighbours, flushesShadow),
    others,
  ];
}

const objectsOf = (label: string): TablesOrder => [freesObjects(factsOf(label).dropsObjects), ofObjects];

export const KASAN_ORDERS: Readonly<Record<string, TablesOrder>> = {
  "5.5-rc1": shadowOf("5.5-rc1"),
  "5.5": shadowOf("5.5"),
  "6.9": shadowOf("6.9"),
  "6.13": shadowOf("6.13"),
  "6.17": shadowOf("6.17"),
  /** 3ddc2fefe6f3, and d699440f58ce beside it: the end of an area that was resized. */
  "6.12-resizing": [...shadowOf("6.9"), resizes("left poisoned")],
  "6.13-resizing": [...shadowOf("6.13"), resizes("unpoisoned")],
  /** 5.5's purge without the lock: what it has seen need not be so any more when it clears the entry. */
  "5.5-without-lock": [
    makes("all areas"),
    populates("outside the lock"),
    purgesAfterLook(ofFreeNeighbours, "once"),
    others,
  ],
  /** 5.5's purge with one flush. */
  "5.5-flushing-once": [
    makes("all areas"),
    populates("outside the lock"),
    purgesUnderLock(ofFreeNeighbours, "once"),
    others,
  ],
};

export const OBJECTS_ORDERS: Readonly<Record<string, TablesOrder>> = {
  "2.6.28": objectsOf("2.6.28"),
  "4.18": objectsOf("4.18"),
};

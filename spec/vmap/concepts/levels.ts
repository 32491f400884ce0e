/** Page tables of several levels: huge entries, the tables they replace, and walkers that cached them. */
import type { Law } from "../../contract.ts";
import type { Pfn, Vpn } from "../vocabulary.ts";

export type LevelCommand =
  | { readonly op: "touch" | "vmallocToPage"; readonly page: Vpn }
  | { readonly op: "map" | "unmap" };

/** What is seen of it; what is absent was not seen there. */
export interface LevelSeen {
  /** The frame that its owner has at the page, and the frame reached; null where a walk ends in nothing. */
  readonly reached?: { readonly owners: Pfn; readonly frame: Pfn | null };
  /** Tables that were freed and that some CPU's walker still holds. */
  readonly heldAndFreed?: readonly number[];
  /** Tables in use to which no entry leads. */
  readonly lost?: readonly number[];
}

export type LevelLaw = Law<unknown, LevelCommand, LevelSeen>;

export const pagesReachTheirFrames: LevelLaw = {
  id: "pages-reach-their-frames",
  says: "Every page of a live mapping reaches the frame that its owner has there: by a touch, and by vmalloc_to_page.",
  source: "61ebe5a747da (CVE-2024-45022), c0eb315ad971",
  holds(_before, _command, { reached }) {
    return reached === undefined || reached.frame === reached.owners;
  },
};

export const noWalkerHoldsFreedTable: LevelLaw = {
  id: "no-walker-holds-freed-table",
  says: "A page table is freed only when no CPU's walker holds it any more: its entry is cleared, and that flushed, before.",
  source: "5e0fb5df2ee8 (x86), ec28bb9c9b08 (arm64)",
  holds(_before, _command, { heldAndFreed = [] }) {
    return heldAndFreed.length === 0;
  },
};

export const tablesAreReached: LevelLaw = {
  id: "tables-are-reached",
  says: "An entry leads to every page table in use: a huge entry that replaces a table frees it.",
  source: "b6bdb7517c3d: a huge entry was written over a table whose entries were all cleared",
  holds(_before, _command, { lost = [] }) {
    return lost.length === 0;
  },
};

export const LEVEL_LAWS: readonly LevelLaw[] = [
  pagesReachTheirFrames,
  noWalkerHoldsFreedTable,
  tablesAreReached,
];

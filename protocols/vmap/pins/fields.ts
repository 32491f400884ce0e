/**
 * The state that the protocols of pinning share: pages that map frames, frames that are free, mapped, in a stock or
 * pinned, a TLB for each CPU, and each CPU's phase. PTEs are cleared when an area is unmapped (2.6.37 on).
 */
import {
  byIndex,
  type Field,
  indexOf,
  type Layout,
  named,
  plain,
  setOf,
} from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

export interface PinsScope {
  readonly cpus: number;
  readonly pages: number;
  readonly frames: number;
}

/**
 * The life of a page, which is an area of its own. While it is UNMAPPING its PTE is cleared, and its unmap has not
 * returned.
 */
export const [FREE, BUSY, UNMAPPING, LAZY, PURGING] = [0, 1, 2, 3, 4] as const;

/** The use of a frame: none, a mapping, a future page table, the stock, or a page table. */
export const [UNUSED, MAPPED, TAKEN, STOCKED, PINNED] = [0, 1, 2, 3, 4] as const;

export type Pins = ReturnType<typeof fieldsOf>;
export type CpuFields = Pins["cpus"][number];

export function fieldsOf(layout: Layout, scope: PinsScope) {
  const [ofCpus, ofPages, ofFrames] = [
    { name: "CPUs", size: scope.cpus },
    { name: "pages", size: scope.pages },
    { name: "frames", size: scope.frames },
  ];
  const own = byIndex(scope.cpus, {
    phase: layout.array("phase", ofCpus, plain(MOST_PHASES)),
    /** The page that it unmaps, and the frame that it pins. */
    page: layout.array("page", ofCpus, indexOf(ofPages)),
    frame: layout.array("frame", ofCpus, indexOf(ofFrames)),
  });
  const tlb = layout.table("tlb", ofCpus, ofPages, indexOf(ofFrames));
  return {
    scope,
    life: layout.array("life", ofPages, named("free", "busy", "unmapping", "lazy", "purging")),
    /** By page: the frame that it maps, or that it mapped before and that was not flushed since. */
    maps: layout.array("maps", ofPages, indexOf(ofFrames)),
    used: layout.array("used", ofFrames, named("unused", "mapped", "taken", "in stock", "pinned")),
    /** By frame: the note of the vmap layer. */
    noted: layout.array("noted", ofFrames, plain(scope.pages + 1)),
    /** Pages counted as lazy (vmap_lazy_nr). */
    lazyNr: layout.field("lazy nr", plain(scope.pages + 1)),
    purgeLock: layout.field("purge lock", indexOf(ofCpus)),
    pending: layout.field("pending", setOf(ofCpus)),
    /** The frame to which each CPU translates a page. */
    cpus: own.map((fields) => ({ ...fields, tlb: tlb[fields.index] as readonly Field[] })),
  };
}

export const tlbsOf = ({ cpus }: Pins): readonly Field[] => cpus.flatMap(({ tlb }) => tlb);

/** Whether some CPU translates some page to this frame (from 0). */
export const isTranslated = (m: Pins, state: Int32Array, frame: number): boolean =>
  tlbsOf(m).some((held) => held.get(state) === frame + 1);

/** Whether a PTE maps the frame. */
export const hasPte = ({ life, maps }: Pins, state: Int32Array, frame: number): boolean =>
  life.some((each, page) => each.get(state) === BUSY && maps[page]?.get(state) === frame + 1);

/**
 * The state that the protocols of pinning share: pages that map frames, frames that are free, mapped, in a stock or
 * pinned, a TLB for each CPU, and where each CPU stands. PTEs are cleared when an area is unmapped (2.6.37 on).
 */
import { type Field, indexOf, type Layout, named, plain, setOf } from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

export interface PinsScope {
  readonly cpus: number;
  readonly pages: number;
  readonly frames: number;
}

/** The life of a page: an area of its own. While it is UNMAPPING its PTE is gone, and its unmap has not returned. */
export const [FREE, BUSY, UNMAPPING, LAZY, PURGING] = [0, 1, 2, 3, 4] as const;

/** What a frame is used for: nothing, a mapping, somebody's next page table, the stock, or a page table. */
export const [UNUSED, MAPPED, TAKEN, STOCKED, PINNED] = [0, 1, 2, 3, 4] as const;

export interface CpuFields {
  readonly index: number;
  readonly phase: Field;
  /** By page: 0, or one more than the frame that it translates the page to. */
  readonly tlb: readonly Field[];
  /** 0, or one more than the page that it unmaps. */
  readonly page: Field;
  /** 0, or one more than the frame that it pins. */
  readonly frame: Field;
}

export interface Pins {
  readonly scope: PinsScope;
  readonly life: readonly Field[];
  /** By page: 0, or one more than the frame that it maps, or mapped and was not flushed of since. */
  readonly maps: readonly Field[];
  readonly used: readonly Field[];
  /** By frame: what the vmap layer notes of it. */
  readonly noted: readonly Field[];
  /** Pages counted as lazy (vmap_lazy_nr). */
  readonly lazyNr: Field;
  readonly purgeLock: Field;
  readonly pending: Field;
  readonly cpus: readonly CpuFields[];
}

export function fieldsOf(layout: Layout, scope: PinsScope): Pins {
  const { cpus, pages, frames } = scope;
  const [ofCpus, ofPages, ofFrames] = [
    { name: "CPUs", size: cpus },
    { name: "pages", size: pages },
    { name: "frames", size: frames },
  ];
  const phase = layout.array("phase", ofCpus, plain(MOST_PHASES));
  const page = layout.array("page", ofCpus, indexOf(ofPages));
  const frame = layout.array("frame", ofCpus, indexOf(ofFrames));
  const tlb = layout.table("tlb", ofCpus, ofPages, indexOf(ofFrames));
  return {
    scope,
    life: layout.array("life", ofPages, named("free", "busy", "unmapping", "lazy", "purging")),
    maps: layout.array("maps", ofPages, indexOf(ofFrames)),
    used: layout.array("used", ofFrames, named("unused", "mapped", "taken", "in stock", "pinned")),
    noted: layout.array("noted", ofFrames, plain(pages + 1)),
    lazyNr: layout.field("lazy nr", plain(pages + 1)),
    purgeLock: layout.field("purge lock", indexOf(ofCpus)),
    pending: layout.field("pending", setOf(ofCpus)),
    cpus: tlb.map((held, index) => ({
      index,
      phase: phase[index] as Field,
      tlb: held,
      page: page[index] as Field,
      frame: frame[index] as Field,
    })),
  };
}

export const tlbsOf = ({ cpus }: Pins): readonly Field[] => cpus.flatMap(({ tlb }) => tlb);

/** Whether some CPU translates some page to this frame (from 0). */
export const isTranslated = (m: Pins, state: Int32Array, frame: number): boolean =>
  tlbsOf(m).some((held) => held.get(state) === frame + 1);

/** Whether a PTE maps the frame. */
export const hasPte = ({ life, maps }: Pins, state: Int32Array, frame: number): boolean =>
  life.some((each, page) => each.get(state) === BUSY && maps[page]?.get(state) === frame + 1);

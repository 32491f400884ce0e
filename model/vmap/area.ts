/** An area of the reference world: a plain record that is never written to. */
import type { Pages, Pfn, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { AreaView } from "../../spec/vmap/world.ts";
import type { Block } from "./block.ts";

/**
 * The call that asked for an area, and so frees it: an allocation, vmap, a map, or a pcpuGet, which is known by its
 * base.
 */
export type Owner = "alloc" | "vmap" | "map" | Vpn;

/** Its end is start + size in plain integers; the kernel's may have wrapped. */
export interface Area extends AreaView {
  /** The area of a map is an area of its own, or a block. */
  readonly by: Owner;
  /** Pages mapped from `start` on, each to the next frame from `frame` on; 0 for an area that maps nothing. */
  readonly mapped: Pages;
  readonly frame: Pfn;
  /** Of an area that is a block. */
  readonly block: Block | undefined;
  /** The node whose pools it returns to when it is released, if any. */
  readonly node: number | undefined;
}

/** The same area with its block as it is now; a block of which every page was given back is lazy. */
export function withBlock(area: Area, block: Block): Area {
  return { ...area, block, life: block.givenBack === area.end - area.start ? "lazy" : "busy" };
}

/** Whether it is a block in which nothing is mapped and which is not used up. */
export function isFragmented({ block, life }: Area): boolean {
  return block !== undefined && block.held === 0 && life !== "lazy";
}

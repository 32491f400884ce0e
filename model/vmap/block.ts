/** A per-CPU block of the reference world, and the small maps in it: plain records that are never written to. */
import {
  type Cpu,
  type Extent,
  type Pages,
  type Pfn,
  roundedUp,
  type Vpn,
} from "../../spec/vmap/vocabulary.ts";
import type { BlockView } from "../../spec/vmap/world.ts";

/** A small map in a block. It keeps its pages from being given out again, held or not. */
export interface RamMap extends Extent {
  readonly count: Pages;
  /** Of its first page; the others follow. */
  readonly frame: Pfn;
  readonly held: boolean;
}

export interface Block extends BlockView {
  /** The maps that went into it, in their order. */
  readonly maps: readonly RamMap[];
  /** Maps that are held. */
  readonly held: number;
}

/** A map that is held. The pages it takes are rounded up to a power of two. */
export function ramMap(start: Vpn, count: Pages, frame: Pfn): RamMap {
  return { start, end: start + roundedUp(count), count, frame, held: true };
}

/** A new block of this CPU. */
export function emptyBlock(cpu: Cpu): Block {
  return { cpu, given: 0, givenBack: 0, maps: [], held: 0 };
}

/** The block once this map was put into it. */
export function withMap({ cpu, given, givenBack, maps, held }: Block, map: RamMap): Block {
  return { cpu, given: given + map.end - map.start, givenBack, maps: [...maps, map], held: held + 1 };
}

/** The block once the map number `index`, which is held, was unmapped. */
export function withoutMap({ cpu, given, givenBack, maps, held }: Block, index: number): Block {
  const map = maps[index] as RamMap;
  return {
    cpu,
    given,
    givenBack: givenBack + map.end - map.start,
    maps: maps.with(index, { ...map, held: false }),
    held: held - 1,
  };
}

/** Whether none of these pages was ever given out. */
export function canGive({ maps }: Block, extent: Extent): boolean {
  for (const map of maps) if (map.start < extent.end && extent.start < map.end) return false;
  return true;
}

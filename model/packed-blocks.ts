/** What is asked of one packed block, and how it is replaced. */
import type { Cpu, Pages, Pfn, Vpn } from "../spec/vocabulary.ts";
import type { BlockView } from "../spec/world.ts";
import {
  BLOCK,
  COUNT,
  CPU,
  END,
  GIVEN,
  GIVEN_BACK,
  HELD,
  MAP,
  MAP_FRAME,
  MAPS,
  NOWHERE,
  type Packed,
  START,
} from "./packed-layout.ts";
import type { Draft } from "./packed-world.ts";

/** The block, as laws see one. */
export function blockView(block: Packed): BlockView {
  return {
    cpu: block[CPU] as Cpu,
    given: block[GIVEN] as Pages,
    givenBack: block[GIVEN_BACK] as Pages,
  };
}

/** The place in its block of the map that is held here with this count, or NOWHERE. */
export function mapIn(block: Packed, start: Vpn, count: Pages): number {
  for (let at = MAPS; at < block.length; at += MAP) {
    if (block[at + START] === start && block[at + COUNT] === count && block[at + HELD] === 1) return at;
  }
  return NOWHERE;
}

/** Whether none of these pages was ever given out. */
export function canGive(block: Packed, start: Vpn, end: Vpn): boolean {
  for (let at = MAPS; at < block.length; at += MAP) {
    if ((block[at + START] as number) < end && start < (block[at + END] as number)) return false;
  }
  return true;
}

/** The frame that a map of the block holds mapped here. */
export function frameInBlock(block: Packed, page: Vpn): Pfn | undefined {
  for (let at = MAPS; at < block.length; at += MAP) {
    const start = block[at + START] as number;
    if (block[at + HELD] === 1 && start <= page && page < start + (block[at + COUNT] as number)) {
      return (block[at + MAP_FRAME] as number) + (page - start);
    }
  }
  return undefined;
}

/** The block of the area at this place is now this one. */
export function replaceBlock(world: Draft, at: number, block: Packed): void {
  const blocks = world.blocks.slice();
  blocks[world.areas[at + BLOCK] as number] = block;
  world.blocks = blocks;
}

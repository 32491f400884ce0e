/** How an area, or a map in a block, is placed in the packed world. */
import type { Command, MapRam, Response } from "../spec/commands.ts";
import { newArea, newAreas, nodeAsked } from "../spec/laws/law.ts";
import { fitsBlock } from "../spec/scope.ts";
import { type Extent, type Pages, type Pfn, roundedUp, type Vpn } from "../spec/vocabulary.ts";
import { replaceBlock } from "./packed-blocks.ts";
import {
  AREA,
  BLOCK,
  BUSY,
  BY_ALLOC,
  BY_MAP,
  BY_PERCPU,
  BY_VMAP,
  GIVEN,
  HELD_MAPS,
  NO_BLOCK,
  NO_NODE,
  NOWHERE,
  type Packed,
  START,
} from "./packed-layout.ts";
import type { Draft, PackedWorld } from "./packed-world.ts";

const ASKED_BY = { alloc: BY_ALLOC, vmap: BY_VMAP, mapRam: BY_MAP } as const;

/** An area is placed, or a map goes into a block that is there or into a new one. */
export function place(
  world: Draft,
  before: PackedWorld,
  command: Command,
  response: Response & { readonly kind: "placed" },
): void {
  if (command.op === "pcpuGet") {
    const by = BY_PERCPU + response.start;
    for (const extent of newAreas(before, command, response))
      insertArea(world, extent, by, 0, 0, NO_BLOCK, NO_NODE);
    return;
  }
  if (command.op !== "alloc" && command.op !== "vmap" && command.op !== "mapRam") return;
  const mapped = response.pteSet;
  const frame = world.nextFrame;
  const extent = newArea(before, command, response);
  if (command.op === "mapRam" && fitsBlock(world.scope, command.count)) {
    world.held += mapped;
    putMap(world, response.start, command, frame, extent, nodeOf(before, command));
  } else if (extent !== undefined) {
    world.held += mapped;
    insertArea(world, extent, ASKED_BY[command.op], mapped, frame, NO_BLOCK, nodeOf(before, command));
  }
}

function nodeOf(before: PackedWorld, command: Command): number {
  return nodeAsked(before, command) ?? NO_NODE;
}

/** Puts a map into a new block where `fresh` lies, or else into the one that is there. */
function putMap(
  world: Draft,
  start: Vpn,
  { count, cpu }: MapRam,
  frame: Pfn,
  fresh: Extent | undefined,
  node: number,
): void {
  const pages = roundedUp(count);
  const end = start + pages;
  if (fresh !== undefined) {
    insertArea(world, fresh, BY_MAP, 0, 0, world.blocks.length, node);
    world.blocks = world.blocks.concat([[cpu, pages, 0, 1, start, end, count, frame, 1]]);
    return;
  }
  const at = world.giverOf(start, end);
  if (at === NOWHERE) return;
  const block = (world.blocks[world.areas[at + BLOCK] as number] as Packed).slice();
  block[GIVEN] = (block[GIVEN] as number) + pages;
  block[HELD_MAPS] = (block[HELD_MAPS] as number) + 1;
  block.push(start, end, count, frame, 1);
  replaceBlock(world, at, block);
}

/** Adds a busy area, above those that start where it does. */
function insertArea(
  world: Draft,
  { start, end }: Extent,
  by: number,
  mapped: Pages,
  frame: Pfn,
  block: number,
  node: number,
): void {
  const { areas } = world;
  let at = areas.length;
  while (at > 0 && (areas[at - AREA + START] as number) > start) at -= AREA;
  const more = areas.slice(0, at);
  more.push(start, end, BUSY, by, mapped, frame, block, node);
  for (let next = at; next < areas.length; next++) more.push(areas[next] as number);
  world.areas = more;
}

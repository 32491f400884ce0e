/** How the packed world follows a reply: as after.ts, into arrays that are copied when they change. */
import { type Command, endsHistory, type Response } from "../spec/commands.ts";
import { hasPools } from "../spec/laws/law.ts";
import type { Cpu, Pfn, Vpn } from "../spec/vocabulary.ts";
import { framesTaken } from "./frames-taken.ts";
import {
  AREA,
  BLOCK,
  BUSY,
  BY_ALLOC,
  END,
  LIFE,
  NO_BLOCK,
  NO_NODE,
  NODE,
  type Packed,
  START,
  TRANSLATION,
} from "./packed-layout.ts";
import { letGoArea, letGoMap, letGoPercpu, purgeIn } from "./packed-let-go.ts";
import { place } from "./packed-place.ts";
import { type Draft, PackedWorld } from "./packed-world.ts";
import { pooledAfter, type Released } from "./pools.ts";

/** The world after a reply, or undefined when the kernel stopped. The order is the reference's. */
export function packedAfter(
  before: PackedWorld,
  command: Command,
  response: Response,
): PackedWorld | undefined {
  if (endsHistory(response)) return undefined;
  const world: Draft = new PackedWorld(before);
  world.ptes += response.pteSet - response.pteCleared;
  if (command.op === "free") letGoArea(world, command.start, BY_ALLOC, response);
  else if (command.op === "unmapRam") letGoMap(world, command, response);
  const gone =
    command.op === "pcpuFree" ? letGoPercpu(world, command, response) : purgeIn(world, command, response);
  if (hasPools(before)) world.pooled = pooledAfter(before, command, response, released(gone));
  if (response.kind === "placed") place(world, before, command, response);
  world.nextFrame += framesTaken(command, response);
  if (command.op === "init") world.initialised = true;
  if (command.op === "touch" && response.kind === "reached" && response.frame !== null) {
    cache(world, command.cpu, command.page, response.frame);
  }
  countDescriptors(world, response);
  return world;
}

/** Released areas as pools take them. */
function released(gone: Packed): readonly Released[] {
  const found: Released[] = [];
  for (let at = 0; at < gone.length; at += AREA) {
    const node = gone[at + NODE] as number;
    found.push({
      start: gone[at + START] as Vpn,
      end: gone[at + END] as Vpn,
      wasFragmented: gone[at + LIFE] === BUSY,
      node: node === NO_NODE ? undefined : node,
    });
  }
  return found;
}

/** A CPU was seen to translate this page to this frame. */
function cache(world: Draft, cpu: Cpu, page: Vpn, frame: Pfn): void {
  const { tlb } = world;
  let at = 0;
  while (at < tlb.length && isBelow(tlb, at, cpu, page)) at += TRANSLATION;
  const isThere = tlb[at] === cpu && tlb[at + 1] === page;
  if (isThere && tlb[at + 2] === frame) return;
  const more = tlb.slice(0, at);
  more.push(cpu, page, frame);
  for (let next = isThere ? at + TRANSLATION : at; next < tlb.length; next++) more.push(tlb[next] as number);
  world.tlb = more;
}

function isBelow(tlb: Packed, at: number, cpu: Cpu, page: Vpn): boolean {
  const other = tlb[at] as number;
  return other < cpu || (other === cpu && (tlb[at + 1] as number) < page);
}

/** A descriptor for every area, and one for every block that is not lazy yet. */
function countDescriptors(world: Draft, { descriptors }: Response): void {
  if (descriptors === undefined) return;
  const { areas } = world;
  let expected = areas.length / AREA;
  if (world.blocks.length > 0) {
    for (let at = 0; at < areas.length; at += AREA) {
      if (areas[at + BLOCK] !== NO_BLOCK && areas[at + LIFE] === BUSY) expected += 1;
    }
  }
  world.leakedDescriptors = descriptors - expected;
}

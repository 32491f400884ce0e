/** How the reference world follows a reply: what the subject did, whether legal or not. */
import { Map as ImmutableMap } from "immutable";
import {
  type Command,
  endsHistory,
  type PcpuFree,
  type Response,
  type UnmapRam,
} from "../../spec/vmap/commands.ts";
import { hasPools, newArea, newAreas, nodeAsked, purged, released } from "../../spec/vmap/laws/law.ts";
import { fitsBlock } from "../../spec/vmap/scope.ts";
import { type Extent, type Pages, type Pfn, roundedUp, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { type Area, type Owner, withBlock } from "./area.ts";
import { type Block, emptyBlock, type RamMap, ramMap, withMap, withoutMap } from "./block.ts";
import { pooledAfter } from "./pool-beliefs.ts";
import { flushAndRelease } from "./release.ts";
import type { Ptes, StaleMapping } from "./stale-mapping.ts";
import type { ImmutableWorld, Tlb } from "./world.ts";

const NONE_GONE: readonly Area[] = [];

/**
 * The world after a reply, or undefined if the kernel stopped. A freed area becomes lazy; a purge in the reply then
 * releases everything lazy; only then is an area placed.
 */
export function after(
  before: ImmutableWorld,
  command: Command,
  response: Response,
): ImmutableWorld | undefined {
  if (endsHistory(response)) return undefined;
  let world = count(before, command, response);
  // A free that is refused leaves its area held.
  const isObeyed = response.kind !== "refused";
  if (command.op === "free" && isObeyed) world = freeArea(world, command.start, "freed", response);
  if (command.op === "unmapRam" && isObeyed) world = unmapSmall(world, command, response);
  const percpu = command.op === "pcpuFree" ? aroundLastPurge(before, command, response) : NONE_HELD;
  for (const area of percpu.before) world = freeArea(world, area.start, area.by, response);
  let gone: readonly Area[] = NONE_GONE;
  if (released(before, command, response)) ({ world, gone } = flushAndRelease(world, command, response));
  if (hasPools(before)) {
    const pooled = gone.map(({ start, end, node, life }) => ({
      start,
      end,
      node,
      wasFragmented: life === "busy",
    }));
    world = world.with({ pooled: pooledAfter(before, command, response, pooled) });
  }
  for (const area of percpu.after) world = freeArea(world, area.start, area.by, response);
  if (response.kind === "placed") world = place(world, before, command, response);
  if (command.op === "init") world = world.with({ initialised: true });
  if (command.op === "touch" && response.kind === "reached" && response.frame !== null) {
    world = cache(world, command.cpu, command.page, response.frame);
  }
  return countDescriptors(world, response);
}

/** PTEs, and frames taken: the first of these is the one of the world before. */
function count(world: ImmutableWorld, command: Command, response: Response): ImmutableWorld {
  const more = response.pteSet - response.pteCleared;
  const frames = framesTaken(command, response);
  if (more === 0 && frames === 0) return world;
  return world.with({ ptes: world.ptes + more, nextFrame: world.nextFrame + frames });
}

/** These pages may still be translated. Their PTEs are gone if the reply cleared as many. */
function withStale(
  { dead }: ImmutableWorld,
  start: Vpn,
  pages: Pages,
  frame: Pfn,
  { pteCleared }: Response,
): readonly StaleMapping[] {
  const ptes: Ptes = pteCleared < pages ? "there" : "gone";
  return [...dead, { start, end: start + pages, frame, ptes }];
}

const NONE_HELD = { before: [], after: [] } as const;

/** The percpu areas that are freed before the last purge of the reply, and those after it. */
function aroundLastPurge(
  world: ImmutableWorld,
  { start, offsets }: PcpuFree,
  response: Response,
): { readonly before: readonly Area[]; readonly after: readonly Area[] } {
  const areas = world.percpuAt(start);
  const held = offsets.flatMap((offset) => areas.find((area) => area.start === start + offset) ?? []);
  const count = freedBeforePurge(
    held.map((area) => area.end - area.start),
    response,
  );
  return { before: held.slice(0, count), after: held.slice(count) };
}

/** The owner whose area a call frees; a free names that of an allocation or of vmap. */
type FreedBy = Owner | "freed";

function isOf({ by }: Area, owner: FreedBy): boolean {
  return owner === "freed" ? by === "alloc" || by === "vmap" : by === owner;
}

/** The owner frees the area: it is lazy. */
function freeArea(world: ImmutableWorld, start: Vpn, by: FreedBy, response: Response): ImmutableWorld {
  const area = areaFreed(world, start, by, response);
  if (area === undefined) return world;
  const { mapped, frame, end } = area;
  return world.with({
    areas: world.areas.with(world.areas.indexOf(area), { ...area, life: "lazy" }),
    lazyPages: world.lazyPages + end - start,
    held: world.held - mapped,
    dead: mapped === 0 ? world.dead : withStale(world, start, mapped, frame, response),
  });
}

/**
 * The area that a free of this address names. Only an illegal reply gives one address out twice; the reply to the free
 * may then show which was found, by the range flushed or by the lazy pages counted.
 */
function areaFreed(world: ImmutableWorld, start: Vpn, by: FreedBy, response: Response): Area | undefined {
  const candidates = world
    .areasIn({ start, end: start + 1 })
    .filter((area) => area.start === start && area.life === "busy" && !area.block && isOf(area, by));
  if (candidates.length < 2) return candidates[0];
  const counted = (response.lazyPages ?? Number.NaN) - world.lazyPages;
  return (
    candidates.find((area) =>
      response.flushes.some((flush) => flush.start === start && flush.end === area.end),
    ) ??
    candidates.find((area) => area.end - area.start === counted) ??
    candidates[0]
  );
}

/** A caller of vm_unmap_ram unmaps a map; the last one of a block that was used up makes the block lazy. */
function unmapSmall(world: ImmutableWorld, command: UnmapRam, response: Response): ImmutableWorld {
  const { start, count } = command;
  if (!fitsBlock(world.scope, count)) return freeArea(world, start, "map", response);
  const found = world.mapAt(start, count);
  if (found === undefined) return world;
  const block = withoutMap(found.area.block as Block, found.map);
  const area = withBlock(found.area, block);
  const { frame } = block.maps[found.map] as RamMap;
  return world.with({
    areas: world.areas.with(found.at, area),
    lazyPages: world.lazyPages + (area.life === "lazy" ? area.end - area.start : 0),
    held: world.held - count,
    dead: withStale(world, start, count, frame, response),
  });
}

/** An area is placed, or a map goes into a block that is there or into a new one. */
function place(
  world: ImmutableWorld,
  before: ImmutableWorld,
  command: Command,
  response: Response & { readonly kind: "placed" },
): ImmutableWorld {
  if (command.op === "pcpuGet")
    return placePercpu(world, newAreas(before, command, response), response.start);
  if (command.op !== "alloc" && command.op !== "vmap" && command.op !== "mapRam") return world;
  const { start, pteSet: mapped } = response;
  const held = world.held + mapped;
  const frame = before.nextFrame;
  const extent = newArea(before, command, response);
  const inBlock = command.op === "mapRam" && fitsBlock(world.scope, command.count);
  const node = nodeAsked(before, command);
  if (extent !== undefined && !inBlock) {
    const by = command.op === "mapRam" ? "map" : command.op;
    const vmapped = by === "vmap" ? mapped : 0;
    const area = areaAt(extent, { by, mapped, vmapped, frame, block: undefined, node });
    return world.with({ ...inserted(world, area), held });
  }
  if (!inBlock) return world;
  const { cpu, count } = command;
  const map = ramMap(start, count, frame);
  if (extent !== undefined) {
    const block = withMap(emptyBlock(cpu), map);
    const area = areaAt(extent, { by: "map", mapped: 0, vmapped: 0, frame: 0, block, node });
    return world.with({ ...inserted(world, area), held });
  }
  const giver = world.giverOf({ start, end: start + roundedUp(count) });
  if (giver === undefined) return world.with({ held });
  const area = withBlock(giver.area, withMap(giver.area.block as Block, map));
  return world.with({ areas: world.areas.with(giver.at, area), held });
}

/** Areas with one base, under which nothing is mapped. */
function placePercpu(world: ImmutableWorld, extents: readonly Extent[], base: Vpn): ImmutableWorld {
  const of = { by: base, mapped: 0, vmapped: 0, frame: 0, block: undefined, node: undefined } as const;
  return extents.reduce((now, extent) => now.with(inserted(now, areaAt(extent, of))), world);
}

/** A busy area. */
function areaAt({ start, end }: Extent, of: Omit<Area, "start" | "end" | "life">): Area {
  const { by, mapped, vmapped, frame, block, node } = of;
  return { start, end, life: "busy", by, mapped, vmapped, frame, block, node };
}

/** The areas and this one, above those that start where it does; and whether it shares a page with its neighbours. */
function inserted(world: ImmutableWorld, area: Area): Pick<ImmutableWorld, "areas" | "disjoint"> {
  const { areas } = world;
  let at = world.firstBeyond(area.start);
  while (at < areas.length && (areas[at] as Area).start <= area.start) at += 1;
  const below = areas[at - 1];
  const above = areas[at];
  const isAlone = (below?.end ?? 0) <= area.start && (above === undefined || area.end <= above.start);
  return { areas: areas.toSpliced(at, 0, area), disjoint: world.disjoint && isAlone };
}

/** Fresh frames that a command takes from the counter; a map and vmap take them even if they are refused. */
function framesTaken(command: Command, response: Response): Pages {
  if (command.op === "mapRam" || command.op === "vmap") return command.count;
  return command.op === "alloc" && command.map && response.kind === "placed" ? command.size : 0;
}

function cache(world: ImmutableWorld, cpu: number, page: Vpn, frame: number): ImmutableWorld {
  const tlb = world.tlbs.get(cpu) ?? (ImmutableMap() as Tlb);
  return world.with({ tlbs: world.tlbs.set(cpu, tlb.set(page, frame)) });
}

/** A descriptor for every area, and one for every block that is not lazy yet. */
function countDescriptors(world: ImmutableWorld, { descriptors }: Response): ImmutableWorld {
  if (descriptors === undefined) return world;
  let expected = 0;
  for (const { life, block } of world.areas) {
    expected += block !== undefined && life === "busy" ? 2 : 1;
  }
  const leakedDescriptors = descriptors - expected;
  return leakedDescriptors === world.leakedDescriptors ? world : world.with({ leakedDescriptors });
}

// What a reply to a pcpuFree shows of the order in which it freed areas and purged.

/**
 * How many of these areas, freed in this order, were freed before the last purge: the others are the lazy pages that
 * the reply counts. All of them, if there was no purge or if no suffix matches the count.
 */
export function freedBeforePurge(pages: readonly Pages[], response: Response): number {
  if (!purged(response)) return pages.length;
  let left = 0;
  for (let nth = pages.length - 1; nth > 0; nth--) {
    left += pages[nth] as Pages;
    if (left === response.lazyPages) return nth;
  }
  return pages.length;
}

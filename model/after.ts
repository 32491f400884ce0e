/** How the reference world follows a reply: what the subject did, taken at its word. */
import { Map as ImmutableMap, List } from "immutable";
import type { Alloc, Command, Response } from "../spec/commands.ts";
import { placedExtent, purged } from "../spec/laws/law.ts";
import type { Extent, Pfn, Vpn } from "../spec/vocabulary.ts";
import { Area } from "./area.ts";
import type { ImmutableWorld, Tlb } from "./immutable-world.ts";

/**
 * The world after a reply, or undefined when the kernel stopped. A free makes its area lazy; a purge in the
 * reply then releases every lazy area; only then is an area placed (DESIGN, "What the judge knows of purges").
 */
export function after(
  before: ImmutableWorld,
  command: Command,
  response: Response,
): ImmutableWorld | undefined {
  if (response.kind === "bug") return undefined;
  let world = before;
  if (command.op === "free") world = letGo(world, command.start, response);
  if (purged(response)) world = release(flushTlbs(world, response.flushes), response.flushes);
  if (command.op === "alloc" && response.kind === "placed") {
    world = place(world, command, response.start, response.pteSet);
  }
  if (command.op === "touch" && response.kind === "reached" && response.frame !== null) {
    world = cache(world, command.cpu, command.page, response.frame);
  }
  if (response.descriptors !== undefined) {
    const leakedDescriptors = response.descriptors - world.areas.size;
    if (leakedDescriptors !== world.leakedDescriptors) world = world.with({ leakedDescriptors });
  }
  return world;
}

/** The owner lets the area go. Its PTEs stay until the purge if the reply cleared fewer than it mapped. */
function letGo(world: ImmutableWorld, start: Vpn, response: Response): ImmutableWorld {
  const area = whichLetGo(world, start, response);
  if (area === undefined) return world;
  const index = world.areas.indexOf(area);
  const ptesPresent = area.mapped > 0 && response.pteCleared < area.mapped;
  return world.with({
    areas: world.areas.set(index, area.letGo(ptesPresent)),
    lazyPages: world.lazyPages + area.end - area.start,
    deadPtes: world.deadPtes + (ptesPresent ? area.mapped : 0),
  });
}

/**
 * The area that a free of this address means. Only an illegal reply gives one address out twice; the reply to
 * the free may then tell which was found, by the range flushed or by the lazy pages counted.
 */
function whichLetGo(world: ImmutableWorld, start: Vpn, response: Response): Area | undefined {
  const candidates = world
    .areasIn({ start, end: start + 1 })
    .filter((area) => area.start === start && area.life === "busy");
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

/** Every lazy area leaves; what no flush covered is remembered as released unflushed. */
function release(world: ImmutableWorld, flushes: readonly Extent[]): ImmutableWorld {
  const lazy = world.areas.filter((area) => area.life === "lazy");
  const before = world.unflushed.toArray();
  const unflushed = [...before, ...lazy].flatMap((extent) => uncovered(extent, flushes));
  return world.with({
    areas: world.areas.filter((area) => area.life !== "lazy"),
    lazyPages: 0,
    deadPtes: 0,
    unflushed: List(unflushed),
  });
}

function place(world: ImmutableWorld, request: Alloc, start: Vpn, mapped: number): ImmutableWorld {
  const { end } = placedExtent(world, request, start);
  const area = new Area({
    start,
    end,
    life: "busy",
    mapped,
    frame: world.nextFrame,
    ptesPresent: mapped > 0,
  });
  const areas = world.areas.toArray();
  const above = areas.findIndex((each) => each.start > start);
  areas.splice(above < 0 ? areas.length : above, 0, area);
  return world.with({
    areas: List(areas),
    nextFrame: world.nextFrame + (request.map ? request.size : 0),
  });
}

function cache(world: ImmutableWorld, cpu: number, page: Vpn, frame: Pfn): ImmutableWorld {
  const tlb = world.tlbs.get(cpu) ?? (ImmutableMap() as Tlb);
  return world.with({ tlbs: world.tlbs.set(cpu, tlb.set(page, frame)) });
}

/** A flush of [start, end) drops those pages from the TLB of every CPU. */
function flushTlbs(world: ImmutableWorld, flushes: readonly Extent[]): ImmutableWorld {
  if (world.tlbs.isEmpty()) return world;
  return world.with({ tlbs: world.tlbs.map((tlb) => tlb.filterNot((_frame, page) => isIn(page, flushes))) });
}

function isIn(page: Vpn, extents: readonly Extent[]): boolean {
  return extents.some((extent) => extent.start <= page && page < extent.end);
}

/** The parts of an extent that none of the flushes covers. */
export function uncovered(extent: Extent, flushes: readonly Extent[]): readonly Extent[] {
  // Nearly always one flush covers all of it.
  if (flushes.some((flush) => flush.start <= extent.start && extent.end <= flush.end)) return [];
  let parts: Extent[] = [{ start: extent.start, end: extent.end }];
  for (const flush of flushes) {
    parts = parts.flatMap((part) => [
      { start: part.start, end: Math.min(part.end, flush.start) },
      { start: Math.max(part.start, flush.end), end: part.end },
    ]);
    parts = parts.filter(({ start, end }) => start < end);
  }
  return parts;
}

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
    world = world.set("leakedDescriptors", response.descriptors - world.areas.size);
  }
  return world;
}

/** The owner lets the area go. Its PTEs stay until the purge if the reply cleared fewer than it mapped. */
function letGo(world: ImmutableWorld, start: Vpn, response: Response): ImmutableWorld {
  const area = whichLetGo(world, start, response);
  if (area === undefined) return world;
  const index = world.areas.indexOf(area);
  const ptesPresent = area.mapped > 0 && response.pteCleared < area.mapped;
  return world.merge({
    areas: world.areas.set(index, area.merge({ life: "lazy", ptesPresent })),
    lazyPages: world.lazyPages + area.end - area.start,
    deadPtes: world.deadPtes + (ptesPresent ? area.mapped : 0),
  });
}

/**
 * The area that a free of this address means. Only an illegal reply gives one address out twice; the reply to
 * the free may then tell which was found, by the range flushed or by the lazy pages counted.
 */
function whichLetGo(world: ImmutableWorld, start: Vpn, response: Response): Area | undefined {
  const first = world.busyAt(start);
  const candidates = world.areas.filter((area) => area.start === start && area.life === "busy");
  if (candidates.size < 2) return first;
  const counted = (response.lazyPages ?? Number.NaN) - world.lazyPages;
  return (
    candidates.find((area) =>
      response.flushes.some((flush) => flush.start === start && flush.end === area.end),
    ) ??
    candidates.find((area) => area.end - area.start === counted) ??
    first
  );
}

/** Every lazy area leaves; what no flush covered is remembered as released unflushed. */
function release(world: ImmutableWorld, flushes: readonly Extent[]): ImmutableWorld {
  const lazy = world.areas.filter((area) => area.life === "lazy");
  const missed = lazy.toArray().flatMap((area) => uncovered(area, flushes));
  return world.merge({
    areas: world.areas.filter((area) => area.life !== "lazy"),
    lazyPages: 0,
    deadPtes: 0,
    unflushed: List([
      ...world.unflushed.toArray().flatMap((extent) => uncovered(extent, flushes)),
      ...missed,
    ]),
  });
}

function place(world: ImmutableWorld, request: Alloc, start: Vpn, mapped: number): ImmutableWorld {
  const { end } = placedExtent(world, request, start);
  const above = world.areas.findIndex((area) => area.start > start);
  const area = new Area({ start, end, mapped, frame: world.nextFrame, ptesPresent: mapped > 0 });
  return world.merge({
    areas: world.areas.insert(above < 0 ? world.areas.size : above, area),
    nextFrame: world.nextFrame + (request.map ? request.size : 0),
  });
}

function cache(world: ImmutableWorld, cpu: number, page: Vpn, frame: Pfn): ImmutableWorld {
  const tlb = world.tlbs.get(cpu) ?? (ImmutableMap() as Tlb);
  return world.set("tlbs", world.tlbs.set(cpu, tlb.set(page, frame)));
}

/** A flush of [start, end) drops those pages from the TLB of every CPU. */
function flushTlbs(world: ImmutableWorld, flushes: readonly Extent[]): ImmutableWorld {
  if (world.tlbs.isEmpty()) return world;
  const flushed = (page: Vpn) => flushes.some((flush) => page >= flush.start && page < flush.end);
  return world.set(
    "tlbs",
    world.tlbs.map((tlb) => tlb.filterNot((_frame, page) => flushed(page))),
  );
}

/** The parts of an extent that none of the flushes covers. */
export function uncovered(extent: Extent, flushes: readonly Extent[]): Extent[] {
  let parts: Extent[] = [{ start: extent.start, end: extent.end }];
  for (const flush of flushes) {
    parts = parts.flatMap((part) =>
      [
        { start: part.start, end: Math.min(part.end, flush.start) },
        { start: Math.max(part.start, flush.end), end: part.end },
      ].filter(({ start, end }) => start < end),
    );
  }
  return parts;
}

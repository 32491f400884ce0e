/** What a flush in a reply drops, and what the purge around it releases, as far as a user can tell. */
import { List } from "immutable";
import type { Command, Response } from "../spec/commands.ts";
import { searchFailed } from "../spec/laws/law.ts";
import type { Extent, Vpn } from "../spec/vocabulary.ts";
import type { Area } from "./area.ts";
import type { Dead } from "./dead.ts";
import type { ImmutableWorld, Tlb } from "./immutable-world.ts";

/**
 * Whether the flush came with a purge, and one that takes fragmented blocks as well, as one does that waits its
 * turn. Of a map's purge that need not have been it is not known which it was.
 */
type Purge = "none" | "of lazy areas" | "synchronous" | "of either kind";

function purgeIn(before: ImmutableWorld, command: Command, response: Response): Purge {
  switch (command.op) {
    case "pin":
      return response.kind === "pinned" && response.swept ? "synchronous" : "none";
    case "free":
    case "unmapRam":
      return "of lazy areas";
    case "mapRam":
      if (before.promises.fragments !== "purged by maps too") return "synchronous";
      return response.kind === "refused" || searchFailed(before, command) ? "synchronous" : "of either kind";
    default:
      return "synchronous";
  }
}

/** The world after the flushes of a reply, before it placed anything. */
export function flushAndRelease(
  world: ImmutableWorld,
  before: ImmutableWorld,
  command: Command,
  response: Response,
): ImmutableWorld {
  const { flushes } = response;
  const purge = purgeIn(before, command, response);
  const gone: Area[] = [];
  const left: Area[] = [];
  for (const area of world.walk) {
    const becomes = fate(area, world, purge, command, flushes);
    if (becomes === undefined) gone.push(area);
    else left.push(becomes);
  }
  // Of what was perhaps gone already, no flush is owed in this reply.
  const owed = [...world.unflushed, ...gone.filter(({ life }) => life !== "perhaps gone")];
  const unflushed = owed.flatMap((extent) => uncovered(extent, flushes));
  return world.with({
    areas: purge === "none" ? world.areas : List(left),
    lazyPages: purge === "none" ? world.lazyPages : 0,
    dead: deadAfter(withoutRepaired(world, response), gone, response),
    unflushed: List(unflushed),
    tlbs: flushTlbs(world, flushes),
  });
}

/** What an area is after the purge: undefined if it is gone. */
function fate(
  area: Area,
  { promises }: ImmutableWorld,
  purge: Purge,
  command: Command,
  flushes: readonly Extent[],
): Area | undefined {
  if (purge === "none") return area;
  const isCovered = uncovered(area, flushes).length === 0;
  switch (area.life) {
    case "lazy":
      return undefined;
    case "perhaps gone":
      return purge === "synchronous" ? undefined : area;
    case "perhaps lazy":
      if (purge === "synchronous") return undefined;
      return area.in(isCovered ? "perhaps gone" : "busy");
    case "busy": {
      if (!area.fragmented || promises.fragments === "kept") return area;
      if (purge === "synchronous") return isCovered ? undefined : area;
      if (purge === "of lazy areas") return area;
      if (isCovered) return area.in("perhaps gone");
      // The map may have made its CPU's fragmented blocks lazy, some of them after the purge.
      return command.op === "mapRam" && area.block?.cpu === command.cpu ? area.in("perhaps lazy") : area;
    }
  }
}

/** The PTEs that a host trapped and took away are those of the frame it let be pinned. */
function withoutRepaired(world: ImmutableWorld, response: Response): ImmutableWorld {
  if (response.kind !== "pinned" || response.traps === 0) return world;
  const { frame } = response;
  const dead = world.dead.toArray().flatMap((each) => {
    const page = each.start + (frame - each.frame);
    if (page < each.start || page >= each.end) return [each];
    const parts = [
      each.part({ start: each.start, end: page }),
      each.part({ start: page + 1, end: each.end }),
    ];
    const repaired = each.part({ start: page, end: page + 1 }).with("gone");
    return [...parts.filter(({ start, end }) => start < end), repaired];
  });
  return world.with({ dead: List(dead) });
}

/** A purge clears the PTEs of what it releases; a flush then drops what no PTE can bring back. */
function deadAfter(world: ImmutableWorld, gone: readonly Area[], response: Response): List<Dead> {
  if (world.dead.isEmpty()) return world.dead;
  const { flushes, pteCleared } = response;
  const noneLeft = world.deadPtes === 0;
  const left = world.dead.toArray().flatMap((dead) => {
    const cleared = noneLeft || gone.some((area) => area.start <= dead.start && dead.start < area.end);
    const now = cleared ? dead.with("gone") : dead;
    if (now.ptes === "perhaps") return [now];
    const uncoveredParts = uncovered(now, flushes).map((part) => now.part(part));
    if (now.ptes === "gone") return uncoveredParts;
    // Of PTEs that were there, the reply says how many it cleared, not which.
    return pteCleared === 0 ? [now] : [...uncoveredParts, ...covered(now, flushes)];
  });
  return List(left);
}

/** The parts that a flush covers: their PTEs are perhaps gone now, and if so they are clean. */
function covered(dead: Dead, flushes: readonly Extent[]): Dead[] {
  return flushes
    .map(({ start, end }) => ({ start: Math.max(start, dead.start), end: Math.min(end, dead.end) }))
    .filter(({ start, end }) => start < end)
    .map((part) => dead.part(part).with("perhaps"));
}

/** A flush of [start, end) drops those pages from the TLB of every CPU. */
function flushTlbs(world: ImmutableWorld, flushes: readonly Extent[]): ImmutableWorld["tlbs"] {
  if (world.tlbs.isEmpty()) return world.tlbs;
  return world.tlbs.map((tlb) => tlb.filterNot((_frame, page) => isIn(page, flushes)) as Tlb);
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

/**
 * On releases where a map may make its CPU's fragmented blocks lazy, the count of lazy pages tells whether it
 * did; without that count they are perhaps lazy.
 */
export function settleDoubts(world: ImmutableWorld, command: Command, response: Response): ImmutableWorld {
  if (world.promises.fragments !== "purged by maps too") return world;
  const mapping = command.op === "mapRam" ? command.cpu : undefined;
  const doubtful = world.walk.filter(
    (area) =>
      area.life === "perhaps lazy" ||
      (mapping !== undefined && area.life === "busy" && area.fragmented && area.block?.cpu === mapping),
  );
  if (doubtful.length === 0) return world;
  const { lazyPages } = response;
  if (lazyPages === undefined) return inLife(world, doubtful, "perhaps lazy");
  const beyond = lazyPages - world.lazyPages;
  if (beyond === 0) return inLife(world, doubtful, "busy");
  const these = whichAddUpTo(beyond / world.scope.blockPages, doubtful);
  if (these === undefined) return inLife(world, doubtful, "perhaps lazy");
  const known = inLife(inLife(world, doubtful, "busy"), these, "lazy");
  return known.with({ lazyPages });
}

/** The doubtful blocks that make up so many lazy ones: all of them, or all of one CPU's. */
function whichAddUpTo(blocks: number, doubtful: readonly Area[]): readonly Area[] | undefined {
  if (doubtful.length === blocks) return doubtful;
  const cpus = [...new Set(doubtful.map((area) => area.block?.cpu))];
  const byCpu = cpus.map((cpu) => doubtful.filter((area) => area.block?.cpu === cpu));
  const fitting = byCpu.filter((ofOne) => ofOne.length === blocks);
  return fitting.length === 1 ? fitting[0] : undefined;
}

function inLife(world: ImmutableWorld, areas: readonly Area[], life: Area["life"]): ImmutableWorld {
  if (areas.every((area) => area.life === life)) return world;
  const changed = new Map(areas.map((area) => [area.start, area.in(life)]));
  return world.with({
    areas: List(world.walk.map((area) => (area.block && changed.get(area.start)) ?? area)),
  });
}

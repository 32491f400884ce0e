/** What a flush in a reply drops, and what the purge around it releases, as far as a user can tell. */
import { type Command, type Response, recordOf } from "../../spec/vmap/commands.ts";
import type { Extent, Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Area } from "./area.ts";
import { partOf, type StaleMapping, withPtes } from "./stale-mapping.ts";
import type { ImmutableWorld } from "./world.ts";

const ALL_FLUSHED: readonly Extent[] = [];

/**
 * Whether the flush came with a purge, and whether that purge also takes fragmented blocks, as a synchronous one does;
 * vm_unmap_aliases may take fewer of them.
 */
type Purge = "none" | "of lazy areas" | "synchronous" | "of aliases";

function purgeIn(command: Command, response: Response): Purge {
  if (recordOf(command).takes !== undefined) return "of lazy areas";
  if (response.kind === "pinned") return response.swept ? "of aliases" : "none";
  return command.op === "unmapAliases" ? "of aliases" : "synchronous";
}

/** The world after the flushes of a reply, before it placed anything, and the areas that were released. */
export function flushAndRelease(
  world: ImmutableWorld,
  command: Command,
  response: Response,
): { readonly world: ImmutableWorld; readonly gone: readonly Area[] } {
  const { flushes } = response;
  const purge = purgeIn(command, response);
  const gone: Area[] = [];
  const left: Area[] = [];
  for (const area of world.areas) (isReleased(area, world, purge, flushes) ? gone : left).push(area);
  const after = world.with({
    areas: gone.length === 0 ? world.areas : left,
    lazyPages: purge === "none" ? world.lazyPages : pagesOf(left.filter(({ life }) => life === "lazy")),
    dead: deadAfter(withoutRepaired(world, response), gone, response),
    unflushed: unflushedAfter([world.unflushed, gone], flushes),
    tlbs: flushTlbs(world, flushes),
  });
  return { world: after, gone };
}

/** What of these no flush covers. */
function unflushedAfter(
  lists: readonly (readonly Extent[])[],
  flushes: readonly Extent[],
): readonly Extent[] {
  let left: readonly Extent[] = ALL_FLUSHED;
  for (const extents of lists) {
    for (const extent of extents) {
      const parts = uncovered(extent, flushes);
      if (parts.length > 0) left = [...left, ...parts];
    }
  }
  return left;
}

function pagesOf(areas: readonly Area[]): Pages {
  return areas.reduce((pages, { start, end }) => pages + end - start, 0);
}

/**
 * Every purge releases the lazy areas, unless the release takes only what it flushes. A fragmented block that no flush
 * covers was left where it is.
 */
function isReleased(area: Area, world: ImmutableWorld, purge: Purge, flushes: readonly Extent[]): boolean {
  if (purge === "none") return false;
  if (area.life === "lazy")
    return world.promises.releasesWhatItFlushes !== true || uncovered(area, flushes).length === 0;
  if (purge === "of lazy areas") return false;
  const taken = purge === "of aliases" ? world.aliasesPurge(area) : world.purges(area);
  return taken && uncovered(area, flushes).length === 0;
}

/** The PTEs that a host trapped and cleared are those of the pinned frame. */
function withoutRepaired(world: ImmutableWorld, response: Response): ImmutableWorld {
  if (response.kind !== "pinned" || response.traps === 0) return world;
  const { frame } = response;
  const dead = world.dead.flatMap((each) => {
    const page = each.start + (frame - each.frame);
    if (page < each.start || page >= each.end) return [each];
    const parts = [
      partOf(each, { start: each.start, end: page }),
      partOf(each, { start: page + 1, end: each.end }),
    ];
    const repaired = withPtes(partOf(each, { start: page, end: page + 1 }), "gone");
    return [...parts.filter(({ start, end }) => start < end), repaired];
  });
  return world.with({ dead });
}

/** A purge clears the PTEs of what it releases. A flush then drops what no PTE can bring back. */
function deadAfter(
  world: ImmutableWorld,
  gone: readonly Area[],
  response: Response,
): readonly StaleMapping[] {
  if (world.dead.length === 0) return world.dead;
  const { flushes, pteCleared } = response;
  const noneLeft = world.deadPtes === 0;
  const left: StaleMapping[] = [];
  for (const dead of world.dead) {
    const now = noneLeft || isIn(dead.start, gone) ? withPtes(dead, "gone") : dead;
    // The reply says how many of the present PTEs it cleared, not which.
    if (now.ptes === "perhaps" || (now.ptes === "there" && pteCleared === 0)) {
      left.push(now);
      continue;
    }
    for (const part of uncovered(now, flushes)) left.push(partOf(now, part));
    if (now.ptes === "there") left.push(...covered(now, flushes));
  }
  return left;
}

/** The parts that a flush covers: their PTEs are perhaps gone now, and then they are clean. */
function covered(dead: StaleMapping, flushes: readonly Extent[]): StaleMapping[] {
  return flushes
    .map(({ start, end }) => ({ start: Math.max(start, dead.start), end: Math.min(end, dead.end) }))
    .filter(({ start, end }) => start < end)
    .map((part) => withPtes(partOf(dead, part), "perhaps"));
}

/** A flush of [start, end) drops those pages from the TLB of every CPU. */
function flushTlbs(world: ImmutableWorld, flushes: readonly Extent[]): ImmutableWorld["tlbs"] {
  let { tlbs } = world;
  world.tlbs.forEach((tlb, cpu) => {
    const flushed: Vpn[] = [];
    tlb.forEach((_frame, page) => {
      if (isIn(page, flushes)) flushed.push(page);
    });
    if (flushed.length > 0) tlbs = tlbs.set(cpu, tlb.deleteAll(flushed));
  });
  return tlbs;
}

function isIn(page: Vpn, extents: readonly Extent[]): boolean {
  for (const { start, end } of extents) if (start <= page && page < end) return true;
  return false;
}

/** The parts of an extent that none of the flushes covers. */
export function uncovered(extent: Extent, flushes: readonly Extent[]): readonly Extent[] {
  // Nearly always one flush covers all of it.
  for (const flush of flushes) if (flush.start <= extent.start && extent.end <= flush.end) return ALL_FLUSHED;
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

/**
 * What the pools of the nodes may hold, as far as commands and replies show. The pools are known as long as every purge
 * is known. An allocation that flushed nothing may have had to empty the pools first. That may depend on the shape of
 * the tree of free space (catalogue A13), which no judge knows. From then on their contents are held only perhaps.
 */
import { type Command, type PcpuGet, type Response, recordOf } from "../../spec/vmap/commands.ts";
import {
  cannotWait,
  newArea,
  newAreas,
  nodeAsked,
  purged,
  requestOf,
  roomiestFit,
} from "../../spec/vmap/laws/law.ts";
import type { Pools } from "../../spec/vmap/promises.ts";
import { LARGEST_POOLED } from "../../spec/vmap/scope.ts";
import {
  alignmentInPages,
  type Extent,
  overlaps,
  PAGE_SIZE,
  type Pages,
} from "../../spec/vmap/vocabulary.ts";
import { lazyLimit, type World } from "../../spec/vmap/world.ts";

/** An extent that a node's pool holds, or perhaps holds. */
export interface Pooled extends Extent {
  readonly node: number;
  readonly sure: boolean;
}

/** For each node and size, the extent that was put in last comes first. */
export type PooledExtents = readonly Pooled[];

/** What the purge in a reply released. */
export interface Released extends Extent {
  /** It was a block, with pages left, until the call itself made it lazy. */
  readonly wasFragmented: boolean;
  readonly node: number | undefined;
}

const NOTHING: PooledExtents = [];

type Before = World & { readonly pooled: PooledExtents };

/** The pools after a reply whose purge, if any, released this, by address. By node, then by size. */
export function pooledAfter(
  before: Before,
  command: Command,
  response: Response,
  released: readonly Released[],
): PooledExtents {
  const after = changed(before, command, response, released);
  if (after === before.pooled) return after;
  return after.toSorted((a, b) => a.node - b.node || sizeOf(a) - sizeOf(b));
}

function sizeOf({ start, end }: Extent): Pages {
  return end - start;
}

function changed(
  before: Before,
  command: Command,
  response: Response,
  released: readonly Released[],
): PooledExtents {
  switch (command.op) {
    case "purge":
      return NOTHING;
    case "unmapAliases":
      return afterSweep(before, released);
    case "pin":
      return response.kind === "pinned" && response.swept ? afterSweep(before, released) : before.pooled;
    case "pcpuGet":
      return afterPercpuSearch(before, command, response);
  }
  const { gives, takes } = recordOf(command);
  if (takes !== undefined)
    return purged(response) ? afterPurge(before, before.pooled, released) : before.pooled;
  return gives === undefined ? before.pooled : afterSearch(before, command, response);
}

/** A purge that does not empty the pools: their contents decay, and what it releases is added. */
function afterPurge(
  { promises }: Before,
  pooled: PooledExtents,
  released: readonly Released[],
): PooledExtents {
  const left = decayed(pooled, promises.pools);
  const put: Pooled[] = [];
  for (const { start, end, node } of released) {
    if (node !== undefined && end - start <= LARGEST_POOLED) put.push({ start, end, node, sure: true });
  }
  return put.length === 0 ? left : evenly([...put.reverse(), ...left]);
}

/** vm_unmap_aliases always purges. Blocks that it makes lazy may cause one more purge. */
function afterSweep(before: Before, released: readonly Released[]): PooledExtents {
  const once = afterPurge(before, before.pooled, released);
  const pages = released.reduce((sum, { start, end }) => sum + end - start, 0);
  const purgesAgain = released.some(({ wasFragmented }) => wasFragmented) && pages > lazyLimit(before);
  return purgesAgain ? afterPurge(before, once, []) : once;
}

/** What the pools lose in a purge, size by size, from what was put in last. */
function decayed(pooled: PooledExtents, how: Pools): PooledExtents {
  if (pooled.length === 0) return pooled;
  return lists(pooled).flatMap((list) =>
    list.every(({ sure }) => sure) ? list.slice(leaving(list.length, how)) : doubted(list),
  );
}

/** Those of each node and size, in their order. */
function lists(pooled: PooledExtents): readonly PooledExtents[] {
  const found = new Map<string, Pooled[]>();
  for (const each of pooled) {
    const key = `${each.node} ${sizeOf(each)}`;
    const list = found.get(key);
    if (list === undefined) found.set(key, [each]);
    else list.push(each);
  }
  return [...found.values()];
}

/** A list with an uncertain extent is uncertain as a whole: the order in which it is given out is unknown. */
function evenly(pooled: PooledExtents): PooledExtents {
  return lists(pooled).flatMap((list) => (list.every(({ sure }) => sure) ? list : doubted(list)));
}

function leaving(length: number, how: Pools): number {
  const quarter = Math.floor(length / 4);
  return how === "a quarter goes" ? quarter : quarter || length;
}

function doubted(pooled: PooledExtents): PooledExtents {
  return pooled.map((each) => (each.sure ? { ...each, sure: false } : each));
}

/** A search looks into a pool first; where it fails, the purge that follows empties all pools. */
function afterSearch(before: Before, command: Command, response: Response): PooledExtents {
  const { pooled } = before;
  if (pooled.length === 0) return pooled;
  if (purged(response)) return NOTHING;
  if (response.kind === "refused") {
    if (requestOf(before, command) === undefined) return pooled;
    return cannotWait(before, command) ? passedOver(before, command) : NOTHING;
  }
  const placed = newArea(before, command, response);
  if (placed === undefined) return pooled;
  const others = passedOver(before, command).filter((each) => !overlaps(each, placed));
  if (cannotWait(before, command) || isTaken(before, command, placed)) return others;
  // A certain extent of a pool is given to others only after all pools were emptied.
  if (pooled.some((each) => each.sure && overlaps(each, placed))) return NOTHING;
  return searchFound(before, command) ? others : doubted(others);
}

/** Percpu areas come from no pool. One that lies on a certain extent was placed after all pools were emptied. */
function afterPercpuSearch(before: Before, command: PcpuGet, response: Response): PooledExtents {
  const { pooled } = before;
  if (pooled.length === 0) return pooled;
  if (purged(response) || response.kind === "refused") return NOTHING;
  const placed = newAreas(before, command, response);
  const isGone = (each: Pooled) => placed.some((area) => overlaps(each, area));
  if (pooled.some((each) => each.sure && isGone(each))) return NOTHING;
  const others = pooled.filter((each) => !isGone(each));
  return before.highestCongruentFit(command, "taken") === undefined ? doubted(others) : others;
}

/** Whether the area is what its pool certainly gave out. */
function isTaken(before: Before, command: Command, placed: Extent): boolean {
  const first = firstAsked(before, command, sizeOf(placed));
  return first?.sure === true && first.start === placed.start;
}

/** The first extent of the list that a command looks into. */
function firstAsked(before: Before, command: Command, size: Pages): Pooled | undefined {
  const node = nodeAsked(before, command);
  return before.pooled.find((each) => each.node === node && sizeOf(each) === size);
}

/** The first extent of a requested list moves to the end if it is not aligned as requested. */
function passedOver(before: Before, command: Command): PooledExtents {
  const request = requestOf(before, command);
  const first = request && firstAsked(before, command, request.size);
  if (first === undefined || first.start % alignmentInPages(request?.align ?? 1) === 0) return before.pooled;
  return [...before.pooled.filter((each) => each !== first), first];
}

/**
 * Whether a search certainly found room outside all that pools may hold: a hole of the size, or of size + align - 1
 * bytes if more than a page's alignment is requested (9333fe98d0a6).
 */
function searchFound(before: Before, command: Command): boolean {
  const request = requestOf(before, command);
  if (request === undefined) return false;
  const found =
    request.align > PAGE_SIZE ? roomiestFit(before, request, "taken") : before.lowestFit(request, "taken");
  return found !== undefined;
}

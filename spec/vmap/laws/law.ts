/** What a law is here, and the notions that several laws share: the area a command asks for, and its place. */

import type { Law, Witness } from "../../contract.ts";
import type { Call } from "../commands/command.ts";
import { type Command, type Response, recordOf } from "../commands.ts";
import { areasFrom } from "../percpu-layout.ts";
import { blockStart, fitsBlock, type Scope, vmapNodes, type Window } from "../scope.ts";
import {
  alignmentInPages,
  alignUp,
  type Cpu,
  type Extent,
  PAGE_SIZE,
  roundedUp,
  type Vpn,
} from "../vocabulary.ts";
import type { Purgeable, Request, World } from "../world.ts";

type Placed = Response & { readonly kind: "placed" };

export type VmapLaw<W = World> = Law<W, Command, Response> & {
  /** Every release promises it, from the first on. spec/vmap/releases.ts lists who promises the other laws. */
  readonly isPromisedByAll?: true | undefined;
  /** What callers must do, at least one of these, for the law to apply; if absent, it applies to every call. */
  readonly needs?: readonly Call[] | undefined;
  /** Whether callers who do this can violate it on machines of this scope. */
  readonly isTriedIn?: ((scope: Scope, calls: readonly Call[]) => boolean) | undefined;
  /** It judges a reply even if areas overlap. A free is then ambiguous. */
  readonly judgeableAfterOverlap?: true | undefined;
};

export type VmapWitness = Witness<World, Command, Response> & {
  /** What callers must do, all of these, in addition to allocating, freeing and purging, for it to be seen. */
  readonly needs?: readonly Call[];
  /** It is seen only where callers make calls outside their domain. */
  readonly ofOutside?: true;
};

/**
 * The one area a command asks for: an allocation's own, that of vmap, one for a map too large for a block, or a block
 * for a map that finds no room in those there are. Undefined for commands that ask for none (of no page, too), or for
 * several, or cannot (2.6.27 has no maps).
 */
export function requestOf(world: World, command: Command): Request | undefined {
  return recordOf(command).asks(world, command);
}

/**
 * The extent of the area that a reply placed, in plain integers, its inner guard page included. Undefined if it
 * placed none: a map may go into a block that is there.
 */
export function newArea(before: World, command: Command, response: Response): Extent | undefined {
  if (response.kind !== "placed") return undefined;
  if (response !== last.response || before !== last.before || command !== last.command)
    last = { before, command, response, area: areaPlaced(before, command, response) };
  return last.area;
}

interface Last {
  readonly before: World | undefined;
  readonly command: Command | undefined;
  readonly response: Response | undefined;
  readonly area: Extent | undefined;
}

/** The last answer: some ten laws and the world ask for that of the same reply, one after another. */
let last: Last = { before: undefined, command: undefined, response: undefined, area: undefined };

function areaPlaced(before: World, command: Command, response: Placed): Extent | undefined {
  const request = requestOf(before, command);
  if (request === undefined) return undefined;
  const { start } = response;
  if (command.op !== "mapRam" || !fitsBlock(before.scope, command.count)) {
    return placedExtent(before, request, start);
  }
  if (before.blockCanGive({ start, end: start + roundedUp(command.count) })) return undefined;
  return placedExtent(before, request, blockStart(before.scope, start));
}

/** The extents of all areas that a reply placed: one, or those of a pcpuGet. */
export function newAreas(before: World, command: Command, response: Response): readonly Extent[] {
  if (command.op !== "pcpuGet") {
    const area = newArea(before, command, response);
    return area === undefined ? [] : [area];
  }
  return response.kind === "placed" ? areasFrom(response.start, command) : [];
}

/**
 * Whether this holds for every area that a reply placed. Laws ask it of each reply. Nearly all replies place one area
 * or none, for which no list is made.
 */
export function everyNewArea(
  before: World,
  command: Command,
  response: Response,
  holds: (area: Extent, before: World, command: Command, response: Response) => boolean,
): boolean {
  if (command.op === "pcpuGet") {
    return newAreas(before, command, response).every((area) => holds(area, before, command, response));
  }
  const area = newArea(before, command, response);
  return area === undefined || holds(area, before, command, response);
}

/** The window in which a command asks for areas; undefined where it asks for none. */
export function windowOf(world: World, command: Command): Window | undefined {
  return command.op === "pcpuGet" ? world.scope.vmalloc : requestOf(world, command);
}

/** The extent that a request placed at `start` occupies. */
export function placedExtent(world: World, request: Request, start: Vpn): Extent {
  return { start, end: start + request.size + world.promises.guard.inside };
}

/** Whether the reply contains a flush. For an allocation, a map or a free: whether it purged. */
export function purged(response: Response): boolean {
  return response.flushes.length > 0;
}

/** Whether a reply released the lazy areas: it purged, or it answered a free of a release that frees at once. */
export function released({ promises }: World, { op }: Command, response: Response): boolean {
  return purged(response) || (!promises.freesLazily && (op === "free" || op === "unmapRam"));
}

/**
 * Whether what a purge takes still counts as taken when the area of this reply is judged. A flush in the reply means
 * that the search had failed and that everything was purged before the area was placed.
 */
export function purgeableAtPlacement(response: Response): Purgeable {
  return purged(response) ? "gone" : "taken";
}

/** Whether a map needs no new area: a block of its CPU has as many pages left as it takes. */
export function findsRoomInBlock(before: World, command: Command): boolean {
  if (command.op !== "mapRam" || command.count === 0 || !fitsBlock(before.scope, command.count)) return false;
  return before.blockHasLeft(command.cpu, roundedUp(command.count));
}

/**
 * The lowest place in the lowest hole that has room for the request wherever its alignment falls: size + align - 1
 * bytes. A hole of whole pages has all of them or lacks a page. The hole may extend beyond the window.
 */
export function roomiestFit(world: World, request: Request, purgeable: Purgeable): Vpn | undefined {
  const { size, align, vstart, vend } = request;
  const spare = align === 1 ? 0 : alignmentInPages(align);
  const end = Math.min(vend + spare, world.scope.wordPages - 1);
  const room = { size: size + spare, align: PAGE_SIZE, vstart, vend: end };
  const hole = world.lowestFit(room, purgeable);
  if (hole === undefined) return undefined;
  const place = alignUp(hole, align);
  return place + size + world.promises.guard.inside <= vend ? place : undefined;
}

/** Whether there are nodes that keep pools. */
export function hasPools({ promises, scope }: World): boolean {
  return promises.pools !== "none" && vmapNodes(scope) > 1;
}

/**
 * The node whose pools a command that needs an area searches first, and to which that area returns: the node of its
 * CPU, if the window is exactly the vmalloc window and there are several nodes. Undefined if no node is involved.
 */
export function nodeAsked(world: World, command: Command): number | undefined {
  if (!hasPools(world)) return undefined;
  const { scope } = world;
  const request = requestOf(world, command);
  if (request?.vstart !== scope.vmalloc.vstart || request.vend !== scope.vmalloc.vend) return undefined;
  return cpuOf(command) % vmapNodes(scope);
}

function cpuOf(command: Command): Cpu {
  return "cpu" in command ? (command.cpu ?? 0) : 0;
}

/** Whether the caller does without a purge, and the release knows such callers. */
export function cannotWait(world: World, command: Command): boolean {
  return command.op === "alloc" && command.noblock === true && world.promises.noblock;
}

/** Whether the area may come from a pool. A pool's extents may lie anywhere. */
export function mayComeFromPool(before: World, command: Command, placed: Extent): boolean {
  const node = nodeAsked(before, command);
  return node !== undefined && before.mayBePooled(placed, node);
}

/** Whether a command needs areas, and they fit nowhere while what a purge takes is still there. */
export function searchFailed(before: World, command: Command): boolean {
  if (command.op === "pcpuGet") return before.highestCongruentFit(command, "taken") === undefined;
  const request = requestOf(before, command);
  if (request === undefined || findsRoomInBlock(before, command)) return false;
  return before.lowestFit(request, "taken") === undefined;
}

/**
 * Whether a command that asks for areas can be served: by a block of its CPU, or by free room, with everything released
 * that a purge takes if the caller can wait for one. `lowestFree` counts the pages kept between areas as free; percpu
 * areas keep none.
 */
export function hasRoom(before: World, command: Command, room: "lowestFit" | "lowestFree"): boolean {
  if (command.op === "pcpuGet") return before.highestCongruentFit(command, "gone") !== undefined;
  const request = requestOf(before, command);
  if (request === undefined) return false;
  const purgeable = cannotWait(before, command) ? "taken" : "gone";
  return findsRoomInBlock(before, command) || before[room](request, purgeable) !== undefined;
}

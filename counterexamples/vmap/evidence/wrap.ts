/**
 * Where the search for a request leaves the word: the evidence that distinguishes the three wrap bugs (A4, A10, A11).
 */
import { newArea, requestOf } from "../../../spec/vmap/laws/law.ts";
import { alignUp, type Extent, type Vpn } from "../../../spec/vmap/vocabulary.ts";
import type { Request, World } from "../../../spec/vmap/world.ts";
import type { Evidence } from "../bug.ts";

export type Wrap =
  /** Aligning an address gives 2^W, which is 0. */
  | "alignment"
  /** The area would end at 2^W exactly, which is 0. */
  | "end-at-top"
  /** The area would end beyond 2^W. */
  | "end-beyond-top";

/**
 * How the search for this request may leave the word, or how an area in its way did before. There may be more than one
 * answer: a release that tests for one wrap purges, and its second search, or one that began behind a cached area, may
 * reach another.
 */
export function wrapsOf({ before, command, response }: Evidence): readonly Wrap[] {
  if (command.op === "free") return wrapsOfAreas(before, before.busyAt(command.start));
  const request = requestOf(before, command);
  if (request === undefined) return [];
  if (response.kind === "placed") {
    if (response.start < request.vstart) return ["alignment"];
    const placed = newArea(before, command, response);
    const own = placed === undefined ? [] : wrapsOfAreas(before, placed, ...before.areasIn(placed));
    if (own.length > 0) return own;
  } else {
    // An area that has wrapped before is in the kernel's order with an end below its start.
    const last = before.scope.wordPages - 1;
    const earlier = wrapsOfAreas(before, ...before.areasIn({ start: last, end: Number.POSITIVE_INFINITY }));
    if (earlier.length > 0) return earlier;
  }
  const searches = [wrapOfSearch(before, request, "taken"), wrapOfSearch(before, request, "gone")];
  return [...searches.filter((wrap) => wrap !== undefined), ...wrapsBehindAnyArea(before, request)];
}

function wrapsOfAreas(world: World, ...areas: (Extent | undefined)[]): readonly Wrap[] {
  const top = world.scope.wordPages;
  const wrapped = areas.filter((area) => area !== undefined).filter((area) => area.end >= top);
  return wrapped.map((area) => (area.end === top ? "end-at-top" : "end-beyond-top"));
}

/** How an area of this request's size would leave the word if it began here. */
function wrapFrom(world: World, request: Request, start: Vpn): Wrap | undefined {
  const top = world.scope.wordPages;
  const end = start + request.size + world.promises.guard.inside;
  if (start >= top) return "alignment";
  if (end < top) return undefined;
  return end === top ? "end-at-top" : "end-beyond-top";
}

/** Follows the first fit from below, area by area as the kernels scan, up to the point where it leaves the word. */
function wrapOfSearch(world: World, request: Request, lazy: "taken" | "gone"): Wrap | undefined {
  const { inside, afterArea, beforeNext } = world.promises.guard;
  let start = alignUp(request.vstart, request.align);
  for (;;) {
    const wrap = wrapFrom(world, request, start);
    const end = start + request.size + inside;
    if (wrap !== undefined || end > request.vend) return wrap;
    const inTheWay = world
      .areasIn({ start: start - afterArea, end: end + beforeNext })
      .find((area) => lazy === "taken" || area.life === "busy");
    if (inTheWay === undefined) return undefined;
    start = alignUp(inTheWay.end + afterArea, request.align);
  }
}

/** A search that begins behind a cached area may leave the word although a lower place fits. */
function wrapsBehindAnyArea(world: World, request: Request): readonly Wrap[] {
  const { vstart, align } = request;
  return world
    .areasIn({ start: vstart, end: world.scope.wordPages })
    .map((area) => wrapFrom(world, request, alignUp(area.end + world.promises.guard.afterArea, align)))
    .filter((wrap) => wrap !== undefined);
}

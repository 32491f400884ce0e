/** The evidence that distinguishes bugs: what was left in blocks, the releases that had a bug, and how addresses wrapped. */
import { bugsIn } from "../../kernels/versions.ts";
import { CHANGES } from "../../spec/vmap/bibliography.ts";
import { type Change, type Version, versionOf } from "../../spec/vmap/change.ts";
import { newArea, requestOf } from "../../spec/vmap/laws/law.ts";
import { BASE_OF_DRAFTS, RELEASES } from "../../spec/vmap/releases.ts";
import { alignUp, type Extent, type Vpn } from "../../spec/vmap/vocabulary.ts";
import type { AreaView, Request, World } from "../../spec/vmap/world.ts";
import type { Evidence } from "./bug.ts";

/** The releases whose vm_unmap_aliases purges every block in which nothing is mapped (02b709df817c to 6.4). */
export const PURGING_ALL_FRAGMENTED: readonly string[] = [
  "2.6.37",
  "2.6.39",
  "3.1",
  "3.10.65",
  "3.16",
  "4.4",
  "4.15.0",
  "4.15.18-ubuntu",
  "5.2",
  "5.10",
  "5.11",
  "5.17",
  "6.1",
  "6.4",
  "piggin-draft-1",
  "piggin-draft-3",
];

/** The blocks, as they were before the call, in which something unmapped is still translated, or may be. */
export function blocksWithStale({ before, response }: Evidence): readonly AreaView[] {
  const blockAt = (page: Vpn) =>
    before.areasIn({ start: page, end: page + 1 }).filter(({ block }) => block !== undefined);
  if (response.kind === "pinned") {
    const page = before.lastMappedAt(response.frame);
    return page === undefined ? [] : blockAt(page);
  }
  if (response.kind !== "done" || response.aliases === undefined) return [];
  const { staleTlb, deadTlb, deadPtes } = response.aliases;
  const blocks = [...staleTlb, ...deadTlb].flatMap(({ page }) => blockAt(page));
  if (blocks.length > 0 || deadPtes === 0) return blocks;
  // PTEs are only counted: any block with pages given back may have them.
  const everywhere = { start: 0, end: before.scope.wordPages };
  return before.areasIn(everywhere).filter(({ block }) => block !== undefined && block.givenBack > 0);
}

/** Whether a block had given out all its pages: it is then on no list. */
export function isUsedUp({ start, end, block }: AreaView): boolean {
  return block !== undefined && block.given === end - start;
}

/** Whether blocks in which nothing is mapped were left, and no other descriptors. */
export function leavesFragments({ before, after }: Evidence): boolean {
  if (after === undefined || after.leakedDescriptors > before.leakedDescriptors) return false;
  return after.fragmentedBlocks() > 0;
}

/** Everything that is flushed again lies in blocks to which pages were given back. */
export function liesInBlocks({ before, response }: Evidence): boolean {
  return response.flushes
    .filter((flush) => !before.unflushedIn(flush))
    .every((flush) => before.areasIn(flush).some(({ block }) => (block?.givenBack ?? 0) > 0));
}

// The first and the last release that has a bug, and the modelled ones among those between: from the table of changes.

/** From the change that brought a bug to the one that ended it. */
interface Span {
  /** Undefined where the bug is older than the table. */
  readonly since: Change | undefined;
  /** Undefined where the newest release known has it. */
  readonly until: Change | undefined;
}

/** Every span of a bug, oldest first: more than one if it came back, none if no release of the table had it. */
export function spansOf(slug: string): readonly Span[] {
  const spans: Span[] = [];
  for (const change of CHANGES) {
    const open = spans.at(-1);
    if (change.begins.includes(slug)) spans.push({ since: change, until: undefined });
    if (!change.ends.includes(slug)) continue;
    if (open === undefined) spans.push({ since: undefined, until: change });
    else spans[spans.length - 1] = { ...open, until: change };
  }
  return spans;
}

/**
 * The kernels of releases and drafts that have a bug by that table, by age, except that the kernel on which its
 * histories were pinned comes first.
 */
export function kernelsWith(slug: string, pinnedOn: string): readonly string[] {
  const names = RELEASES.filter(({ like }) => like === undefined).map(({ labels }) => labels[0] as string);
  const having = names.filter((name) => {
    const version = versionFor(name);
    return version !== undefined && bugsIn(version).has.includes(slug);
  });
  return [pinnedOn, ...having.filter((name) => name !== pinnedOn)];
}

/** Of a release or a draft. A kernel of one's own is not listed, whatever its name: it inherits (jobs/lineage.ts). */
function versionFor(name: string): Version | undefined {
  if (name.startsWith("piggin-draft-")) return versionOf(BASE_OF_DRAFTS);
  const version = versionOf(name);
  const isRelease = version?.suffix === "" || CHANGES.some(({ trees }) => trees.includes(name));
  return isRelease ? version : undefined;
}

/** What ended it for some callers only. */
export function narrowedBy(slug: string): readonly Change[] {
  return CHANGES.filter(({ narrows }) => narrows.includes(slug));
}

/** Whether no release has it: it began and ended between two release candidates. */
export function isUnreleased(spans: readonly Span[]): boolean {
  return spans.every(({ since, until }) => {
    const base = (change: Change | undefined) => change?.release.replace(/-rc\d+$/, "");
    return since !== undefined && until !== undefined && base(since) === base(until);
  });
}

// Where the search for a request leaves the word: the evidence that distinguishes the three wrap bugs (A4, A10, A11).

type Wrap =
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

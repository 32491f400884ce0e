/** One reading of /proc/vmallocinfo: how the space is used, where there is room, and what it shows to be wrong. */
import type { LawId } from "../../../spec/contract.ts";
import type { InfoArea } from "../../../spec/vmap/log.ts";
import type { Promises } from "../../../spec/vmap/promises.ts";
import {
  alignmentInPages,
  alignUp,
  type Bytes,
  type Extent,
  PAGE_SIZE,
  type Pages,
  type Vpn,
} from "../../../spec/vmap/vocabulary.ts";
import { hex } from "./window.ts";

/** Areas that lie together: the vmalloc window, that of modules. Between two there is nothing for a GiB. */
export interface Region extends Extent {
  readonly areas: number;
  readonly livePages: Pages;
  readonly lazyPages: Pages;
  readonly holes: readonly Extent[];
  readonly holePages: Pages;
  /** What part of the free pages between areas does not lie in the largest hole. */
  readonly fragmentation: number;
  /** The largest size that fits between areas, by alignment. */
  readonly largest: readonly { readonly align: Bytes; readonly pages: Pages }[];
}

interface User {
  readonly name: string;
  readonly areas: number;
  readonly pages: Pages;
}

interface Fault {
  readonly law: LawId;
  readonly says: string;
}

export interface ReadingReport {
  readonly areas: number;
  readonly lazy: number;
  readonly regions: readonly Region[];
  readonly callers: readonly User[];
  readonly uses: readonly User[];
  /** Pairs of areas in use of which one begins where the other ends; and those without a guard page between. */
  readonly adjacent: number;
  readonly unguarded: number;
  readonly faults: readonly Fault[];
}

/** A GiB: windows lie further apart, and holes in one are smaller; percpu areas at the top of one are a region too. */
const APART: Pages = 2 ** 18;
const ALIGNMENTS: readonly Bytes[] = [PAGE_SIZE, 16384, 65536, 2 ** 21];

export function readingReport(unsorted: readonly InfoArea[]): ReadingReport {
  const areas = unsorted.toSorted((a, b) => a.start - b.start);
  const live = areas.filter(({ lazy }) => !lazy);
  const faults: Fault[] = [];
  let [adjacent, unguarded] = [0, 0];
  for (const [at, area] of areas.entries()) {
    const next = areas[at + 1];
    if (next === undefined) break;
    if (next.start < area.end)
      faults.push({
        law: "no-overlap",
        says: `${hex(next)} (${nameOf(next)}) overlaps ${hex(area)} (${nameOf(area)})`,
      });
    if (next.start !== area.end || area.lazy || next.lazy) continue;
    adjacent += 1;
    if (area.use !== "vmalloc" || area.pages !== area.end - area.start) continue;
    unguarded += 1;
    faults.push({
      law: "guard-between-vmaps",
      says: `${hex(area)} (${nameOf(area)}) is mapped to its end, where ${hex(next)} (${nameOf(next)}) begins`,
    });
  }
  return {
    areas: live.length,
    lazy: areas.length - live.length,
    regions: regionsOf(areas),
    callers: users(live, nameOf),
    uses: users(areas, ({ lazy, use }) => (lazy ? "unpurged" : use || "not said")),
    adjacent,
    unguarded,
    faults,
  };
}

const nameOf = ({ caller, use }: InfoArea): string => caller || use || "not said";

function users(areas: readonly InfoArea[], by: (area: InfoArea) => string): readonly User[] {
  const found = new Map<string, { areas: number; pages: number }>();
  for (const area of areas) {
    const known = found.get(by(area)) ?? { areas: 0, pages: 0 };
    found.set(by(area), { areas: known.areas + 1, pages: known.pages + area.end - area.start });
  }
  return [...found].map(([name, counts]) => ({ name, ...counts })).sort((a, b) => b.pages - a.pages);
}

function regionsOf(areas: readonly InfoArea[]): readonly Region[] {
  const groups: InfoArea[][] = [];
  for (const area of areas) {
    const last = groups.at(-1);
    if (last === undefined || area.start - (last.at(-1) as InfoArea).end > APART) groups.push([area]);
    else last.push(area);
  }
  return groups.map((group) => {
    const extent = { start: (group[0] as InfoArea).start, end: Math.max(...group.map(({ end }) => end)) };
    const holes = holesIn(extent, group);
    const sum = (all: readonly Extent[]) => all.reduce((pages, { start, end }) => pages + end - start, 0);
    const holePages = sum(holes);
    const largest = Math.max(0, ...holes.map(({ start, end }) => end - start));
    return {
      ...extent,
      areas: group.length,
      livePages: sum(group.filter(({ lazy }) => !lazy)),
      lazyPages: sum(group.filter(({ lazy }) => lazy)),
      holes,
      holePages,
      fragmentation: holePages === 0 ? 0 : 1 - largest / holePages,
      largest: ALIGNMENTS.map((align) => ({
        align,
        pages: Math.max(0, ...holes.map(({ start, end }) => end - alignUp(start, align))),
      })),
    };
  });
}

function holesIn({ start, end }: Extent, areas: readonly Extent[]): readonly Extent[] {
  const holes: Extent[] = [];
  let from = start;
  for (const area of areas) {
    if (area.start > from) holes.push({ start: from, end: area.start });
    from = Math.max(from, area.end);
  }
  if (end > from) holes.push({ start: from, end });
  return holes;
}

/** Where a request goes. Undefined: it does not fit, even after a purge. */
export interface Fit {
  readonly start: Vpn | undefined;
  /** Whether it fits only after a purge, and then in place of these lazy areas. */
  readonly purged: readonly Extent[];
  readonly needsPurge: boolean;
}

/** Where a release places an area of this size, by its rules of search and distance; pools of nodes are not seen. */
export function fitOf(
  areas: readonly InfoArea[],
  window: Extent,
  request: { readonly size: Pages; readonly align: Bytes },
  { laws, guard }: Promises,
): Fit {
  const { size, align } = request;
  const exact = laws.includes("lowest-fit") || (laws.includes("lowest-fit-at-a-page") && align <= PAGE_SIZE);
  const search = (taken: readonly Extent[]) =>
    lowest(
      taken,
      window,
      exact ? size : size + alignmentInPages(align) - 1,
      exact ? align : PAGE_SIZE,
      guard,
    );
  const sorted = areas.toSorted((a, b) => a.start - b.start);
  const beside = search(sorted);
  if (beside !== undefined) return { start: alignUp(beside, align), purged: [], needsPurge: false };
  const after = search(sorted.filter(({ lazy }) => !lazy));
  if (after === undefined) return { start: undefined, purged: [], needsPurge: true };
  const start = alignUp(after, align);
  const purged = sorted.filter((area) => area.lazy && area.start < start + size && start < area.end);
  return { start, purged, needsPurge: true };
}

function lowest(
  taken: readonly Extent[],
  window: Extent,
  size: Pages,
  align: Bytes,
  { afterArea, beforeNext }: Promises["guard"],
): Vpn | undefined {
  let from = window.start;
  for (const area of taken) {
    if (area.end + afterArea <= from) continue;
    const start = alignUp(from, align);
    if (start + size + beforeNext <= area.start) break;
    from = Math.max(from, area.end + afterArea);
  }
  const start = alignUp(from, align);
  return start + size <= window.end ? start : undefined;
}

/** One step of a replayed history: its text, and the address space after it. */

import type { Difference } from "../../adapters/vmap/conform.ts";
import type { Trace } from "../../adapters/vmap/recording.ts";
import { commandText, cpusText, responseText, spaceText } from "../../jobs/command-text.ts";
import { blameFor } from "../../jobs/vmap/blame.ts";
import type { Area } from "../../model/vmap/area.ts";
import type { PooledExtents } from "../../model/vmap/pool-beliefs.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { Vmap } from "../../properties/vmap/terms.ts";
import { endsHistory } from "../../spec/vmap/commands.ts";
import { newAreas, placedExtent, requestOf } from "../../spec/vmap/laws/law.ts";
import { blockStart, fitsBlock } from "../../spec/vmap/scope.ts";
import { type Extent, roundedUp, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { textWidth } from "../output.ts";
import type * as drawing from "./drawing.ts";
import { statesOfKernel } from "./kernel-state.ts";
import {
  areaRow,
  type DrawnArea,
  drawMap,
  isDrawn,
  letterFor,
  type MapRow,
  type Pages,
  pagesAround,
  pagesNear,
} from "./map.ts";
import { filled } from "./text.ts";

type Shown = drawing.Shown<Vmap>;
type GotBy = drawing.GotBy;

/** By start address. */
function noteGot(got: GotBy, now: Shown): void {
  for (const start of startsOf(now)) got.set(start, now.index);
}

/** The lazy pages above which a free purges, where the scope sets them; no space has as many as its word. */
const limitText = ({ lazyMaxPages, wordPages }: Vmap["scope"]): string => {
  if (lazyMaxPages === null) return "";
  return lazyMaxPages < wordPages ? `, a purge above ${lazyMaxPages} lazy pages` : ", no limit of lazy pages";
};

/** The note below a picture that was cut. */
const CUT = "  (what is nearest to this step, and not all)";

/** Each step with its map, with one letter for each command's area or map. */
function* maps(
  played: Iterable<Shown>,
  { got = new Map(), width, violation }: drawing.MapOptions = {},
): Generator<{ readonly now: Shown; readonly map: string[] }, void, undefined> {
  const blameOf = (now: Shown) =>
    violation?.index === now.index && now.response !== undefined && !endsHistory(now.response)
      ? blameFor(violation.law, now)
      : undefined;
  const extents: Extent[] = [];
  let wordPages = 0;
  for (const now of played) {
    wordPages = now.before.scope.wordPages;
    extents.push(...extentsOf(now), ...(blameOf(now)?.marks ?? []));
  }
  const pages = pagesAround(extents, wordPages);
  const letterAt = (start: Vpn) => {
    const by = got.get(start);
    return by === undefined ? "?" : letterFor(by);
  };
  for (const now of played) {
    noteGot(got, now);
    const blame = blameOf(now);
    const map =
      pages.length === 0 ? [] : mapAfter(now, letterAt, { pages, width, marks: blame?.marks ?? [] });
    yield { now, map: blame === undefined ? map : [...map, ...filled(blame.text, 2, width ?? textWidth())] };
  }
}

interface Pictured {
  readonly pages: Pages;
  readonly width: number | undefined;
  /** Where the law is violated. */
  readonly marks: readonly Extent[];
}

function mapAfter(now: Shown, letterAt: (start: Vpn) => string, { pages, width, marks }: Pictured): string[] {
  const shown = pagesNear(pages, [...marks, ...focusOf(now)]);
  const world = now.after ?? now.before;
  const areas = world.areas.filter((area) => isDrawn(area, shown));
  const plain: DrawnArea[] = areas
    .filter((area) => area.block === undefined)
    .map(({ start, end, life }) => ({ start, end, lazy: life !== "busy", letter: letterAt(start) }));
  const rows = [...blockRows(areas, letterAt), ...pteRow(now), ...tlbRows(now), ...cacheRow(now)];
  const any = plain.length > 0 || rows.length === 0;
  const map = drawMap(
    [
      ...windowRow(now),
      ...(any ? [areaRow(plain)] : []),
      ...poolRow(world.pooled, shown),
      ...rows,
      ...pagesRow("violation", marks, "^"),
    ],
    shown,
    width,
  );
  return shown.length < pages.length ? [...map, CUT] : map;
}

/** The start of what a step got: an area, a map, or several percpu areas. */
function startsOf({ before, command, response }: Shown): readonly Vpn[] {
  if (command === undefined || response?.kind !== "placed") return [];
  if (command.op !== "pcpuGet") return [response.start];
  return newAreas(before, command, response).map(({ start }) => start);
}

/** The extents that a step points at: the placed or requested ones, those still translated, and the flushed ones. */
function focusOf(now: Shown): Extent[] {
  const { response } = now;
  const aliases = response?.kind === "done" ? response.aliases : undefined;
  const entries = [...(aliases?.deadTlb ?? []), ...(aliases?.staleTlb ?? [])];
  return [...extentsOf(now), ...entries.map(({ page }) => onePage(page)), ...(response?.flushes ?? [])];
}

const onePage = (vpn: Vpn): Extent => ({ start: vpn, end: vpn + 1 });

/**
 * The pages that a step adds to the picture: placed ones, the start of a window in which it was refused, or a page it
 * names.
 */
function extentsOf({ command, response, before }: Shown): Extent[] {
  if (command === undefined) return [];
  if (command.op === "pcpuGet") {
    const { vstart, vend } = before.scope.vmalloc;
    return [
      ...(response === undefined ? [] : newAreas(before, command, response)),
      { start: vstart, end: vend },
    ];
  }
  if ("page" in command) return [onePage(command.page)];
  if ("start" in command) return [onePage(command.start)];
  const request = requestOf(before, command);
  if (request === undefined) return [];
  if (response?.kind !== "placed") return [{ start: request.vstart, end: request.vstart + request.size }];
  if (command.op !== "mapRam" || !fitsBlock(before.scope, command.count))
    return [placedExtent(before, request, response.start)];
  const { start } = response;
  return [
    { start, end: start + command.count },
    { start, end: start + roundedUp(command.count) },
    placedExtent(before, request, blockStart(before.scope, start)),
  ];
}

/** The window of percpu areas, which their command does not name: the whole vmalloc space. */
function windowRow({ command, before }: Shown): MapRow[] {
  const { vstart: start, vend: end } = before.scope.vmalloc;
  return command?.op === "pcpuGet" ? pagesRow("window", [{ start, end }], "=") : [];
}

/** A letter for the pages of these extents; no row if there are none. */
function pagesRow(label: string, extents: readonly Extent[], letter: string): MapRow[] {
  const has = (vpn: Vpn) => extents.some(({ start, end }) => start <= vpn && vpn < end);
  return extents.length === 0 ? [] : [{ label, at: (vpn) => (has(vpn) ? letter : ".") }];
}

/** The number of the node whose pool holds a page, `?` if it may not hold it; only if a pool holds a shown page. */
export function poolRow(pooled: PooledExtents, shown: Pages): MapRow[] {
  if (!pooled.some((each) => isDrawn(each, shown))) return [];
  const at = (vpn: Vpn) => {
    const holder = pooled.find(({ start, end }) => start <= vpn && vpn < end);
    if (holder === undefined) return ".";
    return holder.sure ? String(holder.node).slice(-2) : "?";
  };
  return [{ label: "pool", at }];
}

/** Maps in blocks: lower case once unmapped, `-` for a page that the block has not given out or that rounding took. */
function blockRows(areas: readonly Area[], letterAt: (start: Vpn) => string): MapRow[] {
  const blocks = areas.filter((area) => area.block !== undefined);
  if (blocks.length === 0) return [];
  const at = (vpn: number) => {
    const block = blocks.find((area) => area.start <= vpn && vpn < area.end)?.block;
    if (block === undefined) return ".";
    const map = block.maps.find(({ start, count }) => start <= vpn && vpn < start + count);
    if (map === undefined) return "-";
    const letter = letterAt(map.start);
    return map.held ? letter : letter.toLowerCase();
  };
  return [{ label: "block", at }];
}

/** The frames that page tables say are here, if anything is mapped; `*` for a PTE without an owner. */
function pteRow(now: Shown): MapRow[] {
  const world = now.after ?? now.before;
  if (world.ptes === 0) return [];
  const at = (vpn: number) => {
    const frame = world.frameAt(vpn);
    if (frame !== undefined) return String(frame).slice(-2);
    return world.pteAt(vpn) === undefined ? "." : "*";
  };
  return [{ label: "pte", at }];
}

function tlbRows(now: Shown): MapRow[] {
  const world = now.after ?? now.before;
  return [...world.tlbs.entries()]
    .filter(([, tlb]) => !tlb.isEmpty())
    .sort(([a], [b]) => a - b)
    .map(([cpu, tlb]) => ({ label: `cpu ${cpu}`, at: (vpn) => String(tlb.get(vpn) ?? ".").slice(-2) }));
}

/** Dirty lines in a cache indexed by virtual address, if there are any. */
function cacheRow({ response }: Shown): MapRow[] {
  const { dirtyLines = [] } = response ?? {};
  if (dirtyLines.length === 0) return [];
  return [{ label: "cache", at: (vpn) => (dirtyLines.includes(vpn) ? "w" : ".") }];
}

/** The data of a map of the address space. `step`: the one that got it, from 1, or null. */
function pictureOf(world: ImmutableWorld, got: GotBy) {
  const stepAt = (start: number) => {
    const by = got.get(start);
    return by === undefined ? null : by + 1;
  };
  const areas = world.areas.filter(({ block }) => block === undefined);
  const blocks = world.areas.filter(({ block }) => block !== undefined);
  return {
    areas: areas.map(({ start, end, life, mapped, frame }) => {
      const frames = mapped > 0 ? { mapped, frame } : {};
      return { step: stepAt(start), start, end, life, ...frames };
    }),
    blocks: blocks.map(({ start, end, life, block }) => ({ start, end, life, cpu: block?.cpu ?? 0 })),
    maps: blocks.flatMap(({ block }) =>
      [...(block?.maps ?? [])].map(({ start, count, frame, held }) => {
        return { step: stepAt(start), start, count, frame, held };
      }),
    ),
    dead: world.dead.map(({ start, end, frame, ptes }) => ({ start, end, frame, ptes })),
    tlbs: [...world.tlbs].flatMap(([cpu, tlb]) => [...tlb].map(([page, frame]) => ({ cpu, page, frame }))),
    pools: world.pooled.map(({ node, start, end, sure }) => ({ node, start, end, sure })),
  };
}

/** The areas before a command. */
function before({ scope, exchanges }: Trace, { index, before, response: ours }: Difference): string[] {
  const { command, response } = exchanges[index] as Trace["exchanges"][number];
  const areas = before.areas.map(({ start, end, lazy }, at) => ({ start, end, lazy, letter: letterFor(at) }));
  const placed = [response, ours].flatMap((each) =>
    each.kind === "placed" ? [{ start: each.start, end: each.start + 1 }] : [],
  );
  const asked = command.op === "alloc" ? [{ start: command.vstart, end: command.vend }] : [];
  const around = [...placed, ...asked];
  const pages = pagesNear(pagesAround([...areas, ...around], scope.wordPages), around);
  return pages.length > 0 ? drawMap([areaRow(areas)], pages) : [];
}

export const VMAP_DRAWING: drawing.Drawing<Vmap> = {
  command: commandText,
  response: responseText,
  alsoDiffers(response, kinds) {
    const { pteSet, pteCleared, lazyPages } = response;
    const ptes = kinds.includes("ptes") ? `; PTEs: ${pteSet} set, ${pteCleared} cleared` : "";
    return kinds.includes("lazy-pages") ? `${ptes}; lazy pages: ${lazyPages}` : ptes;
  },
  idle: (step) =>
    "area" in step ? `${step.op} of what command ${step.area + 1} got  ->  it got nothing` : step.op,
  scope: (scope) => `${spaceText(scope)}, ${cpusText(scope)}${limitText(scope)}`,
  cpus: cpusText,
  noteGot,
  maps,
  consequencesOf: "areas that overlap already",
  legend:
    "A letter is the area of the step it counts (A: step 1), lower case once it was freed; ^ marks where the law is violated.",
  picture: pictureOf,
  before,
  states: statesOfKernel,
};

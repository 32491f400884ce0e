/** One step of a replayed history: its text, and the address space after it. */
import type { Area } from "../../model/area.ts";
import type { PooledExtents } from "../../model/pools.ts";
import type { VmapPlayed } from "../../properties/setting.ts";
import type { HistoryStep } from "../../spec/history.ts";
import { newAreas, placedExtent, requestOf } from "../../spec/laws/law.ts";
import { blockStart, fitsBlock } from "../../spec/scope.ts";
import { type Extent, roundedUp, type Vpn } from "../../spec/vocabulary.ts";
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
import { commandText, responseText } from "./text.ts";

/** Text of a step that did nothing, since what it names was refused or is gone. */
function idleText(step: HistoryStep): string {
  return "area" in step ? `${step.op} of what command ${step.area + 1} got  ->  nothing is there` : step.op;
}

/** `step 3 of 5:  command  ->  reply`. */
export function stepLine({ index, step, command, response }: VmapPlayed, of: number): string {
  const text =
    command === undefined || response === undefined
      ? idleText(step)
      : `${commandText(command)}  ->  ${responseText(response)}`;
  return `step ${index + 1} of ${of}:  ${text}`;
}

/** Where a picture was cut, since more happens in the history than fits. */
const CUT = "  (what is nearest to this step, and not all)";

/** The world after each step of a history, as maps with one letter for each command's area or map. */
export function mapsOf(played: readonly VmapPlayed[]): string[][] {
  const wordPages = played[0]?.before.scope.wordPages ?? 0;
  const pages = pagesAround(played.flatMap(extentsOf), wordPages);
  const letters = new Map<Vpn, string>();
  return played.map((now) => {
    for (const start of startsOf(now)) letters.set(start, letterFor(now.index));
    return pages.length === 0 ? [] : mapAfter(now, letters, pages);
  });
}

function mapAfter(now: VmapPlayed, letters: ReadonlyMap<Vpn, string>, pages: Pages): string[] {
  const shown = pagesNear(pages, focusOf(now));
  const world = now.after ?? now.before;
  const areas = world.areas.filter((area) => isDrawn(area, shown));
  const plain: DrawnArea[] = areas
    .filter((area) => area.block === undefined)
    .map(({ start, end, life }) => ({
      start,
      end,
      lazy: life !== "busy",
      letter: letters.get(start) ?? "?",
    }));
  const rows = [...blockRows(areas, letters), ...pteRow(now), ...tlbRows(now), ...cacheRow(now)];
  const any = plain.length > 0 || rows.length === 0;
  const map = drawMap([...(any ? [areaRow(plain)] : []), ...poolRow(world.pooled, shown), ...rows], shown);
  return shown.length < pages.length ? [...map, CUT] : map;
}

/** Where what a step was given begins: an area, a map, or several percpu areas. */
function startsOf({ before, command, response }: VmapPlayed): readonly Vpn[] {
  if (command === undefined || response?.kind !== "placed") return [];
  if (command.op !== "pcpuGet") return [response.start];
  return newAreas(before, command, response).map(({ start }) => start);
}

/** Where a step points: at what it placed or asked for, at what is still translated, and at what it flushed. */
function focusOf(now: VmapPlayed): Extent[] {
  const { response } = now;
  const aliases = response?.kind === "done" ? response.aliases : undefined;
  const entries = [...(aliases?.deadTlb ?? []), ...(aliases?.staleTlb ?? [])];
  return [...extentsOf(now), ...entries.map(({ page }) => onePage(page)), ...(response?.flushes ?? [])];
}

const onePage = (vpn: Vpn): Extent => ({ start: vpn, end: vpn + 1 });

/** What a step adds to the picture: what it placed, the beginning of a window in which it was refused, a page it names. */
function extentsOf({ command, response, before }: VmapPlayed): Extent[] {
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

/** The number of the node whose pool holds a page, `?` where it does so only perhaps; if any page shown is held. */
export function poolRow(pooled: PooledExtents, shown: Pages): MapRow[] {
  if (!pooled.some((each) => isDrawn(each, shown))) return [];
  const at = (vpn: Vpn) => {
    const holder = pooled.find(({ start, end }) => start <= vpn && vpn < end);
    if (holder === undefined) return ".";
    return holder.sure ? String(holder.node).slice(-2) : "?";
  };
  return [{ label: "pool", at }];
}

/** Maps in blocks: lower case once let go, `-` for a page that the block has not given out or that rounding took. */
function blockRows(areas: readonly Area[], letters: ReadonlyMap<number, string>): MapRow[] {
  const blocks = areas.filter((area) => area.block !== undefined);
  if (blocks.length === 0) return [];
  const at = (vpn: number) => {
    const block = blocks.find((area) => area.start <= vpn && vpn < area.end)?.block;
    if (block === undefined) return ".";
    const map = block.maps.find(({ start, count }) => start <= vpn && vpn < start + count);
    if (map === undefined) return "-";
    const letter = letters.get(map.start) ?? "?";
    return map.held ? letter : letter.toLowerCase();
  };
  return [{ label: "block", at }];
}

/** The frames that page tables say are here, if anything is mapped; `*` for a PTE nobody owns any more. */
function pteRow(now: VmapPlayed): MapRow[] {
  const world = now.after ?? now.before;
  if (world.ptes === 0) return [];
  const at = (vpn: number) => {
    const frame = world.frameAt(vpn);
    if (frame !== undefined) return String(frame).slice(-2);
    return world.pteAt(vpn) === undefined ? "." : "*";
  };
  return [{ label: "pte", at }];
}

function tlbRows(now: VmapPlayed): MapRow[] {
  const world = now.after ?? now.before;
  return [...world.tlbs.entries()]
    .filter(([, tlb]) => !tlb.isEmpty())
    .sort(([a], [b]) => a - b)
    .map(([cpu, tlb]) => ({ label: `cpu ${cpu}`, at: (vpn) => String(tlb.get(vpn) ?? ".").slice(-2) }));
}

/** Dirty lines in a cache indexed by virtual address, if there are any. */
function cacheRow({ response }: VmapPlayed): MapRow[] {
  const { dirtyLines = [] } = response ?? {};
  if (dirtyLines.length === 0) return [];
  return [{ label: "cache", at: (vpn) => (dirtyLines.includes(vpn) ? "w" : ".") }];
}

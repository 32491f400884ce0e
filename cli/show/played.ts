/** One step of a replayed history: its text, and the address space after it. */
import type { Area } from "../../model/area.ts";
import type { PooledExtents } from "../../model/pools.ts";
import type { VmapPlayed } from "../../properties/setting.ts";
import type { HistoryStep } from "../../spec/history.ts";
import { newAreas, placedExtent, requestOf } from "../../spec/laws/law.ts";
import { blockStart, fitsBlock } from "../../spec/scope.ts";
import { type Extent, overlaps, type Vpn } from "../../spec/vocabulary.ts";
import { areaRow, type DrawnArea, drawMap, letterFor, type MapRow, stretch } from "./map.ts";
import { commandText, responseText } from "./text.ts";

/** Text of a step that did nothing, since what it names got nothing. */
function idleText(step: HistoryStep): string {
  return "area" in step ? `${step.op} of what command ${step.area + 1} got  ->  it got nothing` : step.op;
}

/** `step 3 of 5:  command  ->  reply`. */
export function stepLine({ index, step, command, response }: VmapPlayed, of: number): string {
  const text =
    command === undefined || response === undefined
      ? idleText(step)
      : `${commandText(command)}  ->  ${responseText(response)}`;
  return `step ${index + 1} of ${of}:  ${text}`;
}

/** The world after each step of a history, as maps with one letter for each command's area or map. */
export function mapsOf(played: readonly VmapPlayed[]): string[][] {
  const extents = played.flatMap((now) => [...whatIsDrawn(now), ...percpuWindow(now)]);
  const wordPages = played[0]?.before.scope.wordPages ?? 0;
  if (extents.length === 0) return played.map(() => []);
  const shown = stretch(extents, wordPages, focusOf(played.at(-1)));
  const letters = new Map<number, string>();
  return played.map((now) => {
    for (const start of startsOf(now)) letters.set(start, letterFor(now.index));
    const world = now.after ?? now.before;
    const areas = world.areas.toArray();
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
    return drawMap([...(any ? [areaRow(plain)] : []), ...poolRow(world.pooled, shown), ...rows], shown);
  });
}

/** Where what a step was given begins: an area, a map, or several percpu areas. */
function startsOf({ before, command, response }: VmapPlayed): readonly Vpn[] {
  if (command === undefined || response?.kind !== "placed") return [];
  if (command.op !== "pcpuGet") return [response.start];
  return newAreas(before, command, response).map(({ start }) => start);
}

/** Where the last step points: at what is still translated, at what it flushed, or at what it asked for. */
function focusOf(last: VmapPlayed | undefined): Extent[] {
  if (last?.response === undefined) return [];
  const { response, command } = last;
  const aliases = response.kind === "done" ? response.aliases : undefined;
  const entries = [...(aliases?.deadTlb ?? []), ...(aliases?.staleTlb ?? [])];
  if (entries.length > 0) return entries.map(({ page }) => ({ start: page, end: page + 1 }));
  if (command !== undefined && "start" in command) return [{ start: command.start, end: command.start + 1 }];
  return [...whatIsDrawn(last), ...response.flushes];
}

/** What a step asked for: where it was placed, or the beginning of its window. */
function whatIsDrawn({ command, response, before }: VmapPlayed): Extent[] {
  if (command === undefined) return [];
  if (command.op === "pcpuGet") return response === undefined ? [] : [...newAreas(before, command, response)];
  const request = requestOf(before, command);
  if (request === undefined) return [];
  if (response?.kind !== "placed") return [{ start: request.vstart, end: request.vstart + request.size }];
  const small = command.op === "mapRam" && fitsBlock(before.scope, command.count);
  const start = small ? blockStart(before.scope, response.start) : response.start;
  return [placedExtent(before, request, start)];
}

/** Percpu areas are sought in all of the vmalloc window. */
function percpuWindow({ command, before }: VmapPlayed): Extent[] {
  const { vstart, vend } = before.scope.vmalloc;
  return command?.op === "pcpuGet" ? [{ start: vstart, end: vend }] : [];
}

/** The number of the node whose pool holds a page, `?` where it does so only perhaps; if any page shown is held. */
export function poolRow(pooled: PooledExtents, shown: Extent): MapRow[] {
  if (!pooled.some((each) => overlaps(each, shown))) return [];
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

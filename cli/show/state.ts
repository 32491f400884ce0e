/** A state in words: of a protocol by its fields, of a kernel by what is where. For graphs, and runs written as ITF. */
import type { ItfValue } from "../../adapters/itf.ts";
import { type Field, type Layout, memberText } from "../../engine/search/layout.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { Dump } from "../../spec/vmap/kernel.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import { extentText, page } from "./text.ts";

/** The fields by the names of their arrays: values by name, lists, and lists of lists. */
export function variablesOf(layout: Layout, state: Int32Array): Record<string, ItfValue> {
  const variables: Record<string, ItfValue> = {};
  for (const { name, over } of layout.fields) {
    const array = arrayName(name);
    if (array in variables) continue;
    const values = layout.fields
      .filter((each) => arrayName(each.name) === array)
      .map((each) => layout.read(each, state));
    const [rows, columns] = over;
    if (rows === undefined) variables[array] = values[0] as ItfValue;
    else variables[array] = columns === undefined ? values : inRows(values, columns.size);
  }
  return variables;
}

const arrayName = (field: string) => field.replace(/\[.*/, "");

function inRows<T>(values: readonly T[], columns: number): T[][] {
  const rows: T[][] = [];
  for (let at = 0; at < values.length; at += columns) rows.push(values.slice(at, at + columns));
  return rows;
}

/** A line for each field that is not as it was at the beginning; one for adjacent pages of which it says the same. */
export function changedFields(layout: Layout, state: Int32Array, initial: Int32Array): string[] {
  const changed = layout.fields.filter((field) => field.get(state) !== field.get(initial));
  const lines: { of: string; pages: Extent | undefined; value: string }[] = [];
  for (const field of changed) {
    const line = { of: fieldName(field), pages: pagesOf(field), value: String(layout.read(field, state)) };
    const last = lines.at(-1);
    const isSame = last?.of === line.of && last.value === line.value;
    if (isSame && last.pages !== undefined && last.pages.end === line.pages?.start)
      last.pages = { start: last.pages.start, end: line.pages.end };
    else lines.push(line);
  }
  if (lines.length === 0) return ["as at the beginning"];
  return lines.map(
    ({ of, pages, value }) => `${of}${pages === undefined ? "" : ` ${extentText(pages)}`}: ${value}`,
  );
}

/** The page that a field speaks of, if it is declared over pages alone. */
function pagesOf({ over: [set, other], at: [page = 0] }: Field): Extent | undefined {
  return set?.name === "pages" && other === undefined ? { start: page, end: page + 1 } : undefined;
}

/** `tlb of CPU 0, page 1`. */
function fieldName(field: Field): string {
  const { name, over, at } = field;
  if (over.length === 0 || pagesOf(field) !== undefined) return arrayName(name);
  const members = over.map((set, nth) => memberText(set, at[nth] as number));
  return `${arrayName(name)} of ${members.join(", ")}`;
}

/** What lies where, a line each: areas, blocks with their maps, PTEs, what CPUs translate, pools and the cache. */
export function placesText(world: ImmutableWorld, { cache }: Dump): string[] {
  const lines = world.areas.flatMap((area) => {
    const lazy = area.life === "busy" ? "" : " lazy";
    if (area.block === undefined) return [`area ${extentText(area)}${lazy}`];
    const maps = area.block.maps.map(
      ({ start, count, held }) =>
        `${held ? "mapped" : "unmapped"} ${extentText({ start, end: start + count })}`,
    );
    return [`block ${extentText(area)}${lazy} of CPU ${area.block.cpu}: ${maps.join(", ")}`];
  });
  const pages = Array.from({ length: world.scope.wordPages }, (_none, vpn) => vpn);
  const mapped = world.ptes === 0 ? [] : pages.filter((vpn) => world.pteAt(vpn) !== undefined);
  if (mapped.length > 0) lines.push(`PTEs ${runsText(mapped)}`);
  for (const [cpu, tlb] of [...world.tlbs.entries()].sort(([a], [b]) => a - b))
    if (!tlb.isEmpty())
      lines.push(`CPU ${cpu} translates ${runsText([...tlb.keys()].sort((a, b) => a - b))}`);
  for (const { start, end, node, sure } of world.pooled)
    lines.push(`pool of node ${node}: ${sure ? "" : "perhaps "}${extentText({ start, end })}`);
  if (cache !== undefined && cache.freeVmapCache !== null) {
    const { freeVmapCache, cachedHoleSize, cachedVstart, cachedAlign } = cache;
    lines.push(`free_vmap_cache: area at ${page(freeVmapCache)}, cached_hole_size ${cachedHoleSize}`);
    lines.push(`cached_vstart ${page(cachedVstart)}, cached_align ${cachedAlign}`);
  }
  return lines.length === 0 ? ["empty"] : lines;
}

/** Ascending pages as extents. */
function runsText(pages: readonly Vpn[]): string {
  const runs: Extent[] = [];
  for (const vpn of pages) {
    const last = runs.at(-1);
    if (last?.end === vpn) runs[runs.length - 1] = { start: last.start, end: vpn + 1 };
    else runs.push({ start: vpn, end: vpn + 1 });
  }
  return runs.map(extentText).join(" ");
}

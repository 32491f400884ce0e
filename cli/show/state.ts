/** A state in words: of a protocol by its fields, of a kernel by its extents. For graphs, and runs written as ITF. */
import type { ItfState, ItfValue } from "../../adapters/itf.ts";
import { failedIn } from "../../engine/machine.ts";
import { actionsTo } from "../../engine/search/explore.ts";
import { type Field, type Layout, memberText } from "../../engine/search/layout.ts";
import type { Reached } from "../../engine/search/visitable.ts";
import type { KernelInstance, ProtocolInstance, Report, SubjectInstance } from "../../jobs/subject-types.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { StepMachine } from "../../protocols/program.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import type { Dump } from "../../spec/vmap/kernel.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import { chart } from "./chart.ts";
import { mapsOf, stepLine } from "./step-view.ts";
import { extentText, page } from "./text.ts";

/** The run into a violation, a line a step. */
export function linesOf(instance: SubjectInstance, { run, history, played }: Report): readonly string[] {
  if (instance.grain === "call")
    return [...played.map((step) => stepLine(step, played.length)), ...(mapsOf(played).at(-1) ?? [])];
  return isOfSteps(instance.packed) ? chart(instance.packed, run) : history.map(String);
}

/** Every state on the way of a run, the initial one first. */
export function statesOf(instance: SubjectInstance, run: readonly number[]): ItfState[] {
  return instance.grain === "call" ? statesOfKernel(instance, run) : statesOfProtocol(instance, run);
}

/** A state in a few lines, for a graph. */
export function labelOf(instance: SubjectInstance, number: number, reached: Reached): readonly string[] {
  if (instance.grain === "call") {
    const places = [...placesAfter(instance, actionsTo(reached, number))];
    const { world, dump } = places.at(-1) as (typeof places)[number];
    return placesText(world, dump);
  }
  const { packed } = instance;
  const [state, initial] = [new Int32Array(packed.words), new Int32Array(packed.words)];
  reached.read(number, state);
  packed.initial(initial);
  return changedFields(packed.layout, state, initial);
}

function statesOfProtocol({ packed }: ProtocolInstance, run: readonly number[]): ItfState[] {
  const state = new Int32Array(packed.words);
  packed.initial(state);
  const states = [{ action: "init", variables: fieldsOf(packed, state) }];
  for (const action of run) {
    const taken = packed.actions[action] as (typeof packed.actions)[number];
    // An action whose assertion fails leads nowhere.
    if (failedIn(taken, state).length > 0) break;
    taken.effect(state);
    states.push({ action: taken.name, variables: fieldsOf(packed, state) });
  }
  return states;
}

/** Whether it is a machine of CPUs that take steps. */
const isOfSteps = (packed: ProtocolInstance["packed"]): packed is StepMachine => "draw" in packed;

/** Its fields; of a machine of steps also what a chart shows beside them. */
function fieldsOf(packed: ProtocolInstance["packed"], state: Int32Array): Record<string, ItfValue> {
  const fields = variablesOf(packed.layout, state);
  return isOfSteps(packed) ? { ...fields, drawn: packed.draw(state) } : fields;
}

/** A kernel and the world beside it, from the beginning on. */
function* placesAfter({ kernel, scope, machine }: KernelInstance, run: readonly number[]) {
  const state = kernel.initial(scope);
  const spec = vmapSpec(kernel.release);
  let world = spec.initial(scope);
  yield { command: undefined, response: undefined, dump: kernel.dump(state), world };
  for (const action of run) {
    const command = machine.commands[action] as Command;
    const response = kernel.act(state, command);
    world = spec.after(world, command, response) ?? world;
    yield { command, response, dump: kernel.dump(state), world };
  }
}

function statesOfKernel(instance: KernelInstance, run: readonly number[]): ItfState[] {
  return Array.from(placesAfter(instance, run), ({ command, response, dump, world }) => {
    const reply = response?.kind === "placed" ? `placed at ${response.start}` : (response?.kind ?? "");
    const variables = { ...dumpedVariables(dump), reply, drawn: placesText(world, dump) };
    return { action: command?.op ?? "init", variables };
  });
}

function dumpedVariables({ areas, cache, lazyPages }: Dump): Record<string, ItfValue> {
  return {
    areas: areas.map(({ start, end, lazy }) => ({ start, end, lazy })),
    lazyPages: lazyPages ?? 0,
    // -1 where no area is cached.
    freeVmapCache: cache?.freeVmapCache ?? -1,
    cachedHoleSize: cache?.cachedHoleSize ?? 0,
    cachedVstart: cache?.cachedVstart ?? 0,
    cachedAlign: cache?.cachedAlign ?? 0,
  };
}

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

/** A line for each field that differs from the initial state; one line for adjacent pages with the same value. */
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

/** The page of a field that is declared over pages alone. */
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

/** The contents of the space, a line each: areas, blocks with their maps, PTEs, TLBs, pools and the cache. */
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

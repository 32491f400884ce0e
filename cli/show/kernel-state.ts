/** A state of a kernel of vmap in words: areas, blocks with their maps, PTEs, TLBs, pools and the cache. */
import type { ItfValue } from "../../adapters/itf.ts";
import { extentText, page } from "../../jobs/command-text.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { Vmap } from "../../properties/vmap/terms.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Dump } from "../../spec/vmap/kernel.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Bench } from "../../spec/wing.ts";
import type { State } from "./drawing.ts";

/** A kernel and the world beside it, from the beginning on. */
export function* statesOfKernel(
  { machine: kernel, spec, scope }: Bench<Vmap>,
  commands: Iterable<Command>,
): Generator<State, void, undefined> {
  const state = kernel.initial(scope);
  let world = spec.initial(scope);
  yield stateOf("init", undefined, kernel.dump(state), world);
  for (const command of commands) {
    const response = kernel.act(state, command);
    world = spec.after(world, command, response) ?? world;
    yield stateOf(command.op, response, kernel.dump(state), world);
  }
}

function stateOf(action: string, response: Response | undefined, dump: Dump, world: ImmutableWorld): State {
  const reply = response?.kind === "placed" ? `placed at ${response.start}` : (response?.kind ?? "");
  const lines = placesText(world, dump);
  return { action, lines, variables: { ...dumpedVariables(dump), reply, drawn: lines } };
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

/** The allocator's structures as its own code has them, for `conform` and maps. */
import type { Dump, DumpedArea, DumpedBlock, DumpedPooled } from "../../spec/vmap/kernel.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Place } from "../place.ts";
import { EVENTS } from "../webassembly.ts";
import { load, type TreeState } from "./tree-state.ts";

export function dump(state: TreeState): Dump {
  load(state);
  const { instance, place, scope, hasNodes, lazyAmongAreas } = state.machine;
  instance.dump();
  const areas: DumpedArea[] = [];
  const free: Extent[] = [];
  const purge: Extent[] = [];
  const pool: DumpedPooled[] = [];
  const blocks: DumpedBlock[] = [];
  const freeLists: Vpn[][] = Array.from({ length: scope.cpus }, () => []);
  const extent = (nth: number) => ({
    start: place.pageOf(instance.event(nth, 1)),
    end: endOf(place, instance.event(nth, 2)),
  });
  for (let nth = 0; nth < instance.events; nth++) {
    const [a, b, c] = [instance.event(nth, 1), instance.event(nth, 2), instance.event(nth, 3)];
    switch (instance.event(nth, 0)) {
      case EVENTS.area:
        areas.push({ ...extent(nth), flags: c, lazy: false });
        break;
      case EVENTS.freeExtent:
        free.push(extent(nth));
        break;
      case EVENTS.lazy:
        purge.push(extent(nth));
        break;
      case EVENTS.pooled:
        pool.push({ node: c, ...extent(nth) });
        break;
      case EVENTS.block:
        blocks.push(dumpedBlock(state, nth, a, b, c));
        break;
      case EVENTS.listed:
        (freeLists[b] as Vpn[]).push(place.pageOf(a));
    }
  }
  for (const [nth, block] of blocks.entries()) {
    const cpu = freeLists.findIndex((list) => list.includes(block.start));
    if (cpu >= 0) blocks[nth] = { ...block, onFreeList: cpu };
  }
  blocks.sort((one, other) => one.start - other.start);
  const isLazy = ({ start }: Extent) => purge.some((each) => each.start === start);
  return {
    areas: lazyAmongAreas ? areas.map((each) => ({ ...each, lazy: isLazy(each) })) : areas,
    lazyPages: state.lazyPages,
    cache: undefined,
    free,
    purge: lazyAmongAreas ? undefined : purge,
    ...(hasNodes ? { pool } : {}),
    blocks,
    freeLists,
  };
}

/** An end at the top of the word has wrapped: ULONG_MAX and 0 are both its end. */
function endOf(place: Place, address: number): Vpn {
  return place.endOf(address);
}

function dumpedBlock(
  { machine }: TreeState,
  nth: number,
  address: number,
  free: number,
  dirty: number,
): DumpedBlock {
  const { instance, place } = machine;
  const cpu = instance.event(nth + 1, 3) | 0;
  return {
    start: place.pageOf(address),
    free,
    dirty,
    onFreeList: null,
    cpu: cpu < 0 ? undefined : cpu,
    dirtyRuns: undefined,
    dirtyRange: { start: instance.event(nth + 1, 1), end: instance.event(nth + 1, 2) },
  };
}

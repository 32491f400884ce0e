/** vm_map_ram and vm_unmap_ram. */
import type { Outside } from "../outside.ts";
import type { Promises } from "../promises.ts";
import { fitsBlock, possibleCpus, type Scope } from "../scope.ts";
import { type Cpu, PAGE_SIZE, type Pages, page, pagesText, type Vpn } from "../vocabulary.ts";
import type { World } from "../world.ts";
import {
  type Address,
  addressIn,
  addressOf,
  command,
  type Draw,
  nearer,
  sharedOut,
  smaller,
} from "./command.ts";

/**
 * vm_map_ram(pages, count): maps `count` fresh frames. Up to BITS_PER_LONG pages go into a block of the CPU it
 * runs on, more into an area of their own.
 */
export interface MapRam {
  readonly op: "mapRam";
  readonly cpu: Cpu;
  /** In pages. 0 is outside the call's domain. */
  readonly count: Pages;
}

/** vm_unmap_ram(addr, count): the caller unmaps what a mapRam of this count gave it. Anything else is outside its domain. */
export interface UnmapRam {
  readonly op: "unmapRam";
  readonly cpu: Cpu;
  readonly start: Vpn;
  readonly count: Pages;
}

/** Unmaps what is named, held or not: as many pages as were asked for, unless `count` is given. */
export type UnmapRamStep =
  | ({ readonly op: "unmapRam"; readonly cpu: Cpu; readonly count?: Pages } & Extract<
      Address,
      { area: number }
    >)
  | ({ readonly op: "unmapRam"; readonly cpu: Cpu; readonly count: Pages } & Extract<Address, { page: Vpn }>);

export interface UnmapRamChoice {
  readonly op: "unmapRam";
  readonly cpu: Cpu;
  /** Of the maps that are held. */
  readonly share: number;
}

/** 2.6.27 has neither call. */
const hasBlocks = ({ fragments }: Promises): boolean => fragments !== "no blocks";

function whereBlocksAre<T extends Readonly<Record<string, Draw>>>(scope: Scope, drawn: T): T | undefined {
  return scope.blockPages > 0 ? drawn : undefined;
}

export const mapRam = command<MapRam>({
  op: "mapRam",
  fields: { cpu: "cpu", count: "count" },
  gives: "map",
  asksIn: "blocks",
  weight: { usual: 0, maps: 40, mapsAlone: 40, amongAreas: 30 },
  pages: ({ count }) => count,
  offered: hasBlocks,
  inDomain: (_world, { count }) => count > 0,
  outside: () => "mapOfNothing",
  // An area of its own if it is too large for a block, and else a block.
  asks: ({ promises, scope }, { count }) => {
    if (count === 0 || !hasBlocks(promises)) return undefined;
    const { vmalloc, blockPages } = scope;
    if (!fitsBlock(scope, count)) return { size: count, align: PAGE_SIZE, ...vmalloc };
    return { size: blockPages, align: blockPages * PAGE_SIZE, ...vmalloc };
  },
  every: ({ scope, calls }) =>
    calls.includes("map")
      ? scope.counts.flatMap((count) =>
          possibleCpus(scope).map((cpu): MapRam => ({ op: "mapRam", cpu, count })),
        )
      : [],
  everyOutside: ({ scope, calls }) =>
    calls.includes("map") && !scope.counts.includes(0) ? [{ op: "mapRam", cpu: 0, count: 0 }] : [],
  drawn: (scope) => whereBlocksAre(scope, { cpu: "cpu", count: { fromOrZero: [...scope.counts, 1] } }),
  means: (choice, { promises }) => (hasBlocks(promises) ? choice : undefined),
  *simpler(step) {
    if (step.cpu > 0) yield { ...step, cpu: 0 };
    for (const count of smaller(step.count)) yield { ...step, count };
  },
  askedFor: ({ count }) => ({ counts: [count] }),
  name: ({ cpu, count }) => `mapRam ${count} on ${cpu}`,
  says: ({ cpu, count }) => `mapRam ${pagesText(count)} on CPU ${cpu}`,
});

function outside(world: World, { start, count }: UnmapRam): Outside {
  if (count === 0) return "unmapOfNothing";
  const here = world.areasIn({ start, end: start + 1 });
  const busy = here.filter(({ life }) => life === "busy");
  if (fitsBlock(world.scope, count))
    return busy.some(({ block }) => block !== undefined) ? "unmapInBlock" : "unmapOffBlocks";
  if (busy.length > 0) return "unmapElsewhere";
  return here.length > 0 ? "unmapAgain" : "unmapNowhere";
}

export const unmapRam = command<UnmapRam, UnmapRamStep, UnmapRamChoice>({
  op: "unmapRam",
  fields: { cpu: "cpu", count: "count?", area: "index?", offset: "offset?", page: "page?" },
  takes: "map",
  names: ["map", "area"],
  asksIn: "blocks",
  weight: { usual: 0, maps: 30, mapsAlone: 30, amongAreas: 8 },
  resolve: (step, ledger) => {
    const start = addressIn(ledger, step);
    const count = step.count ?? ("area" in step ? ledger.at(step.area)?.pages : undefined);
    if (start === undefined || count === undefined) return undefined;
    return { op: "unmapRam", cpu: step.cpu, start, count };
  },
  named: ({ cpu, start, count }, ledger) => {
    const got = ledger.heldAt("map", start) ?? ledger.heldAround(start);
    const unmap = { op: "unmapRam", cpu, ...addressOf(got, start) } as const;
    return "area" in unmap && count === got?.pages ? unmap : { ...unmap, count };
  },
  offered: hasBlocks,
  inDomain: (world, { start, count }) => world.holdsMap(start, count),
  outside,
  // No release here depends on the CPU that unmaps a map.
  every: ({ scope, calls, pages }) => {
    const held = calls.includes("map") ? scope.counts.filter((count) => count > 0) : [];
    return pages.flatMap((start) =>
      held.map((count): UnmapRam => ({ op: "unmapRam", cpu: 0, start, count })),
    );
  },
  everyOutside: ({ calls, pages }) =>
    calls.includes("map") ? pages.map((start) => ({ op: "unmapRam", cpu: 0, start, count: 0 })) : [],
  drawn: (scope) => whereBlocksAre(scope, { cpu: "cpu", share: "share" }),
  means: ({ cpu, share }, _world, ledger) => {
    const map = sharedOut(ledger.held("map"), share);
    return map && { op: "unmapRam", cpu, area: map.index };
  },
  *simpler(step, scope) {
    if (step.cpu > 0) yield { ...step, cpu: 0 };
    if ("area" in step && step.count !== undefined) {
      const { count: _other, ...plain } = step;
      yield plain;
    }
    if (step.count !== undefined) for (const count of smaller(step.count)) yield { ...step, count };
    yield* nearer(step, scope);
  },
  name: ({ start, count }) => `unmapRam ${count} at ${start}`,
  says: ({ start, count }) => `unmapRam ${pagesText(count)} at ${page(start)}`,
});

/** The things that a world holds, each under a key, and what changes from one world to the next. */
import type { Area } from "../../model/vmap/area.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { DumpedCache } from "../../spec/vmap/kernel.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Change, Thing } from "./documents.ts";

/** The step that got what starts at a page, from 0. */
export type GotAt = ReadonlyMap<Vpn, number>;

/** Follows worlds. What did not change is the same object, so that a step costs little more than what it changes. */
export class ThingsBefore {
  #things: ReadonlyMap<string, Thing> = new Map();
  #world: ImmutableWorld | undefined;
  readonly #areas = new WeakMap<Area, readonly (readonly [string, Thing])[]>();
  readonly #alike = new Map<string, Thing>();

  get now(): readonly Thing[] {
    return [...this.#things.values()];
  }

  /** What differs from the world before. */
  changesTo(world: ImmutableWorld, got: GotAt, cache: DumpedCache | undefined): readonly Change[] {
    const before = this.#things;
    const now = this.#thingsOf(world, got, cache);
    this.#things = now;
    this.#world = world;
    const changes: Change[] = [];
    for (const [key, thing] of now) if (before.get(key) !== thing) changes.push([key, thing]);
    for (const key of before.keys()) if (!now.has(key)) changes.push([key, null]);
    return changes;
  }

  #thingsOf(world: ImmutableWorld, got: GotAt, cache: DumpedCache | undefined): ReadonlyMap<string, Thing> {
    const { areas, dead, pooled, tlbs } = world;
    const things = new Map<string, Thing>();
    const add = (key: string, thing: Thing): void => {
      // Two areas may lie on one another: that is a violation to be seen.
      things.set(things.has(key) ? `${key} again` : key, thing);
    };
    for (const area of areas) for (const [key, thing] of this.#ofArea(area, got)) add(key, thing);
    for (const { start, end, frame, ptes } of dead)
      add(`dead ${start} ${frame}`, this.#same({ kind: "dead", start, end, frame, ptes }));
    for (const { start, end, node, sure } of pooled)
      add(`pool ${start}`, this.#same({ kind: "pool", start, end, node, sure }));
    if (tlbs === this.#world?.tlbs && areas === this.#world.areas) {
      for (const [key, thing] of this.#things) if (thing.kind === "tlb") things.set(key, thing);
    } else {
      for (const [cpu, tlb] of tlbs)
        for (const [page, frame] of tlb) {
          const isDead = world.frameAt(page) !== frame;
          add(
            `tlb ${cpu} ${page}`,
            this.#same({ kind: "tlb", start: page, end: page + 1, cpu, frame, dead: isDead }),
          );
        }
    }
    if (cache !== undefined && cache.freeVmapCache !== null) {
      const {
        freeVmapCache: start,
        cachedHoleSize: holeSize,
        cachedVstart: vstart,
        cachedAlign: align,
      } = cache;
      add("cache", this.#same({ kind: "cache", start, end: start + 1, holeSize, vstart, align }));
    }
    return things;
  }

  #ofArea(area: Area, got: GotAt): readonly (readonly [string, Thing])[] {
    const known = this.#areas.get(area);
    if (known !== undefined) return known;
    const made = areaThings(area, got).map(([key, thing]) => [key, this.#same(thing)] as const);
    this.#areas.set(area, made);
    return made;
  }

  #same(thing: Thing): Thing {
    const text = JSON.stringify(thing);
    const known = this.#alike.get(text);
    if (known !== undefined) return known;
    this.#alike.set(text, thing);
    return thing;
  }
}

function areaThings(area: Area, got: GotAt): readonly (readonly [string, Thing])[] {
  const { start, end, life, mapped, frame, block } = area;
  const stepAt = (page: Vpn) => {
    const by = got.get(page);
    return by === undefined ? null : by + 1;
  };
  if (block === undefined)
    return [[`area ${start}`, { kind: "area", start, end, step: stepAt(start), life, mapped, frame }]];
  const { cpu, given, givenBack, maps } = block;
  return [
    [`block ${start}`, { kind: "block", start, end, life, cpu, given, givenBack }],
    ...maps.map((map) => {
      const { start, end, count, frame, held } = map;
      return [`map ${start}`, { kind: "map", start, end, step: stepAt(start), count, frame, held }] as const;
    }),
  ];
}

/** A longer run of pages in which nothing begins or ends is one column. */
const SHORT_RUN = 8;
/** Where more begins and ends than this, each column reaches from one edge to the next. */
const MOST_EDGES = 8000;

/** The columns of a picture in which these begin and end: a page each at an edge, and one for a long run between. */
export function cutsOf(extents: Iterable<Extent>, wordPages: number): readonly Vpn[] {
  const edges = new Set<Vpn>();
  for (const { start, end } of extents) edges.add(start).add(end);
  const cuts = new Set<Vpn>();
  const sorted = [...edges].sort((a, b) => a - b);
  const isDense = sorted.length <= MOST_EDGES;
  for (const [nth, edge] of sorted.entries()) {
    cuts
      .add(Math.max(0, edge - 1))
      .add(edge)
      .add(edge + 1);
    const next = sorted[nth + 1];
    if (!isDense || next === undefined || next - edge > SHORT_RUN) continue;
    for (let page = edge; page < next; page++) cuts.add(page);
  }
  return [...cuts].filter((cut) => cut <= wordPages || sorted.includes(cut)).sort((a, b) => a - b);
}

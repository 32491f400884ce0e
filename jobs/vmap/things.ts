/** The things that a world holds, each under a key, and what changes from one world to the next. */
import type { Area } from "../../model/vmap/area.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { DumpedCache } from "../../spec/vmap/kernel.ts";
import type { Cpu, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Change, Thing } from "../page/documents.ts";

/** The step that got what starts at a page, from 0. */
export type GotAt = ReadonlyMap<Vpn, number>;

/** What is drawn of an object of a world, by its keys. */
type Drawn = readonly (readonly [key: string, thing: Thing])[];

/** Follows worlds. A world shares with the one before what did not change, so a step costs little more than that. */
export class ThingsBefore {
  readonly #things = new Map<string, Thing>();
  #world: ImmutableWorld | undefined;
  /** The keys under which an object of the world stands. */
  readonly #keys = new Map<object, readonly string[]>();
  readonly #entries = new Map<Cpu, ReadonlyMap<string, Thing>>();

  get now(): readonly Thing[] {
    return [...this.#things.values()];
  }

  /** What differs from the world before. */
  changesTo(world: ImmutableWorld, got: GotAt, cache: DumpedCache | undefined): readonly Change[] {
    /** What stood under each key that was set. */
    const changes: Before = new Map();
    const before = this.#world;
    this.#follow(changes, before?.areas ?? [], world.areas, (area) => areaThings(area, got));
    this.#follow(changes, before?.dead ?? [], world.dead, ({ start, end, frame, ptes }) => [
      [`dead ${start} ${frame}`, { kind: "dead", start, end, frame, ptes }],
    ]);
    this.#follow(changes, before?.pooled ?? [], world.pooled, ({ start, end, node, sure }) => [
      [`pool ${start}`, { kind: "pool", start, end, node, sure }],
    ]);
    const isRemapped = before?.areas !== world.areas;
    for (const cpu of new Set([...world.tlbs.keys(), ...this.#entries.keys()]))
      if (isRemapped || before?.tlbs.get(cpu) !== world.tlbs.get(cpu)) this.#followTlb(changes, world, cpu);
    this.#set(changes, "cache", cacheThing(cache));
    this.#world = world;
    return [...changes].flatMap(([key, was]): Change[] => {
      const now = this.#things.get(key);
      return JSON.stringify(was) === JSON.stringify(now) ? [] : [[key, now ?? null]];
    });
  }

  #follow<T extends object>(
    changes: Before,
    before: readonly T[],
    now: readonly T[],
    draw: (each: T) => Drawn,
  ): void {
    if (before === now) return;
    const { lost, found } = differing(before, now);
    for (const each of lost) {
      for (const key of this.#keys.get(each) ?? []) this.#set(changes, key, undefined);
      this.#keys.delete(each);
    }
    for (const each of found) {
      const keys = draw(each).map(([key, thing]) => {
        // Two areas may lie on one another: that is a violation to be seen.
        const own = this.#things.has(key) ? `${key} again` : key;
        this.#set(changes, own, thing);
        return own;
      });
      this.#keys.set(each, keys);
    }
  }

  #followTlb(changes: Before, world: ImmutableWorld, cpu: Cpu): void {
    const before = this.#entries.get(cpu) ?? new Map<string, Thing>();
    const now = new Map<string, Thing>();
    for (const [page, frame] of world.tlbs.get(cpu) ?? []) {
      const dead = world.frameAt(page) !== frame;
      now.set(`tlb ${cpu} ${page}`, { kind: "tlb", start: page, end: page + 1, cpu, frame, dead });
    }
    for (const key of before.keys()) if (!now.has(key)) this.#set(changes, key, undefined);
    for (const [key, thing] of now) this.#set(changes, key, thing);
    this.#entries.set(cpu, now);
  }

  #set(changes: Before, key: string, thing: Thing | undefined): void {
    if (!changes.has(key)) changes.set(key, this.#things.get(key));
    if (thing === undefined) this.#things.delete(key);
    else this.#things.set(key, thing);
  }
}

type Before = Map<string, Thing | undefined>;

/** What of two lists differs: what both begin and end with is not looked at. */
function differing<T>(before: readonly T[], now: readonly T[]) {
  let first = 0;
  while (first < before.length && first < now.length && before[first] === now[first]) first += 1;
  let last = 0;
  const most = Math.min(before.length, now.length) - first;
  while (last < most && before[before.length - 1 - last] === now[now.length - 1 - last]) last += 1;
  const [old, fresh] = [before.slice(first, before.length - last), now.slice(first, now.length - last)];
  const [known, kept] = [new Set(old), new Set(fresh)];
  return { lost: old.filter((each) => !kept.has(each)), found: fresh.filter((each) => !known.has(each)) };
}

function cacheThing(cache: DumpedCache | undefined): Thing | undefined {
  if (cache === undefined || cache.freeVmapCache === null) return undefined;
  const { freeVmapCache: start, cachedHoleSize: holeSize, cachedVstart: vstart, cachedAlign: align } = cache;
  return { kind: "cache", start, end: start + 1, holeSize, vstart, align };
}

function areaThings(area: Area, got: GotAt): Drawn {
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

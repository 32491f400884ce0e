/**
 * The state that the protocols of areas share: places of one page each, the counter of lazy pages, the purge lock, a
 * TLB for each CPU, and where each CPU stands. A place stands for the frame that is mapped there.
 */
import { all, called, compare, type Test } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import {
  bitsOf,
  type Field,
  FLAG,
  indexOf,
  type Layout,
  named,
  noneOr,
  plain,
  setOf,
} from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

export interface AreasScope {
  readonly cpus: number;
  /** Places for an area. */
  readonly places: number;
  /** lazy_max_pages(). */
  readonly lazyMax: number;
  /** Whether CPUs translate what is mapped; without that only the allocator's own laws are judged. */
  readonly caches: boolean;
}

/** The life of a place. Only with vmap nodes it may be POOLED: flushed, and kept for a node's next allocation. */
export const [FREE, BUSY, LAZY, PURGING, POOLED] = [0, 1, 2, 3, 4] as const;

/** What a CPU knows of the allocation it makes. */
export const [NOT_SEEKING, SEEKING, SEEN_FULL] = [0, 1, 2] as const;

export interface CpuFields {
  readonly index: number;
  readonly phase: Field;
  readonly tlb: Field;
  /** 0, or one more than the place that it frees. */
  readonly place: Field;
  /** 0, or its position in the queue for the purge lock. */
  readonly turn: Field;
  /** Whether it allocates, and whether there was a moment since it began when every place was busy. */
  readonly seeking: Field;
}

export interface Areas {
  readonly scope: AreasScope;
  readonly life: readonly Field[];
  /** Where there are nodes, one for each CPU: 0, or one more than that on which the area was allocated. */
  readonly node: readonly Field[];
  readonly ptes: Field;
  /** vmap_lazy_nr: `places` for none, for it may be negative for a while. */
  readonly lazyNr: Field;
  readonly purgeLock: Field;
  readonly pending: Field;
  /** Whether the worker was asked to purge. */
  readonly drainAsked: Field;
  readonly cpus: readonly CpuFields[];
}

export function fieldsOf(layout: Layout, scope: AreasScope): Areas {
  const { cpus, places, lazyMax } = scope;
  const ofCpus = { name: "CPUs", size: cpus };
  const upTo = (size: number) => Array.from({ length: size }, (_none, index) => index);
  const phase = layout.array("phase", ofCpus, plain(MOST_PHASES));
  const tlb = layout.array("tlb", ofCpus, bitsOf(places));
  const place = layout.array("place", ofCpus, noneOr(places, "place"));
  const turn = layout.array("turn", ofCpus, plain(cpus + 1));
  const seeking = layout.array("seeking", ofCpus, named("no", "seeking", "seen full"));
  return {
    scope,
    life: upTo(places).map((at) =>
      layout.field(`life of place ${at}`, named("free", "busy", "lazy", "purging", "pooled")),
    ),
    node: upTo(places).map((at) => layout.field(`node of place ${at}`, indexOf(ofCpus))),
    ptes: layout.field("ptes", bitsOf(places)),
    lazyNr: layout.field(
      "lazy nr",
      plain(3 * places + lazyMax + 2, (value) => value - places),
    ),
    purgeLock: layout.field("purge lock", indexOf(ofCpus)),
    pending: layout.field("pending", setOf(ofCpus)),
    drainAsked: layout.field("drain asked", FLAG),
    cpus: upTo(cpus).map((index) => {
      const of = (fields: readonly Field[]) => fields[index] as Field;
      return {
        index,
        phase: of(phase),
        tlb: of(tlb),
        place: of(place),
        turn: of(turn),
        seeking: of(seeking),
      };
    }),
  };
}

/** The number that `lazyNr` holds where the kernel counts so many lazy pages: it is negative for a while. */
export const countOf = ({ scope }: Areas, pages: number) => scope.places + pages;

/** The lazy pages as the kernel counts them. */
export const counted = ({ scope, lazyNr }: Areas, state: Int32Array) => lazyNr.get(state) - scope.places;

/** More than this is counted as lazy. */
export const countedAbove = (m: Areas, pages: number): Test =>
  called(`vmap_lazy_nr > ${pages}`, compare(countOf(m, pages), "<", m.lazyNr));
export const countedAtMost = (m: Areas, pages: number): Test =>
  called(`vmap_lazy_nr <= ${pages}`, compare(m.lazyNr, "<=", countOf(m, pages)));

export const allBusy = ({ life }: Areas): Test =>
  called("all is busy", all(...life.map((each) => has(each, BUSY))));

export const lazyPlaces = ({ life }: Areas, state: Int32Array): number =>
  life.filter((each) => each.get(state) === LAZY).length;

/** Places that some CPU translates. */
export function translated({ cpus }: Areas, state: Int32Array): number {
  let some = 0;
  for (const { tlb } of cpus) some |= tlb.get(state);
  return some;
}

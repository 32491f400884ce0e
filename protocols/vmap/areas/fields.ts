/**
 * The state that the protocols of areas share: places of one page each, the counter of lazy pages, the purge lock, a
 * TLB for each CPU, and each CPU's phase. A place represents the frame that is mapped there.
 */
import { all, called, compare, type Test } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import {
  bitsOf,
  byIndex,
  FLAG,
  indexOf,
  type Layout,
  named,
  noneOr,
  plain,
  setOf,
  upTo,
} from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

export interface AreasScope {
  readonly cpus: number;
  /** Places for an area. */
  readonly places: number;
  /** lazy_max_pages(). */
  readonly lazyMax: number;
  /** Whether CPUs translate mapped pages; without that only the allocator's own laws are judged. */
  readonly caches: boolean;
}

/** The life of a place. It is POOLED only with vmap nodes: flushed, and kept for a node's next allocation. */
export const [FREE, BUSY, LAZY, PURGING, POOLED] = [0, 1, 2, 3, 4] as const;

/** A CPU's knowledge of the allocation it makes. */
export const [NOT_SEEKING, SEEKING, SEEN_FULL] = [0, 1, 2] as const;

export type Areas = ReturnType<typeof fieldsOf>;
export type CpuFields = Areas["cpus"][number];

export function fieldsOf(layout: Layout, scope: AreasScope) {
  const { cpus, places, lazyMax } = scope;
  const ofCpus = { name: "CPUs", size: cpus };
  return {
    scope,
    cpus: byIndex(cpus, {
      phase: layout.array("phase", ofCpus, plain(MOST_PHASES)),
      tlb: layout.array("tlb", ofCpus, bitsOf(places)),
      /** The place that it frees. */
      place: layout.array("place", ofCpus, noneOr(places, "place")),
      /** 0, or its position in the queue for the purge lock. */
      turn: layout.array("turn", ofCpus, plain(cpus + 1)),
      /** Whether it allocates, and whether there was a moment since it began when every place was busy. */
      seeking: layout.array("seeking", ofCpus, named("no", "seeking", "seen full")),
    }),
    life: upTo(places).map((at) =>
      layout.field(`life of place ${at}`, named("free", "busy", "lazy", "purging", "pooled")),
    ),
    /** With nodes, one for each CPU: the node on which the area was allocated. */
    node: upTo(places).map((at) => layout.field(`node of place ${at}`, indexOf(ofCpus))),
    ptes: layout.field("ptes", bitsOf(places)),
    /** vmap_lazy_nr plus `places`, since it may be negative for a while. */
    lazyNr: layout.field(
      "lazy nr",
      plain(3 * places + lazyMax + 2, (value) => value - places),
    ),
    purgeLock: layout.field("purge lock", indexOf(ofCpus)),
    pending: layout.field("pending", setOf(ofCpus)),
    /** Whether the worker was asked to purge. */
    drainAsked: layout.field("drain asked", FLAG),
  };
}

/** The value of `lazyNr` for a kernel's count of lazy pages, which is negative for a while. */
export const countOf = ({ scope }: Areas, pages: number) => scope.places + pages;

/** The lazy pages as the kernel counts them. */
export const counted = ({ scope, lazyNr }: Areas, state: Int32Array) => lazyNr.get(state) - scope.places;

/** More lazy pages than this are counted. */
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

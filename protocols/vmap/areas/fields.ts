/**
 * The state that the protocols of areas share, and the steps of its purge lock: places of one page each, the counter of lazy pages, the purge lock, a
 * TLB for each CPU, and each CPU's phase. A place represents the frame that is mapped there.
 */
import {
  all,
  any,
  briefly,
  called,
  compare,
  not,
  type Operations,
  sets,
  type Test,
  value,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
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
import { MOST_PHASES, type Step } from "../../program.ts";

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

// The purge lock. Waiting CPUs are served in turn, as by the kernel's ticket locks and its mutexes with handoff: under
// weak fairness alone, any waiter for an unfair lock would starve in every release.

const turns = ({ cpus }: Areas) => cpus.map(({ turn }) => turn);

/** The CPU is the last in line for the lock. */
export const joinsLine = (m: Areas, cpu: CpuFields): Operations =>
  sets(
    cpu.turn,
    value("the next turn", turns(m), (state) => 1 + Math.max(...turns(m).map((turn) => turn.get(state)))),
  );

/** The first in line takes the lock. */
export function takesLock(m: Areas, cpu: CpuFields, at: string, to: string): Step {
  const movesUp = turns(m).map((turn) =>
    sets(
      turn,
      value("one turn less", [turn], (state) => Math.max(0, turn.get(state) - 1)),
    ),
  );
  return {
    at,
    says: "takes the purge lock",
    to,
    when: [has(m.purgeLock, 0), has(cpu.turn, 1)],
    does: [sets(m.purgeLock, cpu.index + 1), briefly("the others move up in line", movesUp)],
  };
}

/** A trylock would fail. */
const isTaken = (m: Areas): Test =>
  called(
    "the purge lock is held or waited for",
    any(hasNot(m.purgeLock, 0), ...turns(m).map((turn) => hasNot(turn, 0))),
  );

/** A trylock takes the lock if no CPU holds it or waits for it. */
export function triesLock(m: Areas, cpu: CpuFields, at: string, to: string): Step {
  return {
    at,
    says: "takes the purge lock",
    to,
    when: [not(isTaken(m))],
    does: sets(m.purgeLock, cpu.index + 1),
  };
}

/** Otherwise the trylock fails. */
export function givesUp(m: Areas, at: string, says: string, to: string, when: Step["when"] = []): Step {
  return { at, says: `the purge lock is taken: ${says}`, to, when: [...when, isTaken(m)] };
}

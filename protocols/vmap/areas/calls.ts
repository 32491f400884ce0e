/** alloc_vmap_area (a search; if it finds nothing, a purge and one more search), and frees. */
import {
  adds,
  all,
  any,
  briefly,
  called,
  excludes,
  inCase,
  includes,
  inOrder,
  not,
  type Operation,
  type Operations,
  replaces,
  sets,
  testOf,
} from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { refusedOnlyWhenFull } from "../../../spec/vmap/laws/placement.ts";
import { flushBeforeReuse } from "../../../spec/vmap/laws/purging.ts";
import { PAGE_SIZE } from "../../../spec/vmap/vocabulary.ts";
import { done, keeps } from "../../call-assertions.ts";
import { IDLE, type Step } from "../../program.ts";
import {
  type Areas,
  allBusy,
  BUSY,
  type CpuFields,
  countedAbove,
  countedAtMost,
  FREE,
  joinsLine,
  LAZY,
  NOT_SEEKING,
  POOLED,
  SEEKING,
  SEEN_FULL,
  takesLock,
  translated,
} from "./fields.ts";

const request = { op: "alloc", size: 1, align: PAGE_SIZE, vstart: 0, vend: 1, map: true } as const;

const nodeOf = ({ index }: CpuFields) => index + 1;

/** What differs between releases: whether a failed search waits for the lock, and whether there are nodes. */
interface AllocRules {
  readonly purges: "purge lock" | "try purge";
  readonly hasNodes: boolean;
}

/** A search: whether there are nodes, whether it asks the pool of its own node, and whether it holds the purge lock. */
interface Search {
  readonly hasNodes: boolean;
  readonly asksPool: boolean;
  readonly unlocks?: boolean;
}

const PLAIN_SEARCH: Search = { hasNodes: false, asksPool: false };

/** The places that a search tries: first the pool of its node, if it asks that, then the lowest free place. */
function candidates({ life, node }: Areas, cpu: CpuFields, asksPool: boolean) {
  const places = [...life.entries()];
  return [
    ...(asksPool
      ? places.map(([place, each]) => ({
          place,
          is: all(has(each, POOLED), has(node[place] as Field, nodeOf(cpu))),
        }))
      : []),
    ...places.map(([place, each]) => ({ place, is: has(each, FREE) })),
  ];
}

/** Whether a search finds a place. */
function findsPlace(m: Areas, cpu: CpuFields, asksPool: boolean) {
  const each = candidates(m, cpu, asksPool).map(({ is }) => testOf(is));
  return called(asksPool ? "a place is free or in the node's pool" : "a place is free", any(...each));
}

/** Takes the place found and maps it. CPUs that seek a place note it if this was the last. */
function takesPlace(m: Areas, cpu: CpuFields, { hasNodes, asksPool }: Search): Operation {
  const takes = (place: number) => [
    sets(m.life[place] as Field, BUSY),
    includes(m.ptes, place),
    hasNodes ? sets(m.node[place] as Field, nodeOf(cpu)) : [],
  ];
  const first = candidates(m, cpu, asksPool).reduceRight<Operations>(
    (otherwise, { place, is }) => inCase(is, takes(place), otherwise),
    [],
  );
  const seen = replaces(
    m.cpus.map(({ seeking }) => seeking),
    SEEKING,
    SEEN_FULL,
  );
  return inOrder([
    briefly("takes the place and maps it", first),
    sets(cpu.seeking, NOT_SEEKING),
    briefly(undefined, inCase(allBusy(m), seen)),
  ]);
}

/** No CPU translates a place that a search finds. */
function reusesOnlyFlushed(m: Areas, cpu: CpuFields, { asksPool }: Search) {
  const places = candidates(m, cpu, asksPool).map(({ place, is }) => ({ place, is: testOf(is) }));
  const reads = [...places.flatMap(({ is }) => is.reads), ...m.cpus.map(({ tlb }) => tlb)];
  return keeps(flushBeforeReuse, reads, (state) => ({
    command: request,
    response: {
      ...done,
      kind: "placed",
      start: places.find(({ is }) => is.holds(state))?.place ?? -1,
      mapStopped: false,
    },
    before: { promises: { guard: { inside: 0 } } },
    after: { unflushedIn: ({ start }) => ((translated(m, state) >>> start) & 1) === 1 },
  }));
}

/** A refusal is right if at some moment of the call every place was busy: lazy and purging ones count as free. */
const refusesOnlyWhenFull = ({ seeking }: CpuFields) =>
  keeps(refusedOnlyWhenFull, [seeking], (state) => ({
    command: request,
    response: { ...done, kind: "refused" },
    before: { lowestFit: () => (seeking.get(state) === SEEN_FULL ? undefined : 0) },
  }));

/** The step in which a search succeeds. */
function finds(m: Areas, cpu: CpuFields, at: string, search: Search): Step {
  const { asksPool, unlocks = false } = search;
  return {
    at,
    says: unlocks ? "finds a place; unlocks, returns" : "finds a place; returns",
    to: IDLE,
    when: [findsPlace(m, cpu, asksPool)],
    asserts: [reusesOnlyFlushed(m, cpu, search)],
    does: [takesPlace(m, cpu, search), unlocks ? sets(m.purgeLock, 0) : []],
  };
}

const beginsSearch = (m: Areas, cpu: CpuFields): Step => ({
  at: IDLE,
  says: "alloc_vmap_area",
  to: "alloc_vmap_area",
  does: inCase(allBusy(m), sets(cpu.seeking, SEEN_FULL), sets(cpu.seeking, SEEKING)),
});

/** Finds nothing, and waits for the purge lock. */
const waitsForPurge = (m: Areas, cpu: CpuFields, to: string, asksPool = false): Step => ({
  ...findsNothing(m, cpu, "alloc_vmap_area", to, asksPool),
  does: joinsLine(m, cpu),
});

const findsNothing = (m: Areas, cpu: CpuFields, at: string, to: string, asksPool = false): Step => ({
  at,
  says: "finds nothing",
  to,
  when: [not(findsPlace(m, cpu, asksPool))],
});

/** Every release: one purge, one more search. */
export const allocates =
  ({ purges, hasNodes }: AllocRules) =>
  (m: Areas, cpu: CpuFields): Step[] => [
    beginsSearch(m, cpu),
    finds(m, cpu, "alloc_vmap_area", { hasNodes, asksPool: hasNodes }),
    purges === "purge lock"
      ? waitsForPurge(m, cpu, purges, hasNodes)
      : findsNothing(m, cpu, "alloc_vmap_area", purges),
    finds(m, cpu, "retry", { hasNodes, asksPool: false }),
    {
      ...findsNothing(m, cpu, "retry", IDLE),
      says: "finds nothing again: refused",
      asserts: [refusesOnlyWhenFull(cpu)],
      does: sets(cpu.seeking, NOT_SEEKING),
    },
  ];

/**
 * Repaired: the allocation searches and then gathers under the purge lock, where no other CPU can release lazy areas.
 * It is refused only if it gathers nothing, so it may have to purge more than once.
 */
export const allocatesUnderLock = (m: Areas, cpu: CpuFields): Step[] => [
  beginsSearch(m, cpu),
  finds(m, cpu, "alloc_vmap_area", PLAIN_SEARCH),
  waitsForPurge(m, cpu, "purge lock to search"),
  takesLock(m, cpu, "purge lock to search", "search under lock"),
  finds(m, cpu, "search under lock", { ...PLAIN_SEARCH, unlocks: true }),
  findsNothing(m, cpu, "search under lock", "gather"),
  {
    at: "gathered nothing",
    says: "unlocks; refused",
    to: IDLE,
    asserts: [refusesOnlyWhenFull(cpu)],
    does: [sets(cpu.seeking, NOT_SEEKING), sets(m.purgeLock, 0)],
  },
];

// free_vmap_area: the PTE is cleared, the area becomes lazy, and the counter grows, in an order that differs between
// releases.

/** How a free continues that finds too many lazy pages. */
interface FreeRules {
  readonly publishes: "before it counts" | "after it counted";
  /** The next phase, or a request to the worker. */
  readonly purges: "try purge" | "worker";
}

export const frees =
  ({ publishes, purges }: FreeRules) =>
  (m: Areas, cpu: CpuFields): Step[] => [
    ...m.life.flatMap((_life, place) => freesPlace(m, cpu, place, publishes === "before it counts")),
    {
      at: "lazy limit",
      says: "too little is lazy for a purge; returns",
      to: IDLE,
      when: [countedAtMost(m, m.scope.lazyMax)],
    },
    {
      at: "lazy limit",
      says: purges === "worker" ? "asks the worker to purge; returns" : "too much is lazy",
      to: purges === "worker" ? IDLE : purges,
      when: [countedAbove(m, m.scope.lazyMax)],
      does: purges === "worker" ? sets(m.drainAsked, 1) : [],
    },
  ];

function freesPlace(m: Areas, cpu: CpuFields, place: number, publishesFirst: boolean): Step[] {
  const life = m.life[place] as (typeof m.life)[number];
  const when = [has(cpu.place, place + 1)];
  const publish = { says: `area ${place} is lazy`, does: sets(life, LAZY) };
  const add = { says: `counts area ${place}`, does: adds(m.lazyNr, 1) };
  const [first, second] = publishesFirst ? [publish, add] : [add, publish];
  return [
    {
      at: IDLE,
      says: `vunmap of area ${place}: clears its PTE`,
      to: "free_vmap_area_noflush",
      // An area that another CPU is freeing no longer has an owner.
      when: [has(life, BUSY), ...m.cpus.map((other) => notFreeing(other, place, m))],
      does: [excludes(m.ptes, place), sets(cpu.place, place + 1)],
    },
    { at: "free_vmap_area_noflush", to: "vmap_lazy_nr", when, ...first },
    {
      at: "vmap_lazy_nr",
      to: "lazy limit",
      when,
      says: second.says,
      does: [second.does, sets(cpu.place, 0)],
    },
  ];
}

function notFreeing({ place }: CpuFields, freed: number, { life }: Areas) {
  const others = [...life.keys()].map((each) => each + 1).filter((each) => each !== freed + 1);
  return has(place, 0, ...others);
}

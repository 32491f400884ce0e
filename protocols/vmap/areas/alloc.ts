/** alloc_vmap_area: a search, and where nothing is free a purge and one more search. */

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
  FREE,
  firstWith,
  NOT_SEEKING,
  POOLED,
  SEEKING,
  SEEN_FULL,
  translated,
} from "./fields.ts";
import { joinsLine, takesLock } from "./lock.ts";

const request = { op: "alloc", size: 1, align: PAGE_SIZE, vstart: 0, vend: 1, map: true } as const;

const nodeOf = ({ index }: CpuFields) => index + 1;

/**
 * Where a search of this CPU ends: in its node's pool, if that is asked (only the first search does), or at the lowest
 * free place; negative if nowhere.
 */
function findPlace(m: Areas, cpu: CpuFields, asksPool: boolean, state: Int32Array): number {
  if (!asksPool) return firstWith(m, state, FREE);
  for (const [place, life] of m.life.entries()) {
    if (life.get(state) === POOLED && m.node[place]?.get(state) === nodeOf(cpu)) return place;
  }
  return firstWith(m, state, FREE);
}

/** Takes a place and maps it. Those who seek one see it if this was the last. */
function take(m: Areas, cpu: CpuFields, { hasNodes, asksPool }: Search, state: Int32Array): void {
  const place = findPlace(m, cpu, asksPool, state);
  m.life[place]?.set(state, BUSY);
  m.ptes.set(state, m.ptes.get(state) | (1 << place));
  if (hasNodes) m.node[place]?.set(state, nodeOf(cpu));
  cpu.seeking.set(state, NOT_SEEKING);
  if (!allBusy(m, state)) return;
  for (const { seeking } of m.cpus) if (seeking.get(state) === SEEKING) seeking.set(state, SEEN_FULL);
}

const seekings = (m: Areas) => m.cpus.map(({ seeking }) => seeking);
const tlbs = (m: Areas) => m.cpus.map(({ tlb }) => tlb);

const reusesOnlyFlushed = (m: Areas, cpu: CpuFields, { asksPool }: Search) =>
  keeps(flushBeforeReuse, (state) => ({
    command: request,
    response: { ...done, kind: "placed", start: findPlace(m, cpu, asksPool, state), mapStopped: false },
    before: { promises: { guard: { inside: 0 } } as never },
    after: { unflushedIn: ({ start }) => ((translated(m, state) >>> start) & 1) === 1 },
  }));

/** A refusal is right if at some moment of the call every place was busy: lazy and purging ones count as free. */
const refusesOnlyWhenFull = (cpu: CpuFields) =>
  keeps(refusedOnlyWhenFull, (state) => ({
    command: request,
    response: { ...done, kind: "refused" },
    before: { lowestFit: () => (cpu.seeking.get(state) === SEEN_FULL ? undefined : 0) },
  }));

/** What differs between releases: whether a search that found nothing waits for the lock, and whether there are nodes. */
export interface AllocRules {
  readonly purges: "purge lock" | "try purge";
  readonly hasNodes: boolean;
}

/** A search: whether there are nodes, whether it asks the pool of its own, and whether it is under the purge lock. */
interface Search {
  readonly hasNodes: boolean;
  readonly asksPool: boolean;
  readonly unlocks?: boolean;
}

const PLAIN: Search = { hasNodes: false, asksPool: false };

/** The step in which a search ends well. */
function finds(m: Areas, cpu: CpuFields, at: string, search: Search): Step {
  const { hasNodes, asksPool, unlocks = false } = search;
  return {
    at,
    says: unlocks ? "finds a place; unlocks, returns" : "finds a place; returns",
    to: IDLE,
    guard: (state) => findPlace(m, cpu, asksPool, state) >= 0,
    asserts: [reusesOnlyFlushed(m, cpu, search)],
    does: (state) => {
      take(m, cpu, search, state);
      if (unlocks) m.purgeLock.set(state, 0);
    },
    reads: [...m.life, ...m.node, m.ptes, ...seekings(m), ...tlbs(m)],
    writes: [
      ...m.life,
      m.ptes,
      ...seekings(m),
      ...(hasNodes ? m.node : []),
      ...(unlocks ? [m.purgeLock] : []),
    ],
  };
}

const begins = (m: Areas, cpu: CpuFields): Step => ({
  at: IDLE,
  says: "alloc_vmap_area",
  to: "alloc_vmap_area",
  does: (state) => cpu.seeking.set(state, allBusy(m, state) ? SEEN_FULL : SEEKING),
  reads: m.life,
  writes: [cpu.seeking],
});

/** Finds nothing, and waits for the purge lock. */
const waits = (m: Areas, cpu: CpuFields, to: string, asksPool = false): Step =>
  joinsLine(m, cpu, findsNothing(m, cpu, "alloc_vmap_area", to, asksPool));

const findsNothing = (m: Areas, cpu: CpuFields, at: string, to: string, asksPool = false): Step => ({
  at,
  says: "finds nothing",
  to,
  guard: (state) => findPlace(m, cpu, asksPool, state) < 0,
  reads: [...m.life, ...m.node],
});

/** Every release: one purge, one more search. */
export const allocates =
  ({ purges, hasNodes }: AllocRules) =>
  (m: Areas, cpu: CpuFields): Step[] => [
    begins(m, cpu),
    finds(m, cpu, "alloc_vmap_area", { hasNodes, asksPool: hasNodes }),
    purges === "purge lock"
      ? waits(m, cpu, purges, hasNodes)
      : findsNothing(m, cpu, "alloc_vmap_area", purges),
    finds(m, cpu, "retry", { hasNodes, asksPool: false }),
    {
      ...findsNothing(m, cpu, "retry", IDLE),
      says: "finds nothing again: refused",
      asserts: [refusesOnlyWhenFull(cpu)],
      does: (state) => cpu.seeking.set(state, NOT_SEEKING),
      reads: [...m.life, ...m.node, cpu.seeking],
      writes: [cpu.seeking],
    },
  ];

/**
 * Repaired: under the purge lock, where nobody else can turn what is lazy into what is free, it searches and then
 * gathers, and is refused only where it gathers nothing. So it may have to purge more than once.
 */
export const allocatesUnderLock = (m: Areas, cpu: CpuFields): Step[] => [
  begins(m, cpu),
  finds(m, cpu, "alloc_vmap_area", PLAIN),
  waits(m, cpu, "purge lock to search"),
  takesLock(m, cpu, "purge lock to search", "search under lock"),
  finds(m, cpu, "search under lock", { ...PLAIN, unlocks: true }),
  findsNothing(m, cpu, "search under lock", "gather"),
  {
    at: "gathered nothing",
    says: "unlocks; refused",
    to: IDLE,
    asserts: [refusesOnlyWhenFull(cpu)],
    does: (state) => {
      cpu.seeking.set(state, NOT_SEEKING);
      m.purgeLock.set(state, 0);
    },
    reads: [cpu.seeking],
    writes: [cpu.seeking, m.purgeLock],
  },
];

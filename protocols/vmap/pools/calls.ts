/** Who takes extents, gives them back, and moves them between pool, lazy list and free space. */
import {
  all,
  briefly,
  called,
  compare,
  does,
  inCase,
  noneIs,
  not,
  type Operation,
  replaces,
  sets,
  someIs,
  value,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import type { Facts } from "../../../kernels/changes.ts";
import { IDLE, joinsLine, type LockInTurn, type Step, takesInTurn } from "../../program.ts";
import {
  ALLOCATION,
  BUSY,
  type CpuFields,
  DECAYED,
  DETACHED,
  FREE,
  holds,
  isFull,
  LAZY,
  LOST,
  NONE,
  POOLED,
  type Pools,
  PURGING,
  places,
  SHRINKER,
  signed,
  WORKER,
  wrapped,
} from "./fields.ts";

/** What differs between releases. */
export type PoolsOrder = Pick<Facts, "decay" | "shrinkerLocks">;

const purgeLock = (m: Pools): LockInTurn => ({ lock: m.purgeLock, turns: m.cpus.map(({ turn }) => turn) });

export const takesLock = (m: Pools, cpu: CpuFields): Step => ({
  at: "purge lock",
  says: "takes the purge lock",
  to: "list_empty",
  ...takesInTurn(purgeLock(m), cpu),
});

/** One phase each: no law here depends on their steps, but for those that touch the pool. */
export function callers(m: Pools, cpu: CpuFields): Step[] {
  const free = m.extents.map(({ place }) => place);
  return [
    {
      at: IDLE,
      says: "alloc_vmap_area takes an extent from the pool",
      to: IDLE,
      when: [someIs(free, POOLED)],
      does: [moves(m, POOLED, () => BUSY, 1), lengthens(m, -1)],
    },
    {
      at: IDLE,
      says: "alloc_vmap_area takes a free extent",
      to: IDLE,
      when: [noneIs(free, POOLED), someIs(free, FREE)],
      does: moves(m, FREE, () => BUSY, 1),
    },
    {
      at: IDLE,
      says: "alloc_vmap_area finds nothing, and purges",
      to: "purge lock",
      when: [noneIs(free, POOLED), noneIs(free, FREE)],
      does: [sets(cpu.for, ALLOCATION), joinsLine(purgeLock(m), cpu.turn)],
    },
    ...m.extents.map(({ index, place }) => ({
      at: IDLE,
      says: `frees extent ${index}; asks the worker to purge`,
      to: IDLE,
      when: [has(place, BUSY)],
      does: [sets(place, LAZY), sets(m.drainAsked, 1)],
    })),
    {
      at: IDLE,
      says: "drain_vmap_area_work",
      to: "purge lock",
      when: [has(m.drainAsked, 1)],
      does: [sets(m.drainAsked, 0), sets(cpu.for, WORKER), joinsLine(purgeLock(m), cpu.turn)],
      agent: "the worker",
    },
  ];
}

/** Reclaim calls the shrinker: vmap_node_shrink_scan. */
export function shrinks(m: Pools, cpu: CpuFields, { shrinkerLocks }: PoolsOrder): Step {
  return {
    at: IDLE,
    says: "vmap_node_shrink_scan",
    to: shrinkerLocks ? "purge lock" : "list_empty",
    does: [sets(cpu.for, SHRINKER), shrinkerLocks ? joinsLine(purgeLock(m), cpu.turn) : []],
  };
}

/** decay_va_pool_node: the pool is detached, as much as should go goes, and what is left is attached again. */
export function decays(m: Pools, cpu: CpuFields, { decay }: PoolsOrder): Step[] {
  const all = places(m);
  const isEager = decay === "a quarter, or all of a few";
  const next = [
    { to: "unlock", when: [has(cpu.for, SHRINKER)] },
    { to: "gather", when: [hasNot(cpu.for, SHRINKER)] },
  ];
  return [
    ...next.map(({ to, when }) => ({
      at: "list_empty",
      says: "the pool is empty",
      to,
      when: [noneIs(all, POOLED), ...when],
    })),
    { at: "list_empty", says: "the pool is not empty", to: "pool_lock", when: [someIs(all, POOLED)] },
    {
      at: "pool_lock",
      says: "detaches the pool",
      to: "read len",
      does: m.extents.map(({ place, holder }) =>
        inCase(has(place, POOLED), [sets(place, DETACHED), sets(holder, cpu.index + 1)]),
      ),
    },
    ...(isEager ? eagerly(m, cpu) : exactly(m, cpu)),
    {
      at: "decayed",
      says: "attaches what is left",
      to: "reclaim",
      when: [holds(m, cpu, DETACHED), ...(isEager ? [not(isFull(cpu))] : [])],
      does: [
        briefly("what lies in the pool meanwhile is on no list any more", replaces(all, POOLED, LOST)),
        own(m, cpu, DETACHED, POOLED),
        isEager ? [] : sets(m.length, cpu.keeps),
      ],
    },
    {
      at: "decayed",
      says: "nothing is left",
      to: "reclaim",
      when: [not(holds(m, cpu, DETACHED))],
    },
    ...next.map(({ to, when }) => ({
      at: "reclaim",
      says: "what has decayed is free",
      to,
      when,
      does: [own(m, cpu, DECAYED, FREE), sets(cpu.decays, 0), sets(cpu.keeps, 0)],
    })),
  ];
}

/** From 6.16 on: as many as the length says go, all or a quarter. */
const exactly = (m: Pools, cpu: CpuFields): Step[] => [
  {
    at: "read len",
    says: "reads the length",
    to: "len = 0",
    does: inCase(
      isFull(cpu),
      [sets(cpu.decays, m.length), sets(cpu.keeps, 0)],
      [
        sets(
          cpu.decays,
          value("a quarter of the length", [m.length], (state) => m.length.get(state) >> 2),
        ),
        sets(
          cpu.keeps,
          value("the rest of it", [m.length], (state) => m.length.get(state) - (m.length.get(state) >> 2)),
        ),
      ],
    ),
  },
  { at: "len = 0", says: "sets the length to 0", to: "decay", does: sets(m.length, 0) },
  {
    at: "decay",
    says: "takes as many as it read",
    to: "decayed",
    does: decaysSome(m, cpu, (read) => read, false),
  },
];

/** Up to 6.15: all; or a quarter of the length, and all of up to three, since a count of 0 wraps. */
const eagerly = (m: Pools, cpu: CpuFields): Step[] => [
  {
    at: "read len",
    says: "sets the length to 0",
    to: "decay",
    when: [isFull(cpu)],
    does: sets(m.length, 0),
  },
  {
    at: "read len",
    says: "reads the length",
    to: "decay",
    when: [not(isFull(cpu))],
    does: sets(
      cpu.decays,
      value("a quarter of the length", [m.length], (state) => m.length.get(state) >> 2),
    ),
  },
  {
    at: "decay",
    says: "takes all",
    to: "decayed",
    when: [isFull(cpu)],
    does: own(m, cpu, DETACHED, DECAYED),
  },
  {
    at: "decay",
    says: "takes as many as it read, or all if that is none; shortens the length",
    to: "decayed",
    when: [not(isFull(cpu))],
    does: decaysSome(m, cpu, (read) => (read === 0 ? m.scope.extents : read), true),
  },
];

/** gather; the flush is left out, as no law here is about translations; purge_vmap_node, an extent after the other. */
export function purges(m: Pools, cpu: CpuFields): Step[] {
  const all = places(m);
  return [
    {
      at: "gather",
      says: "takes all that is lazy; flushes",
      to: "purge_vmap_node",
      does: replaces(all, LAZY, PURGING),
    },
    {
      at: "purge_vmap_node",
      says: "adds an extent to the pool",
      to: "purge_vmap_node",
      when: [someIs(all, PURGING), has(cpu.for, WORKER)],
      does: [moves(m, PURGING, () => POOLED, 1), lengthens(m, 1)],
    },
    {
      at: "purge_vmap_node",
      says: "releases all",
      to: "unlock",
      when: [someIs(all, PURGING), has(cpu.for, ALLOCATION)],
      does: replaces(all, PURGING, FREE),
    },
    { at: "purge_vmap_node", says: "nothing is left", to: "unlock", when: [noneIs(all, PURGING)] },
    {
      at: "unlock",
      says: "unlocks, if it took the lock; returns",
      to: IDLE,
      does: [
        inCase(
          called("it holds the purge lock", compare(m.purgeLock, "=", cpu.index + 1)),
          sets(m.purgeLock, 0),
        ),
        sets(cpu.for, NONE),
      ],
    },
  ];
}

/** Of the extents that lie there the first go elsewhere, `most` of them. */
function moves(m: Pools, from: number, to: () => number, most: number): Operation {
  const fields = places(m);
  return does(
    most === 1 ? "the first of them" : "some of them",
    { reads: fields, writes: fields },
    (state) => {
      let left = most;
      for (const place of fields) {
        if (place.get(state) !== from || left-- <= 0) continue;
        place.set(state, to());
      }
    },
  );
}

const lengthens = (m: Pools, by: number): Operation =>
  sets(
    m.length,
    value(`the length ${by < 0 ? "less" : "plus"} 1`, [m.length], (state) =>
      wrapped(m.length.get(state) + by),
    ),
  );

/** What this CPU has detached, or has decayed, goes elsewhere. */
const own = (m: Pools, { index }: CpuFields, from: number, to: number): Operation =>
  briefly(
    to === POOLED ? "what it has left is in the pool" : "what it holds goes",
    m.extents.map(({ place, holder }) =>
      inCase(all(has(place, from), compare(holder, "=", index + 1)), [
        sets(place, to),
        to === DECAYED ? [] : sets(holder, 0),
      ]),
    ),
  );

/** Of what it detached, as many decay as it computed; it may count them off the length. */
function decaysSome(m: Pools, cpu: CpuFields, most: (read: number) => number, counts: boolean): Operation {
  const own = m.extents.flatMap(({ place, holder }) => [place, holder]);
  const moved = m.extents.map(({ place }) => place);
  return does(
    "as many go",
    { reads: [...own, cpu.decays, m.length], writes: [...moved, ...(counts ? [m.length] : [])] },
    (state) => {
      const read = cpu.decays.get(state);
      let left = most(signed(read) < 0 ? m.scope.extents : read);
      for (const { place, holder } of m.extents) {
        if (left <= 0) return;
        if (place.get(state) !== DETACHED || holder.get(state) !== cpu.index + 1) continue;
        place.set(state, DECAYED);
        left -= 1;
        if (counts) m.length.set(state, wrapped(m.length.get(state) - 1));
      }
    },
  );
}

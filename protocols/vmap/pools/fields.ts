/**
 * The state of a node's pool of one size (6.9 on): extents, the pool's length, and what a CPU has detached from the pool
 * while it decays it. All extents belong to the one node.
 */
import { called, test } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { byIndex, FLAG, indexOf, type Layout, named, plain, upTo } from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

export interface PoolsScope {
  readonly cpus: number;
  readonly extents: number;
}

/**
 * Where an extent lies. DETACHED and DECAYED are private lists of the CPU that decays; LOST means that no list has it any
 * more.
 */
export const [FREE, BUSY, LAZY, PURGING, POOLED, DETACHED, DECAYED, LOST] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** Who decays the pool: reclaim and an allocation all of it, the worker a part. */
export const [NONE, SHRINKER, WORKER, ALLOCATION] = [0, 1, 2, 3] as const;

/** Values of the length, which is unsigned: one below 0 is very large. */
const LENGTHS = 16;

export type Pools = ReturnType<typeof fieldsOf>;
export type CpuFields = Pools["cpus"][number];

export function fieldsOf(layout: Layout, scope: PoolsScope) {
  const { cpus, extents } = scope;
  const ofCpus = { name: "CPUs", size: cpus };
  return {
    scope,
    cpus: byIndex(cpus, {
      phase: layout.array("phase", ofCpus, plain(MOST_PHASES)),
      for: layout.array("for", ofCpus, named("no", "shrinker", "worker", "allocation")),
      /** n_decay as it was computed, and pool_len. */
      decays: layout.array("decays", ofCpus, plain(LENGTHS)),
      keeps: layout.array("keeps", ofCpus, plain(LENGTHS)),
      /** 0, or its position in the queue for the purge lock. */
      turn: layout.array("turn", ofCpus, plain(cpus + 1)),
    }),
    extents: byIndex(extents, {
      place: upTo(extents).map((at) =>
        layout.field(
          `place of extent ${at}`,
          named("free", "busy", "lazy", "purging", "pooled", "detached", "decayed", "lost"),
        ),
      ),
      /** Who detached it. */
      holder: upTo(extents).map((at) => layout.field(`holder of extent ${at}`, indexOf(ofCpus))),
    }),
    length: layout.field("length", plain(LENGTHS, signed)),
    purgeLock: layout.field("purge lock", indexOf(ofCpus)),
    drainAsked: layout.field("drain asked", FLAG),
  };
}

/** What an unsigned number of few bits means: the upper half lies below 0. */
export const signed = (value: number): number => (value < LENGTHS / 2 ? value : value - LENGTHS);

/** A length more or less, which wraps. */
export const wrapped = (value: number): number => (value + LENGTHS) % LENGTHS;

export const places = ({ extents }: Pools) => extents.map(({ place }) => place);

export const pooled = ({ extents }: Pools, state: Int32Array): number =>
  extents.filter(({ place }) => place.get(state) === POOLED).length;

/** The CPU has an extent on its private list. */
export const holds = ({ extents }: Pools, { index }: CpuFields, what: number) =>
  called(
    what === DETACHED ? "something is left on its list" : "something has decayed",
    test(
      "it holds some",
      extents.flatMap(({ place, holder }) => [place, holder]),
      (state) =>
        extents.some(({ place, holder }) => place.get(state) === what && holder.get(state) === index + 1),
    ),
  );

export const isFull = ({ for: why }: CpuFields) => has(why, SHRINKER, ALLOCATION);

/** Pools at the step grain (6.9 on): allocations, frees, the worker that purges, and the shrinker of reclaim. */
import type { Invariant } from "../../../engine/machine.ts";
import { any } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { Layout } from "../../../engine/search/layout.ts";
import { factsOf } from "../../../kernels/changes.ts";
import { extentInOnePlace, poolsCounted } from "../../../spec/vmap/step-laws.ts";
import type { StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { callers, decays, type PoolsOrder, purges, shrinks, takesLock } from "./calls.ts";
import { fieldsOf, LOST, type Pools, type PoolsScope, places, pooled, signed } from "./fields.ts";

export function poolsMachine(name: string, scope: PoolsScope, order: PoolsOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [
      ...callers(m, cpu),
      shrinks(m, cpu, order),
      takesLock(m, cpu),
      ...decays(m, cpu, order),
      ...purges(m, cpu),
    ],
    invariants: [oneplace(m), counted(m)],
    isSymmetric: true,
    legend:
      "extents: . free, B busy, L lazy, P being purged, p in the pool, d detached by a CPU, f decayed, ! on no list; length: of the pool, as it is counted",
    draw: (state) => ({
      extents: places(m)
        .map((place) => ".BLPpdf!"[place.get(state)])
        .join(""),
      length: String(signed(m.length.get(state))),
    }),
  });
}

const oneplace = (m: Pools): Invariant => ({
  id: extentInOnePlace.id,
  says: extentInOnePlace.says,
  never: places(m).map((place) => [has(place, LOST)]),
});

/** While no CPU is in a purge or in the shrinker. */
function counted(m: Pools): Invariant {
  const busy = any(...m.cpus.map(({ phase }) => hasNot(phase, 0)));
  return {
    id: poolsCounted.id,
    says: poolsCounted.says,
    reads: [...places(m), m.length, ...busy.reads],
    holds: (state) => busy.holds(state) || m.length.get(state) === pooled(m, state),
  };
}

const orderOf = (label: string): PoolsOrder => factsOf(label);

export const POOLS_ORDERS: Readonly<Record<string, PoolsOrder>> = {
  /** The shrinker takes no lock. */
  "6.9": orderOf("6.9"),
  /** The same, and a decay takes as many as the length says. */
  "6.16": orderOf("6.16"),
  /** The shrinker takes the purge lock. */
  "6.12.96": orderOf("6.12.96"),
  "7.1": orderOf("7.1"),
};

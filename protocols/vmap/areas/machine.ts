/** Areas at the step grain: allocations, frees and purges on every CPU. */

import type { EventuallyEnds, Invariant, LawStatement } from "../../../engine/machine.ts";
import { any, includes, isIn, not } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { type Field, Layout } from "../../../engine/search/layout.ts";
import { lazyBounded, lazyCount } from "../../../spec/vmap/laws/purging.ts";
import { pagesIn } from "../../call-assertions.ts";
import { hardwareStep, type StepAction, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import {
  type Areas,
  type AreasScope,
  BUSY,
  type CpuFields,
  counted,
  FREE,
  fieldsOf,
  lazyPlaces,
  POOLED,
  SEEKING,
  SEEN_FULL,
} from "./fields.ts";
import { flushes, PURGES } from "./purge.ts";
import type { AreasOrder } from "./releases.ts";

export function areasMachine(name: string, scope: AreasScope, order: AreasOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [
      ...order.alloc(m, cpu),
      ...order.free(m, cpu),
      ...order.begin(m, cpu),
      ...order.purge(m, cpu),
    ],
    hardware: (cpu) => [flushes(m, cpu), ...(scope.caches ? fills(m, cpu) : [])],
    begin: (state) => m.lazyNr.set(state, scope.places),
    invariants: atRest(m),
    eventuallyEnds: (phases) => eventuallyEnds(m, phases),
    isSymmetric: true,
    legend:
      "areas: . free, B busy, L lazy, P being purged, p in a pool; lazy: the counter; TLB: the areas that a CPU translates",
    draw: (state) => draw(m, state),
  });
}

/** Nothing is in flight: every CPU is idle, and the worker was not asked. */
function atRest(m: Areas): Invariant[] {
  const busy = any(has(m.drainAsked, 1), ...m.cpus.map(({ phase }) => hasNot(phase, 0)));
  const reads = [...m.life, m.lazyNr, ...busy.reads];
  const atRest = ({ id, says }: LawStatement, holds: (state: Int32Array) => boolean) => ({
    id,
    says,
    reads,
    holds: (state: Int32Array) => holds(state) || busy.holds(state),
  });
  return [
    atRest(lazyBounded, (state) => lazyPlaces(m, state) <= m.scope.lazyMax),
    atRest(lazyCount, (state) => counted(m, state) === lazyPlaces(m, state)),
  ];
}

/** The conditions that have to end. */
function eventuallyEnds(m: Areas, phases: readonly string[]): EventuallyEnds[] {
  const purging = PURGES.map((phase) => phases.indexOf(phase)).filter((phase) => phase >= 0);
  const nothingLazy = m.life.map((life) => has(life, FREE, BUSY, POOLED));
  const ofCpus = (
    id: string,
    says: string,
    when: (cpu: CpuFields) => EventuallyEnds["when"],
  ): EventuallyEnds[] => m.cpus.map((cpu) => ({ id: `${id}-${cpu.index}`, says, when: when(cpu) }));
  return [
    ...ofCpus("purge-ends", "Every purge that began ends.", ({ phase }) => [has(phase, ...purging)]),
    ...ofCpus("allocation-returns", "An allocation that began is granted or refused.", ({ seeking }) => [
      has(seeking, SEEKING, SEEN_FULL),
    ]),
    ...ofCpus("nothing-lazy-nothing-purged", "No CPU purges for ever where nothing is lazy.", ({ phase }) => [
      hasNot(phase, 0),
      ...nothingLazy,
    ]),
    {
      id: "lazy-comes-down",
      says: "While any CPU is at work, lazy pages above twice the limit come down again.",
      when: [above(m, 2 * m.scope.lazyMax)],
      guard: (state) => m.cpus.some(({ phase }) => phase.get(state) !== 0),
    },
  ];
}

/** More lazy pages than this are counted. */
function above({ lazyNr, scope }: Areas, limit: number) {
  const values = Array.from({ length: 2 * scope.places + scope.lazyMax + 2 }, (_none, more) => more + 1);
  return has(lazyNr, ...values.map((more) => scope.places + limit + more).filter((value) => value < 32));
}

/** A CPU may cache a page with a PTE at any time. */
function fills(m: Areas, cpu: CpuFields): StepAction[] {
  return m.life.map((_life: Field, place) =>
    hardwareStep(
      cpu.index,
      {
        says: `caches area ${place}`,
        when: [isIn(m.ptes, place), not(isIn(cpu.tlb, place))],
        does: includes(cpu.tlb, place),
      },
      false,
    ),
  );
}

function draw(m: Areas, state: Int32Array): Record<string, string> {
  return {
    areas: m.life.map((life) => ".BLPp"[life.get(state)]).join(""),
    lazy: String(counted(m, state)),
    ...Object.fromEntries(
      m.cpus.map(({ index, tlb }) => [`TLB ${index}`, pagesIn(tlb.get(state)).join("") || "-"]),
    ),
  };
}

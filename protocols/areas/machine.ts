/** Areas at the step grain: allocations, frees and purges on every CPU. */
import { has } from "../../engine/conditions.ts";
import { type Field, Layout } from "../../engine/layout.ts";
import { canonicalForm } from "../../engine/symmetry.ts";
import { pagesIn } from "../judged.ts";
import { hardwareStep, phasesOf, type StepAction, type StepMachine, stepsOfCpu } from "../program.ts";
import { type Areas, type AreasScope, type CpuFields, counted, fieldsOf, MOST_PHASES } from "./fields.ts";
import { flushes, PURGES } from "./purge.ts";
import type { AreasOrder } from "./releases.ts";

export function areasMachine(name: string, scope: AreasScope, order: AreasOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  const programs = m.cpus.map((cpu) => [
    ...order.alloc(m, cpu),
    ...order.free(m, cpu),
    ...order.begin(m, cpu),
    ...order.purge(m, cpu),
  ]);
  const phases = phasesOf(programs.flat());
  if (phases.length > MOST_PHASES) throw new RangeError(`${name} has more than ${MOST_PHASES} phases`);
  const actions = m.cpus.flatMap((cpu, nth) => [
    ...stepsOfCpu(cpu.index, cpu.phase, phases, programs[nth] ?? []),
    flushes(m, cpu),
    ...fills(m, cpu),
  ]);
  const isPurging = PURGES.map((phase) => phases.indexOf(phase)).filter((phase) => phase >= 0);
  return {
    name,
    layout,
    cpus: scope.cpus,
    words: layout.words,
    initial: (state) => {
      state.fill(0);
      m.lazyNr.set(state, scope.places);
    },
    actions,
    invariants: [],
    passing: [
      ...m.cpus.map(({ index, phase }) => ({
        id: `purge-ends-on-cpu-${index}`,
        says: "Every purge that began ends.",
        when: [has(phase, ...isPurging)],
      })),
      ...m.cpus.map(({ index, seeking }) => ({
        id: `allocation-returns-on-cpu-${index}`,
        says: "An allocation that began is granted or refused.",
        when: [has(seeking, 1, 2)],
      })),
      {
        id: "lazy-comes-down",
        says: "Lazy pages above twice the limit come down again, however busy the allocators are.",
        when: [above(m, 2 * scope.lazyMax)],
      },
    ],
    symmetry: () => canonicalForm(layout),
    interchangeable: layout.interchangeable,
    draw: (state) => draw(m, state),
  };
}

/** More than this is counted as lazy. */
function above({ lazyNr, scope }: Areas, limit: number) {
  const values = Array.from({ length: 2 * scope.places + scope.lazyMax + 2 }, (_none, more) => more + 1);
  return has(lazyNr, ...values.map((more) => scope.places + limit + more).filter((value) => value < 32));
}

/** A CPU may translate what has a PTE at any time. */
function fills(m: Areas, cpu: CpuFields): StepAction[] {
  return m.life.map((_life: Field, place) =>
    hardwareStep(
      cpu.index,
      {
        says: `caches area ${place}`,
        guard: (state) => (((m.ptes.get(state) & ~cpu.tlb.get(state)) >>> place) & 1) === 1,
        does: (state) => cpu.tlb.set(state, cpu.tlb.get(state) | (1 << place)),
        reads: [m.ptes, cpu.tlb],
        writes: [cpu.tlb],
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

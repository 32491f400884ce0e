/** Per-CPU blocks at the step grain: vm_map_ram, vm_unmap_ram, vm_unmap_aliases and a purge on every CPU. */
import { has } from "../../engine/conditions.ts";
import { Layout } from "../../engine/layout.ts";
import { canonicalForm } from "../../engine/symmetry.ts";
import { pagesIn } from "../judged.ts";
import { hardwareStep, phasesOf, type StepAction, type StepMachine, stepsOfCpu } from "../program.ts";
import {
  type Blocks,
  type BlocksScope,
  type CpuFields,
  fieldsOf,
  LAZY,
  MOST_PHASES,
  NONE,
  PURGING,
} from "./fields.ts";
import { MAPPING } from "./map.ts";
import { flushAndRelease, flushes, purgeAlone } from "./purge.ts";
import type { BlocksOrder } from "./releases.ts";

export function blocksMachine(name: string, scope: BlocksScope, order: BlocksOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  const programs = m.cpus.map((cpu) => [
    ...order.map(m, cpu),
    ...order.unmap(m, cpu),
    ...order.aliases(m, cpu),
    purgeAlone(m, cpu),
    ...order.gather(m, cpu),
    ...flushAndRelease(m, cpu),
  ]);
  const phases = phasesOf(programs.flat());
  if (phases.length > MOST_PHASES) throw new RangeError(`${name} has more than ${MOST_PHASES} phases`);
  const actions = m.cpus.flatMap((cpu, nth) => [
    ...stepsOfCpu(cpu.index, cpu.phase, phases, programs[nth] ?? []),
    flushes(m, cpu),
    ...fills(m, cpu),
  ]);
  return {
    name,
    layout,
    cpus: scope.cpus,
    words: layout.words,
    initial: (state) => state.fill(0),
    actions,
    invariants: [],
    passing: m.cpus.map(({ index, phase }) => ({
      id: `map-returns-${index}`,
      says: "A map that began is granted or refused.",
      when: [has(phase, ...MAPPING.map((name) => phases.indexOf(name)))],
    })),
    symmetry: () => canonicalForm(layout),
    interchangeable: layout.interchangeable,
    legend:
      "map: . never given out, x given out or given back, M mapped, ! let go and still translated somewhere, m the same with its PTE; TLB: the pages that a CPU translates",
    draw: (state) => draw(m, state),
  };
}

/** A CPU may translate what has a PTE at any time. */
function fills(m: Blocks, cpu: CpuFields): StepAction[] {
  return Array.from({ length: m.pages }, (_none, page) =>
    hardwareStep(
      cpu.index,
      {
        says: `caches page ${page}`,
        guard: (state) => (((m.ptes.get(state) & ~cpu.tlb.get(state)) >>> page) & 1) === 1,
        does: (state) => cpu.tlb.set(state, cpu.tlb.get(state) | (1 << page)),
        reads: [m.ptes, cpu.tlb],
        writes: [cpu.tlb],
      },
      false,
    ),
  );
}

function draw(m: Blocks, state: Int32Array): Record<string, string> {
  const { live, ptes, stale, blocks, cpus } = m;
  const holds = (pages: number, page: number) => ((pages >>> page) & 1) === 1;
  const pageOf = (page: number, given: boolean) => {
    if (holds(live.get(state), page)) return "M";
    if (holds(ptes.get(state), page)) return "m";
    if (holds(stale.get(state), page)) return "!";
    return given ? "x" : ".";
  };
  const lives = ["", "", " lazy", " purging"];
  return {
    map: blocks
      .map(({ life, free, first }) => {
        const now = life.get(state);
        if (now === NONE) return " ".repeat(m.scope.pages);
        const given = now === LAZY || now === PURGING ? m.scope.pages : m.scope.pages - free.get(state);
        const pages = Array.from({ length: m.scope.pages }, (_none, at) => pageOf(first + at, at < given));
        return `${pages.join("")}${lives[now]}`;
      })
      .join("|"),
    ...Object.fromEntries(
      cpus.map(({ index, tlb }) => [`TLB ${index}`, pagesIn(tlb.get(state)).join("") || "-"]),
    ),
  };
}

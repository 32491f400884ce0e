/** Per-CPU blocks at the step grain: vm_map_ram, vm_unmap_ram, vm_unmap_aliases and a purge on every CPU. */
import type { EventuallyEnds } from "../../../engine/machine.ts";
import { sets } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { type Field, Layout } from "../../../engine/search/layout.ts";
import { hardwareStep, type Step, type StepAction, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { beginningLate } from "./delayed-steps.ts";
import {
  type BlockFields,
  type Blocks,
  type BlocksScope,
  type CpuFields,
  fieldsOf,
  LAZY,
  NONE,
  type PageFields,
} from "./fields.ts";
import { MAPPING } from "./map.ts";
import { flushAndRelease, flushes, purgeAlone } from "./purge.ts";
import { isInUse } from "./redundant-guards.ts";
import type { BlocksOrder } from "./releases.ts";

/** Steps are delayed on request, where that leaves the violated laws the same (delayed-steps.ts). */
export function blocksMachine(
  name: string,
  scope: BlocksScope,
  order: BlocksOrder,
  delayed = false,
): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope, order.lazyPtes, delayed && !order.lazyPtes);
  const calls = (cpu: CpuFields): readonly Step[] => [
    ...order.map(m, cpu),
    ...order.unmap(m, cpu),
    ...order.aliases(m, cpu),
    purgeAlone(m, cpu),
    ...order.gather(m, cpu),
    ...flushAndRelease(m, cpu),
  ];
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: delayed ? (cpu) => beginningLate(calls(cpu)) : calls,
    hardware: (cpu) => [...flushes(m, cpu), ...(m.delaysFills ? [] : fills(m, cpu))],
    eventuallyEnds: (phases) => (delayed ? [] : m.cpus.map((cpu) => mapReturns(cpu, phases))),
    isSymmetric: true,
    legend:
      "map: . never given out, x given out or given back, M mapped, ! unmapped and still translated somewhere, m the same with its PTE; TLB: the pages that a CPU translates",
    draw: (state) => draw(m, state),
  });
}

function mapReturns({ index, phase }: CpuFields, phases: readonly string[]): EventuallyEnds {
  return {
    id: `map-returns-${index}`,
    says: "A map that began is granted or refused.",
    when: [has(phase, ...MAPPING.map((name) => phases.indexOf(name)))],
  };
}

/**
 * A CPU may cache a page with a PTE at any time. The guards that its block is not being released, and without lazy PTEs
 * that a caller holds it, are redundant (redundant-guards.ts).
 */
function fills(m: Blocks, cpu: CpuFields): StepAction[] {
  return m.blocks.flatMap((block) =>
    block.pages.map(({ page, live, pte, tlb }) => {
      const own = tlb[cpu.index] as Field;
      return hardwareStep(
        cpu.index,
        {
          says: `caches page ${page}`,
          when: [has(pte, 1), has(own, 0)],
          redundant: m.lazyPtes ? [has(block.purging, 0)] : [has(live, 1), isInUse(block)],
          does: sets(own, 1),
        },
        false,
      );
    }),
  );
}

function draw(m: Blocks, state: Int32Array): Record<string, string> {
  const pageOf = ({ live, pte, stale }: PageFields, given: boolean) => {
    if (live.get(state) === 1) return "M";
    if (pte.get(state) === 1) return "m";
    if (stale.some((field) => field.get(state) === 1)) return "!";
    return given ? "x" : ".";
  };
  const lifeOf = ({ life, purging }: BlockFields) => {
    if (purging.get(state) === 1) return " purging";
    return life.get(state) === LAZY ? " lazy" : "";
  };
  const mapOf = (block: BlockFields) => {
    const now = block.life.get(state);
    if (now === NONE) return " ".repeat(m.scope.pages);
    const given = now === LAZY ? m.scope.pages : m.scope.pages - block.free.get(state);
    return `${block.pages.map((page, at) => pageOf(page, at < given)).join("")}${lifeOf(block)}`;
  };
  const translated = (cpu: number) => m.pages.filter(({ tlb }) => tlb[cpu]?.get(state) === 1);
  return {
    map: m.blocks.map(mapOf).join("|"),
    ...Object.fromEntries(
      m.cpus.map(({ index }) => [
        `TLB ${index}`,
        translated(index)
          .map(({ page }) => page)
          .join("") || "-",
      ]),
    ),
  };
}

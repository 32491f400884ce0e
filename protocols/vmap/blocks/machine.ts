/** Per-CPU blocks at the step grain: vm_map_ram, vm_unmap_ram, vm_unmap_aliases and a purge on every CPU. */
import type { EventuallyEnds } from "../../../engine/machine.ts";
import { sets } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { type Field, Layout } from "../../../engine/search/layout.ts";
import { type Facts, factsOf } from "../../../kernels/changes.ts";
import { hardwareStep, type Step, type StepAction, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { collectsBeforeLock, collectsFirst, collectsUnderLock } from "./aliases.ts";
import {
  MAPPING,
  mapBornTaken,
  mapSearchingAgain,
  unmapPublishingUnderLock,
  unmapThenPublish,
} from "./calls.ts";
import { beginningLate } from "./delayed-steps.ts";
import {
  type BlockFields,
  type Blocks,
  type BlocksScope,
  type CpuFields,
  fieldsOf,
  isInUse,
  LAZY,
  NONE,
  type PageFields,
} from "./fields.ts";
import { flushAndRelease, flushes, gatherAll, gatherByNode, purgeAlone } from "./purge.ts";

// The order of steps of each release's calls. A machine is a few lists of steps; a bug replaces one of them.

type Steps = (m: Blocks, cpu: CpuFields) => readonly Step[];

export interface BlocksOrder {
  readonly map: Steps;
  readonly unmap: Steps;
  /** vm_unmap_aliases before it gathers. */
  readonly aliases: Steps;
  readonly gather: Steps;
  /** An unmap leaves its PTE (up to 2.6.37). */
  readonly lazyPtes: boolean;
}

/**
 * From 6.5 on vm_unmap_aliases collects under the purge lock; before that it collects first and then takes the lock.
 */
function orderFrom(facts: Facts): BlocksOrder {
  const { bornTaken, collectsOnce, looksAt, passesFull, purgesFragments, lazyPtes } = facts;
  return {
    map: bornTaken ? mapBornTaken : mapSearchingAgain,
    unmap: unmapThenPublish,
    aliases: collectsOnce
      ? collectsUnderLock(passesFull)
      : collectsFirst({ looksAt, passesFull, purgesFragments }),
    gather: facts.lazyAreas === "on nodes" ? gatherByNode : gatherAll,
    lazyPtes,
  };
}

const orderOf = (label: string): BlocksOrder => orderFrom(factsOf(label));

/** Only C7 and C13 repaired: every block is looked at, full ones as well, and published under its lock. */
const repaired = (label: string): BlocksOrder => ({
  ...orderFrom({ ...factsOf(label), looksAt: "all", passesFull: false }),
  unmap: unmapPublishingUnderLock,
});

/** By release. */
export const BLOCK_ORDERS: Readonly<Record<string, BlocksOrder>> = {
  "2.6.28": orderOf("2.6.28"),
  "2.6.28-repaired": repaired("2.6.28"),
  "2.6.33": orderOf("2.6.33"),
  "2.6.33-repaired": repaired("2.6.33"),
  "3.16": orderOf("3.16"),
  "3.16-repaired": repaired("3.16"),
  "4.4": orderOf("4.4"),
  /** Only C7 repaired: C13 was present all the time. */
  "4.4-walking-all": orderFrom({ ...factsOf("4.4"), looksAt: "all" }),
  "4.4-repaired": repaired("4.4"),
  "5.13": orderOf("5.13"),
  "5.13-repaired": repaired("5.13"),
  "6.5": orderOf("6.5"),
  "6.5-repaired": repaired("6.5"),
  /** Lazy areas are gathered at once, as up to 6.8: all blocks are on one node. */
  "6.10": orderOf("6.5"),
  "6.12": orderOf("6.12"),
  "6.12-repaired": repaired("6.12"),
  /** Half of the repair: a walk still skips full blocks. */
  "6.12-publishing-alone": { ...orderOf("6.12"), unmap: unmapPublishingUnderLock },
  /** The other half: full blocks are collected, but leave the index before their area is lazy. */
  "6.12-collecting-full": orderFrom({ ...factsOf("6.12"), passesFull: false }),
  /** C9's mutant. */
  "6.12-collecting-before-lock": {
    ...orderOf("6.12"),
    aliases: collectsBeforeLock,
    unmap: unmapPublishingUnderLock,
  },
};

// The machine.

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
 * that a caller holds it, are redundant (fields.ts).
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

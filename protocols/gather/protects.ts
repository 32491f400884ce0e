/**
 * change_protection_range against NUMA migration of the same page: a PTE that was made inaccessible is not flushed by
 * the migration, which takes it for one that no CPU translates. mm->tlb_flush_pending says that a flush is still due.
 */
import { adds, inCase, type Operations, sets } from "../../engine/operations.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import { type Field, FLAG, Layout, named, plain, setOf } from "../../engine/search/layout.ts";
import { type Check, hardwareStep, IDLE, MOST_PHASES, type Step, type StepMachine } from "../program.ts";
import { stepMachine } from "../step-machine.ts";
import { cpuSet, eachEnds, interrupt } from "./tasks.ts";

interface ProtectsScope {
  readonly cpus: number;
}

const [WRITABLE, INACCESSIBLE, MIGRATING] = [0, 1, 2] as const;
type Protects = ReturnType<typeof fieldsOf>;
type Cpu = Protects["cpus"][number];

function fieldsOf(layout: Layout, scope: ProtectsScope) {
  const cpus = cpuSet(scope.cpus);
  const phases = layout.array("phase", cpus, plain(MOST_PHASES));
  const tlbs = layout.array("tlb", cpus, named("none", "frame 0", "frame 1"));
  const waits = layout.array("waits for flushes", cpus, setOf(cpus));
  return {
    scope,
    pte: layout.field("pte", named("writable", "inaccessible", "a migration entry")),
    frame: layout.field("frame", FLAG),
    pending: layout.field("tlb_flush_pending", plain(scope.cpus + 1)),
    cpus: phases.map((phase, index) => ({
      index,
      phase,
      tlb: tlbs[index] as Field,
      waits: waits[index] as Field,
    })),
  };
}

/** What differs between releases: how a change says that its flush is due, and that it was done. */
interface ProtectsOrder {
  readonly begins: (m: Protects) => Operations;
  readonly ends: (m: Protects) => Operations;
}

export const PROTECTS_ORDERS: Readonly<Record<string, ProtectsOrder>> = {
  "3.12": { begins: () => [], ends: () => [] },
  /** 20841405940e: a boolean. */
  "3.13": { begins: ({ pending }) => sets(pending, 1), ends: ({ pending }) => sets(pending, 0) },
  /** 16af97dc5a89: a counter. */
  "4.13": { begins: ({ pending }) => adds(pending, 1), ends: ({ pending }) => adds(pending, -1) },
};

const flushes = (m: Protects, { waits }: Cpu, at: string, to: string): Step[] => [
  { at, says: "asks every CPU to flush", to: `${at}: waits`, does: sets(waits, 2 ** m.scope.cpus - 1) },
  { at: `${at}: waits`, says: "all have flushed", to, when: [has(waits, 0)] },
];

const changes = (m: Protects, cpu: Cpu, { begins, ends }: ProtectsOrder): Step[] => [
  { at: IDLE, says: "change_protection_range", to: "change_pte_range", does: begins(m) },
  {
    at: "change_pte_range",
    says: "makes the PTE inaccessible",
    to: "flush_tlb_range",
    when: [has(m.pte, WRITABLE)],
    does: sets(m.pte, INACCESSIBLE),
  },
  {
    at: "change_pte_range",
    says: "finds nothing to change",
    to: "end of the change",
    when: [hasNot(m.pte, WRITABLE)],
  },
  ...flushes(m, cpu, "flush_tlb_range", "end of the change"),
  { at: "end of the change", says: "returns", to: IDLE, does: ends(m) },
];

const migrates = (m: Protects, cpu: Cpu): Step[] => [
  {
    at: IDLE,
    says: "a NUMA fault: makes the PTE writable again",
    to: IDLE,
    when: [has(m.pte, INACCESSIBLE)],
    does: sets(m.pte, WRITABLE),
  },
  {
    at: IDLE,
    says: "a NUMA fault: try_to_unmap, no flush is pending",
    to: "migrate_page_copy",
    when: [has(m.pte, INACCESSIBLE), has(m.pending, 0)],
    does: sets(m.pte, MIGRATING),
  },
  {
    at: IDLE,
    says: "a NUMA fault: try_to_unmap, a flush is pending",
    to: "ptep_clear_flush",
    when: [has(m.pte, INACCESSIBLE), hasNot(m.pending, 0)],
    does: sets(m.pte, MIGRATING),
  },
  ...flushes(m, cpu, "ptep_clear_flush", "migrate_page_copy"),
  {
    at: "migrate_page_copy",
    says: "copies the page, maps the copy",
    to: IDLE,
    does: [inCase(has(m.frame, 0), sets(m.frame, 1), sets(m.frame, 0)), sets(m.pte, WRITABLE)],
    asserts: [copiesUnreached(m)],
  },
];

function copiesUnreached({ cpus }: Protects): Check {
  return {
    law: {
      id: "copied-page-unreached",
      says: "While a page is copied, no CPU translates an address to it: a write then would be lost.",
    },
    reads: cpus.map(({ tlb }) => tlb),
    holds: (state) => cpus.every(({ tlb }) => tlb.get(state) === 0),
  };
}

export function protectsMachine(name: string, scope: ProtectsScope, order: ProtectsOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...changes(m, cpu, order), ...migrates(m, cpu)],
    hardware: ({ index, tlb }) => [
      hardwareStep(
        index,
        {
          says: "caches the page",
          when: [has(m.pte, WRITABLE), has(tlb, 0)],
          does: inCase(has(m.frame, 0), sets(tlb, 1), sets(tlb, 2)),
        },
        false,
      ),
      ...m.cpus.map((asking) =>
        interrupt(index, asking.waits, `flushes for CPU ${asking.index}`, sets(tlb, 0)),
      ),
    ],
    eventuallyEnds: () =>
      eachEnds(m.cpus, "change-ends", "Every change of protection and every migration that began ends."),
    isSymmetric: true,
    legend: "PTE: W writable, N inaccessible, M a migration entry, with its frame; TLB: the frame",
    draw: (state) => ({
      PTE: `${"WNM"[m.pte.get(state)]}${m.frame.get(state)}`,
      pending: `${m.pending.get(state)}`,
      ...Object.fromEntries(
        m.cpus.map(({ index, tlb }) => [
          `TLB ${index}`,
          tlb.get(state) === 0 ? "-" : `${tlb.get(state) - 1}`,
        ]),
      ),
    }),
  });
}

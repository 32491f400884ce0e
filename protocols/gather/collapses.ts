/**
 * GUP-fast against khugepaged, which replaces small pages by a huge one. The walk takes a reference on a page that it
 * found without a lock, and looks again whether it was still mapped; khugepaged unmaps the page table and then looks
 * whether a page has references that it does not know.
 */
import { all, any, not, sets } from "../../engine/operations.ts";
import { has } from "../../engine/reduce/conditions.ts";
import { type Field, FLAG, indexOf, Layout, named, plain } from "../../engine/search/layout.ts";
import { type Check, IDLE, MOST_PHASES, type Step, type StepMachine } from "../program.ts";
import { stepMachine } from "../step-machine.ts";
import { cpuSet, eachEnds } from "./tasks.ts";

interface CollapsesScope {
  readonly cpus: number;
}

const [TABLE, NONE, HUGE] = [0, 1, 2] as const;
type Collapses = ReturnType<typeof fieldsOf>;
type Cpu = Collapses["cpus"][number];

function fieldsOf(layout: Layout, scope: CollapsesScope) {
  const cpus = cpuSet(scope.cpus);
  const phases = layout.array("phase", cpus, plain(MOST_PHASES));
  const references = layout.array("has a reference", cpus, FLAG);
  const pins = layout.array("returned with the page", cpus, FLAG);
  return {
    scope,
    pmd: layout.field("pmd", named("a table", "none", "a huge page")),
    /** The PTE in the table, which stays while khugepaged looks at the page. */
    hasPte: layout.field("pte", FLAG),
    isReplaced: layout.field("the page is replaced", FLAG),
    mmapLock: layout.field("mmap_lock", indexOf(cpus)),
    cpus: phases.map((phase, index) => ({
      index,
      phase,
      reference: references[index] as Field,
      isPinned: pins[index] as Field,
    })),
  };
}

/** What a walk looks at again once it has its reference. */
type CollapsesOrder = (m: Collapses) => readonly ReturnType<typeof has>[];
export const COLLAPSES_ORDERS: Readonly<Record<string, CollapsesOrder>> = {
  /** While flushes were IPIs a walk with interrupts off held khugepaged up; with broadcast flushes it does not. */
  "5.19": ({ hasPte }) => [has(hasPte, 1)],
  /** 70cbc3cc78a9. */
  "6.0": ({ hasPte, pmd }) => [has(hasPte, 1), has(pmd, TABLE)],
};

const walks = (m: Collapses, cpu: Cpu, order: CollapsesOrder): Step[] => {
  const same = all(...order(m));
  return [
    {
      at: IDLE,
      says: "gup_fast: reads the pmd",
      to: "gup_pte_range",
      when: [has(m.pmd, TABLE), has(cpu.isPinned, 0)],
    },
    { at: "gup_pte_range", says: "reads the PTE", to: "try_grab_folio", when: [has(m.hasPte, 1)] },
    { at: "gup_pte_range", says: "finds no PTE; returns", to: IDLE, when: [has(m.hasPte, 0)] },
    { at: "try_grab_folio", says: "takes a reference", to: "looks again", does: sets(cpu.reference, 1) },
    {
      at: "looks again",
      says: "finds what it read; returns with the page",
      to: IDLE,
      when: [same],
      does: sets(cpu.isPinned, 1),
      asserts: [getsMapped(m)],
    },
    {
      at: "looks again",
      says: "finds a change, drops the reference; returns",
      to: IDLE,
      when: [not(same)],
      does: sets(cpu.reference, 0),
    },
    {
      at: IDLE,
      says: "drops its reference",
      to: IDLE,
      when: [has(cpu.isPinned, 1)],
      does: [sets(cpu.isPinned, 0), sets(cpu.reference, 0)],
    },
  ];
};

const collapses = (m: Collapses, cpu: Cpu): Step[] => {
  const isReferenced = any(...m.cpus.map(({ reference }) => has(reference, 1)));
  return [
    {
      at: IDLE,
      says: "khugepaged: clears the pmd, flushes (broadcast)",
      to: "__collapse_huge_page_isolate",
      when: [has(m.pmd, TABLE), has(m.mmapLock, 0)],
      does: [sets(m.pmd, NONE), sets(m.mmapLock, cpu.index + 1)],
    },
    {
      at: "__collapse_huge_page_isolate",
      says: "finds a reference that it does not know, sets the pmd again",
      to: IDLE,
      when: [isReferenced],
      does: [sets(m.pmd, TABLE), sets(m.mmapLock, 0)],
    },
    {
      at: "__collapse_huge_page_isolate",
      says: "finds no other reference",
      to: "__collapse_huge_page_copy",
      when: [not(isReferenced)],
    },
    {
      at: "__collapse_huge_page_copy",
      says: "copies the page, clears its PTE",
      to: "set_pmd_at",
      does: [sets(m.isReplaced, 1), sets(m.hasPte, 0)],
      asserts: [copiesUnpinned(m)],
    },
    {
      at: "set_pmd_at",
      says: "maps the huge page; returns",
      to: IDLE,
      does: [sets(m.pmd, HUGE), sets(m.mmapLock, 0)],
    },
    {
      at: IDLE,
      says: "zaps the huge page; a fault maps a small one",
      to: IDLE,
      when: [has(m.pmd, HUGE), has(m.mmapLock, 0), ...m.cpus.map(({ reference }) => has(reference, 0))],
      does: [sets(m.pmd, TABLE), sets(m.hasPte, 1), sets(m.isReplaced, 0)],
    },
  ];
};

const LAW = {
  id: "pinned-page-stays",
  says: "A page that GUP-fast returned is the one that is mapped: it was not replaced, and is not while it is held.",
};
const getsMapped = ({ isReplaced }: Collapses): Check => ({
  law: LAW,
  reads: [isReplaced],
  holds: (state) => isReplaced.get(state) === 0,
});
const copiesUnpinned = ({ cpus }: Collapses): Check => ({
  law: LAW,
  reads: cpus.map(({ isPinned }) => isPinned),
  holds: (state) => cpus.every(({ isPinned }) => isPinned.get(state) === 0),
});

export function collapsesMachine(name: string, scope: CollapsesScope, order: CollapsesOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...walks(m, cpu, order), ...collapses(m, cpu)],
    begin: (state) => m.hasPte.set(state, 1),
    eventuallyEnds: () => eachEnds(m.cpus, "walk-ends", "Every walk and every collapse that began ends."),
    isSymmetric: true,
    draw: (state) => ({
      pmd: ["table", "none", "huge"][m.pmd.get(state)] ?? "",
      PTE: m.hasPte.get(state) === 1 ? "P" : "-",
      page: m.isReplaced.get(state) === 1 ? "replaced" : "mapped",
      references: m.cpus.map(({ reference }) => reference.get(state)).join(""),
    }),
  });
}

/**
 * Reclaim that defers its flush, against munmap: reclaim clears a PTE under its page table lock and flushes later. Who
 * then finds no PTE must know that a flush is due. Each page has a page table, and a lock, of its own.
 */
import {
  all,
  any,
  excludes,
  inCase,
  includes,
  isIn,
  not,
  type Operations,
  sets,
} from "../../engine/operations.ts";
import { has } from "../../engine/reduce/conditions.ts";
import { type Field, FLAG, indexOf, Layout, plain, setOf, upTo } from "../../engine/search/layout.ts";
import { pagesIn } from "../call-assertions.ts";
import { type Check, IDLE, MOST_PHASES, type Step, type StepMachine } from "../program.ts";
import { stepMachine } from "../step-machine.ts";
import { caches, cpuSet, eachEnds, freedNotReached, interrupt } from "./tasks.ts";

interface ReclaimsScope {
  readonly cpus: number;
  readonly pages: number;
}

type Reclaims = ReturnType<typeof fieldsOf>;
type Cpu = Reclaims["cpus"][number];

function fieldsOf(layout: Layout, scope: ReclaimsScope) {
  const [cpus, pages] = [cpuSet(scope.cpus), { name: "pages", size: scope.pages }];
  const locks = layout.array("page table lock", pages, indexOf(cpus));
  const phases = layout.array("phase", cpus, plain(MOST_PHASES));
  const tlbs = layout.array("tlb", cpus, setOf(pages));
  const waits = layout.array("waits for flushes", cpus, setOf(cpus));
  const works = layout.array("page at hand", cpus, indexOf(pages));
  const intact = layout.array("batch unchanged since it was read", cpus, FLAG);
  return {
    scope,
    locks,
    /** Held for writing by munmap; a fault would hold it for reading. */
    mmapSem: layout.field("mmap_sem", indexOf(cpus)),
    ptes: layout.field("ptes", setOf(pages)),
    freed: layout.field("freed pages", setOf(pages)),
    batched: layout.field("tlb_flush_batched", FLAG),
    cpus: phases.map((phase, index) => ({
      index,
      phase,
      tlb: tlbs[index] as Field,
      waits: waits[index] as Field,
      work: works[index] as Field,
      intact: intact[index] as Field,
    })),
  };
}

/** How an unmapping learns, under the page table lock, that a flush is due. */
type Steps = (m: Reclaims, cpu: Cpu) => readonly Step[];

const [LOCKED, PENDING, FLUSH, FREE, END] = [
  "pte_offset_map_lock",
  "flush_tlb_batched_pending",
  "flush_tlb_range",
  "free_page",
  "end of munmap",
] as const;

const flushes = (m: Reclaims, { waits }: Cpu, at: string, to: string): Step[] => [
  { at, says: "asks every CPU to flush", to: `${at}: waits`, does: sets(waits, 2 ** m.scope.cpus - 1) },
  { at: `${at}: waits`, says: "all have flushed", to, when: [has(waits, 0)] },
];

const looksAt = "looks at the PTE";
/** Before 3ea277194daa it does not ask. */
const asksNothing: Steps = () => [{ at: LOCKED, says: "holds the lock", to: looksAt }];
const asks = (m: Reclaims, cpu: Cpu, ends: Operations): Step[] => [
  { at: LOCKED, says: "no flush is due", to: looksAt, when: [has(m.batched, 0)] },
  {
    at: LOCKED,
    says: "a flush is due",
    to: PENDING,
    when: [has(m.batched, 1)],
    does: sets(cpu.intact, 1),
  },
  ...flushes(m, cpu, PENDING, "has flushed"),
  { at: "has flushed", says: "notes that none is due", to: looksAt, does: ends },
];
/** 3ea277194daa: a boolean is cleared after the flush. */
const asksBoolean: Steps = (m, cpu) => asks(m, cpu, sets(m.batched, 0));
/** 5ee2fa2f0636: only if nothing was batched since it was read (a counter and cmpxchg). */
const asksCounter: Steps = (m, cpu) => asks(m, cpu, inCase(has(cpu.intact, 1), sets(m.batched, 0)));

export const RECLAIMS_ORDERS: Readonly<Record<string, Steps>> = {
  "4.12": asksNothing,
  "4.13": asksBoolean,
  "5.17": asksCounter,
};

/** Under the page table lock, which is released at once. */
const reclaims = (m: Reclaims, cpu: Cpu): Step[] => [
  ...upTo(m.scope.pages).map((page) => ({
    at: IDLE,
    says: `reclaim: try_to_unmap of page ${page}, its flush is deferred`,
    to: "try_to_unmap_flush",
    when: [isIn(m.ptes, page), has(m.locks[page] as Field, 0)],
    does: [
      excludes(m.ptes, page),
      sets(m.batched, 1),
      m.cpus.map(({ intact }) => sets(intact, 0)),
      sets(cpu.work, page + 1),
    ],
  })),
  ...flushes(m, cpu, "try_to_unmap_flush", FREE),
  { at: FREE, says: "frees the page; returns", to: IDLE, does: [freesPage(m, cpu), sets(cpu.work, 0)] },
];

const freesPage = (m: Reclaims, { work }: Cpu): Operations =>
  upTo(m.scope.pages).map((page) => inCase(has(work, page + 1), includes(m.freed, page)));
const ofWork = (m: Reclaims, { work }: Cpu, does: (page: number) => Operations): Operations =>
  upTo(m.scope.pages).map((page) => inCase(has(work, page + 1), does(page)));

const unmaps = (m: Reclaims, cpu: Cpu): Step[] => {
  const hasPte = any(...upTo(m.scope.pages).map((page) => all(has(cpu.work, page + 1), isIn(m.ptes, page))));
  const unlocks = ofWork(m, cpu, (page) => sets(m.locks[page] as Field, 0));
  const returns = [sets(cpu.work, 0), sets(cpu.intact, 0), sets(m.mmapSem, 0)];
  return [
    ...upTo(m.scope.pages).map((page) => ({
      at: IDLE,
      says: `munmap of page ${page}: takes mmap_sem and the page table lock`,
      to: LOCKED,
      when: [has(m.mmapSem, 0), has(m.locks[page] as Field, 0)],
      does: [
        sets(m.mmapSem, cpu.index + 1),
        sets(m.locks[page] as Field, cpu.index + 1),
        sets(cpu.work, page + 1),
      ],
    })),
    {
      at: looksAt,
      says: "clears the PTE, unlocks",
      to: FLUSH,
      when: [hasPte],
      does: [ofWork(m, cpu, (page) => excludes(m.ptes, page)), unlocks],
    },
    {
      at: looksAt,
      says: "finds no PTE, unlocks",
      to: END,
      when: [not(hasPte)],
      does: unlocks,
    },
    ...flushes(m, cpu, FLUSH, "free_pages"),
    {
      at: "free_pages",
      says: "frees the page; returns",
      to: IDLE,
      does: [freesPage(m, cpu), returns],
      asserts: [leavesNothingStale(m, cpu)],
    },
    { at: END, says: "returns", to: IDLE, does: returns, asserts: [leavesNothingStale(m, cpu)] },
  ];
};

function leavesNothingStale({ cpus }: Reclaims, { work }: Cpu): Check {
  return {
    law: {
      id: "unmap-leaves-nothing-stale",
      says: "When munmap returns, no CPU translates its address.",
    },
    reads: [work, ...cpus.map(({ tlb }) => tlb)],
    holds: (state) => cpus.every(({ tlb }) => ((tlb.get(state) >>> (work.get(state) - 1)) & 1) === 0),
  };
}

const faults = (m: Reclaims): Step[] =>
  upTo(m.scope.pages).map((page) => ({
    at: IDLE,
    says: `a fault maps page ${page}`,
    to: IDLE,
    when: [isIn(m.freed, page), has(m.mmapSem, 0), has(m.locks[page] as Field, 0)],
    does: [includes(m.ptes, page), excludes(m.freed, page)],
  }));

export function reclaimsMachine(name: string, scope: ReclaimsScope, learns: Steps): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...unmaps(m, cpu), ...learns(m, cpu), ...reclaims(m, cpu), ...faults(m)],
    hardware: ({ index, tlb }) => [
      ...upTo(scope.pages).map((page) =>
        caches(index, tlb, page, `caches page ${page}`, [isIn(m.ptes, page)]),
      ),
      ...m.cpus.map((asking) =>
        interrupt(index, asking.waits, `flushes for CPU ${asking.index}`, sets(tlb, 0)),
      ),
    ],
    begin: (state) => m.ptes.set(state, 2 ** scope.pages - 1),
    invariants: [
      {
        ...freedNotReached,
        reads: [m.freed, ...m.cpus.map(({ tlb }) => tlb)],
        holds: (state) => m.cpus.every(({ tlb }) => (tlb.get(state) & m.freed.get(state)) === 0),
      },
    ],
    eventuallyEnds: () => eachEnds(m.cpus, "unmap-ends", "Every munmap and every reclaim that began ends."),
    isSymmetric: true,
    legend:
      "pages: P mapped, f freed, - unmapped and not yet freed; due: tlb_flush_batched; TLB: the pages of a CPU",
    draw: (state) => draw(m, state),
  });
}

function draw({ scope, ptes, freed, batched, cpus }: Reclaims, state: Int32Array): Record<string, string> {
  const of = (set: Field, page: number) => ((set.get(state) >>> page) & 1) === 1;
  return {
    pages: upTo(scope.pages)
      .map((page) => (of(ptes, page) ? "P" : of(freed, page) ? "f" : "-"))
      .join(""),
    due: batched.get(state) === 1 ? "yes" : "no",
    ...Object.fromEntries(
      cpus.map(({ index, tlb }) => [`TLB ${index}`, pagesIn(tlb.get(state)).join("") || "-"]),
    ),
  };
}

/**
 * mremap moves a PTE from an old address to a new one. It frees nothing, so the page's life is in the hands of who holds
 * the page table locks: truncation, which takes no mmap_sem, and the rmap walk that cleans a page for writeback.
 */
import { any, inCase, sets } from "../../engine/operations.ts";
import { type Condition, has, hasNot } from "../../engine/reduce/conditions.ts";
import { type Field, FLAG, indexOf, Layout, named, plain, setOf } from "../../engine/search/layout.ts";
import {
  type Check,
  hardwareStep,
  IDLE,
  MOST_PHASES,
  type Step,
  type StepAction,
  type StepMachine,
} from "../program.ts";
import { stepMachine } from "../step-machine.ts";
import { cpuSet, eachEnds, freedNotReached, interrupt } from "./tasks.ts";

interface MremapsScope {
  readonly cpus: number;
}

const [NONE, CLEAN, DIRTY] = [0, 1, 2] as const;
/** The page moves between two addresses. */
const ADDRESSES = [0, 1] as const;

type Mremaps = ReturnType<typeof fieldsOf>;
type Cpu = Mremaps["cpus"][number];

function fieldsOf(layout: Layout, scope: MremapsScope) {
  const cpus = cpuSet(scope.cpus);
  const entry = named("none", "clean", "dirty");
  const phases = layout.array("phase", cpus, plain(MOST_PHASES));
  const waits = layout.array("waits for flushes", cpus, setOf(cpus));
  const from = layout.array("moves from", cpus, FLAG);
  const tlbs = ADDRESSES.map((address) => layout.array(`tlb at address ${address}`, cpus, entry));
  return {
    scope,
    /** Held for writing by mremap; a fault would hold it for reading. */
    mmapSem: layout.field("mmap_sem", indexOf(cpus)),
    /** Both page table locks. */
    lock: layout.field("page table locks", indexOf(cpus)),
    ptes: ADDRESSES.map((address) => layout.field(`pte at address ${address}`, entry)),
    isFreed: layout.field("the page is freed", FLAG),
    cpus: phases.map((phase, index) => ({
      index,
      phase,
      waits: waits[index] as Field,
      /** The address that its mremap moved from. */
      from: from[index] as Field,
      tlb: tlbs.map((ofCpus) => ofCpus[index] as Field),
    })),
  };
}

/** Whether the old address is flushed before the locks are released, given the PTE. */
export const MREMAPS_ORDERS: Readonly<
  Record<string, (pte: Field) => { under: Condition; after?: Condition }>
> = {
  "4.8": (pte) => ({ under: has(pte, NONE), after: hasNot(pte, NONE) }),
  /** 5d1904204c99: if the PTE is dirty. */
  "4.9": (pte) => ({ under: has(pte, DIRTY), after: has(pte, CLEAN) }),
  /** eb66ae030829: always. */
  "4.19": (pte) => ({ under: hasNot(pte, NONE) }),
};
type MremapsOrder = (typeof MREMAPS_ORDERS)[string];

const flushes = (m: Mremaps, { waits }: Cpu, at: string, does: Step["does"]): Step[] => [
  {
    at,
    says: "asks every CPU to flush the old address",
    to: `${at}: waits`,
    does: sets(waits, 2 ** m.scope.cpus - 1),
  },
  {
    at: `${at}: waits`,
    says: "all have flushed; returns",
    to: IDLE,
    when: [has(waits, 0)],
    does: does ?? [],
  },
];

const moves = (m: Mremaps, cpu: Cpu, order: MremapsOrder): Step[] => [
  ...ADDRESSES.flatMap((address): Step[] => {
    const [pte, other] = [m.ptes[address] as Field, m.ptes[1 - address] as Field];
    const { under, after } = order(pte);
    const move = [sets(m.mmapSem, cpu.index + 1), sets(other, pte), sets(pte, NONE), sets(cpu.from, address)];
    const when = [hasNot(pte, NONE), has(m.mmapSem, 0), has(m.lock, 0)];
    return [
      {
        at: IDLE,
        says: `mremap: moves the PTE from address ${address}, keeps the locks`,
        to: "flush under the locks",
        when: [...when, under],
        does: [move, sets(m.lock, cpu.index + 1)],
      },
      ...(after === undefined
        ? []
        : [
            {
              at: IDLE,
              says: `mremap: moves the PTE from address ${address}, unlocks`,
              to: "flush_tlb_range",
              when: [...when, after],
              does: move,
            },
          ]),
    ];
  }),
  ...flushes(m, cpu, "flush under the locks", [sets(m.lock, 0), sets(m.mmapSem, 0), sets(cpu.from, 0)]),
  ...flushes(m, cpu, "flush_tlb_range", [sets(m.mmapSem, 0), sets(cpu.from, 0)]),
];

/** Each flushes the address at which it finds the PTE, under the lock: a step. */
const others = (m: Mremaps): Step[] =>
  ADDRESSES.flatMap((address): Step[] => {
    const pte = m.ptes[address] as Field;
    const flush = m.cpus.map(({ tlb }) => sets(tlb[address] as Field, NONE));
    return [
      {
        at: IDLE,
        says: `page_mkclean: cleans the PTE at address ${address}, flushes it`,
        to: IDLE,
        when: [has(pte, DIRTY), has(m.lock, 0)],
        does: [sets(pte, CLEAN), flush],
      },
      {
        at: IDLE,
        says: `truncation at address ${address}: clears the PTE, flushes it, frees the page`,
        to: IDLE,
        when: [hasNot(pte, NONE), has(m.lock, 0)],
        does: [sets(pte, NONE), flush, sets(m.isFreed, 1)],
      },
    ];
  });

const faults = (m: Mremaps): Step => ({
  at: IDLE,
  says: "a fault maps a page at address 0",
  to: IDLE,
  when: [has(m.isFreed, 1), has(m.mmapSem, 0), has(m.lock, 0)],
  does: [sets(m.isFreed, 0), sets(m.ptes[0] as Field, CLEAN)],
});

const hardware = (m: Mremaps, { index, tlb }: Cpu): StepAction[] => [
  ...ADDRESSES.flatMap((address) => {
    const [pte, entry] = [m.ptes[address] as Field, tlb[address] as Field];
    return [
      hardwareStep(
        index,
        {
          says: `caches address ${address}`,
          when: [hasNot(pte, NONE), has(entry, NONE)],
          does: sets(entry, pte),
        },
        false,
      ),
    ];
  }),
  ...m.cpus.map((asking) =>
    interrupt(
      index,
      asking.waits,
      `flushes for CPU ${asking.index}`,
      ADDRESSES.map((address) => inCase(has(asking.from, address), sets(tlb[address] as Field, NONE))),
    ),
  ),
];

/** A write needs no page table if the CPU has a dirty entry; otherwise it makes the PTE dirty, or faults. */
const writes = (m: Mremaps, { tlb }: Cpu): Step[] =>
  ADDRESSES.flatMap((address): Step[] => {
    const [pte, entry] = [m.ptes[address] as Field, tlb[address] as Field];
    return [
      {
        at: IDLE,
        says: `writes at address ${address}: makes the PTE dirty`,
        to: IDLE,
        when: [has(pte, CLEAN), hasNot(entry, DIRTY)],
        does: [sets(pte, DIRTY), sets(entry, DIRTY)],
      },
      {
        at: IDLE,
        says: `writes at address ${address}, which it has as dirty`,
        to: IDLE,
        when: [has(entry, DIRTY)],
        asserts: [losesNoWrite(m)],
      },
    ];
  });

function losesNoWrite({ ptes, isFreed }: Mremaps): Check {
  const isDirty = any(has(isFreed, 1), ...ptes.map((pte) => has(pte, DIRTY)));
  return {
    law: {
      id: "no-write-lost",
      says: "A page that is written to is dirty in its PTE: writeback will find it.",
    },
    reads: isDirty.reads,
    holds: isDirty.holds,
  };
}

export function mremapsMachine(name: string, scope: MremapsScope, order: MremapsOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  const entries = m.cpus.flatMap(({ tlb }) => tlb);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...moves(m, cpu, order), ...others(m), faults(m), ...writes(m, cpu)],
    hardware: (cpu) => hardware(m, cpu),
    begin: (state) => m.ptes[0]?.set(state, CLEAN),
    invariants: [
      {
        ...freedNotReached,
        never: entries.map((entry) => [has(m.isFreed, 1), hasNot(entry, NONE)]),
      },
    ],
    eventuallyEnds: () => eachEnds(m.cpus, "mremap-ends", "Every mremap that began ends."),
    isSymmetric: true,
    legend: "by address: - none, c clean, D dirty; f: the page was freed",
    draw: (state) => {
      const texts = (all: readonly Field[]) => all.map((each) => "-cD"[each.get(state)]).join("");
      return {
        PTEs: texts(m.ptes),
        page: m.isFreed.get(state) === 1 ? "f" : "",
        ...Object.fromEntries(m.cpus.map(({ index, tlb }) => [`TLB ${index}`, texts(tlb)])),
      };
    },
  });
}

/**
 * munmap of a mapping of a driver's frame, against the driver: it asks the rmap which vmas map the frame, unmaps it
 * there, and frees it. munmap unlinks its vma from the rmap on the way.
 */
import { any, sets } from "../../engine/operations.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import { type Field, FLAG, indexOf, Layout, named, plain, setOf } from "../../engine/search/layout.ts";
import { hardwareStep, IDLE, MOST_PHASES, type Step, type StepMachine } from "../program.ts";
import { stepMachine } from "../step-machine.ts";
import { cpuSet, eachEnds, freedNotReached, interrupt } from "./tasks.ts";

interface PfnmapsScope {
  readonly cpus: number;
}

type Pfnmaps = ReturnType<typeof fieldsOf>;
type Cpu = Pfnmaps["cpus"][number];
const [GONE, LINKED, UNLINKED] = [0, 1, 2] as const;

function fieldsOf(layout: Layout, scope: PfnmapsScope) {
  const cpus = cpuSet(scope.cpus);
  const phases = layout.array("phase", cpus, plain(MOST_PHASES));
  const tlbs = layout.array("tlb", cpus, FLAG);
  const waits = layout.array("waits for flushes", cpus, setOf(cpus));
  return {
    scope,
    vma: layout.field("vma", named("gone", "in the rmap", "unlinked")),
    pte: layout.field("pte", FLAG),
    /** A gather is open: who zaps meanwhile flushes in any case (mm_tlb_flush_nested). */
    isOpen: layout.field("a gather is open", FLAG),
    isFreed: layout.field("the frame is freed", FLAG),
    /** i_mmap_rwsem. */
    lock: layout.field("i_mmap lock", indexOf(cpus)),
    cpus: phases.map((phase, index) => ({
      index,
      phase,
      tlb: tlbs[index] as Field,
      waits: waits[index] as Field,
    })),
  };
}

/** Where munmap continues once it has zapped. */
type PfnmapsOrder = "tlb_end_vma flushes" | "tlb_end_vma does nothing";
export const PFNMAPS_ORDERS: Readonly<Record<string, PfnmapsOrder>> = {
  "5.18": "tlb_end_vma does nothing",
  /** b67fbebd4cf9: a vma of frames without a page is flushed before it is unlinked. */
  "5.19": "tlb_end_vma flushes",
};

const flushes = (m: Pfnmaps, { waits }: Cpu, at: string, to: string): Step[] => [
  { at, says: "asks every CPU to flush", to: `${at}: waits`, does: sets(waits, 2 ** m.scope.cpus - 1) },
  { at: `${at}: waits`, says: "all have flushed", to, when: [has(waits, 0)] },
];

const unmaps = (m: Pfnmaps, cpu: Cpu, order: PfnmapsOrder): Step[] => {
  // what was flushed before is not flushed again
  const flushesFirst = order === "tlb_end_vma flushes";
  return [
    {
      at: IDLE,
      says: "munmap: zaps the PTE, gathers nothing but its address",
      to: flushesFirst ? "tlb_end_vma" : "unlink_file_vma",
      when: [has(m.vma, LINKED), has(m.isOpen, 0)],
      does: [sets(m.pte, 0), sets(m.isOpen, 1)],
    },
    ...(flushesFirst ? flushes(m, cpu, "tlb_end_vma", "unlink_file_vma") : []),
    {
      at: "unlink_file_vma",
      says: "unlinks the vma from the rmap",
      to: flushesFirst ? "end of munmap" : "tlb_finish_mmu",
      when: [has(m.lock, 0)],
      does: sets(m.vma, UNLINKED),
    },
    ...(flushesFirst ? [] : flushes(m, cpu, "tlb_finish_mmu", "end of munmap")),
    { at: "end of munmap", says: "returns", to: IDLE, does: [sets(m.vma, GONE), sets(m.isOpen, 0)] },
  ];
};

const drives = (m: Pfnmaps, cpu: Cpu): Step[] => {
  const free = [sets(m.isFreed, 1), sets(m.lock, 0)];
  return [
    {
      at: IDLE,
      says: "the driver: unmap_mapping_range takes the i_mmap lock",
      to: "unmap_mapping_range",
      when: [has(m.isFreed, 0), has(m.lock, 0)],
      does: sets(m.lock, cpu.index + 1),
    },
    {
      at: "unmap_mapping_range",
      says: "finds the vma, zaps the PTE",
      to: "its tlb_finish_mmu",
      when: [has(m.vma, LINKED), any(has(m.pte, 1), has(m.isOpen, 1))],
      does: sets(m.pte, 0),
    },
    ...flushes(m, cpu, "its tlb_finish_mmu", "frees"),
    { at: "frees", says: "frees the frame; returns", to: IDLE, does: free },
    {
      at: "unmap_mapping_range",
      says: "finds no vma, frees the frame; returns",
      to: IDLE,
      when: [hasNot(m.vma, LINKED)],
      does: free,
    },
    {
      at: "unmap_mapping_range",
      says: "finds no PTE and no open gather, frees the frame; returns",
      to: IDLE,
      when: [has(m.vma, LINKED), has(m.pte, 0), has(m.isOpen, 0)],
      does: free,
    },
  ];
};

const maps = (m: Pfnmaps): Step => ({
  at: IDLE,
  says: "the driver allocates a frame; mmap maps it",
  to: IDLE,
  when: [has(m.isFreed, 1), has(m.vma, GONE), has(m.lock, 0)],
  does: [sets(m.isFreed, 0), sets(m.vma, LINKED), sets(m.pte, 1)],
});

export function pfnmapsMachine(name: string, scope: PfnmapsScope, order: PfnmapsOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...unmaps(m, cpu, order), ...drives(m, cpu), maps(m)],
    hardware: ({ index, tlb }) => [
      hardwareStep(
        index,
        { says: "caches the frame", when: [has(m.pte, 1), has(tlb, 0)], does: sets(tlb, 1) },
        false,
      ),
      ...m.cpus.map((asking) =>
        interrupt(index, asking.waits, `flushes for CPU ${asking.index}`, sets(tlb, 0)),
      ),
    ],
    begin: (state) => {
      m.vma.set(state, LINKED);
      m.pte.set(state, 1);
    },
    invariants: [
      {
        ...freedNotReached,
        never: [m.pte, ...m.cpus.map(({ tlb }) => tlb)].map((each) => [has(m.isFreed, 1), has(each, 1)]),
      },
    ],
    eventuallyEnds: () =>
      eachEnds(m.cpus, "unmap-ends", "Every munmap and every unmap_mapping_range that began ends."),
    isSymmetric: true,
    draw: (state) => ({
      vma: ["gone", "linked", "unlinked"][m.vma.get(state)] ?? "",
      PTE: m.pte.get(state) === 1 ? "P" : "-",
      frame: m.isFreed.get(state) === 1 ? "freed" : "in use",
      TLBs: m.cpus.map(({ tlb }) => (tlb.get(state) === 1 ? "P" : "-")).join(""),
    }),
  });
}

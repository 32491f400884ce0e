/**
 * __purge_vmap_area_lazy: lazy addresses are gathered, in some releases every root is synchronised, all CPUs flush, the
 * addresses are released.
 */
import {
  all,
  compare,
  excludes,
  inCase,
  isIn,
  not,
  replaces,
  sets,
  someIs,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { factsOf } from "../../../kernels/changes.ts";
import { noBug } from "../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../call-assertions.ts";
import { type Check, hardwareStep, IDLE, type Step, type StepAction } from "../../program.ts";
import { type CpuFields, FREE, LAZY, livesOf, PURGING, type Roots } from "./fields.ts";

const [SYNC, FLUSH, RELEASE] = ["vmalloc_sync_all", "flush_tlb_kernel_range", "release"] as const;

/** Takes the purge lock and every lazy address, and continues at this phase. */
const gathers = (m: Roots, cpu: CpuFields, to: string): Step => ({
  at: IDLE,
  says: "a purge begins: takes the purge lock, gathers",
  to,
  when: [has(m.purgeLock, 0), someIs(livesOf(m), LAZY)],
  does: [sets(m.purgeLock, cpu.index + 1), replaces(livesOf(m), LAZY, PURGING)],
});

/** Asks every CPU to flush, and waits until all have. */
const flushesAll = (m: Roots, to: string): Step[] => [
  {
    at: FLUSH,
    says: "asks every CPU to flush",
    to: "flushing",
    does: sets(m.pending, 2 ** m.scope.cpus - 1),
  },
  { at: "flushing", says: "all have flushed", to, when: [has(m.pending, 0)] },
];

const releases = (m: Roots): Step => ({
  at: RELEASE,
  says: "releases what was gathered, unlocks; returns",
  to: IDLE,
  does: [replaces(livesOf(m), PURGING, FREE), sets(m.purgeLock, 0)],
});

/** Address by address, and for each root by root, under that root's lock. */
function synchronises(m: Roots, to: string): Step[] {
  const turns = m.addresses.flatMap(({ index, reference, entries }) =>
    entries.map((entry, root) => ({ index, reference, entry, root })),
  );
  const phase = (turn: number) => (turn === 0 ? SYNC : turn === turns.length ? to : `${SYNC} ${turn}`);
  return turns.map(({ index, reference, entry, root }, turn) => ({
    at: phase(turn),
    says: `root ${root} is as the reference at address ${index}`,
    to: phase(turn + 1),
    does: inCase(not(all(hasNot(entry, 0), hasNot(reference, 0))), sets(entry, reference)),
    asserts: [mapsTheSame(reference, entry)],
  }));
}

/** vmalloc_sync_one stops the kernel (BUG_ON) at an entry that is there in both and maps another frame. */
function mapsTheSame(reference: Field, entry: Field): Check {
  const differ = all(hasNot(entry, 0), hasNot(reference, 0), compare(entry, "!=", reference));
  return keeps(noBug, differ.reads, (state) => ({
    command: { op: "purge" },
    response: differ.holds(state) ? { ...done, kind: "bug", text: "pmd_pfn(*pmd) != pmd_pfn(*pmd_k)" } : done,
    before: { initialised: true },
  }));
}

type Steps = (m: Roots, cpu: CpuFields) => readonly Step[];

/** Up to 5.2 no purge synchronises (B7). */
const flushing: Steps = (m, cpu) => [gathers(m, cpu, FLUSH), ...flushesAll(m, RELEASE), releases(m)];

/** From 5.3 on (3f8fd02b1bf1). */
const synchronisingAndFlushing: Steps = (m, cpu) => [
  gathers(m, cpu, SYNC),
  ...synchronises(m, FLUSH),
  ...flushesAll(m, RELEASE),
  releases(m),
];

/** A mutant of it: flushed entries are cached again before the synchronisation. */
const flushingAndSynchronising: Steps = (m, cpu) => [
  gathers(m, cpu, FLUSH),
  ...flushesAll(m, SYNC),
  ...synchronises(m, RELEASE),
  releases(m),
];

const orderOf = (label: string): Steps => (factsOf(label).synchronises ? synchronisingAndFlushing : flushing);

export const ROOTS_ORDERS: Readonly<Record<string, Steps>> = {
  "5.2": orderOf("5.2"),
  "5.3": orderOf("5.3"),
  "5.3-flushing-first": flushingAndSynchronising,
};

/** The interrupt in which a CPU flushes the gathered addresses. */
export function flushes(m: Roots, { index, tlb }: CpuFields): StepAction {
  return hardwareStep(
    index,
    {
      says: "flushes what was gathered",
      when: [isIn(m.pending, index)],
      does: [
        m.addresses.map(({ index: address, life }) =>
          inCase(has(life, PURGING), sets(tlb[address] as Field, 0)),
        ),
        excludes(m.pending, index),
      ],
    },
    true,
  );
}

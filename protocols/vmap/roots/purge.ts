/** __purge_vmap_area_lazy: lazy addresses are gathered, perhaps every root is synchronised, all flush, all is released. */
import type { Assertion } from "../../../engine/actions.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { noBug } from "../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../call-assertions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../program.ts";
import { type AddressFields, type CpuFields, FREE, LAZY, livesOf, PURGING, type Roots } from "./fields.ts";

const [SYNC, FLUSH, RELEASE] = ["vmalloc_sync_all", "flush_tlb_kernel_range", "release"] as const;

/** Takes the purge lock and every lazy address, and goes on there. */
const gathers = (m: Roots, cpu: CpuFields, to: string): Step => ({
  at: IDLE,
  says: "a purge begins: takes the purge lock, gathers",
  to,
  when: [has(m.purgeLock, 0)],
  guard: (state) => livesOf(m).some((life) => life.get(state) === LAZY),
  does: (state) => {
    m.purgeLock.set(state, cpu.index + 1);
    for (const life of livesOf(m)) if (life.get(state) === LAZY) life.set(state, PURGING);
  },
  reads: livesOf(m),
  writes: [m.purgeLock, ...livesOf(m)],
});

/** Asks every CPU to flush, and waits until all have. */
const flushesAll = (m: Roots, to: string): Step[] => [
  {
    at: FLUSH,
    says: "asks every CPU to flush",
    to: "flushing",
    does: (state) => m.pending.set(state, 2 ** m.scope.cpus - 1),
    writes: [m.pending],
  },
  { at: "flushing", says: "all have flushed", to, when: [has(m.pending, 0)] },
];

const releases = (m: Roots): Step => ({
  at: RELEASE,
  says: "releases what was gathered, unlocks; returns",
  to: IDLE,
  does: (state) => {
    for (const life of livesOf(m)) if (life.get(state) === PURGING) life.set(state, FREE);
    m.purgeLock.set(state, 0);
  },
  reads: livesOf(m),
  writes: [m.purgeLock, ...livesOf(m)],
});

/** Address by address, and for each root by root, under that root's lock. */
function synchronises(m: Roots, to: string): Step[] {
  const turns = m.addresses.flatMap((address) =>
    address.entries.map((entry, root) => ({ address, entry, root })),
  );
  const phase = (turn: number) => (turn === 0 ? SYNC : turn === turns.length ? to : `${SYNC} ${turn}`);
  return turns.map(({ address, entry, root }, turn) => ({
    at: phase(turn),
    says: `root ${root} is as the reference at address ${address.index}`,
    to: phase(turn + 1),
    does: (state) => {
      if (isPresent(entry, state) !== isPresent(address.reference, state)) {
        entry.set(state, address.reference.get(state));
      }
    },
    asserts: [mapsTheSame(address, entry)],
    reads: [entry, address.reference],
    writes: [entry],
  }));
}

const isPresent = (entry: Field, state: Int32Array) => entry.get(state) !== 0;

/** vmalloc_sync_one stops the kernel (BUG_ON) at an entry that is there in both and maps another frame. */
function mapsTheSame({ reference }: AddressFields, entry: Field): Assertion {
  return keeps(noBug, (state) => {
    const bothThere = isPresent(entry, state) && isPresent(reference, state);
    const isBug = bothThere && entry.get(state) !== reference.get(state);
    return {
      command: { op: "purge" },
      response: isBug ? { ...done, kind: "bug", text: "pmd_pfn(*pmd) != pmd_pfn(*pmd_k)" } : done,
      before: { initialised: true },
    };
  });
}

type Steps = (m: Roots, cpu: CpuFields) => readonly Step[];

/** To 5.2: nobody synchronises (B7). */
const flushing: Steps = (m, cpu) => [gathers(m, cpu, FLUSH), ...flushesAll(m, RELEASE), releases(m)];

/** From 5.3 on (3f8fd02b1bf1). */
const synchronisingAndFlushing: Steps = (m, cpu) => [
  gathers(m, cpu, SYNC),
  ...synchronises(m, FLUSH),
  ...flushesAll(m, RELEASE),
  releases(m),
];

/** A mutant of that: what was flushed is cached again before it is synchronised. */
const flushingAndSynchronising: Steps = (m, cpu) => [
  gathers(m, cpu, FLUSH),
  ...flushesAll(m, SYNC),
  ...synchronises(m, RELEASE),
  releases(m),
];

export const ROOTS_ORDERS: Readonly<Record<string, Steps>> = {
  "5.2": flushing,
  "5.3": synchronisingAndFlushing,
  "5.3-flushing-first": flushingAndSynchronising,
};

/** The interrupt in which a CPU flushes what was gathered. */
export function flushes(m: Roots, { index, tlb }: CpuFields): StepAction {
  return hardwareStep(
    index,
    {
      says: "flushes what was gathered",
      guard: (state) => ((m.pending.get(state) >>> index) & 1) === 1,
      does: (state) => {
        for (const { index: address, life } of m.addresses) {
          if (life.get(state) === PURGING) (tlb[address] as Field).set(state, 0);
        }
        m.pending.set(state, m.pending.get(state) & ~(1 << index));
      },
      reads: [m.pending, ...livesOf(m)],
      writes: [m.pending, ...tlb],
    },
    true,
  );
}

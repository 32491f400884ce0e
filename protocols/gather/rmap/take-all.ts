/**
 * mm_take_all_locks: all locks of an mm's mappings and anon_vmas are held at once, against others that take one of a
 * mapping and then one of an anon_vma (vma_adjust), or one alone. Spinlocks disable preemption, mutexes may sleep.
 */
import { inCase, includes, isIn, type Operations, sets, test } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { bitsOf, type Field, Layout, noneOr, plain, upTo } from "../../../engine/search/layout.ts";
import { type Check, IDLE, MOST_PHASES, type Step, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";

export interface TakeAllScope {
  readonly cpus: number;
  /** Mappings, and as many anon_vmas. */
  readonly mappings: number;
}

/** The locks are numbered: mappings first, then anon_vmas. */
type Lock = number;
type TakeAll = ReturnType<typeof fieldsOf>;
type Cpu = TakeAll["cpus"][number];

function fieldsOf(layout: Layout, scope: TakeAllScope) {
  const count = 2 * scope.mappings;
  const nameOf = (lock: Lock) =>
    lock < scope.mappings ? `i_mmap_lock ${lock}` : `anon_vma lock ${lock - scope.mappings}`;
  return {
    scope,
    nameOf,
    /** mm_all_locks_mutex: one at a time takes all. */
    allLocks: layout.field("mm_all_locks_mutex", noneOr(scope.cpus, "CPU")),
    holders: upTo(count).map((lock) => layout.field(nameOf(lock), noneOr(scope.cpus, "CPU"))),
    cpus: upTo(scope.cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The lock that it waits for. */
      wants: layout.field(`wanted by CPU ${index}`, noneOr(count, "lock")),
      held: layout.field(`held by CPU ${index}`, bitsOf(count)),
    })),
  };
}

/** What differs between releases: the order of all locks, and which are spinlocks. */
export interface TakeAllOrder {
  readonly all: (mappings: number) => readonly Lock[];
  readonly spins: "all" | "anon_vma" | "none";
}

/** Mapping by mapping, each with its anon_vma. */
const byVma = (mappings: number) => upTo(mappings).flatMap((each) => [each, mappings + each]);
/** All mappings, and then all anon_vmas. */
const byKind = (mappings: number) => upTo(2 * mappings);

export const TAKE_ALL_ORDERS: Readonly<Record<string, TakeAllOrder>> = {
  "2.6.27-rc1": { all: byVma, spins: "all" },
  "2.6.27": { all: byKind, spins: "all" },
  /** i_mmap_lock is a mutex, anon_vma->lock not yet. */
  "2.6.27-half-converted": { all: byKind, spins: "anon_vma" },
  "2.6.27-rc1-half-converted": { all: byVma, spins: "anon_vma" },
  "3.0": { all: byKind, spins: "none" },
};

const isSpin = ({ scope }: TakeAll, { spins }: TakeAllOrder, lock: Lock) =>
  spins === "all" || (spins === "anon_vma" && lock >= scope.mappings);

/** The spinlocks that a CPU holds: as long as there are some, its preemption is off. */
const spinsHeld = (m: TakeAll, order: TakeAllOrder, { held }: Cpu, state: Int32Array) =>
  upTo(m.holders.length).filter((lock) => ((held.get(state) >>> lock) & 1) === 1 && isSpin(m, order, lock))
    .length;

/** A CPU that may have to sleep for a mutex holds no spinlock. */
const sleepsFreely = (m: TakeAll, order: TakeAllOrder, cpu: Cpu): Check => ({
  law: { id: "no-sleep-while-atomic", says: "A CPU that holds a spinlock does not wait for a mutex." },
  reads: [cpu.held],
  holds: (state) => spinsHeld(m, order, cpu, state) === 0,
});

/** The lock that a call wants is taken once it is free. */
const takesWanted = (m: TakeAll, cpu: Cpu, at: string, to: string): Step[] =>
  m.holders.map((holder, lock) => ({
    at,
    says: `takes ${m.nameOf(lock)}`,
    to,
    when: [has(cpu.wants, lock + 1), has(holder, 0)],
    does: [sets(holder, cpu.index + 1), sets(cpu.wants, 0), includes(cpu.held, lock)],
  }));
const wants = (m: TakeAll, order: TakeAllOrder, cpu: Cpu, lock: Lock) => ({
  says: `wants ${m.nameOf(lock)}`,
  does: sets(cpu.wants, lock + 1),
  asserts: isSpin(m, order, lock) ? [] : [sleepsFreely(m, order, cpu)],
});
const releases = (m: TakeAll, cpu: Cpu): Operations => [
  m.holders.map((holder, lock) => inCase(isIn(cpu.held, lock), sets(holder, 0))),
  sets(cpu.held, 0),
];

const [ALL, ALL_WAITS, ADJUST_WAITS, ADJUST, ANON_WAITS, BOTH] = [
  "mm_take_all_locks",
  "mm_take_all_locks waits",
  "vma_adjust waits for i_mmap_lock",
  "vma_adjust",
  "vma_adjust waits for anon_vma lock",
  "vma_adjust has both",
] as const;

function takesAll(m: TakeAll, order: TakeAllOrder, cpu: Cpu): Step[] {
  const locks = order.all(m.scope.mappings);
  const heldBefore = (nth: number) => locks.slice(0, nth).reduce((set, lock) => set | (1 << lock), 0);
  const isHeld = (bits: number) =>
    test("holds the locks before it", [cpu.held], (state) => cpu.held.get(state) === bits);
  return [
    {
      at: IDLE,
      says: "mm_take_all_locks: takes mm_all_locks_mutex",
      to: ALL,
      when: [has(m.allLocks, 0)],
      does: sets(m.allLocks, cpu.index + 1),
    },
    ...locks.map((lock, nth) => ({
      at: ALL,
      to: ALL_WAITS,
      when: [isHeld(heldBefore(nth))],
      ...wants(m, order, cpu, lock),
    })),
    ...takesWanted(m, cpu, ALL_WAITS, ALL),
    {
      at: ALL,
      says: "has all; mm_drop_all_locks; returns",
      to: IDLE,
      when: [isHeld(heldBefore(locks.length))],
      does: [releases(m, cpu), sets(m.allLocks, 0)],
    },
  ];
}

/** Any mapping's lock, and then any anon_vma's. */
function adjusts(m: TakeAll, order: TakeAllOrder, cpu: Cpu): Step[] {
  const { mappings } = m.scope;
  return [
    ...upTo(mappings).map((mapping) => {
      const step = wants(m, order, cpu, mapping);
      return { at: IDLE, to: ADJUST_WAITS, ...step, says: `vma_adjust: ${step.says}` };
    }),
    ...takesWanted(m, cpu, ADJUST_WAITS, ADJUST),
    ...upTo(mappings).map((anon) => ({
      at: ADJUST,
      to: ANON_WAITS,
      ...wants(m, order, cpu, mappings + anon),
    })),
    ...takesWanted(m, cpu, ANON_WAITS, BOTH),
    { at: BOTH, says: "releases both; returns", to: IDLE, does: releases(m, cpu) },
  ];
}

/** How many spinlocks with preemption off are too many: one of each kind, as vma_adjust takes. */
const FEW = 2;

export function takeAllMachine(name: string, scope: TakeAllScope, order: TakeAllOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  const waitsFor = ({ wants }: Cpu, { index }: Cpu) =>
    test("waits for the other", [wants, ...m.holders], (state) => {
      const wanted = wants.get(state);
      return wanted > 0 && (m.holders[wanted - 1] as Field).get(state) === index + 1;
    });
  const pairs = m.cpus.flatMap((one, at) =>
    m.cpus.slice(at + 1).map((other) => [waitsFor(one, other), waitsFor(other, one)] as const),
  );
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...takesAll(m, order, cpu), ...adjusts(m, order, cpu)],
    invariants: [
      {
        id: "no-deadlock",
        says: "No two CPUs wait for each other's locks.",
        reads: [...m.holders, ...m.cpus.map(({ wants }) => wants)],
        holds: (state) => !pairs.some(([one, other]) => one.holds(state) && other.holds(state)),
      },
      {
        id: "few-locks-without-preemption",
        says: `No CPU holds more than ${FEW} spinlocks: preemption is not off for a time that grows with the mappings.`,
        reads: m.cpus.map(({ held }) => held),
        holds: (state) => m.cpus.every((cpu) => spinsHeld(m, order, cpu, state) <= FEW),
      },
    ],
    draw: (state) => ({
      held: m.holders.map((holder) => (holder.get(state) === 0 ? "-" : `${holder.get(state) - 1}`)).join(""),
      spinlocks: m.cpus.map((cpu) => spinsHeld(m, order, cpu, state)).join(" "),
    }),
  });
}

/** The most spinlocks that a CPU holds in a state, for counts of how long preemption is off. */
export const spinlocksHeld = (machine: StepMachine, state: Int32Array): number =>
  Math.max(...(machine.draw(state).spinlocks ?? "0").split(" ").map(Number));

/**
 * powerpc's hash table (HPT) beside the page table. A PTE that is cleared in lazy mode is put on the batch of the CPU,
 * and its hash entry is invalidated when the task leaves lazy mode. Batches are per CPU; tasks may move.
 */
import { all, type Guard, inCase, type Operations, onChosen, sets } from "../../engine/operations.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import { type Field, FLAG, indexOf, Layout, plain, upTo } from "../../engine/search/layout.ts";
import { type Check, hardwareStep, IDLE, phasesOf, type Step, type StepMachine } from "../program.ts";
import { stepMachine } from "../step-machine.ts";
import {
  cpuLanes,
  cpuSet,
  eachEnds,
  NEVER,
  oneHashEntry,
  schedules,
  tasksOf,
  whileRunning,
} from "./tasks.ts";

interface HashesScope {
  readonly cpus: number;
  readonly tasks: number;
  /** Whether tasks are preempted. */
  readonly preempts: number;
}

type Hashes = ReturnType<typeof fieldsOf>;
type Task = Hashes["tasks"][number];
type Batch = Hashes["batches"][number];

function fieldsOf(layout: Layout, scope: HashesScope) {
  const cpus = cpuSet(scope.cpus);
  const active = layout.array("batch active", cpus, FLAG);
  const index = layout.array("batch index", cpus, FLAG);
  return {
    scope,
    isPresent: layout.field("pte", FLAG),
    /** _PAGE_HASHPTE: the PTE has an entry in the hash table. */
    isHashed: layout.field("is hashed", FLAG),
    entries: layout.field("hash entries", plain(3)),
    /** The page table lock, or whatever else keeps two tasks from changing the PTE at once. */
    lock: layout.field("lock of the PTE", plain(scope.tasks + 1)),
    batches: active.map((isActive, cpu) => ({ isActive, index: index[cpu] as Field })),
    tasks: tasksOf(layout, scope.tasks, cpus).map((task) => ({
      ...task,
      /** The batch whose address it has read; and whether it was in lazy mode when it was switched away. */
      batch: layout.field(`batch of task ${task.index}`, indexOf(cpus)),
      wasLazy: layout.field(`task ${task.index} was lazy`, FLAG),
    })),
  };
}

/** One entry is invalidated. */
const invalidates = ({ entries }: Hashes): Operations =>
  inCase(has(entries, 2), sets(entries, 1), sets(entries, 0));
const flushesBatch = (m: Hashes, { index }: Batch): Operations =>
  inCase(has(index, 1), [invalidates(m), sets(index, 0)]);
/** On the batch of the CPU that the task runs on. */
const onOwn = (m: Hashes, { on }: Task, says: string, does: (batch: Batch) => Operations) =>
  onChosen(on, m.batches.map(does), says, 1);

/** hpte_need_flush: the entry waits if the CPU's batch is active, and is invalidated at once otherwise. */
const clearsPte = (m: Hashes, task: Task): Operations => [
  sets(m.isPresent, 0),
  onOwn(m, task, "hpte_need_flush: into the batch of this CPU if it is active, else invalidate", (batch) =>
    inCase(has(m.isHashed, 1), [
      sets(m.isHashed, 0),
      inCase(has(batch.isActive, 1), sets(batch.index, 1), invalidates(m)),
    ]),
  ),
];

const leavesNoEntry = ({ entries, isPresent }: Hashes): Check => {
  const isClean = (state: Int32Array) => entries.get(state) === 0 || isPresent.get(state) === 1;
  return {
    law: {
      id: "no-hash-entry-left",
      says: "When the lock of a cleared PTE is released, the hash table has no entry for its address.",
    },
    reads: [entries, isPresent],
    holds: isClean,
  };
};

type Steps = (m: Hashes, task: Task) => readonly Step[];

const [LOCK, ENTER, LAZY, LEAVE, UNLOCK] = [
  "arch_enter_lazy_mmu_mode",
  "batch->active = 1",
  "ptep_get_and_clear",
  "arch_leave_lazy_mmu_mode",
  "unlock",
] as const;

const locks = (m: Hashes, task: Task): Step => ({
  at: IDLE,
  says: "unmaps: takes the lock",
  to: LOCK,
  when: [has(m.lock, 0), has(m.isPresent, 1)],
  does: sets(m.lock, task.index + 1),
});
/** The address of the CPU's batch is read, and then the batch is written: two steps of a task that may move. */
const enters = (m: Hashes, task: Task): Step[] => [
  { at: LOCK, says: "reads the address of its CPU's batch", to: ENTER, does: sets(task.batch, task.on) },
  {
    at: ENTER,
    says: "makes that batch active",
    to: LAZY,
    does: [
      onChosen(
        task.batch,
        m.batches.map(({ isActive }) => sets(isActive, 1)),
        "batch->active = 1",
        1,
      ),
      sets(task.batch, 0),
    ],
  },
];
const clearsAndLeaves = (m: Hashes, task: Task, to: string, at: string): Step[] => [
  { at: LAZY, says: "clears the PTE", to, does: clearsPte(m, task) },
  {
    at: LEAVE,
    says: "flushes the batch of its CPU, which is no longer active",
    to: at,
    does: onOwn(m, task, "flush the batch of this CPU; active = 0", (batch) => [
      flushesBatch(m, batch),
      sets(batch.isActive, 0),
    ]),
  },
];
const unlocks = (m: Hashes, to: string): Step => ({
  at: UNLOCK,
  says: to === IDLE ? "unlocks; returns" : "unlocks",
  to,
  does: sets(m.lock, 0),
  asserts: [leavesNoEntry(m)],
});

/** The batch is flushed before the lock is released: the rule that hash_page and faults depend on. */
const flushesFirst: Steps = (m, task) => [
  locks(m, task),
  ...enters(m, task),
  ...clearsAndLeaves(m, task, LEAVE, UNLOCK),
  unlocks(m, IDLE),
];
/** The other way round (D18). */
const unlocksFirst: Steps = (m, task) => [
  locks(m, task),
  ...enters(m, task),
  ...clearsAndLeaves(m, task, UNLOCK, IDLE),
  { ...unlocks(m, LEAVE), asserts: [] },
];

/** What differs between releases. */
export interface HashesOrder {
  readonly unmap: Steps;
  /** Phases at which a task is not preempted, beside those without a lock. */
  readonly holds: readonly string[];
  /** Whether the switch to another task flushes an active batch, and the switch back makes one active. */
  readonly switchFlushes: boolean;
}
const [UNDER_SPINLOCK, UNDER_LAZY_MODE] = [
  [LOCK, ENTER, LAZY, LEAVE, UNLOCK],
  [ENTER, LAZY, LEAVE],
];

export const HASHES_ORDERS: Readonly<Record<string, HashesOrder>> = {
  "2.6.28": { unmap: flushesFirst, holds: UNDER_SPINLOCK, switchFlushes: false },
  "2.6.28-unlocking-first": { unmap: unlocksFirst, holds: UNDER_SPINLOCK, switchFlushes: false },
  /** The lock made preemptible, and nothing else. */
  "2.6.28-preemptible": { unmap: flushesFirst, holds: [], switchFlushes: false },
  /** Lazy mode without a spinlock, on kernel page tables (apply_to_page_range). */
  "6.1": { unmap: flushesFirst, holds: [], switchFlushes: true },
  /** b9ef323ea168: lazy mode disables preemption. */
  "6.2": { unmap: flushesFirst, holds: UNDER_LAZY_MODE, switchFlushes: true },
};

/** Tasks that change the PTE without lazy mode. */
const others = (m: Hashes, task: Task): Step[] => [
  {
    at: IDLE,
    says: "maps: sets the PTE under the lock",
    to: IDLE,
    when: [has(m.lock, 0), has(m.isPresent, 0)],
    does: sets(m.isPresent, 1),
  },
  {
    at: IDLE,
    says: "unmaps without lazy mode: takes the lock, clears the PTE",
    to: UNLOCK,
    when: [has(m.lock, 0), has(m.isPresent, 1)],
    does: [sets(m.lock, task.index + 1), clearsPte(m, task)],
  },
];

export function hashesMachine(name: string, scope: HashesScope, order: HashesOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  const { unmap, holds, switchFlushes } = order;
  const leaves = (task: Task) => (cpu: number) => {
    const batch = m.batches[cpu] as Batch;
    if (!switchFlushes) return [];
    return inCase(has(batch.isActive, 1), [
      flushesBatch(m, batch),
      sets(batch.isActive, 0),
      sets(task.wasLazy, 1),
    ]);
  };
  const returns = (task: Task) => (cpu: number) =>
    switchFlushes
      ? inCase(has(task.wasLazy, 1), [sets((m.batches[cpu] as Batch).isActive, 1), sets(task.wasLazy, 0)])
      : [];
  const phases = phasesOf(m.tasks.flatMap((task) => [...unmap(m, task), ...others(m, task)]));
  const mayLeave = ({ phase }: Task): Guard[] => [
    ...(scope.preempts === 0 ? [NEVER] : []),
    has(phase, ...phases.flatMap((name, nth) => (holds.includes(name) ? [] : [nth]))),
  ];
  return stepMachine({
    name,
    layout,
    cpus: m.tasks,
    otherLanes: cpuLanes(scope.cpus),
    program: (task) => whileRunning(task, [...unmap(m, task), ...others(m, task)]),
    hardware: (task) =>
      schedules(m.tasks, task, scope.cpus, mayLeave(task), { leaves: leaves(task), returns: returns(task) }),
    others: upTo(scope.cpus).map((cpu) =>
      hardwareStep(
        cpu,
        {
          says: "a hash miss: puts an entry for the PTE into the hash table",
          when: [all(has(m.isPresent, 1), has(m.isHashed, 0)), hasNot(m.entries, 2)],
          does: [sets(m.isHashed, 1), inCase(has(m.entries, 0), sets(m.entries, 1), sets(m.entries, 2))],
        },
        false,
        m.tasks.length + cpu,
      ),
    ),
    begin: (state) => m.isPresent.set(state, 1),
    invariants: [
      {
        ...oneHashEntry,
        never: [[has(m.entries, 2)]],
      },
    ],
    // preempted again and again, a task would be owed nothing
    ...(scope.preempts === 0
      ? {
          eventuallyEnds: () => eachEnds(m.tasks, "unmap-ends", "Every unmapping that began ends."),
        }
      : {}),
    isSymmetric: true,
    legend: "PTE: P present, H with an entry in the hash table; batch: A active, i with an address",
    draw: (state) => draw(m, state),
  });
}

function draw(
  { isPresent, isHashed, entries, batches, tasks }: Hashes,
  state: Int32Array,
): Record<string, string> {
  return {
    PTE: `${isPresent.get(state) === 1 ? "P" : "-"}${isHashed.get(state) === 1 ? "H" : ""}`,
    entries: `${entries.get(state)}`,
    on: tasks.map(({ on }) => (on.get(state) === 0 ? "-" : `${on.get(state) - 1}`)).join(""),
    ...Object.fromEntries(
      batches.map(({ isActive, index }, cpu) => [
        `batch ${cpu}`,
        `${isActive.get(state) === 1 ? "A" : ""}${index.get(state) === 1 ? "i" : ""}` || "-",
      ]),
    ),
  };
}

/**
 * page_lock_anon_vma: a walk finds an anon_vma by its page, without a lock. Freed anon_vmas stay anon_vmas while RCU
 * readers last (SLAB_DESTROY_BY_RCU), but may be used again at once, under another root, whose lock is then theirs.
 */
import {
  excludes,
  inCase,
  includes,
  type Operations,
  onChosen,
  sets,
  value,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import {
  type Field,
  FLAG,
  Layout,
  named,
  noneOr,
  plain,
  setOf,
  upTo,
} from "../../../engine/search/layout.ts";
import { type Check, hardwareStep, IDLE, MOST_PHASES, type Step, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { cpuSet } from "../tasks.ts";

export interface AnonVmaScope {
  readonly cpus: number;
}

const [OF_THE_PAGE, UNLINKED, FREE, ALLOCATED, REUSED, GONE] = [0, 1, 2, 3, 4, 5] as const;
type AnonVma = ReturnType<typeof fieldsOf>;
type Cpu = AnonVma["cpus"][number];

function fieldsOf(layout: Layout, scope: AnonVmaScope) {
  const cpus = cpuSet(scope.cpus);
  return {
    scope,
    life: layout.field(
      "anon_vma",
      named("of the page", "unlinked", "free", "allocated", "of another", "memory of another kind"),
    ),
    isMapped: layout.field("the page is mapped", FLAG),
    /** Root 0 is the page's, root 1 another's. */
    root: layout.field("root", plain(2)),
    locks: upTo(2).map((root) => layout.field(`lock of root ${root}`, noneOr(scope.cpus, "CPU"))),
    references: layout.field("references", plain(scope.cpus + 1)),
    readers: layout.field("readers", setOf(cpus)),
    grace: layout.field("waited for by RCU", setOf(cpus)),
    cpus: upTo(scope.cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The root whose lock it took. */
      saved: layout.field(`root saved by CPU ${index}`, plain(2)),
    })),
  };
}

/** How a walk gets the lock; it releases that of the root as it reads it then. */
export type AnonVmaOrder = (m: AnonVma, cpu: Cpu) => readonly Step[];
type Steps = AnonVmaOrder;

const LAW_MEMORY = {
  id: "no-use-after-free",
  says: "An anon_vma is not read once its memory may be of another kind.",
};
const isThere = ({ life }: AnonVma): Check => ({
  law: LAW_MEMORY,
  reads: [life],
  holds: (state) => life.get(state) !== GONE,
});
const sleepsOutside = ({ readers }: AnonVma, { index }: Cpu): Check => ({
  law: { id: "no-sleep-while-atomic", says: "A CPU in an RCU read section does not wait for a mutex." },
  reads: [readers],
  holds: (state) => ((readers.get(state) >>> index) & 1) === 0,
});

const readUnlock = (m: AnonVma, { index }: Cpu): Operations => [
  excludes(m.readers, index),
  excludes(m.grace, index),
];
const onLock = (m: AnonVma, root: Field, does: (lock: Field) => Operations) =>
  onChosen(root, m.locks.map(does), "the lock of that root");
const isFree = (m: AnonVma, root: number) => has(m.locks[root] as Field, 0);

const begins = (m: AnonVma, cpu: Cpu): Step[] => [
  {
    at: IDLE,
    says: "page_lock_anon_vma: rcu_read_lock, the page is mapped",
    to: "reads root",
    when: [has(m.isMapped, 1)],
    does: includes(m.readers, cpu.index),
  },
];
/** The lock that a walk waits for is that of the root as it was read. */
const locksSaved = (m: AnonVma, cpu: Cpu, at: string, to: string, asserts: readonly Check[]): Step[] =>
  upTo(2).map((root) => ({
    at,
    says: `takes the lock of root ${root}`,
    to,
    when: [has(cpu.saved, root), isFree(m, root)],
    does: sets(m.locks[root] as Field, cpu.index + 1),
    asserts,
  }));
const reads = (m: AnonVma, cpu: Cpu, to: string, does: Operations = []): Step => ({
  at: "reads root",
  says: "reads anon_vma->root",
  to,
  does: [sets(cpu.saved, m.root), does],
  asserts: [isThere(m)],
});
const gives = (m: AnonVma, cpu: Cpu, at: string, says: string, when: Step["when"]): Step => ({
  at,
  says,
  to: IDLE,
  when: when ?? [],
  does: [onLock(m, cpu.saved, (lock) => sets(lock, 0)), sets(cpu.saved, 0), readUnlock(m, cpu)],
});

/** 2.6.35: the page was mapped before, and that is all it asks. */
const spins: Steps = (m, cpu) => [
  reads(m, cpu, "spin_lock"),
  ...locksSaved(m, cpu, "spin_lock", "walks", []),
];
/** f18194275c39: and it still is. */
const spinsAndLooks: Steps = (m, cpu) => [
  reads(m, cpu, "spin_lock"),
  ...locksSaved(m, cpu, "spin_lock", "looks again", []),
  { at: "looks again", says: "the page is mapped still", to: "walks", when: [has(m.isMapped, 1)] },
  gives(m, cpu, "looks again", "the page is not mapped any more: unlocks; returns", [has(m.isMapped, 0)]),
];
/** The same with a mutex, under RCU. */
const sleepsUnderRcu: Steps = (m, cpu) => [
  reads(m, cpu, "mutex_lock"),
  ...locksSaved(m, cpu, "mutex_lock", "looks again", [sleepsOutside(m, cpu)]),
  { at: "looks again", says: "the page is mapped still", to: "walks", when: [has(m.isMapped, 1)] },
  gives(m, cpu, "looks again", "the page is not mapped any more: unlocks; returns", [has(m.isMapped, 0)]),
];
/** RCU ends before the mutex is waited for, and nothing holds the anon_vma. */
const sleepsWithoutReference: Steps = (m, cpu) => [
  reads(m, cpu, "mutex_lock", readUnlock(m, cpu)),
  ...locksSaved(m, cpu, "mutex_lock", "looks again", [isThere(m)]),
  { at: "looks again", says: "the page is mapped still", to: "walks", when: [has(m.isMapped, 1)] },
  gives(m, cpu, "looks again", "the page is not mapped any more: unlocks; returns", [has(m.isMapped, 0)]),
];
/** A trylock, and if that fails a reference and the mutex. */
const triesThenSleeps =
  (trusts: "a reference" | "page_mapped"): Steps =>
  (m, cpu) => {
    const isAlive =
      trusts === "a reference" ? has(m.life, OF_THE_PAGE, UNLINKED, ALLOCATED, REUSED) : has(m.isMapped, 1);
    const isDead = trusts === "a reference" ? has(m.life, FREE, GONE) : has(m.isMapped, 0);
    return [
      reads(m, cpu, "mutex_trylock"),
      ...locksSaved(m, cpu, "mutex_trylock", "looks again", []),
      {
        at: "looks again",
        says: trusts === "a reference" ? "its count is not 0" : "the page is mapped still",
        to: "walks",
        when: [isAlive],
        does: readUnlock(m, cpu),
      },
      gives(m, cpu, "looks again", "it is dead: unlocks; returns", [isDead]),
      ...upTo(2).map((root) => ({
        at: "mutex_trylock",
        says: `the lock of root ${root} is taken`,
        to: "atomic_inc_not_zero",
        when: [has(cpu.saved, root), hasNot(m.locks[root] as Field, 0)],
      })),
      {
        at: "atomic_inc_not_zero",
        says: "takes a reference, the page is mapped: rcu_read_unlock",
        to: "mutex_lock",
        when: [has(m.life, OF_THE_PAGE), has(m.isMapped, 1), hasNot(m.references, m.scope.cpus)],
        does: [takes(m), readUnlock(m, cpu)],
      },
      {
        at: "atomic_inc_not_zero",
        says: "the count is 0, or the page not mapped; returns",
        to: IDLE,
        when: [{ field: m.life, allowed: 0b111111 }, has(m.isMapped, 0)],
        does: [sets(cpu.saved, 0), readUnlock(m, cpu)],
      },
      ...locksSaved(m, cpu, "mutex_lock", "drops its reference", [sleepsOutside(m, cpu), isThere(m)]),
      {
        at: "drops its reference",
        says: "others hold it",
        to: "walks",
        when: [has(m.life, OF_THE_PAGE)],
        does: drops(m),
      },
      {
        at: "drops its reference",
        says: "was the last: unlocks, frees the anon_vma; returns",
        to: IDLE,
        when: [has(m.life, UNLINKED), has(m.references, 1)],
        does: [
          onLock(m, cpu.saved, (lock) => sets(lock, 0)),
          sets(cpu.saved, 0),
          drops(m),
          sets(m.life, FREE),
          sets(m.grace, m.readers),
        ],
      },
      {
        at: "drops its reference",
        says: "others have references: unlocks; returns",
        to: IDLE,
        when: [has(m.life, UNLINKED), hasNot(m.references, 1)],
        does: [onLock(m, cpu.saved, (lock) => sets(lock, 0)), sets(cpu.saved, 0), drops(m)],
      },
    ];
  };
const takes = ({ references }: AnonVma) =>
  sets(
    references,
    value("references + 1", [references], (state) => references.get(state) + 1),
  );
const drops = ({ references }: AnonVma) =>
  sets(
    references,
    value("references - 1", [references], (state) => Math.max(0, references.get(state) - 1)),
  );

/**
 * Compaction takes the page's PTE away for a while, and puts it back by an rmap walk. KSM looks up the anon_vma of a
 * page as late. Both hold a reference meanwhile.
 */
const migrates =
  (holds: "a reference" | "nothing"): Steps =>
  (m) => [
    {
      at: IDLE,
      says:
        holds === "nothing" ? "migration: unmaps the page" : "migration: takes a reference, unmaps the page",
      to: "remove_migration_ptes",
      when: [has(m.isMapped, 1), has(m.life, OF_THE_PAGE), isFree(m, 0), hasNot(m.references, m.scope.cpus)],
      does: [sets(m.isMapped, 0), holds === "nothing" ? [] : takes(m)],
    },
    {
      at: "remove_migration_ptes",
      says: "walks the anon_vma, maps the page again if its vma is there; returns",
      to: IDLE,
      when: [hasNot(m.life, UNLINKED)],
      does: [inCase(has(m.life, OF_THE_PAGE), sets(m.isMapped, 1)), holds === "nothing" ? [] : drops(m)],
      asserts: [isThere(m)],
    },
    {
      at: "remove_migration_ptes",
      says: "walks the anon_vma, whose vmas are gone; drops its reference",
      to: IDLE,
      when: [has(m.life, UNLINKED), hasNot(m.references, 1)],
      does: drops(m),
    },
    {
      at: "remove_migration_ptes",
      says: "walks the anon_vma, whose vmas are gone; drops the last reference, frees it",
      to: IDLE,
      when: [has(m.life, UNLINKED), has(m.references, 1)],
      does: [drops(m), sets(m.life, FREE), sets(m.grace, m.readers)],
    },
  ];
const lockThenMigrate =
  (lock: Steps, migration: Steps): Steps =>
  (m, cpu) => [...lock(m, cpu), ...migration(m, cpu)];

export const ANON_VMA_ORDERS: Readonly<Record<string, AnonVmaOrder>> = {
  "2.6.35": spins,
  "2.6.36": spinsAndLooks,
  "2.6.36-mutex": sleepsUnderRcu,
  "2.6.36-mutex-without-reference": sleepsWithoutReference,
  "3.0-rc2": triesThenSleeps("a reference"),
  /** eee0f252c653. */
  "3.0": lockThenMigrate(triesThenSleeps("page_mapped"), migrates("a reference")),
  "3.0-migrating-without-reference": lockThenMigrate(triesThenSleeps("page_mapped"), migrates("nothing")),
};

/** The walk itself, and its end. */
const walks = (m: AnonVma, cpu: Cpu): Step[] => [
  {
    at: "walks",
    says: "page_unlock_anon_vma: releases the lock of anon_vma->root; returns",
    to: IDLE,
    does: [onLock(m, m.root, (lock) => sets(lock, 0)), sets(cpu.saved, 0), readUnlock(m, cpu)],
    asserts: [
      isThere(m),
      {
        law: { id: "unlocks-what-it-locked", says: "A CPU releases the lock that it took." },
        reads: [m.root, ...m.locks],
        holds: (state) => (m.locks[m.root.get(state)] as Field).get(state) === cpu.index + 1,
      },
    ],
  },
];

/** The page is unmapped and its anon_vma freed; another allocates it; in the end the page's owner does again. */
const others = (m: AnonVma): Step[] => [
  {
    at: IDLE,
    says: "unmaps the page",
    to: IDLE,
    when: [has(m.isMapped, 1), has(m.life, OF_THE_PAGE)],
    does: sets(m.isMapped, 0),
  },
  {
    at: IDLE,
    says: "unlink_anon_vmas, under the root's lock: frees the anon_vma",
    to: IDLE,
    when: [has(m.life, OF_THE_PAGE), has(m.isMapped, 0), has(m.references, 0), isFree(m, 0)],
    does: [sets(m.life, FREE), sets(m.grace, m.readers)],
  },
  {
    at: IDLE,
    says: "unlink_anon_vmas, under the root's lock: references are left",
    to: IDLE,
    when: [has(m.life, OF_THE_PAGE), has(m.isMapped, 0), hasNot(m.references, 0), isFree(m, 0)],
    does: sets(m.life, UNLINKED),
  },
  {
    at: IDLE,
    says: "anon_vma_alloc: allocates it for another",
    to: "sets root",
    when: [has(m.life, FREE)],
    does: sets(m.life, ALLOCATED),
  },
  {
    at: "sets root",
    says: "sets its root; returns",
    to: IDLE,
    does: [sets(m.root, 1), sets(m.life, REUSED)],
  },
  {
    at: IDLE,
    says: "frees it again",
    to: IDLE,
    when: [has(m.life, REUSED), isFree(m, 1)],
    does: [sets(m.life, FREE), sets(m.grace, m.readers)],
  },
  {
    at: IDLE,
    says: "allocates memory for an anon_vma of the page, maps the page",
    to: IDLE,
    when: [has(m.life, GONE)],
    does: [sets(m.life, OF_THE_PAGE), sets(m.root, 0), sets(m.isMapped, 1)],
  },
];

export function anonVmaMachine(name: string, scope: AnonVmaScope, locks: AnonVmaOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...begins(m, cpu), ...locks(m, cpu), ...walks(m, cpu), ...others(m)],
    others: [
      {
        ...hardwareStep(
          0,
          {
            says: "RCU: the grace period has ended, the slab page is memory of another kind",
            when: [has(m.life, FREE), has(m.grace, 0)],
            does: sets(m.life, GONE),
          },
          false,
        ),
        name: "RCU, the slab page is freed",
      },
    ],
    begin: (state) => m.isMapped.set(state, 1),
    legend:
      "anon_vma: P of the page, u unlinked, - free, a allocated, O of another, x memory of another kind",
    draw: (state) => ({
      anon_vma: "Pu-aOx"[m.life.get(state)] ?? "",
      page: m.isMapped.get(state) === 1 ? "mapped" : "",
      root: `${m.root.get(state)}`,
      locks: m.locks.map((each) => (each.get(state) === 0 ? "-" : `${each.get(state) - 1}`)).join(""),
      references: `${m.references.get(state)}`,
    }),
  });
}

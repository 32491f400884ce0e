/**
 * unmap_mapping_range: a truncation walks the vmas that map a file and unmaps its pages there. Under a spinlock it
 * breaks off when another task wants the CPU, notes in the vma how far it came, and begins the list again. Mappings
 * come and go in between, faults map pages again, and another truncation of the file may run.
 */
import {
  all,
  any,
  briefly,
  does,
  type Guard,
  not,
  type Operation,
  type Operations,
  sets,
  test,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { bitsOf, type Field, FLAG, Layout, noneOr, plain, upTo } from "../../../engine/search/layout.ts";
import { type Check, IDLE, MOST_PHASES, type Step, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";

export interface TruncateScope {
  readonly cpus: number;
  readonly vmas: number;
  readonly pages: number;
}

type Truncate = ReturnType<typeof fieldsOf>;
type Cpu = Truncate["cpus"][number];
type Vma = Truncate["vmas"][number];

function fieldsOf(layout: Layout, scope: TruncateScope) {
  const { cpus, vmas, pages } = scope;
  /** vm_truncate_count: nothing, done by a CPU's truncation, or a restart at a page. */
  const mark = plain(1 + cpus + pages, (value) =>
    value === 0 ? "none" : value <= cpus ? `done by CPU ${value - 1}` : `restart at page ${value - cpus}`,
  );
  return {
    scope,
    lock: layout.field("i_mmap_lock", noneOr(cpus, "CPU")),
    unmapMutex: layout.field("unmap_mutex", noneOr(cpus, "CPU")),
    vmas: upTo(vmas).map((index) => ({
      index,
      isThere: layout.field(`vma ${index}`, FLAG),
      ptes: layout.field(`ptes of vma ${index}`, bitsOf(pages)),
      mark: layout.field(`vm_truncate_count of vma ${index}`, mark),
    })),
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The PTEs of each vma that were there when its truncation began, and were not set since. */
      owed: upTo(vmas).map((vma) => layout.field(`owed by CPU ${index} in vma ${vma}`, bitsOf(pages))),
    })),
  };
}

const [TREE, ZAPPED, RESCHED] = ["unmap_mapping_range_tree", "need_resched", "cond_resched"] as const;

/** What differs between releases. */
export interface TruncateOrder {
  /** Whether a walk drops the lock on the way. */
  readonly breaks: boolean;
  /** Whether a mutex keeps a second truncation of the file away. */
  readonly isAlone: boolean;
}
export const TRUNCATE_ORDERS: Readonly<Record<string, TruncateOrder>> = {
  "2.6.37": { breaks: true, isAlone: false },
  /** 2aa15890f3c1: unmap_mutex. */
  "2.6.38": { breaks: true, isAlone: true },
  /** 97a894136f29 and 3d48ae45e723: i_mmap_mutex, held over the whole walk. */
  "3.0": { breaks: false, isAlone: true },
};

const done = ({ index }: Cpu) => index + 1;
const restart = ({ scope }: Truncate, page: number) => scope.cpus + page;
const bits = (...members: readonly number[]) => members.reduce((set, each) => set | (1 << each), 0);

/** The first vma that this truncation has not done. */
const isNext = (m: Truncate, cpu: Cpu, vma: Vma): Guard[] => [
  has(vma.isThere, 1),
  hasNot(vma.mark, done(cpu)),
  ...m.vmas
    .filter(({ index }) => index < vma.index)
    .map((before) => any(has(before.isThere, 0), has(before.mark, done(cpu)))),
];
const allDone = (m: Truncate, cpu: Cpu) =>
  all(...m.vmas.map(({ isThere, mark }) => any(has(isThere, 0), has(mark, done(cpu)))));

/** The page at which the walk of a vma continues: that of the restart, or the first. */
const isAt = (m: Truncate, vma: Vma, page: number) =>
  page === 0 ? has(vma.mark, ...upTo(m.scope.cpus + 1)) : has(vma.mark, restart(m, page));

const zaps = (m: Truncate, cpu: Cpu): Step[] =>
  m.vmas.flatMap((vma) =>
    upTo(m.scope.pages).map((page) => ({
      at: TREE,
      says: `unmaps page ${page} in vma ${vma.index}`,
      to: ZAPPED,
      when: [...isNext(m, cpu, vma), isAt(m, vma, page)],
      does: [
        clearsBits(vma.ptes, bits(page)),
        sets(vma.mark, page + 1 === m.scope.pages ? done(cpu) : restart(m, page + 1)),
      ],
    })),
  );

const clearsBits = (set: Field, members: number): Operation =>
  does(`clear ${members.toString(2)}`, { reads: [set], writes: [set] }, (state) =>
    set.set(state, set.get(state) & ~members),
  );

function truncates(m: Truncate, cpu: Cpu, { breaks, isAlone }: TruncateOrder): Step[] {
  const begins: Operations = [
    // the count is a new one: what was done before is not done
    m.vmas.map(({ mark }) => forgets(mark, done(cpu))),
    briefly(
      undefined,
      m.vmas.map(({ index, ptes }) => sets(cpu.owed[index] as Field, ptes)),
    ),
  ];
  const ends: Operations = [
    sets(m.lock, 0),
    ...(isAlone ? [sets(m.unmapMutex, 0)] : []),
    briefly(
      undefined,
      cpu.owed.map((owed) => sets(owed, 0)),
    ),
  ];
  return [
    {
      at: IDLE,
      says: isAlone ? "unmap_mapping_range: takes unmap_mutex" : "unmap_mapping_range",
      to: "begins",
      when: isAlone ? [has(m.unmapMutex, 0)] : [],
      does: isAlone ? sets(m.unmapMutex, cpu.index + 1) : [],
    },
    {
      at: "begins",
      says: "takes i_mmap_lock, a new truncate_count",
      to: TREE,
      when: [has(m.lock, 0)],
      does: [sets(m.lock, cpu.index + 1), begins],
    },
    ...zaps(m, cpu),
    { at: ZAPPED, says: "continues", to: TREE },
    ...(breaks
      ? [
          {
            at: ZAPPED,
            says: "need_resched: drops i_mmap_lock",
            to: RESCHED,
            when: [not(allDone(m, cpu))],
            does: sets(m.lock, 0),
          },
          {
            at: RESCHED,
            says: "takes i_mmap_lock again",
            to: TREE,
            when: [has(m.lock, 0)],
            does: sets(m.lock, cpu.index + 1),
          },
        ]
      : []),
    {
      at: TREE,
      says: "has done all vmas; returns",
      to: IDLE,
      when: [allDone(m, cpu)],
      does: ends,
      asserts: [unmapsAll(m, cpu)],
    },
  ];
}

const forgets = (mark: Field, was: number): Operation =>
  does("not done by this count", { reads: [mark], writes: [mark] }, (state) => {
    if (mark.get(state) === was) mark.set(state, 0);
  });

function unmapsAll({ vmas }: Truncate, { owed }: Cpu): Check {
  const left = test("some is left", [...owed, ...vmas.map(({ ptes }) => ptes)], (state) =>
    vmas.some(({ ptes }, index) => (ptes.get(state) & (owed[index] as Field).get(state)) !== 0),
  );
  return {
    law: {
      id: "truncation-unmaps-all",
      says: "When unmap_mapping_range returns, no vma maps a page that it mapped before, unless it was faulted in since.",
    },
    reads: left.reads,
    holds: (state) => !left.holds(state),
  };
}

/** Mappings come and go under the lock; faults take the page table lock alone. */
const others = (m: Truncate): Step[] =>
  m.vmas.flatMap((vma): Step[] => [
    ...upTo(m.scope.pages).map((page) => ({
      at: IDLE,
      says: `a fault maps page ${page} in vma ${vma.index}`,
      to: IDLE,
      when: [
        has(vma.isThere, 1),
        test("is not mapped", [vma.ptes], (s) => (vma.ptes.get(s) & bits(page)) === 0),
      ],
      does: [
        does("set its PTE", { reads: [vma.ptes], writes: [vma.ptes] }, (state) =>
          vma.ptes.set(state, vma.ptes.get(state) | bits(page)),
        ),
        briefly(
          undefined,
          m.cpus.map(({ owed }) => clearsBits(owed[vma.index] as Field, bits(page))),
        ),
      ],
    })),
    {
      at: IDLE,
      says: `munmap of vma ${vma.index}`,
      to: IDLE,
      when: [has(m.lock, 0), has(vma.isThere, 1)],
      does: [
        sets(vma.isThere, 0),
        sets(vma.ptes, 0),
        sets(vma.mark, 0),
        briefly(
          undefined,
          m.cpus.map(({ owed }) => sets(owed[vma.index] as Field, 0)),
        ),
      ],
    },
    ...m.vmas
      .filter(({ index }) => index !== vma.index)
      .map((child) => ({
        at: IDLE,
        says: `fork: vma ${child.index} is a copy of vma ${vma.index}`,
        to: IDLE,
        when: [has(m.lock, 0), has(vma.isThere, 1), has(child.isThere, 0)],
        does: [
          sets(child.isThere, 1),
          sets(child.ptes, vma.ptes),
          sets(child.mark, vma.mark),
          briefly(
            undefined,
            m.cpus.map(({ owed }) => sets(owed[child.index] as Field, owed[vma.index] as Field)),
          ),
        ],
      })),
  ]);

export function truncateMachine(name: string, scope: TruncateScope, order: TruncateOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...truncates(m, cpu, order), ...others(m)],
    begin: (state) => {
      m.vmas[0]?.isThere.set(state, 1);
      m.vmas[0]?.ptes.set(state, 2 ** scope.pages - 1);
    },
    eventuallyEnds: (phases) =>
      m.cpus.map(({ index, phase }) => ({
        id: `walk-ends-${index}`,
        says: "Every walk over the vmas that began ends.",
        when: [
          has(phase, ...[TREE, ZAPPED, RESCHED].map((name) => phases.indexOf(name)).filter((at) => at > 0)),
        ],
      })),
    legend: "a vma: - not there, else by page P mapped or . not; mark: D done, or the page of the restart",
    draw: (state) =>
      Object.fromEntries(
        m.vmas.map(({ index, isThere, ptes, mark }) => {
          const pages = upTo(scope.pages).map((page) => ((ptes.get(state) >>> page) & 1 ? "P" : "."));
          const at = mark.get(state);
          const marked = at === 0 ? "" : at <= scope.cpus ? ` D${at - 1}` : ` r${at - scope.cpus}`;
          return [`vma ${index}`, isThere.get(state) === 1 ? pages.join("") + marked : "-"];
        }),
      ),
  });
}

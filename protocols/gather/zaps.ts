/**
 * A zap and its gather, against another on the same mm: clear PTEs under the page table lock, gather the pages, flush,
 * free. Tasks fault pages in again, and CPUs cache what is mapped at any time.
 */
import {
  adds,
  any,
  briefly,
  clears,
  compare,
  does,
  excludes,
  type Guard,
  includes,
  isIn,
  not,
  type Operation,
  type Operations,
  sets,
} from "../../engine/operations.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import { type Field, Layout, plain, setOf, upTo } from "../../engine/search/layout.ts";
import { pagesIn } from "../call-assertions.ts";
import { type Check, IDLE, type Step, type StepAction, type StepMachine } from "../program.ts";
import { stepMachine } from "../step-machine.ts";
import {
  caches,
  cpuLanes,
  cpuSet,
  eachEnds,
  finishLeavesNothingStale,
  freedNotReached,
  interrupt,
  NEVER,
  schedules,
  tasksOf,
  whileRunning,
} from "./tasks.ts";

interface ZapsScope {
  readonly cpus: number;
  readonly tasks: number;
  readonly pages: number;
  /** Whether tasks are preempted. */
  readonly preempts: number;
}

type Zaps = ReturnType<typeof fieldsOf>;
type Task = Zaps["tasks"][number];
type Steps = (m: Zaps, task: Task) => readonly Step[];

const [ZAP, FLUSH, FLUSHING, FINISH, FREE] = [
  "zap_pte_range",
  "tlb_flush_mmu",
  "flushing",
  "tlb_finish_mmu",
  "free_pages",
] as const;

/** What differs between releases. */
interface ZapsOrder {
  readonly zap: Steps;
  readonly finish: Steps;
  /** Whether a gather is per CPU: its task is not preempted until it is done. */
  readonly isPerCpu?: true;
  /** The reaper of a victim of the OOM killer: its own task, beside those of the mm. */
  readonly reaper?: Steps;
}

function fieldsOf(layout: Layout, scope: ZapsScope, hasReaper: boolean) {
  const [cpus, pages] = [cpuSet(scope.cpus), { name: "pages", size: scope.pages }];
  const tlbs = layout.array("tlb", cpus, setOf(pages));
  const count = scope.tasks + (hasReaper ? 1 : 0);
  const names = [...upTo(scope.tasks).map((index) => `task ${index}`), "OOM reaper"];
  return {
    scope,
    ptes: layout.field("ptes", setOf(pages)),
    freed: layout.field("freed pages", setOf(pages)),
    /** mm->tlb_flush_pending: the gathers that are open. */
    open: layout.field("open gathers", plain(count + 1)),
    cpus: tlbs.map((tlb, index) => ({ index, tlb })),
    tasks: tasksOf(layout, count, cpus, names).map((task) => ({
      ...task,
      gathered: layout.field(`gathered by task ${task.index}`, setOf(pages)),
      /** Pages that had no PTE when the task had zapped, and have not been mapped since. */
      owed: layout.field(`owed by task ${task.index}`, setOf(pages)),
      pending: layout.field(`flushes that task ${task.index} waits for`, setOf(cpus)),
    })),
  };
}

/** All PTEs are cleared; their pages are gathered. */
const clearsPtes = (m: Zaps, { gathered, owed }: Task): Operations => [
  does(
    "clear the PTEs, gather their pages",
    { reads: [m.ptes, gathered], writes: [m.ptes, gathered] },
    (state) => {
      gathered.set(state, gathered.get(state) | m.ptes.get(state));
      m.ptes.set(state, 0);
    },
  ),
  briefly(undefined, sets(owed, 2 ** m.scope.pages - 1)),
];
const freesPages = (m: Zaps, { gathered }: Task): Operation =>
  does("free the gathered pages", { reads: [gathered, m.freed], writes: [m.freed] }, (state) =>
    m.freed.set(state, m.freed.get(state) | gathered.get(state)),
  );

const gathers = (m: Zaps): Step => ({
  at: IDLE,
  says: "madvise: tlb_gather_mmu",
  to: ZAP,
  does: adds(m.open, 1),
});

/** Up to 3.9 on one CPU (fast mode): pages are freed at once, and the TLB is flushed at the end. */
const zapsFast: Steps = (m, task) => [
  gathers(m),
  {
    at: ZAP,
    says: "clears the PTEs, gathers the pages",
    to: FINISH,
    does: [clearsPtes(m, task), ...(m.scope.cpus === 1 ? [freesPages(m, task)] : [])],
  },
];
/** From 3.10 on pages always wait for the flush. */
const zaps: Steps = (m, task) => [
  gathers(m),
  { at: ZAP, says: "clears the PTEs, gathers the pages", to: FINISH, does: clearsPtes(m, task) },
];

/** Every CPU is asked to flush the range, and all have. */
const flushes = (m: Zaps, task: Task): Step[] => [
  {
    at: FLUSH,
    says: "asks every CPU to flush",
    to: FLUSHING,
    does: sets(task.pending, 2 ** m.scope.cpus - 1),
  },
  { at: FLUSHING, says: "all have flushed", to: FREE, when: [has(task.pending, 0)] },
];

const ends = (m: Zaps, task: Task, asserts: readonly Check[]): Step => ({
  at: FREE,
  says: "frees the pages; returns",
  to: IDLE,
  does: [freesPages(m, task), clears(task.gathered), briefly(undefined, clears(task.owed)), adds(m.open, -1)],
  asserts,
});

const finishesIf =
  (needsFlush: (m: Zaps, task: Task) => Guard): Steps =>
  (m, task) => [
    { at: FINISH, says: "flushes", to: FLUSH, when: [needsFlush(m, task)] },
    { at: FINISH, says: "has nothing to flush", to: FREE, when: [not(needsFlush(m, task))] },
    ...flushes(m, task),
    ends(m, task, [leavesNothingStale(m, task)]),
  ];
const hasGathered = (_m: Zaps, { gathered }: Task) => hasNot(gathered, 0);
/** mm_tlb_flush_nested (99baac21e458): another gather is open. */
const hasGatheredOrIsNested = (m: Zaps, task: Task) => any(hasGathered(m, task), compare(1, "<", m.open));

/** The whole mm is gathered as one that is dead: no flush, as on arm64, where its ASID will not be used again. */
const reapsAll: Steps = (m, task) => [
  { at: IDLE, says: "the OOM reaper: tlb_gather_mmu of the whole mm", to: ZAP, does: adds(m.open, 1) },
  { at: ZAP, says: "clears the PTEs, gathers the pages", to: FREE, does: clearsPtes(m, task) },
  ends(m, task, []),
];
/** 687cb0884a71: the ranges of its vmas are gathered. */
const reapsRanges: Steps = (m, task) => [
  { at: IDLE, says: "the OOM reaper: tlb_gather_mmu of a vma", to: ZAP, does: adds(m.open, 1) },
  { at: ZAP, says: "clears the PTEs, gathers the pages", to: FLUSH, does: clearsPtes(m, task) },
  ...flushes(m, task),
  ends(m, task, []),
];

export const ZAPS_ORDERS: Readonly<Record<string, ZapsOrder>> = {
  "2.6.39": { zap: zapsFast, finish: finishesIf(hasGathered), isPerCpu: true },
  "3.0": { zap: zapsFast, finish: finishesIf(hasGathered) },
  "3.10": { zap: zaps, finish: finishesIf(hasGathered) },
  "4.14": { zap: zaps, finish: finishesIf(hasGatheredOrIsNested), reaper: reapsAll },
  "4.15": { zap: zaps, finish: finishesIf(hasGatheredOrIsNested), reaper: reapsRanges },
};

function leavesNothingStale({ cpus }: Zaps, { owed }: Task): Check {
  return {
    law: finishLeavesNothingStale,
    reads: [owed, ...cpus.map(({ tlb }) => tlb)],
    holds: (state) => cpus.every(({ tlb }) => (tlb.get(state) & owed.get(state)) === 0),
  };
}

const faults = (m: Zaps): Step[] =>
  upTo(m.scope.pages).map((page) => ({
    at: IDLE,
    says: `a fault maps page ${page}`,
    to: IDLE,
    when: [isIn(m.freed, page)],
    does: [
      includes(m.ptes, page),
      excludes(m.freed, page),
      briefly(
        undefined,
        m.tasks.map(({ owed }) => excludes(owed, page)),
      ),
    ],
  }));

export function zapsMachine(name: string, scope: ZapsScope, order: ZapsOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope, order.reaper !== undefined);
  const isReaper = ({ index }: Task) => index === scope.tasks;
  const users = m.tasks.filter((task) => !isReaper(task));
  const everyPage = 2 ** scope.pages - 1;
  const lane = (cpu: number) => m.tasks.length + cpu;
  const hardware = (): StepAction[] =>
    m.cpus.flatMap(({ index, tlb }) => [
      ...upTo(scope.pages).map((page) =>
        caches(index, tlb, page, `caches page ${page}`, [isIn(m.ptes, page)], lane(index)),
      ),
      ...m.tasks.map((task) =>
        interrupt(index, task.pending, `flushes for task ${task.index}`, sets(tlb, 0), lane(index)),
      ),
    ]);
  return stepMachine({
    name,
    layout,
    cpus: m.tasks,
    otherLanes: cpuLanes(scope.cpus),
    program: (task) =>
      whileRunning(
        task,
        isReaper(task) && order.reaper !== undefined
          ? order.reaper(m, task)
          : [...order.zap(m, task), ...order.finish(m, task), ...faults(m)],
      ),
    hardware: (task) =>
      schedules(
        m.tasks,
        task,
        scope.cpus,
        scope.preempts === 0 ? [NEVER] : order.isPerCpu ? [has(task.phase, 0)] : [],
      ),
    others: hardware(),
    begin: (state) => m.ptes.set(state, everyPage),
    invariants: [
      {
        ...freedNotReached,
        reads: [m.freed, ...m.cpus.map(({ tlb }) => tlb), ...users.flatMap(({ phase, on }) => [phase, on])],
        holds: (state) =>
          m.cpus.every(
            ({ index, tlb }) =>
              (tlb.get(state) & m.freed.get(state)) === 0 ||
              !users.some(({ phase, on }) => phase.get(state) === 0 && on.get(state) === index + 1),
          ),
      },
    ],
    // preempted again and again, a task would be owed nothing
    ...(scope.preempts === 0
      ? {
          eventuallyEnds: () => eachEnds(m.tasks, "zap-ends", "Every zap that began ends."),
        }
      : {}),
    isSymmetric: true,
    legend:
      "pages: P mapped, g gathered, f freed; TLB: the pages that a CPU translates; on: the CPU of each task",
    draw: (state) => draw(m, state),
  });
}

function draw({ scope, ptes, freed, cpus, tasks }: Zaps, state: Int32Array): Record<string, string> {
  const of = (page: number) => (set: Field) => ((set.get(state) >>> page) & 1) === 1;
  const life = (page: number) => {
    const isOf = of(page);
    return isOf(ptes) ? "P" : isOf(freed) ? "f" : "g";
  };
  return {
    pages: upTo(scope.pages).map(life).join(""),
    on: tasks.map(({ on }) => (on.get(state) === 0 ? "-" : `${on.get(state) - 1}`)).join(""),
    ...Object.fromEntries(
      cpus.map(({ index, tlb }) => [`TLB ${index}`, pagesIn(tlb.get(state)).join("") || "-"]),
    ),
  };
}

/**
 * A page table is unlinked and freed while others walk through it without a lock: CPUs that translate an address, also
 * ahead of need and while they run a kernel thread (lazy), from their caches of upper levels; and software that only
 * disables interrupts (GUP-fast, the hash and TSB misses of powerpc and sparc), for its own mm or for another's.
 */
import {
  excludes,
  type Guard,
  includes,
  isIn,
  not,
  type Operations,
  sets,
  value,
} from "../../engine/operations.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import { type Field, FLAG, Layout, named, plain, setOf } from "../../engine/search/layout.ts";
import { pagesIn } from "../call-assertions.ts";
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
import { caches, cpuSet, freedTableNotWalked } from "./tasks.ts";

interface TablesScope {
  readonly cpus: number;
  /** Whether software walks on behalf of another process, on a CPU that has not loaded its mm. */
  readonly remote: number;
}

const [LINKED, WAITS, FREED] = [0, 1, 2] as const;
const [NOT_LOADED, LAZY, ACTIVE] = [0, 1, 2] as const;

type Tables = ReturnType<typeof fieldsOf>;
type Cpu = Tables["cpus"][number];

function fieldsOf(layout: Layout, scope: TablesScope) {
  const cpus = cpuSet(scope.cpus);
  const phases = layout.array("phase", cpus, plain(MOST_PHASES));
  const loads = layout.array("mm on the CPU", cpus, named("not loaded", "lazy", "active"));
  return {
    scope,
    table: layout.field("table", named("linked", "unlinked", "freed")),
    /** CPUs that cache the upper entry, whose interrupts are off, that an interrupt is sent to, that RCU waits for. */
    cached: layout.field("cached by", setOf(cpus)),
    disabled: layout.field("interrupts off on", setOf(cpus)),
    sent: layout.field("sent to", setOf(cpus)),
    flushed: layout.field("of these, to flush", setOf(cpus)),
    grace: layout.field("waited for by RCU", setOf(cpus)),
    isQueued: layout.field("an RCU callback is queued", FLAG),
    /** The last user is in munmap: no other task can begin to use the mm. */
    isAlone: layout.field("the last user unmaps", FLAG),
    cpus: phases.map((phase, index) => ({ index, phase, loads: loads[index] as Field })),
  };
}

/** What is done between unlinking a table and freeing it. */
type Stage =
  | "IPI: CPUs that have the mm loaded flush"
  | "IPI: CPUs that run the mm flush, lazy ones do not"
  | "broadcast: all CPUs flush"
  | "IPI: all CPUs"
  | "RCU: CPUs with interrupts off"
  | "RCU: blind to interrupts off";

interface Way {
  readonly says: string;
  readonly stages: readonly Stage[];
  /** Only if no other task uses the mm (mm_users < 2). */
  readonly isForLastUser?: true;
  /** The flush comes before the table is unlinked. */
  readonly flushesFirst?: true;
}
interface TablesOrder {
  readonly ways: readonly Way[];
  /** Whether CPUs walk page tables by themselves, and cache upper levels; otherwise software alone does. */
  readonly cpusWalk: boolean;
}

const [LOADED, RUNNING, BROADCAST, SYNC, RCU, BLIND] = [
  "IPI: CPUs that have the mm loaded flush",
  "IPI: CPUs that run the mm flush, lazy ones do not",
  "broadcast: all CPUs flush",
  "IPI: all CPUs",
  "RCU: CPUs with interrupts off",
  "RCU: blind to interrupts off",
] as const;
const way = (says: string, ...stages: readonly Stage[]): Way => ({ says, stages });
const lastUser: Way = { says: "mm_users < 2: frees it at once", stages: [], isForLastUser: true };
const batch = (...stages: readonly Stage[]) => way("puts it on a batch", ...stages);
const noBatch = (...stages: readonly Stage[]) => way("gets no batch", ...stages);

const cpusWalk = (...ways: readonly Way[]): TablesOrder => ({ ways, cpusWalk: true });
const softwareWalks = (...ways: readonly Way[]): TablesOrder => ({ ways, cpusWalk: false });

export const TABLES_ORDERS: Readonly<Record<string, TablesOrder>> = {
  /** x86: the table's page is gathered like any other. */
  "2.6.28": cpusWalk(way("gathers its page", LOADED)),
  /** A list for each CPU, freed after a grace period. */
  "2.6.28-powerpc": softwareWalks(lastUser, batch(RCU), noBatch(SYNC)),
  "2.6.28-s390": softwareWalks(
    {
      says: "fullmm: has flushed, frees it at once",
      stages: [LOADED],
      isForLastUser: true,
      flushesFirst: true,
    },
    way("gathers it", LOADED),
  ),
  "2.6.33-sparc": softwareWalks(way("puts it on the quicklist")),
  /** The generic form: batches under RCU. Nothing is invalidated. */
  "3.0-powerpc": softwareWalks(lastUser, batch(RCU), noBatch(SYNC)),
  "3.0-sparc": softwareWalks(batch(RCU), noBatch(SYNC)),
  "3.0-irq-blind": softwareWalks(batch(BLIND), noBatch(SYNC)),
  /** x86 takes the generic form. */
  "4.15": cpusWalk(lastUser, batch(LOADED, RCU), noBatch(SYNC)),
  /** a6f572084fbe alone, and d86564a2f085 alone. */
  "4.15-without-shortcut": cpusWalk(batch(LOADED, RCU), noBatch(SYNC)),
  "4.15-invalidating": cpusWalk(lastUser, batch(LOADED, RCU), noBatch(LOADED, SYNC)),
  "4.19": cpusWalk(batch(LOADED, RCU), noBatch(LOADED, SYNC)),
  /** arm64: no IPI flushes a TLB. */
  "4.19-arm64": cpusWalk(batch(BROADCAST, RCU), noBatch(BROADCAST, SYNC)),
  "6.0-collapse-of-files": cpusWalk(way("khugepaged: clears the pmd", BROADCAST)),
  "6.1-collapse-of-files": cpusWalk(way("khugepaged: clears the pmd", BROADCAST, SYNC)),
  "6.14-collapse": cpusWalk(way("khugepaged: clears the pmd", RUNNING, SYNC)),
  "6.15-collapse": cpusWalk(way("khugepaged: clears the pmd", LOADED, SYNC)),
  "6.15-unshare": cpusWalk(way("huge_pmd_unshare: the table is another mm's alone", BROADCAST)),
  "6.16-unshare": cpusWalk(way("huge_pmd_unshare: the table is another mm's alone", BROADCAST, SYNC)),
};

const everyCpu = ({ scope }: Tables) => 2 ** scope.cpus - 1;
/** The CPUs on which the mm is loaded at least so. */
const cpusWith = (m: Tables, least: number) =>
  value(
    least === LAZY ? "CPUs that have the mm loaded" : "CPUs that run the mm",
    m.cpus.map(({ loads }) => loads),
    (state) =>
      m.cpus.reduce((set, { index, loads }) => set | (loads.get(state) >= least ? 1 << index : 0), 0),
  );

/** The steps of a stage, from its phase to the next. */
function stageSteps(m: Tables, stage: Stage, at: string, to: string): Step[] {
  const sends = (cpus: ReturnType<typeof cpusWith> | number, flush: boolean): Step[] => [
    {
      at,
      says: stage === SYNC ? "tlb_remove_table_sync_one: sends an IPI to every CPU" : "sends an IPI to flush",
      to: `${at}: waits`,
      does: [sets(m.sent, cpus), ...(flush ? [sets(m.flushed, cpus)] : [])],
    },
    { at: `${at}: waits`, says: "all have taken it", to, when: [has(m.sent, 0)] },
  ];
  switch (stage) {
    case LOADED:
      return sends(cpusWith(m, LAZY), true);
    case RUNNING:
      return sends(cpusWith(m, ACTIVE), true);
    case SYNC:
      return sends(everyCpu(m), false);
    case BROADCAST:
      return [{ at, says: "flushes on all CPUs (broadcast)", to, does: sets(m.cached, 0) }];
    default:
      return [
        {
          at,
          says: "call_rcu; returns",
          to: IDLE,
          does: [sets(m.grace, stage === RCU ? m.disabled : 0), sets(m.isQueued, 1)],
        },
      ];
  }
}

/** free_pgtables, or what else unlinks a table. */
const frees = (m: Tables, cpu: Cpu, { ways }: TablesOrder): Step[] =>
  ways.flatMap(({ says, stages, isForLastUser, flushesFirst }, nth) => {
    const others = m.cpus.filter(({ index }) => index !== cpu.index);
    const when: Guard[] = [
      has(m.table, LINKED),
      has(cpu.loads, ACTIVE),
      ...(isForLastUser ? others.map(({ loads }) => has(loads, NOT_LOADED, LAZY)) : []),
    ];
    const name = (stage: number) => `${ways.length > 1 ? `${nth + 1}. ` : ""}${stages[stage] ?? "free"}`;
    const last = name(stages.length);
    const steps = stages.flatMap((stage, at) => stageSteps(m, stage, name(at), name(at + 1)));
    const free: Step = { at: last, says: "frees the table; returns", to: IDLE, does: sets(m.table, FREED) };
    const unlinks = sets(m.table, WAITS);
    if (flushesFirst) {
      return [
        { at: IDLE, says: `${says}: begins`, to: name(0), when, does: sets(m.isAlone, 1) },
        ...steps,
        {
          ...free,
          says: "unlinks and frees the table; returns",
          does: [sets(m.table, FREED), sets(m.isAlone, 0)],
        },
      ];
    }
    return [
      { at: IDLE, says: `unlinks the table, ${says}`, to: name(0), when, does: unlinks },
      ...steps,
      ...(steps.some(({ to }) => to === last) || stages.length === 0 ? [free] : []),
    ];
  });

/** A lockless walk of software. */
const walks = (m: Tables, cpu: Cpu): Step[] => {
  const ends: Operations = [excludes(m.disabled, cpu.index), excludes(m.grace, cpu.index)];
  return [
    {
      at: IDLE,
      says: "a walk: disables interrupts, reads the upper entry",
      to: "in the table",
      when: [has(m.table, LINKED), ...(m.scope.remote === 1 ? [] : [has(cpu.loads, ACTIVE)])],
      does: includes(m.disabled, cpu.index),
    },
    { at: "in the table", says: "reads the table", to: "local_irq_enable", asserts: [walksNoFreed(m)] },
    { at: "local_irq_enable", says: "enables interrupts; returns", to: IDLE, does: ends },
  ];
};

/** Also one that has another use by now. */
const LAW = freedTableNotWalked;
const walksNoFreed = ({ table }: Tables): Check => ({
  law: LAW,
  reads: [table],
  holds: (state) => table.get(state) !== FREED,
});

/** What the CPU runs. A CPU that leaves the mm, or comes back from lazy mode, flushes. */
const switches = (m: Tables, { index, loads }: Cpu): Step[] => {
  const flush = excludes(m.cached, index);
  const step = (says: string, from: number, to: number, does: Operations): Step => ({
    at: IDLE,
    says,
    to: IDLE,
    when: [has(loads, from), ...(to === ACTIVE ? [has(m.isAlone, 0)] : [])],
    does: [sets(loads, to), does],
  });
  return [
    step("runs a task of the mm", NOT_LOADED, ACTIVE, []),
    step("runs a kernel thread, lazily", ACTIVE, LAZY, []),
    step("runs a task of the mm again", LAZY, ACTIVE, flush),
    step("runs a task of another mm", LAZY, NOT_LOADED, flush),
  ];
};

const faults = (m: Tables, { loads }: Cpu): Step => ({
  at: IDLE,
  says: "a fault links a new table",
  to: IDLE,
  when: [has(m.table, FREED), has(loads, ACTIVE)],
  does: sets(m.table, LINKED),
});

function hardware(m: Tables, cpu: Cpu, order: TablesOrder): StepAction[] {
  const { index, loads } = cpu;
  return [
    hardwareStep(
      index,
      {
        says: "takes the IPI",
        when: [isIn(m.sent, index), not(isIn(m.disabled, index))],
        does: [
          excludes(m.sent, index),
          sets(
            m.cached,
            value(
              "cached by, less what is flushed here",
              [m.cached, m.flushed],
              (state) => m.cached.get(state) & ~(m.flushed.get(state) & (1 << index)),
            ),
          ),
          excludes(m.flushed, index),
        ],
      },
      true,
    ),
    ...(order.cpusWalk
      ? [
          caches(index, m.cached, index, "caches the upper entry", [
            has(m.table, LINKED),
            hasNot(loads, NOT_LOADED),
          ]),
        ]
      : []),
  ];
}

export function tablesMachine(name: string, scope: TablesScope, order: TablesOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  const callback = hardwareStep(
    0,
    {
      says: "RCU: the grace period has ended, the callback frees the table",
      when: [has(m.isQueued, 1), has(m.grace, 0)],
      does: [sets(m.isQueued, 0), sets(m.table, FREED)],
    },
    false,
  );
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...frees(m, cpu, order), ...walks(m, cpu), ...switches(m, cpu), faults(m, cpu)],
    hardware: (cpu) => hardware(m, cpu, order),
    others: order.ways.some(({ stages }) => stages.includes(RCU) || stages.includes(BLIND))
      ? [{ ...callback, name: "RCU, callback: frees the table", agent: "RCU" }]
      : [],
    begin: (state) => m.cpus[0]?.loads.set(state, ACTIVE),
    invariants: [
      {
        ...LAW,
        reads: [m.table, m.cached],
        holds: (state) => m.table.get(state) !== FREED || m.cached.get(state) === 0,
      },
    ],
    eventuallyEnds: () => [
      {
        id: "unlinked-table-freed",
        says: "A table that was unlinked is freed in the end: its IPIs are taken, its grace period ends.",
        when: [has(m.table, WAITS)],
      },
    ],
    isSymmetric: true,
    legend:
      "table: L linked, u unlinked, f freed; mm: A active, l lazy; cached: CPUs that cache the upper entry; off: CPUs with interrupts off",
    draw: (state) => ({
      table: "Luf"[m.table.get(state)] ?? "",
      mm: m.cpus.map(({ loads }) => "-lA"[loads.get(state)]).join(""),
      cached: pagesIn(m.cached.get(state)).join("") || "-",
      off: pagesIn(m.disabled.get(state)).join("") || "-",
    }),
  });
}

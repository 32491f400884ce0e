/**
 * A lock of the rmap whose holder is preempted and moves to another CPU. Tasks wait for a CPU in turn, and a time slice
 * may end after each step. A waiter spins with preemption off, or sleeps.
 */
import {
  actionOf,
  any,
  type Guard,
  inOrder,
  type Operations,
  sets,
  someIs,
  test,
  value,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { FLAG, Layout, noneOr, plain, upTo } from "../../../engine/search/layout.ts";
import { IDLE, phasesOf, type Step, type StepAction, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { cpuLanes, cpuSet, runs, runsOn, tasksOf } from "../tasks.ts";

export interface HoldersScope {
  readonly cpus: number;
  readonly tasks: number;
}

type Holders = ReturnType<typeof fieldsOf>;
type Task = Holders["tasks"][number];

function fieldsOf(layout: Layout, scope: HoldersScope) {
  return {
    scope,
    holder: layout.field("lock", noneOr(scope.tasks, "task")),
    tasks: tasksOf(layout, scope.tasks, cpuSet(scope.cpus)).map((task) => ({
      ...task,
      /** Its place among those that wait for a CPU, from 1. */
      turn: layout.field(`turn of task ${task.index}`, plain(scope.tasks + 1)),
      /** Its time slice is over. */
      needResched: layout.field(`need_resched of task ${task.index}`, FLAG),
      /** It got its CPU and has taken no step since: within a call its time slice does not end before. */
      isFresh: layout.field(`task ${task.index} got its CPU`, FLAG),
    })),
  };
}

const [WAITS, ASLEEP, HOLDS] = ["waits", "asleep", "holds the lock"] as const;

export interface HoldersOrder {
  /** Phases with preemption off. */
  readonly isOff: readonly string[];
  /** When a waiter sleeps: always, unless the holder runs and no one needs the CPU, or never. */
  readonly sleeps: "always" | "unless the holder runs" | "never";
}
export const HOLDERS_ORDERS: Readonly<Record<string, HoldersOrder>> = {
  spinlock: { isOff: [WAITS, HOLDS], sleeps: "never" },
  /** Waiters spin as before, and holders may be preempted; or a mutex whose waiters spin whether its holder runs or not. */
  "spinlock-preemptible": { isOff: [WAITS], sleeps: "never" },
  mutex: { isOff: [], sleeps: "always" },
  /** 0d66bf6d3514. */
  "mutex-adaptive": { isOff: [WAITS], sleeps: "unless the holder runs" },
};

/** The last in turn for a CPU. */
function joins({ tasks }: Holders, { turn }: Task): Operations {
  const turns = tasks.map((task) => task.turn);
  return sets(
    turn,
    value("the next turn", turns, (state) => 1 + Math.max(...turns.map((each) => each.get(state)))),
  );
}
/** It leaves its CPU. */
const leaves = ({ on, needResched, isFresh }: Task): Operations => [
  sets(on, 0),
  sets(needResched, 0),
  sets(isFresh, 0),
];

function calls(m: Holders, task: Task, { isOff, sleeps }: HoldersOrder): Step[] {
  const ons = m.tasks.map(({ on }) => on);
  const holderWaits = test("the holder does not run", [m.holder, ...ons], (state) => {
    const holder = m.holder.get(state);
    return holder > 0 && ons[holder - 1]?.get(state) === 0;
  });
  const own: readonly Step[] = [
    { at: IDLE, says: "wants the lock", to: WAITS },
    {
      at: WAITS,
      says: "takes the lock",
      to: HOLDS,
      when: [has(m.holder, 0)],
      does: sets(m.holder, task.index + 1),
    },
    ...(sleeps === "never"
      ? []
      : [
          {
            at: WAITS,
            says: "the lock is held: sleeps",
            to: ASLEEP,
            when: [
              hasNot(m.holder, 0),
              ...(sleeps === "always" ? [] : [any(holderWaits, has(task.needResched, 1))]),
            ],
            does: leaves(task),
          },
        ]),
    { at: HOLDS, says: "releases it; returns", to: IDLE, does: sets(m.holder, 0) },
  ];
  return [
    ...own.map((step) => ({
      ...step,
      when: [
        runs(task),
        // a task that may be preempted and has to be takes no other step
        ...(isOff.includes(step.at) ? [] : [has(task.needResched, 0)]),
        ...(step.when ?? []),
      ],
      does: [sets(task.isFresh, 0), step.does ?? []],
    })),
    ...(sleeps === "never"
      ? []
      : [{ at: ASLEEP, says: "is woken", to: WAITS, when: [has(m.holder, 0)], does: joins(m, task) }]),
  ];
}

/** A free CPU takes the first in turn; a time slice ends if someone waits; then its task leaves, where it may. */
function schedules(m: Holders, task: Task, mayLeave: readonly Guard[]): StepAction[] {
  const { lane, index, phase, turn, needResched, isFresh, on } = task;
  const action = (says: string, agent: string, when: readonly Guard[], does: Operations): StepAction => ({
    ...actionOf({ name: `${lane}, scheduler: ${says}`, when, does, agent }),
    cpu: index,
    lane,
    says,
    guards: when,
    does: inOrder(does),
  });
  const movesUp = m.tasks.map((each) =>
    sets(
      each.turn,
      value("one turn less", [each.turn], (state) => Math.max(0, each.turn.get(state) - 1)),
    ),
  );
  const isWaitedFor = someIs(
    m.tasks.map((each) => each.turn),
    1,
  );
  return [
    ...upTo(m.scope.cpus).flatMap((cpu) => [
      action(
        `runs on CPU ${cpu}`,
        `the scheduler of CPU ${cpu}`,
        [has(turn, 1), ...m.tasks.map((other) => hasNot(other.on, cpu + 1))],
        [sets(on, cpu + 1), sets(isFresh, 1), movesUp],
      ),
      action(
        `its time slice on CPU ${cpu} ends`,
        `the timer of CPU ${cpu}`,
        [runsOn(task, cpu), any(has(isFresh, 0), has(phase, 0)), has(needResched, 0), isWaitedFor],
        sets(needResched, 1),
      ),
    ]),
    action("is preempted", lane, [has(needResched, 1), ...mayLeave], [leaves(task), joins(m, task)]),
  ];
}

export function holdersMachine(name: string, scope: HoldersScope, order: HoldersOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  const phases = phasesOf(m.tasks.flatMap((task) => calls(m, task, order)));
  const mayLeave = ({ phase }: Task) => hasNot(phase, ...order.isOff.map((each) => phases.indexOf(each)));
  return stepMachine({
    name,
    layout,
    cpus: m.tasks,
    otherLanes: cpuLanes(scope.cpus),
    program: (task) => calls(m, task, order),
    hardware: (task) => schedules(m, task, [mayLeave(task)]),
    begin: (state) => {
      for (const { turn, index } of m.tasks) turn.set(state, index + 1);
    },
    eventuallyEnds: (names) =>
      m.tasks.flatMap(({ index, phase, turn }) => [
        {
          id: `holder-releases-${index}`,
          says: "A task that holds the lock releases it.",
          when: [has(phase, names.indexOf(HOLDS))],
        },
        {
          id: `task-gets-a-cpu-${index}`,
          says: "A task that waits for a CPU gets one.",
          when: [hasNot(turn, 0)],
        },
      ]),
    isSymmetric: true,
    legend: "lock: its holder; on: the CPU of each task; need_resched: n",
    draw: (state) => ({
      lock: m.holder.get(state) === 0 ? "-" : `${m.holder.get(state) - 1}`,
      on: m.tasks.map(({ on }) => (on.get(state) === 0 ? "-" : `${on.get(state) - 1}`)).join(""),
      need_resched: m.tasks.map(({ needResched }) => (needResched.get(state) === 1 ? "n" : "-")).join(""),
    }),
  });
}

/**
 * Waiting for a lock of the rmap: spinning keeps the CPU of the waiter, so another task there waits as well; sleeping
 * gives it away. Who gets a lock that is released differs too. A task takes and releases the lock again and again.
 */
import { type Operations, sets, value } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { FLAG, Layout, noneOr, plain, upTo } from "../../../engine/search/layout.ts";
import { IDLE, MOST_PHASES, type Step, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";

export interface WaitingScope {
  readonly cpus: number;
}

type Waiting = ReturnType<typeof fieldsOf>;
type Cpu = Waiting["cpus"][number];

function fieldsOf(layout: Layout, scope: WaitingScope) {
  return {
    scope,
    holder: layout.field("lock", noneOr(scope.cpus, "CPU")),
    cpus: upTo(scope.cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** Its place among the waiters, from 1. */
      turn: layout.field(`turn of CPU ${index}`, plain(scope.cpus + 1)),
      /** A second task of the CPU wants to run. */
      other: layout.field(`another task waits for CPU ${index}`, FLAG),
    })),
  };
}

export interface WaitingOrder {
  /** Whether a waiter keeps its CPU: preemption is off while it spins, and while it holds the lock. */
  readonly spins: boolean;
  /** Whether waiters are served in turn. */
  readonly isFair: boolean;
}
export const WAITING_ORDERS: Readonly<Record<string, WaitingOrder>> = {
  spinlock: { spins: true, isFair: false },
  "ticket-spinlock": { spins: true, isFair: true },
  mutex: { spins: false, isFair: false },
  "mutex-with-handoff": { spins: false, isFair: true },
};

const turns = ({ cpus }: Waiting) => cpus.map(({ turn }) => turn);

const calls = (m: Waiting, cpu: Cpu, { isFair }: WaitingOrder): Step[] => {
  const joins: Operations = sets(
    cpu.turn,
    value("the next turn", turns(m), (state) => 1 + Math.max(...turns(m).map((turn) => turn.get(state)))),
  );
  const movesUp = m.cpus.map(({ turn }) =>
    sets(
      turn,
      value("one turn less", [turn], (state) => Math.max(0, turn.get(state) - 1)),
    ),
  );
  return [
    { at: IDLE, says: "wants the lock", to: "waits", does: isFair ? joins : [] },
    {
      at: "waits",
      says: "takes the lock",
      to: "holds the lock",
      when: [has(m.holder, 0), ...(isFair ? [has(cpu.turn, 1)] : [])],
      does: [sets(m.holder, cpu.index + 1), ...(isFair ? movesUp : [])],
    },
    { at: "holds the lock", says: "releases it; returns", to: IDLE, does: sets(m.holder, 0) },
  ];
};

export function waitingMachine(name: string, scope: WaitingScope, order: WaitingOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  // phases in the order of the program: idle, waits, holds
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [
      ...calls(m, cpu, order),
      {
        at: IDLE,
        says: "an interrupt wakes another task",
        to: IDLE,
        when: [has(cpu.other, 0)],
        does: sets(cpu.other, 1),
      },
      {
        at: IDLE,
        says: "the other task runs",
        to: IDLE,
        when: [has(cpu.other, 1)],
        does: sets(cpu.other, 0),
        agent: `the other task of CPU ${cpu.index}`,
      },
      ...(order.spins
        ? []
        : [
            {
              at: "waits",
              says: "sleeps: the other task runs",
              to: "waits",
              when: [has(cpu.other, 1)],
              does: sets(cpu.other, 0),
              agent: `the other task of CPU ${cpu.index}`,
            },
          ]),
    ],
    invariants: [
      {
        id: "one-holder",
        says: "At most one CPU holds the lock.",
        never: m.cpus.flatMap((one, at) =>
          m.cpus.slice(at + 1).map((other) => [has(one.phase, 2), has(other.phase, 2)]),
        ),
      },
    ],
    eventuallyEnds: () =>
      m.cpus.flatMap((cpu) => [
        {
          id: `waiter-gets-the-lock-${cpu.index}`,
          says: "A CPU that waits for the lock gets it.",
          when: [has(cpu.phase, 1)],
        },
        {
          id: `other-task-runs-${cpu.index}`,
          says: "A task that waits for the CPU of a waiter runs.",
          when: [has(cpu.other, 1), hasNot(cpu.phase, 0)],
        },
      ]),
    draw: (state) => ({
      lock: m.holder.get(state) === 0 ? "-" : `${m.holder.get(state) - 1}`,
      waiting: m.cpus.map(({ other }) => (other.get(state) === 1 ? "w" : "-")).join(""),
    }),
  });
}

/** Who waits for whom at the step grain: callers, the drain work and its helper, workers, rescuers and reclaim. */
import type { EventuallyEnds, Invariant } from "../../../engine/machine.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { Layout } from "../../../engine/search/layout.ts";
import { factsOf } from "../../../kernels/changes.ts";
import { noCircularWait } from "../../../spec/vmap/step-laws.ts";
import { IDLE, phasesOf, type Step, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import {
  A_RESCUER,
  fieldsOf,
  NOBODY,
  OFF,
  QUEUED,
  type Thread,
  threadOf,
  type Waits,
  type WaitsScope,
} from "./fields.ts";
import {
  calls,
  drains,
  helps,
  LOCKS,
  manages,
  PURGES,
  rescuerIsFree,
  type WaitsOrder,
  waitsForCpu,
} from "./threads.ts";

// Whether some threads wait only for each other. A thread that waits may continue as soon as one of those can that it
// waits for: the holder of a lock, the work item, any thread that may run that item. It is stuck if none ever can.

/** The threads that this one waits for, any of which may help it; undefined if it need not wait. */
type WaitsFor = (thread: Thread, state: Int32Array) => readonly Thread[] | undefined;

/** The test that no state has a circle. */
function waitsInCircle(m: Waits, order: WaitsOrder, steps: readonly Step[]) {
  const waitsFor = waitsOf(m, order, phasesOf(steps));
  return (state: Int32Array): boolean => {
    const stuck = stuckIn(m, waitsFor, state);
    return ![...stuck].some((thread) => reaches(thread, thread, stuck, waitsFor, state));
  };
}

function waitsOf(m: Waits, order: WaitsOrder, phases: readonly string[]): WaitsFor {
  const [drain, helper, manager] = (["drain work", "helper work", "manager"] as const).map((role) =>
    threadOf(m, role),
  ) as [Thread, Thread, Thread];
  const at = (thread: Thread, state: Int32Array) => phases[thread.phase.get(state)] ?? IDLE;
  const holderOf = (lock: Waits["purgeLock"], state: Int32Array) => {
    const holder = lock.get(state);
    return holder === 0 ? undefined : [m.lanes[holder - 1] as Thread];
  };
  /** Who can run a queued item; undefined if someone does so at once. */
  const runners = (state: Int32Array, otherBy: number, other: Thread) => {
    if (m.idle.get(state) > 0 || rescuerIsFree(order, otherBy)) return undefined;
    const byRescuer = otherBy === A_RESCUER ? [other] : [];
    // Only where memory comes in the end does the manager help.
    if (!m.scope.memory) return byRescuer;
    return at(manager, state) === IDLE ? undefined : [manager, ...byRescuer];
  };
  return (thread, state) => {
    const phase = at(thread, state);
    if (LOCKS.includes(phase)) return holderOf(m.purgeLock, state);
    if (phase === "flush_work") return m.helper.get(state) === NOBODY ? undefined : [helper];
    if (phase !== IDLE) return undefined;
    if (thread === helper && m.helper.get(state) === QUEUED)
      return runners(state, m.drainBy.get(state), drain);
    if (thread === drain && m.drain.get(state) === QUEUED)
      return runners(state, m.helperBy.get(state), helper);
    return undefined;
  };
}

/** The threads that can never continue, whatever the others do. */
function stuckIn(m: Waits, waitsFor: WaitsFor, state: Int32Array): ReadonlySet<Thread> {
  const waiting = new Map(
    m.lanes.flatMap((thread) => {
      const others = waitsFor(thread, state);
      return others === undefined ? [] : [[thread, others] as const];
    }),
  );
  for (let before = -1; before !== waiting.size; ) {
    before = waiting.size;
    for (const [thread, others] of waiting)
      if (others.some((other) => !waiting.has(other))) waiting.delete(thread);
  }
  return new Set(waiting.keys());
}

/** Whether one stuck thread waits for another, through others that are stuck. */
function reaches(
  from: Thread,
  to: Thread,
  stuck: ReadonlySet<Thread>,
  waitsFor: WaitsFor,
  state: Int32Array,
  seen = new Set<Thread>(),
): boolean {
  for (const next of waitsFor(from, state) ?? []) {
    if (next === to) return true;
    if (seen.has(next) || !stuck.has(next)) continue;
    seen.add(next);
    if (reaches(next, to, stuck, waitsFor, state, seen)) return true;
  }
  return false;
}

// The machine.

export function waitsMachine(name: string, scope: WaitsScope, order: WaitsOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  const program = (thread: Thread): readonly Step[] => {
    switch (thread.role) {
      case "caller":
        return calls(m, thread, order);
      case "drain work":
        return drains(m, thread, order);
      case "helper work":
        return helps(m, order);
      case "manager":
        return manages(m, thread, order);
      default:
        return waitsForCpu(m, order);
    }
  };
  const phases = m.lanes.flatMap((thread) => program(thread));
  return stepMachine({
    name,
    layout,
    cpus: m.lanes,
    program,
    begin: (state) => m.idle.set(state, scope.workers),
    invariants: [noCircle(m, order, phases)],
    eventuallyEnds: (names) => eventuallyEnds(m, names),
    legend:
      "lock: who has the purge lock; lazy: nodes with lazy areas; drain, helper: . off, q queued, w run by a worker, r by a rescuer",
    draw: (state) => draw(m, state),
  });
}

function noCircle(m: Waits, order: WaitsOrder, steps: readonly Step[]): Invariant {
  return {
    id: noCircularWait.id,
    says: noCircularWait.says,
    holds: waitsInCircle(m, order, steps),
  };
}

function eventuallyEnds(m: Waits, names: readonly string[]): EventuallyEnds[] {
  const purging = PURGES.map((phase) => names.indexOf(phase)).filter((phase) => phase >= 0);
  return [
    ...m.lanes
      .filter(({ role }) => role === "caller" || role === "drain work")
      .map(({ phase, index }) => ({
        id: `purge-ends-${index}`,
        says: "Every purge that began ends.",
        when: [has(phase, ...purging)],
      })),
    ...m.lanes
      .filter(({ role }) => role === "caller")
      .map(({ phase, index }) => ({
        id: `call-returns-${index}`,
        says: "A call that began returns.",
        when: [hasNot(phase, 0)],
      })),
    { id: "work-is-done", says: "Work that is queued is done.", when: [hasNot(m.helper, OFF)] },
  ];
}

function draw(m: Waits, state: Int32Array): Record<string, string> {
  const name = (thread: number) => (thread === 0 ? "-" : (m.lanes[thread - 1] as Thread).lane);
  const item = (is: number, by: number) => (is === 2 ? (["?", "w", "r"][by] ?? "?") : ".q"[is]) as string;
  return {
    lock: name(m.purgeLock.get(state)),
    lazy: ["-", "0", "1", "0 1"][m.lazy.get(state)] as string,
    drain: item(m.drain.get(state), m.drainBy.get(state)),
    helper: item(m.helper.get(state), m.helperBy.get(state)),
    idle: String(m.idle.get(state)),
  };
}

const release = (label: string): WaitsOrder => ({
  shrinker: factsOf(label).shrinkerLocks ? "sleeps on the lock" : "takes no lock",
  queues: "the system's",
  pauses: false,
});

export const WAITS_ORDERS: Readonly<Record<string, WaitsOrder>> = {
  "6.9": release("6.9"),
  /** The shrinker sleeps on the lock of a purge that waits for a worker, which is made by reclaim. */
  "7.1": release("7.1"),
  /** 6c06fec56a63d's kind of repair. */
  "7.1-trying": { ...release("7.1"), shrinker: "tries the lock" },
  /** A release that pauses, as those of 5.1 to 6.8 did, and as the shadow of KASAN is released since 5747435e0fd4. */
  "7.1-pausing": { ...release("7.1"), shrinker: "tries the lock", pauses: true },
  /** The drain workqueue as first proposed (2026-03-30), and as it was sent again. */
  "7.1-one-queue": { ...release("7.1"), shrinker: "tries the lock", queues: "one with a rescuer" },
  "7.1-two-queues": { ...release("7.1"), queues: "two with a rescuer each" },
};

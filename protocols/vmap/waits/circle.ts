/**
 * Whether some threads wait only for each other. A thread that waits may continue as soon as one of those can that it
 * waits for: the holder of a lock, the work item, any thread that may run that item. It is stuck if none ever can.
 */
import { IDLE, phasesOf, type Step } from "../../program.ts";
import { A_RESCUER, NOBODY, QUEUED, type Thread, threadOf, type Waits } from "./fields.ts";
import { LOCKS, rescuerIsFree, type WaitsOrder } from "./threads.ts";

/** The threads that this one waits for, any of which may help it; undefined if it need not wait. */
type WaitsFor = (thread: Thread, state: Int32Array) => readonly Thread[] | undefined;

/** The test that no state has a circle. */
export function waitsInCircle(m: Waits, order: WaitsOrder, steps: readonly Step[]) {
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

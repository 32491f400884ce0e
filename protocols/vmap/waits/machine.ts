/** Who waits for whom at the step grain: callers, the drain work and its helper, workers, rescuers and reclaim. */
import type { EventuallyEnds, Invariant } from "../../../engine/machine.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { Layout } from "../../../engine/search/layout.ts";
import { factsOf } from "../../../kernels/changes.ts";
import { noCircularWait } from "../../../spec/vmap/step-laws.ts";
import type { Step, StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { waitsInCircle } from "./circle.ts";
import { fieldsOf, OFF, type Thread, type Waits, type WaitsScope } from "./fields.ts";
import { calls, drains, helps, manages, PURGES, type WaitsOrder, waitsForCpu } from "./threads.ts";

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

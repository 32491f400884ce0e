/**
 * The purge lock. Who waits for it is served in turn, as by the kernel's ticket locks and its mutexes that hand over:
 * under weak fairness alone, a lock without turns would let any waiter starve in every release alike.
 */
import { has } from "../../../engine/reduce/conditions.ts";
import type { Step } from "../../program.ts";
import type { Areas, CpuFields } from "./fields.ts";

const turns = ({ cpus }: Areas) => cpus.map(({ turn }) => turn);

/** A step that leads to where the lock is waited for: the CPU is the last in line. */
export function joinsLine(m: Areas, cpu: CpuFields, step: Step): Step {
  return {
    ...step,
    does: (state) => {
      step.does?.(state);
      cpu.turn.set(state, 1 + Math.max(...turns(m).map((turn) => turn.get(state))));
    },
    reads: [...(step.reads ?? []), ...turns(m)],
    writes: [...(step.writes ?? []), cpu.turn],
  };
}

/** The first in line takes the lock. */
export function takesLock(m: Areas, cpu: CpuFields, at: string, to: string): Step {
  return {
    at,
    says: "takes the purge lock",
    to,
    when: [has(m.purgeLock, 0), has(cpu.turn, 1)],
    does: (state) => {
      m.purgeLock.set(state, cpu.index + 1);
      for (const turn of turns(m)) turn.set(state, Math.max(0, turn.get(state) - 1));
    },
    reads: turns(m),
    writes: [m.purgeLock, ...turns(m)],
  };
}

/** Whether a try would have to wait. */
const isTaken = (m: Areas, state: Int32Array) =>
  m.purgeLock.get(state) > 0 || turns(m).some((turn) => turn.get(state) > 0);

/** The lock is taken if nobody has it or waits for it. */
export function triesLock(m: Areas, cpu: CpuFields, at: string, to: string): Step {
  return {
    at,
    says: "takes the purge lock",
    to,
    guard: (state) => !isTaken(m, state),
    does: (state) => m.purgeLock.set(state, cpu.index + 1),
    reads: [m.purgeLock, ...turns(m)],
    writes: [m.purgeLock],
  };
}

/** Else it gives up. */
export function givesUp(m: Areas, at: string, says: string, to: string, when: Step["when"] = []): Step {
  return {
    at,
    says: `the purge lock is taken: ${says}`,
    to,
    when,
    guard: (state) => isTaken(m, state),
    reads: [m.purgeLock, ...turns(m)],
  };
}

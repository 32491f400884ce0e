/**
 * The purge lock. Waiting CPUs are served in turn, as by the kernel's ticket locks and its mutexes with handoff: under
 * weak fairness alone, any waiter for an unfair lock would starve in every release.
 */
import {
  any,
  briefly,
  called,
  not,
  type Operations,
  sets,
  type Test,
  value,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import type { Step } from "../../program.ts";
import type { Areas, CpuFields } from "./fields.ts";

const turns = ({ cpus }: Areas) => cpus.map(({ turn }) => turn);

/** The CPU is the last in line for the lock. */
export const joinsLine = (m: Areas, cpu: CpuFields): Operations =>
  sets(
    cpu.turn,
    value("the next turn", turns(m), (state) => 1 + Math.max(...turns(m).map((turn) => turn.get(state)))),
  );

/** The first in line takes the lock. */
export function takesLock(m: Areas, cpu: CpuFields, at: string, to: string): Step {
  const movesUp = turns(m).map((turn) =>
    sets(
      turn,
      value("one turn less", [turn], (state) => Math.max(0, turn.get(state) - 1)),
    ),
  );
  return {
    at,
    says: "takes the purge lock",
    to,
    when: [has(m.purgeLock, 0), has(cpu.turn, 1)],
    does: [sets(m.purgeLock, cpu.index + 1), briefly("the others move up in line", movesUp)],
  };
}

/** A trylock would fail. */
const isTaken = (m: Areas): Test =>
  called(
    "the purge lock is held or waited for",
    any(hasNot(m.purgeLock, 0), ...turns(m).map((turn) => hasNot(turn, 0))),
  );

/** A trylock takes the lock if no CPU holds it or waits for it. */
export function triesLock(m: Areas, cpu: CpuFields, at: string, to: string): Step {
  return {
    at,
    says: "takes the purge lock",
    to,
    when: [not(isTaken(m))],
    does: sets(m.purgeLock, cpu.index + 1),
  };
}

/** Otherwise the trylock fails. */
export function givesUp(m: Areas, at: string, says: string, to: string, when: Step["when"] = []): Step {
  return { at, says: `the purge lock is taken: ${says}`, to, when: [...when, isTaken(m)] };
}

/**
 * Calls at the step grain: what one CPU does, as a list of atomic phases. No other CPU can see half of a phase: it is
 * the work under one spinlock, one atomic operation, or one interrupt. Each CPU is at one phase.
 */
import type { Action, Assertion, PackedMachine } from "../engine/machine.ts";
import {
  actionOf,
  briefly,
  type Guard,
  inOrder,
  type Operation,
  type Operations,
  sets,
  value,
} from "../engine/operations.ts";
import { type Condition, has } from "../engine/reduce/conditions.ts";
import type { Field, Layout } from "../engine/search/layout.ts";

/** The phase of a CPU at the beginning, and between two calls. */
export const IDLE = "idle";

/** The most phases of a protocol's calls: the number of values of a CPU's phase field. */
export const MOST_PHASES = 32;

/** An assertion that says what it reads. */
export type Check = Required<Assertion>;

/** One way to continue from a phase. */
export interface Step {
  /** The phase at which the CPU takes the step, named as in the kernel. */
  readonly at: string;
  /** What the step does, in a few words for charts. */
  readonly says: string;
  /** The phase after the step; IDLE if the call has returned. */
  readonly to: string;
  /** Further guards: if one does not hold, the CPU waits or takes another step. */
  readonly when?: readonly Guard[];
  /**
   * Guards that hold in every reachable state in which the others hold. They forbid nothing; they help partial-order
   * reduction.
   */
  readonly redundant?: readonly Condition[];
  readonly does?: Operations;
  readonly asserts?: readonly Check[];
  /** The agent of the step, if not the CPU: the step is then taken eventually, even if the CPU is idle. */
  readonly agent?: string;
}

/** What takes steps: a CPU, or a thread that is no caller's, which has a name. */
export interface Lane {
  readonly index: number;
  /** The field of its phase. */
  readonly phase: Field;
  readonly lane?: string;
}

/** A step of a machine: its CPU, for charts, and its source, for programs. */
export interface StepAction extends Action {
  readonly cpu: number;
  /** What takes it: `CPU 0`, or a thread that is no caller's. */
  readonly lane: string;
  readonly says: string;
  /** Where it begins and ends; undefined for hardware. */
  readonly at?: string;
  readonly to?: string;
  readonly guards: readonly Guard[];
  readonly does: Operation;
}

/** A machine of CPUs that take steps. */
export interface StepMachine extends PackedMachine {
  readonly layout: Layout;
  readonly actions: readonly StepAction[];
  readonly cpus: number;
  /** What takes steps, by number: the CPUs, and then threads that are no callers'. */
  readonly lanes: readonly string[];
  /** The columns that a chart shows beside each step, with the same names in every state. */
  draw(state: Int32Array): Readonly<Record<string, string>>;
  /** The legend of these columns. */
  readonly legend?: string;
}

/** The phases that some steps name, IDLE first: what a CPU's field for it can hold, in that order. */
export function phasesOf(steps: readonly Pick<Step, "at" | "to">[]): readonly string[] {
  return [...new Set([IDLE, ...steps.flatMap(({ at, to }) => [at, to])])];
}

/**
 * One CPU's steps as actions. Every phase is fair: a CPU that can continue does so eventually, but no CPU has to begin
 * a call. Throws an Error for a phase that no step leaves: the CPU would stay there for ever.
 */
export function stepsOfCpu(
  { index: cpu, phase, lane = `CPU ${cpu}` }: Lane,
  phases: readonly string[],
  steps: readonly Step[],
): readonly StepAction[] {
  const end = phasesOf(steps).find((name) => !steps.some(({ at }) => at === name));
  if (end !== undefined) throw new Error(`no step leads on from ${end}`);
  return steps.map(({ at, says, to, when = [], redundant = [], does = [], asserts, agent }) => {
    const action = actionOf({
      name: `${lane}, ${at === IDLE ? "" : `${at}: `}${says}`,
      when: [has(phase, phases.indexOf(at)), ...when, ...redundant],
      does: [does, sets(phase, phases.indexOf(to))],
      asserts,
      agent: agent ?? (at === IDLE ? undefined : lane),
    });
    return { ...action, cpu, lane, says, at, to, guards: when, does: inOrder(does) };
  });
}

/** A step of hardware on a CPU, at any phase; whether it must happen eventually; its lane, if not the CPU's number. */
export function hardwareStep(
  cpu: number,
  { says, when = [], redundant = [], does = [] }: Omit<Step, "at" | "to" | "asserts" | "agent">,
  fair: boolean,
  nth = cpu,
): StepAction {
  const action = actionOf({
    name: `CPU ${cpu}, hardware: ${says}`,
    when: [...when, ...redundant],
    does,
    agent: fair ? `interrupts of CPU ${cpu}` : undefined,
  });
  return { ...action, cpu: nth, lane: `CPU ${cpu}`, says, guards: when, does: inOrder(does) };
}

/** A lock that sleepers are given in the order in which they came: each has a turn, 0 of those who do not wait. */
export interface LockInTurn {
  readonly lock: Field;
  readonly turns: readonly Field[];
}

export const joinsLine = ({ turns }: LockInTurn, turn: Field): Operations =>
  sets(
    turn,
    value("the next turn", turns, (state) => 1 + Math.max(...turns.map((each) => each.get(state)))),
  );

/** What the first in line does once the lock is free. */
export function takesInTurn(
  { lock, turns }: LockInTurn,
  { index, turn }: { readonly index: number; readonly turn: Field },
): Required<Pick<Step, "when" | "does">> {
  const movesUp = turns.map((each) =>
    sets(
      each,
      value("one turn less", [each], (state) => Math.max(0, each.get(state) - 1)),
    ),
  );
  return {
    when: [has(lock, 0), has(turn, 1)],
    does: [sets(lock, index + 1), briefly("the others move up in line", movesUp)],
  };
}

/**
 * Calls at the step grain: what one CPU does, as a list of atomic phases. A phase is as much as no other CPU can see
 * half of: what is done under one spinlock, one atomic operation, one interrupt. Each CPU stands at one phase.
 */
import type { Action, Assertion, PackedMachine } from "../engine/actions.ts";
import {
  actionOf,
  type Guard,
  inOrder,
  type Operation,
  type Operations,
  sets,
} from "../engine/operations.ts";
import { type Condition, has } from "../engine/reduce/conditions.ts";
import type { Field, Layout } from "../engine/search/layout.ts";

/** Where every CPU begins, and is between two calls. */
export const IDLE = "idle";

/** As many phases as the calls of a protocol may have: the values of a CPU's field for where it stands. */
export const MOST_PHASES = 32;

/** An assertion that says what it reads. */
export type Check = Required<Assertion>;

/** One way to continue from a phase. */
export interface Step {
  /** The phase at which the CPU stands, named as the kernel names it. */
  readonly at: string;
  /** What it does there, in a few words: what a chart shows. */
  readonly says: string;
  /** Where it stands then; IDLE if the call has returned. */
  readonly to: string;
  /** What must hold beyond that: where this does not, the CPU waits or takes another step. */
  readonly when?: readonly Guard[];
  /** What holds in every reachable state in which the rest does. It forbids nothing; it helps partial-order reduction. */
  readonly redundant?: readonly Condition[];
  readonly does?: Operations;
  readonly asserts?: readonly Check[];
  /** Whose step it is, if not the CPU's: then it is taken at last, though the CPU is idle. */
  readonly agent?: string;
}

/** A step of a machine: whose it is, for charts, and what it was written as, for programs. */
export interface StepAction extends Action {
  readonly cpu: number;
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
  /** What a chart shows beside each step: columns of the same names in every state. */
  draw(state: Int32Array): Readonly<Record<string, string>>;
  /** What the letters of these columns mean. */
  readonly legend?: string;
}

/** The phases that some steps name, IDLE first: what a CPU's field for it can hold, in that order. */
export function phasesOf(steps: readonly Pick<Step, "at" | "to">[]): readonly string[] {
  return [...new Set([IDLE, ...steps.flatMap(({ at, to }) => [at, to])])];
}

/**
 * One CPU's steps as actions. Every phase is fair: a CPU that can continue does at last, but none has to begin a call.
 * Throws an Error for a phase that no step leaves: the CPU would stand there for ever.
 */
export function stepsOfCpu(
  cpu: number,
  phase: Field,
  phases: readonly string[],
  steps: readonly Step[],
): readonly StepAction[] {
  const end = phasesOf(steps).find((name) => !steps.some(({ at }) => at === name));
  if (end !== undefined) throw new Error(`no step leads on from ${end}`);
  return steps.map(({ at, says, to, when = [], redundant = [], does = [], asserts, agent }) => {
    const action = actionOf({
      name: `CPU ${cpu}, ${at === IDLE ? "" : `${at}: `}${says}`,
      when: [has(phase, phases.indexOf(at)), ...when, ...redundant],
      does: [does, sets(phase, phases.indexOf(to))],
      asserts,
      agent: agent ?? (at === IDLE ? undefined : `CPU ${cpu}`),
    });
    return { ...action, cpu, says, at, to, guards: when, does: inOrder(does) };
  });
}

/** What hardware does on a CPU, whatever that CPU stands at; and whether it must happen at last. */
export function hardwareStep(
  cpu: number,
  { says, when = [], redundant = [], does = [] }: Omit<Step, "at" | "to" | "asserts" | "agent">,
  fair: boolean,
): StepAction {
  const action = actionOf({
    name: `CPU ${cpu}, hardware: ${says}`,
    when: [...when, ...redundant],
    does,
    agent: fair ? `interrupts of CPU ${cpu}` : undefined,
  });
  return { ...action, cpu, says, guards: when, does: inOrder(does) };
}

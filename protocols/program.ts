/**
 * Calls at the step grain: what one CPU does, as a list of atomic phases. A phase is as much as no other CPU can see
 * half of: what is done under one spinlock, one atomic operation, one interrupt. Each CPU stands at one phase.
 */
import type { Action, Assertion, PackedMachine } from "../engine/actions.ts";
import { type Condition, has } from "../engine/reduce/conditions.ts";
import type { Field, Layout } from "../engine/search/layout.ts";

/** Where every CPU begins, and is between two calls. */
export const IDLE = "idle";

/** As many phases as the calls of a protocol may have: the values of a CPU's field for where it stands. */
export const MOST_PHASES = 32;

/** One way to go on from a phase. */
export interface Step {
  /** The phase at which the CPU stands, named as the kernel names it. */
  readonly at: string;
  /** What it does there, in a few words: what a chart shows. */
  readonly says: string;
  /** Where it stands then; IDLE if the call has returned. */
  readonly to: string;
  /** What must hold beyond that; it waits, or goes another way, where this does not. */
  readonly when?: readonly Condition[];
  readonly guard?: (state: Int32Array) => boolean;
  readonly does?: (state: Int32Array) => void;
  readonly asserts?: readonly Assertion[];
  /** Whose step it is, if not the CPU's: then it is taken at last, though the CPU is idle. */
  readonly agent?: string;
  /** The fields that `guard`, `does` and `asserts` read, and those that `does` writes. */
  readonly reads?: readonly Field[];
  readonly writes?: readonly Field[];
}

/** A step of a machine: whose it is, for charts. */
export interface StepAction extends Action {
  readonly cpu: number;
  readonly says: string;
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
 * One CPU's steps as actions. Every phase is fair: a CPU that can go on does at last, but none has to begin a call.
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
  return steps.map(({ at, says, to, when = [], guard, does, asserts, reads = [], writes = [], agent }) => {
    const next = phases.indexOf(to);
    return {
      name: `CPU ${cpu}, ${at === IDLE ? "" : `${at}: `}${says}`,
      cpu,
      says,
      when: [has(phase, phases.indexOf(at)), ...when],
      effect: (state: Int32Array) => {
        does?.(state);
        phase.set(state, next);
      },
      ...(guard === undefined ? {} : { guard }),
      ...(asserts === undefined ? {} : { asserts }),
      ...(at === IDLE && agent === undefined ? {} : { agent: agent ?? `CPU ${cpu}` }),
      footprint: { reads, writes: [...writes, phase] },
    };
  });
}

/** What hardware does on a CPU, whatever that CPU stands at; and whether it must happen at last. */
export function hardwareStep(
  cpu: number,
  step: Omit<Step, "at" | "to" | "does"> & { does(state: Int32Array): void },
  fair: boolean,
): StepAction {
  const { says, when = [], guard, does, asserts, reads = [], writes = [] } = step;
  return {
    name: `CPU ${cpu}, hardware: ${says}`,
    cpu,
    says,
    when,
    effect: does,
    ...(guard === undefined ? {} : { guard }),
    ...(asserts === undefined ? {} : { asserts }),
    ...(fair ? { agent: `interrupts of CPU ${cpu}` } : {}),
    footprint: { reads, writes },
  };
}

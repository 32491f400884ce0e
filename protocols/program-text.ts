/**
 * The program of a CPU in words, from the steps of the machine: for each phase of each call, what it waits for, what it
 * does, and where it continues. Steps that differ only in numbers are one.
 */
import { guardText } from "../engine/operations.ts";
import { IDLE, type StepAction, type StepMachine } from "./program.ts";

/** One way to continue from a phase. Numbers that differ between its instances are letters. */
export interface ProgramStep {
  readonly says: string;
  /** If one of these does not hold, the CPU may continue another way. */
  readonly onlyIf: readonly string[];
  readonly does: readonly string[];
  /** The laws that the call has to keep in this step. */
  readonly keeps: readonly string[];
  readonly to: string;
  /** By letter: the numbers that it represents. */
  readonly each: Readonly<Record<string, readonly string[]>>;
}

/** The steps of a CPU at a phase, and the guards that all of them wait for. */
export interface ProgramPhase {
  readonly at: string;
  readonly waitsUntil: readonly string[];
  readonly steps: readonly ProgramStep[];
}

/** A call: its phases in their order, the beginning first. Phases of an earlier call are left out. */
export interface ProgramCall {
  readonly says: string;
  readonly phases: readonly ProgramPhase[];
}

export interface Program {
  readonly calls: readonly ProgramCall[];
  /** The steps of hardware and callbacks, beside the calls. */
  readonly hardware: readonly ProgramStep[];
}

export function programOf({ actions }: StepMachine): Program {
  // All CPUs have one program; a thread that is no caller's has its own.
  const own = actions.filter(({ cpu, lane }) => cpu === 0 || lane !== `CPU ${cpu}`).map(wordsOf);
  const steps = grouped(own.filter(({ at }) => at !== undefined));
  const left = new Set(steps.map(({ at }) => at));
  left.delete(IDLE);
  const calls = steps
    .filter(({ at }) => at === IDLE)
    .map((begin) => {
      const reached = reachedFrom(begin, steps).filter((at) => left.delete(at));
      return {
        says: begin.says,
        phases: [
          { at: IDLE, waitsUntil: [], steps: [begin] },
          ...reached.map((at) =>
            phaseOf(
              at,
              steps.filter((step) => step.at === at),
            ),
          ),
        ],
      };
    });
  return { calls, hardware: grouped(own.filter(({ at }) => at === undefined)) };
}

/** The texts of one step, before steps are merged. */
type Words = Omit<ProgramStep, "each"> & { readonly at: string | undefined };
type Step = ProgramStep & { readonly at: string | undefined };

function wordsOf({ at, says, guards, does, asserts = [], to = IDLE }: StepAction): Words {
  const own = (text: string) => text.replace(/\bCPU 0\b/g, "this CPU");
  return {
    at,
    says: own(says),
    onlyIf: guards.map(guardText).map(own),
    does: does.says.map(own),
    keeps: asserts.map(({ law }) => law.id),
    to,
  };
}

const NUMBER = /\d+/g;

/**
 * Merges steps that differ only in numbers: a number that differs becomes a letter, the same letter for all that differ
 * alike.
 */
function grouped(steps: readonly Words[]): Step[] {
  const groups = new Map<string, Words[]>();
  for (const step of steps) {
    const key = JSON.stringify(step).replace(NUMBER, "#");
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  return [...groups.values()].map((group) => {
    const texts = group.map((step) => JSON.stringify(step));
    const numbers = texts.map((text) => text.match(NUMBER) ?? []);
    const letters = new Map<string, string>();
    let nth = 0;
    const text = (texts[0] as string).replace(NUMBER, (number) => {
      const values = numbers.map((each) => each[nth] as string);
      nth += 1;
      if (values.every((value) => value === number)) return number;
      const letter = letters.get(values.join()) ?? ("nmkjihgfedcba"[letters.size] as string);
      letters.set(values.join(), letter);
      return letter;
    });
    const each = [...letters].map(([values, letter]) => [letter, [...new Set(values.split(","))]]);
    return { ...(JSON.parse(text) as Words), each: Object.fromEntries(each) };
  });
}

const shapeOf = (phase: string | undefined) => phase?.replace(/\b(\d+|[a-n])$/, "#");

/** The phases that a call reaches, in the order of the program. */
function reachedFrom(begin: Step, steps: readonly Step[]): string[] {
  const reached = new Set<string | undefined>([shapeOf(begin.to)]);
  for (const shape of reached) {
    for (const { at, to } of steps) if (shapeOf(at) === shape && to !== IDLE) reached.add(shapeOf(to));
  }
  const phases = [...new Set(steps.flatMap(({ at }) => (at === undefined ? [] : [at])))];
  return phases.filter((at) => at !== IDLE && reached.has(shapeOf(at)));
}

/** The phase waits for the guards that all its steps share. */
function phaseOf(at: string, steps: readonly Step[]): ProgramPhase {
  const [first] = steps;
  const waitsUntil = (first?.onlyIf ?? []).filter((guard) =>
    steps.every(({ onlyIf, each }) => onlyIf.includes(guard) && !isOfOne(guard, each)),
  );
  return {
    at,
    waitsUntil,
    steps: steps.map((step) => ({
      ...step,
      onlyIf: step.onlyIf.filter((guard) => !waitsUntil.includes(guard)),
    })),
  };
}

/** Whether a guard has a letter: then it distinguishes merged steps. */
const isOfOne = (guard: string, each: ProgramStep["each"]) =>
  Object.keys(each).some((letter) => new RegExp(`\\b${letter}\\b`).test(guard));

/** Builds the machine of CPUs that take steps from the steps of each CPU, for every protocol. */
import type { EventuallyEnds, Invariant } from "../engine/machine.ts";
import { canonicalForm } from "../engine/reduce/symmetry.ts";
import { type Layout, valuesOf } from "../engine/search/layout.ts";
import { type Lane, phasesOf, type Step, type StepAction, type StepMachine, stepsOfCpu } from "./program.ts";

/** A protocol's description of its machine. */
export interface Written<C extends Lane> extends Pick<StepMachine, "name" | "layout" | "legend" | "draw"> {
  readonly cpus: readonly C[];
  /** The calls of a CPU. */
  program(cpu: C): readonly Step[];
  /** The steps of hardware on a CPU. */
  hardware?(cpu: C): readonly StepAction[];
  /** Steps without an agent. */
  readonly others?: readonly StepAction[];
  /** More lanes, after those of `cpus`: of the CPUs on which tasks run. */
  readonly otherLanes?: readonly string[];
  /** Sets the fields that do not begin with 0. */
  begin?(state: Int32Array): void;
  readonly invariants?: readonly Invariant[];
  /** The conditions that have to end, given the names of the phases by their numbers. */
  eventuallyEnds?(phases: readonly string[]): readonly EventuallyEnds[];
  /** Whether the index sets of its layout are really interchangeable. */
  readonly isSymmetric?: boolean;
}

/** Throws a RangeError if its calls have more phases than fit into a field. */
export function stepMachine<C extends Lane>(written: Written<C>): StepMachine {
  const {
    name,
    layout,
    cpus,
    hardware,
    others = [],
    otherLanes = [],
    begin,
    invariants = [],
    legend,
    draw,
  } = written;
  const programs = cpus.map((cpu) => written.program(cpu));
  const phases = phasesOf(programs.flat());
  refuseMore(name, phases, cpus);
  layout.name(phases, ...cpus.map(({ phase }) => phase));
  return {
    name,
    layout,
    cpus: cpus.length,
    lanes: [...cpus.map(({ index, lane = `CPU ${index}` }) => lane), ...otherLanes],
    words: layout.words,
    initial: (state) => {
      state.fill(0);
      begin?.(state);
    },
    actions: [
      ...cpus.flatMap((cpu, nth) => [
        ...stepsOfCpu(cpu, phases, programs[nth] as readonly Step[]),
        ...(hardware?.(cpu) ?? []),
      ]),
      ...others,
    ],
    invariants,
    ...(written.eventuallyEnds === undefined ? {} : { eventuallyEnds: written.eventuallyEnds(phases) }),
    ...(written.isSymmetric ? symmetryOf(layout) : {}),
    ...(legend === undefined ? {} : { legend }),
    draw,
  };
}

function refuseMore(name: string, phases: readonly string[], cpus: readonly Lane[]): void {
  const most = Math.min(...cpus.map(({ phase }) => valuesOf(phase.meaning)));
  if (phases.length > most) throw new RangeError(`${name} has more than ${most} phases`);
}

const symmetryOf = (layout: Layout) => ({
  symmetry: () => canonicalForm(layout),
  interchangeable: layout.interchangeable,
});

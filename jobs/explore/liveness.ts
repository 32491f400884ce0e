/** `explore --liveness`: whether what has to end does end under weak fairness, in every order of the CPUs' steps. */
import { formatInterleaving } from "../../adapters/interleaving-file.ts";
import { nameInterleaved } from "../../counterexamples/interleavings.ts";
import { findingLassos, type Lasted, type Liveness } from "../../engine/live/liveness.ts";
import type { StepMachine } from "../../protocols/program.ts";
import type { Parameters } from "../subject-types.ts";
import { UsageError } from "../usage-error.ts";
import { Work } from "../work.ts";
import { asked, type ExploreOptions, progressText, subjectOf } from "./explore.ts";
import { memoryBounds } from "./memory.ts";

export interface LivenessReport {
  readonly name: string;
  readonly says: string;
  readonly scope: Parameters;
  readonly machine: StepMachine;
  readonly result: Liveness;
  readonly lasted: readonly NamedLasted[];
  /** The first run that never ends, as a file that replay reads; undefined if all end. */
  readonly file: string | undefined;
  readonly interrupted: boolean;
}

/** A condition that has to end, and the bug by which it does not, if there is one. */
export type NamedLasted = Lasted & { readonly bug: string | undefined };

const USUAL_STATES = 50_000_000;

export async function exploreLiveness(
  name: string | undefined,
  options: Pick<ExploreOptions, "scope" | "states" | "megabytes" | "say" | "signal" | "seconds">,
): Promise<LivenessReport> {
  const ref = asked(name, options);
  const { name: protocol, says, steps } = subjectOf(name, ref);
  const { parameters: scope } = ref;
  const machine = steps?.machine(scope);
  if (machine?.eventuallyEnds === undefined || machine.eventuallyEnds.length === 0)
    throw new UsageError(`--liveness: nothing has to end in ${protocol}`);
  const work = new Work(options);
  const started = performance.now();
  const bounds = { states: options.states ?? USUAL_STATES, ...memoryBounds(options.megabytes) };
  const result = await work.through(findingLassos(machine, bounds), (now) =>
    progressText(now, (performance.now() - started) / 1000),
  );
  const lasted = result.lasted.map((each) => ({
    ...each,
    bug: each.lasso === undefined ? undefined : nameInterleaved(protocol, each.id),
  }));
  const file = fileOf(protocol, scope, machine, lasted);
  return { name: protocol, says, scope, machine, result, lasted, file, interrupted: work.interrupted };
}

function fileOf(protocol: string, scope: Parameters, machine: StepMachine, lasted: readonly Lasted[]) {
  const found = lasted.find(({ lasso }) => lasso !== undefined);
  if (found?.lasso === undefined) return undefined;
  const [steps, loop] = [namesOfSteps(machine, found.lasso.stem), namesOfSteps(machine, found.lasso.loop)];
  return formatInterleaving({ protocol, scope, law: found.id, steps, loop });
}

export const namesOfSteps = (machine: StepMachine, run: readonly number[]): string[] =>
  run.map((action) => machine.actions[action]?.name ?? "");

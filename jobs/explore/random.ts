/** `explore --runs`: random runs of a protocol, each step judged, in place of a visit to every state. */
import { formatInterleaving } from "../../adapters/interleaving-file.ts";
import { nameInterleaved } from "../../counterexamples/interleavings.ts";
import { type Walked, walking } from "../../engine/run/walks.ts";
import { PROTOCOLS } from "../../protocols/index.ts";
import type { StepMachine } from "../../protocols/program.ts";
import type { Parameters } from "../subject-types.ts";
import { UsageError } from "../usage-error.ts";
import { Work } from "../work.ts";
import { asked, type ExploreOptions, subjectOf } from "./explore.ts";
import { namesOfSteps } from "./liveness.ts";

/** Steps of a run. */
const LONGEST = 60;

export interface RandomReport {
  readonly name: string;
  readonly says: string;
  readonly scope: Parameters;
  readonly machine: StepMachine;
  readonly seed: number;
  readonly result: Walked;
  /** For each violation of the result, the bug that explains it, and the run as a file that replay reads. */
  readonly reports: readonly { readonly bug: string | undefined; readonly file: string }[];
  readonly seconds: number;
  readonly interrupted: boolean;
}

export async function exploreRandom(
  name: string | undefined,
  {
    runs,
    seed,
    ...options
  }: Pick<ExploreOptions, "scope" | "say" | "signal" | "seconds"> & {
    readonly runs: number;
    readonly seed: number;
  },
): Promise<RandomReport> {
  const ref = asked(name, options);
  const { name: protocol, says, steps } = subjectOf(name, ref);
  const { parameters: scope } = ref;
  if (steps === undefined) {
    const isKernel = !PROTOCOLS.some((each) => each.name === protocol);
    const other = isKernel
      ? `check draws histories of ${protocol}`
      : `without it, explore visits every state of ${protocol}`;
    throw new UsageError(`--runs is for protocols of CPUs: ${other}`);
  }
  const machine = steps.machine(scope);
  const work = new Work(options);
  const started = performance.now();
  const turns = walking(machine, { runs, longest: LONGEST, seed });
  const result = await work.through(turns, (done) => `${protocol}: ${done} runs`);
  const seconds = (performance.now() - started) / 1000;
  const reports = result.violations.map(({ law, run }) => ({
    bug: nameInterleaved(protocol, law),
    file: formatInterleaving({ protocol, scope, law, steps: namesOfSteps(machine, run) }),
  }));
  return {
    name: protocol,
    says,
    scope,
    machine,
    seed,
    result,
    reports,
    seconds,
    interrupted: work.interrupted,
  };
}

/** `conform`: a recording's commands on our version of its kernel, every reply field compared. */
import { inputError } from "../adapters/input-error.ts";
import { conform as conformTrace, type Difference } from "../adapters/vmap/conform.ts";
import { readRecording, type Trace } from "../adapters/vmap/recording.ts";
import { kernelCalled } from "../kernels/vmap/index.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import { askedAs, releaseNamed } from "./names.ts";
import { openTree } from "./trees.ts";
import { labelAlike } from "./versions.ts";
import { type Watch, Work } from "./work.ts";

export interface FirstDifference {
  readonly trace: Trace;
  readonly kernel: Kernel;
  readonly difference: Difference;
}

/** The result for one file. */
export interface ConformedFile {
  readonly file: string;
  readonly labels: ReadonlySet<string>;
  readonly traces: number;
  readonly conforming: number;
  readonly differing: number;
  readonly replies: number;
  readonly first: FirstDifference | undefined;
}

export interface ConformOptions extends Watch {
  /** The directory of a kernel tree, which is run in place of our models. */
  readonly tree?: string | undefined;
}

export interface ConformReport {
  readonly files: readonly ConformedFile[];
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** Throws an InputError at the first line that is not a trace, or has no model to compare with. */
export async function conform(
  files: readonly string[],
  { tree, ...watch }: ConformOptions = {},
): Promise<ConformReport> {
  const compiled = tree === undefined ? undefined : openTree(tree, undefined).kernel;
  const started = performance.now();
  const work = new Work(watch);
  const conformed: ConformedFile[] = [];
  for (const file of files) {
    if (work.stop !== false) break;
    conformed.push(await conformFile(file, work, compiled));
  }
  return {
    files: conformed,
    seconds: (performance.now() - started) / 1000,
    interrupted: work.stop !== false,
  };
}

async function conformFile(file: string, work: Work, compiled: Kernel | undefined): Promise<ConformedFile> {
  const labels = new Set<string>();
  let [conforming, differing, replies] = [0, 0, 0];
  let first: FirstDifference | undefined;
  for await (const trace of readRecording(file)) {
    const kernel = compiled ?? modelOf(trace);
    const { label } = trace;
    labels.add(compiled === undefined && kernelCalled(label) === undefined ? askedAs(label, kernel) : label);
    const { replies: compared, difference } = conformTrace(kernel, trace);
    replies += compared;
    if (difference === undefined) conforming += 1;
    else {
      differing += 1;
      first ??= { trace, kernel, difference };
    }
    if (await work.turn(`${file}: trace ${conforming + differing}, ${differing} differing`)) break;
  }
  return { file, labels, traces: conforming + differing, conforming, differing, replies, first };
}

/** The model to compare with. Throws an InputError if there is none, or if the trace is only a part of one. */
function modelOf({ file, line, label, cut }: Trace): Kernel {
  if (cut !== undefined) throw inputError(file, line, "cut: only a whole trace can be compared with a model");
  const alike = labelAlike(label);
  if (kernelCalled(label) !== undefined || alike !== undefined) return releaseNamed(label);
  const says = `version: there is no model of ${JSON.stringify(label)} to compare with; judge asks its laws`;
  throw inputError(file, line, says);
}

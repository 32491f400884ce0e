/** `conform`: a recording's commands on our version of its kernel, every reply field compared. */
import type { Conformance, Kernel, OpenWing, RecordedTrace } from "../spec/wing.ts";
import { openTree } from "./trees/trees.ts";
import { recordedIn } from "./wings.ts";
import { type Watch, Work } from "./work.ts";

export interface FirstDifference {
  readonly wing: OpenWing;
  readonly trace: RecordedTrace;
  readonly kernel: Kernel;
  readonly difference: NonNullable<Conformance["difference"]>;
}

/** The result for one file. */
export interface ConformedFile {
  readonly file: string;
  readonly labels: ReadonlySet<string>;
  readonly traces: number;
  readonly conforming: number;
  readonly differing: number;
  /** To commands, as judge counts them: of a trace that differs, up to the difference. */
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
  const wing = await recordedIn(file);
  const labels = new Set<string>();
  let [conforming, differing, replies] = [0, 0, 0];
  let first: FirstDifference | undefined;
  for await (const trace of wing.files.recordings(file)) {
    const kernel = compiled ?? wing.modelOf(trace);
    const isKnown = wing.kernels.some(({ release }) => release.labels.includes(trace.label));
    labels.add(compiled === undefined && !isKnown ? wing.askedAs(trace.label, kernel) : trace.label);
    const { difference } = wing.files.conform(kernel, trace);
    // Up to the difference. What a wing records before the first command is compared, and is no reply.
    replies += difference === undefined ? trace.exchanges.length : difference.index + 1;
    if (difference === undefined) conforming += 1;
    else {
      differing += 1;
      first ??= { wing, trace, kernel, difference };
    }
    if (await work.turn(`${file}: trace ${conforming + differing}, ${differing} differing`)) break;
  }
  return { file, labels, traces: conforming + differing, conforming, differing, replies, first };
}

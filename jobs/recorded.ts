/** Recordings as the verbs take them: the chosen trace, its judge, its violations. */
import { InputError } from "../adapters/input-error.ts";
import { type Attributed, attribute } from "../counterexamples/attribution.ts";
import type { LawId } from "../spec/contract.ts";
import type {
  JudgedReply,
  Judging,
  JudgingOptions,
  Kernel,
  OpenWing,
  RecordedTrace,
  Terms,
} from "../spec/wing.ts";
import { UsageError } from "./usage-error.ts";

/** Whether a file is a recording, by its name: `.jsonl` or `.jsonl.gz`. */
export function isRecording(file: string): boolean {
  return /\.jsonl(\.gz)?$/.test(file);
}

/** Throws a UsageError if a line is requested of a file that is no recording. */
export function refuseTrace(target: string, line: number | undefined): void {
  if (line === undefined || isRecording(target)) return;
  throw new UsageError(`--trace is for a recording (.jsonl, .jsonl.gz), and ${target} is none`);
}

/** The laws that a reply violates, each with the bug of the catalogue that explains it, if any. */
export function namesIn<T extends Terms>(
  wing: OpenWing<T>,
  { release }: Judging<T>,
  { laws, ...seen }: JudgedReply<T>,
): readonly Attributed<T>[] {
  if (laws.length === 0) return [];
  if (release === undefined) return laws.map(({ id }) => ({ law: id, bug: undefined, listed: false }));
  const { violations } = wing.inheritanceOf(wing.kernelCalled(release) as Kernel<T>);
  return attribute(wing.bugs, release, laws, seen, violations);
}

/** A trace of a recording, and how it is judged. */
export interface Chosen<T extends Terms = Terms> {
  readonly trace: RecordedTrace<T>;
  readonly judging: Judging<T>;
  /** The law that counts: the requested one, or the one that a cut was made for. */
  readonly law: LawId | undefined;
  /** Its first reply that violates that law, or any. */
  readonly violating: JudgedReply<T> | undefined;
}

export interface ChoiceOptions extends JudgingOptions {
  /** The line of the trace, counted from 1. */
  readonly trace?: number | undefined;
}

/** The contents of a file without violations. */
export interface NoneViolating {
  /** The line of its first trace. */
  readonly first: number;
  readonly traces: number;
  readonly replies: number;
}

/** The trace on the requested line; else the first that violates the requested law, or any; else the only one. */
export async function chooseTrace<T extends Terms>(
  wing: OpenWing<T>,
  file: string,
  options: ChoiceOptions,
): Promise<Chosen<T> | NoneViolating> {
  let [traces, replies] = [0, 0];
  let only: Chosen<T> | undefined;
  let first = 0;
  for await (const trace of wing.files.recordings(file)) {
    if (options.trace !== undefined && trace.line !== options.trace) continue;
    const law = options.law ?? trace.cut?.law;
    const judging = wing.judgingOf(trace, { ...options, law });
    const violating = firstViolating(wing, judging, trace, law);
    const chosen = { trace, judging, law, violating };
    if (options.trace !== undefined || violating !== undefined) return chosen;
    traces += 1;
    replies += trace.exchanges.length;
    only = traces === 1 ? chosen : undefined;
    if (traces === 1) first = trace.line;
  }
  if (options.trace !== undefined)
    throw new InputError(`${file}: there is no trace on line ${options.trace}`);
  return only ?? { first, traces, replies };
}

function firstViolating<T extends Terms>(
  wing: OpenWing<T>,
  judging: Judging<T>,
  trace: RecordedTrace<T>,
  law: LawId | undefined,
): JudgedReply<T> | undefined {
  for (const reply of wing.judgeRecorded(judging, trace)) {
    if (reply.laws.some(({ id }) => law === undefined || id === law)) return reply;
  }
  return undefined;
}

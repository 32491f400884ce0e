/** `replay` of a recording: its own replies judged step by step; none of our kernels is run. */
import { InputError } from "../adapters/input-error.ts";
import { meantFirst, type Violation } from "../counterexamples/attribution.ts";
import type { LawId } from "../spec/contract.ts";
import type { HistoryFile, JudgedReply, Kernel, OpenWing, RecordedTrace, Terms } from "../spec/wing.ts";
import { type ChoiceOptions, type Chosen, chooseTrace, type NoneViolating, namesIn } from "./recorded.ts";
import { lawOf, recordedIn } from "./wings.ts";

export interface ReplayedRecording {
  readonly kind: "recording";
  readonly wing: OpenWing;
  readonly file: string;
  /** The only law to judge by, if one was requested. */
  readonly law: LawId | undefined;
  /** The trace, or the contents of the file if none of its traces violates a law. */
  readonly chosen: Chosen | NoneViolating;
  /** The index of its last step: the violating one, if there is one. */
  readonly last: number;
  readonly violations: readonly Violation[];
  /** Where the allocator stopped in the last step: why. */
  readonly stopped: string | undefined;
  readonly expected: boolean;
  /** Its replies up to the last, judged. */
  play(): Iterable<JudgedReply>;
}

export async function replayRecording(
  file: string,
  options: {
    readonly law?: string | undefined;
    readonly trace?: number | undefined;
    readonly as?: string | undefined;
  },
): Promise<ReplayedRecording> {
  const wing = await recordedIn(file);
  const law = options.law === undefined ? undefined : lawOf(wing, options.law);
  const chosen = await chooseTrace(wing, file, { ...options, law });
  const found = { kind: "recording", wing, file, law, chosen } as const;
  if ("traces" in chosen)
    return { ...found, last: -1, violations: [], stopped: undefined, expected: true, play: () => [] };
  const { trace, judging, violating } = chosen;
  const violations = violationsOf(wing, chosen);
  const [meant] = violations;
  const last = violating?.index ?? trace.exchanges.length - 1;
  const reply = trace.exchanges[last]?.response;
  return {
    ...found,
    last,
    violations,
    stopped: reply && wing.stopText(reply),
    expected: meant === undefined || !meant.promised || meant.bug !== undefined,
    play: () => wing.judgeRecorded(judging, trace),
  };
}

/** The violations of its last reply, with the law that counts first; only that one, if it was requested. */
function violationsOf(wing: OpenWing, { judging, law, violating }: Chosen): readonly Violation[] {
  if (violating === undefined) return [];
  const all = namesIn(wing, judging, violating).map((each) => {
    return { ...each, promised: judging.promised.includes(each.law) };
  });
  return meantFirst(all, law);
}

// A recorded trace as a history: what its commands free or map is named by the commands that got it.

/**
 * The trace on this line of a recording, or else the first that violates the law, or any, as a history to be run on a
 * kernel. The recording is judged by its own promises, or by that kernel's if it has none.
 */
export async function historyOfTrace<T extends Terms>(
  wing: OpenWing<T>,
  file: string,
  kernel: Kernel<T>,
  options: Pick<ChoiceOptions, "trace" | "law">,
): Promise<HistoryFile<T>> {
  const chosen = await chooseTrace(wing, file, { ...options, fallback: kernel.name });
  if ("traces" in chosen)
    throw new InputError(
      `${file}: no trace in it violates ${options.law ?? "a law"}: --trace LINE names one`,
    );
  const { trace, law } = chosen;
  const commands = translate(wing, kernel, trace);
  const history = { kernel: kernel.name, scope: wing.files.scopeOf(trace, commands), commands };
  return law === undefined ? history : { ...history, law };
}

/** A touch of what was never allocated faults and has no effect: it is left out. */
function translate<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  { exchanges, scope }: RecordedTrace<T>,
): T["step"][] {
  const { naming } = wing.bench(kernel, scope);
  const names = naming.begin();
  const steps: T["step"][] = [];
  for (const { command, response } of exchanges) {
    const step = naming.named(names, command);
    if (step === undefined) continue;
    naming.note(names, steps.length, step, response);
    steps.push(step);
  }
  return steps;
}

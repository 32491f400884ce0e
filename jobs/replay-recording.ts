/** `replay` of a recording: its own replies judged step by step; none of our kernels is run. */

import { meantFirst, type Violation } from "../counterexamples/attribution.ts";
import type { LawId } from "../spec/contract.ts";
import type { JudgedReply, OpenWing } from "../spec/wing.ts";
import { type Chosen, chooseTrace, type NoneViolating, namesIn } from "./recorded.ts";
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

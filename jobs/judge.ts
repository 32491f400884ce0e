/** `judge`: a recording as a plain history against the laws; none of our kernels is run. */
import type { LawId } from "../spec/contract.ts";
import type { Judging, OpenWing, RecordedTrace } from "../spec/wing.ts";
import { namesIn } from "./recorded.ts";
import { lawOf, recordedIn } from "./wings.ts";
import { type Watch, Work } from "./work.ts";

/** A law that a recorded reply violates. */
export interface Accusation {
  /** Line of the trace, from 1. */
  readonly trace: number;
  /** Index of the command in it, from 0. */
  readonly command: number;
  readonly law: LawId;
  /** The catalogue's slug, or null. */
  readonly bug: string | null;
  /** Whether the release promises the law; if not, the law was requested and the release falls short of it. */
  readonly promised: boolean;
}

export interface JudgedFile {
  readonly wing: OpenWing;
  readonly file: string;
  readonly labels: ReadonlySet<string>;
  /** Whose promises judged it, if not those of the label; and all of their laws. */
  readonly by: ReadonlySet<string>;
  readonly promises: ReadonlySet<LawId>;
  /** Promised laws that were not judged, since no call and no field of the file can show a violation. */
  readonly unseen: ReadonlySet<LawId>;
  readonly traces: number;
  readonly accepted: number;
  readonly replies: number;
  readonly consequences: number;
  /** Whether a release in this file does not promise the requested law. */
  readonly notPromised: boolean;
  readonly broken: readonly Accusation[];
}

export interface JudgeOptions extends Watch {
  /** Only this law. */
  readonly law?: string | undefined;
  /** The label whose promises judge it, in place of a trace's own. */
  readonly as?: string | undefined;
}

export interface JudgeReport {
  readonly files: readonly JudgedFile[];
  readonly seconds: number;
  readonly interrupted: boolean;
}

export async function judge(files: readonly string[], options: JudgeOptions = {}): Promise<JudgeReport> {
  const started = performance.now();
  const work = new Work(options);
  const judged: JudgedFile[] = [];
  for (const file of files) {
    if (work.stop !== false) break;
    judged.push(await judgeFile(file, options, work));
  }
  return { files: judged, seconds: (performance.now() - started) / 1000, interrupted: work.stop !== false };
}

/** Whether it violates a promised law, and no bug of the catalogue explains it. */
export const isUnknown = ({ bug, promised }: Accusation): boolean => bug === null && promised;

async function judgeFile(file: string, { as, law }: JudgeOptions, work: Work): Promise<JudgedFile> {
  const wing = await recordedIn(file);
  const only = law === undefined ? undefined : lawOf(wing, law);
  const [labels, by] = [new Set<string>(), new Set<string>()];
  const [promises, unseen] = [new Set<LawId>(), new Set<LawId>()];
  const broken: Accusation[] = [];
  let [traces, accepted, replies, consequences, notPromised] = [0, 0, 0, 0, false];
  for await (const trace of wing.files.recordings(file)) {
    // All laws judge, even if one is requested: after an overlap some violations are not counted.
    const judging = wing.judgingOf(trace, { as, law: only });
    const { promised } = judging;
    traces += 1;
    labels.add(trace.label);
    if (judging.by !== undefined) by.add(judging.by);
    for (const { id } of judging.laws) if (promised.includes(id) || trace.cut !== undefined) promises.add(id);
    for (const id of judging.unseen) unseen.add(id);
    if (only !== undefined && !promised.includes(only)) notPromised = true;
    replies += trace.exchanges.length;
    const found = accusationsOf(wing, trace, judging, only);
    consequences += found.consequences;
    if (found.accusations.length === 0) accepted += 1;
    broken.push(...found.accusations);
    if (await work.turn(`${file}: trace ${traces}, ${broken.length} violations`)) break;
  }
  for (const id of promises) unseen.delete(id);
  const sets = { labels, by, promises, unseen };
  return { wing, file, ...sets, traces, accepted, replies, consequences, notPromised, broken };
}

function accusationsOf(wing: OpenWing, trace: RecordedTrace, judging: Judging, only: LawId | undefined) {
  const accusations: Accusation[] = [];
  let consequences = 0;
  for (const reply of wing.judgeRecorded(judging, trace)) {
    consequences += reply.following.length;
    const laws = reply.laws.filter(({ id }) => only === undefined || id === only);
    if (laws.length === 0) continue;
    for (const { law, bug } of namesIn(wing, judging, { ...reply, laws })) {
      const promised = judging.promised.includes(law);
      accusations.push({ trace: trace.line, command: reply.index, law, bug: bug?.id ?? null, promised });
    }
  }
  return { accusations, consequences };
}

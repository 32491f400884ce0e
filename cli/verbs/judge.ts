/** `judge`: a recording as a plain history against the laws; none of our kernels is run. */

import { readRecording, type Trace } from "../../adapters/vmap/recording.ts";
import { bugCalled } from "../../counterexamples/vmap/index.ts";
import { lawNamed } from "../../jobs/names.ts";
import { judgeRecorded, judgingOf, namesIn } from "../../jobs/recorded.ts";
import type { LawId } from "../../spec/contract.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { columns, interruptible, print, progress } from "../output.ts";

interface Accusation {
  /** Line of the trace, from 1. */
  readonly trace: number;
  /** Index of the command in it, from 0. */
  readonly command: number;
  readonly law: LawId;
  /** The catalogue's slug, or null. */
  readonly bug: string | null;
  /** If not, the law was asked for, and the release only falls short of it. */
  readonly promised: boolean;
}

interface Judged {
  readonly file: string;
  readonly labels: Set<string>;
  /** Whose promises were asked, where they are not those of the label; and the laws of them all. */
  readonly by: Set<string>;
  readonly promises: Set<LawId>;
  traces: number;
  accepted: number;
  replies: number;
  consequences: number;
  /** The one law asked for is not promised by a release in this file. */
  notPromised: boolean;
  readonly broken: Accusation[];
}

export interface JudgeOptions {
  readonly json: boolean;
  readonly law?: string;
  /** The label whose promises are asked, in place of a trace's own. */
  readonly as?: string;
}

export async function judgeVerb(files: readonly string[], { json, law, as }: JudgeOptions): Promise<number> {
  const only = law === undefined ? undefined : lawNamed(law);
  const started = Date.now();
  const spinner = progress();
  const work = interruptible();
  const all: Judged[] = [];
  try {
    for (const file of files) {
      const judged: Judged = {
        file,
        labels: new Set(),
        by: new Set(),
        promises: new Set(),
        traces: 0,
        accepted: 0,
        replies: 0,
        consequences: 0,
        notPromised: false,
        broken: [],
      };
      all.push(judged);
      for await (const trace of readRecording(file)) {
        spinner.say(`${file}: trace ${judged.traces + 1}, ${judged.broken.length} violations`);
        judgeOne(judged, trace, as, only);
        await work.turn();
        if (work.interrupted) break;
      }
      if (work.interrupted) break;
    }
  } finally {
    spinner.stop();
  }
  if (json)
    console.log(
      JSON.stringify({
        files: all.map(({ labels, by, promises, ...rest }) => ({
          ...rest,
          label: [...labels].join(", "),
          by: by.size === 0 ? null : [...by].join("; "),
          promises: [...promises],
        })),
      }),
    );
  else print(judgedText(all, (Date.now() - started) / 1000, work.interrupted));
  if (work.interrupted) return INTERRUPTED;
  return all.some(({ broken }) => broken.some(isUnknown)) ? UNEXPECTED : AS_EXPECTED;
}

function judgeOne(judged: Judged, trace: Trace, as: string | undefined, only: LawId | undefined): void {
  judged.traces += 1;
  judged.labels.add(trace.label);
  // All laws judge, whichever is asked for: an overlap decides what may still be accused after it.
  const judging = judgingOf(trace, { as, law: only });
  const promised = judging.promises.laws;
  if (judging.by !== undefined) judged.by.add(judging.by);
  for (const law of trace.cut === undefined ? promised : [trace.cut.law]) judged.promises.add(law);
  judged.replies += trace.exchanges.length;
  if (only !== undefined && !promised.includes(only)) judged.notPromised = true;
  let accepted = true;
  for (const reply of judgeRecorded(judging, trace)) {
    judged.consequences += reply.following.length;
    const laws = reply.laws.filter(({ id }) => only === undefined || id === only);
    if (laws.length === 0) continue;
    accepted = false;
    for (const { law, bug } of namesIn(judging, { ...reply, laws })) {
      const found = { law, bug: bug?.id ?? null, promised: promised.includes(law) };
      judged.broken.push({ trace: trace.line, command: reply.index, ...found });
    }
  }
  if (accepted) judged.accepted += 1;
}

const isUnknown = ({ bug, promised }: Accusation) => bug === null && promised;

/** The verdict on all recordings in one line, then each. */
function judgedText(all: readonly Judged[], seconds: number, isInterrupted: boolean): string {
  const broken = all.flatMap((each) => each.broken);
  const unknown = broken.filter(isUnknown).length;
  const short = broken.filter(({ promised }) => !promised).length;
  const traces = all.reduce((sum, each) => sum + each.traces, 0);
  const known = broken.length - unknown - short;
  const facts = [
    `${all.length} recording${all.length === 1 ? "" : "s"}`,
    `${traces} trace${traces === 1 ? "" : "s"}`,
    `${all.reduce((sum, each) => sum + each.accepted, 0)} accepted`,
    `${known} violation${known === 1 ? "" : "s"} known`,
    `${unknown} unknown`,
    ...(short > 0 ? [`${short} not promised`] : []),
    `${seconds.toFixed(1)} s`,
  ];
  const verdict = unknown > 0 ? pc.red("Unknown violations") : pc.green("Nothing unexpected");
  const until = isInterrupted ? " so far" : "";
  return [`${verdict}${until}: ${facts.join(", ")}`, ...all.map(textOf)].join("\n\n");
}

function textOf(judged: Judged): string {
  const { file, labels, traces, accepted, replies, consequences, broken } = judged;
  const lines = [`${pc.bold(file)}  ${[...labels].join(", ")}`];
  if (judged.by.size > 0) {
    lines.push(`  judged by ${[...judged.by].join("; ")}`, `  asked: ${[...judged.promises].join(", ")}`);
  }
  lines.push(
    `  ${replies} replies in ${traces} traces: ${accepted} accepted, ${traces - accepted} with violations`,
  );
  if (judged.notPromised)
    lines.push(
      pc.yellow("  this release does not promise that law: where it violates it, it falls short of it"),
    );
  const kinds = new Map<string, Accusation[]>();
  for (const each of broken) {
    const kind = `${each.law} ${each.bug}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), each]);
  }
  const rows = [...kinds.values()].map((same) => {
    const { law, bug, promised, trace, command } = same[0] as Accusation;
    const number = bug === null ? undefined : bugCalled(bug)?.number;
    const name =
      bug === null
        ? (promised ? pc.red : pc.dim)("not known to the catalogue")
        : `${bug}${number === undefined ? "" : ` (${number})`}`;
    const inTraces = new Set(same.map((each) => each.trace)).size;
    return [
      `  ${law}`,
      String(same.length),
      `in ${inTraces} trace${inTraces === 1 ? "" : "s"}`,
      name,
      pc.dim(`line ${trace}, command ${command + 1}`),
    ];
  });
  if (rows.length > 0) lines.push(columns(rows));
  if (consequences > 0)
    lines.push(
      pc.dim(`  ${consequences} more violations follow from areas that overlap already, and are not counted`),
    );
  return lines.join("\n");
}

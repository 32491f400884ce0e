/** `replay` of a recording: its own replies judged step by step; none of our kernels is run. */

import { oneLine } from "../../adapters/input-error.ts";
import { lawNamed, replayLine } from "../../jobs/names.ts";
import { type Chosen, chooseTrace, judgeRecorded, namesIn, type RecordedReply } from "../../jobs/recorded.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { print } from "../output.ts";
import { mailText } from "../show/mail.ts";
import { meantFirst, type Replayed, replayedText, stepsShown, type Violation } from "../show/replayed.ts";
import type { Shown } from "../show/step-view.ts";
import { stepsJson } from "../show/steps.ts";
import { cpusText } from "../show/text.ts";
import type { ReplayOptions } from "./replay.ts";

export async function replayRecording(file: string, options: ReplayOptions): Promise<number> {
  const law = options.law === undefined ? undefined : lawNamed(options.law);
  const chosen = await chooseTrace(file, { ...options, law });
  if ("traces" in chosen) {
    const { traces, replies } = chosen;
    const verdict = { accepted: true, law: null, promised: null, step: null, bug: null, laws: [] };
    const kept = `accepted: ${law ?? "every law asked"} is kept in all ${replies} replies of ${traces} traces; --trace LINE shows one`;
    if (options.json)
      console.log(JSON.stringify({ history: file, kernel: null, ...verdict, trace: null, steps: [] }));
    else print(pc.green(kept));
    return AS_EXPECTED;
  }
  const { trace, judging, violating } = chosen;
  const play = () => playingRecorded(chosen);
  const shown = stepsShown(play, violating?.index ?? trace.exchanges.length - 1, options.all === true);
  const violations = violationsOf(chosen);
  const [meant] = violations;
  if (options.json) {
    console.log(
      JSON.stringify({
        history: file,
        kernel: trace.label,
        trace: trace.line,
        cut: trace.cut ?? null,
        rerun: false,
        by: judging.by ?? null,
        accepted: violating === undefined,
        law: meant?.law ?? null,
        promised: meant?.promised ?? null,
        step: violating === undefined ? null : violating.index + 1,
        bug: meant?.bug?.id ?? null,
        laws: violations.map((each) => ({ ...each, bug: each.bug?.id ?? null })),
        steps: stepsJson(shown, ({ index }) => trace.written.ops[index]?.[0]),
      }),
    );
  } else {
    const replayed: Replayed = {
      about: aboutLines(chosen),
      bug: undefined,
      of: trace.exchanges.length,
      shown,
      violations,
      shortfalls: [],
      subject: trace.label,
      asked: law,
      replay: replayLine(wordsOf(file, trace.line, options)),
    };
    if (options.format === "mail") console.log(mailText(replayed));
    else print(replayedText(replayed));
  }
  return meant?.promised === true && meant.bug === undefined ? UNEXPECTED : AS_EXPECTED;
}

function* playingRecorded({ trace, judging }: Chosen): Generator<Shown, void, undefined> {
  for (const reply of judgeRecorded(judging, trace)) yield asShown(reply);
}

function asShown({ laws: broken, following: _not, ...reply }: RecordedReply): Shown {
  return { ...reply, broken };
}

/** What its last reply violates: the law that is meant first; that alone, if it was asked for. */
function violationsOf({ judging, law, violating }: Chosen): readonly Violation[] {
  if (violating === undefined) return [];
  const { promises } = judging;
  const all = namesIn(judging, violating).map((each) => {
    return { ...each, promised: promises.laws.includes(each.law) };
  });
  return meantFirst(all, law);
}

function aboutLines({ trace, judging }: Chosen): string[] {
  const { file, line, label, name, scope, cut } = trace;
  const named = name === undefined ? "" : `, ${oneLine(name)}`;
  const by = judging.by ?? `the promises of ${label}`;
  const from = cut && `cut to ${cut.steps.length} of the ${cut.of} steps of ${oneLine(cut.from)}`;
  return [
    `${pc.bold(`${file}:${line}`)}${named}: recorded of ${pc.bold(label)}, ${cpusText(scope)}; judged by ${by}`,
    "the replies are the recorded ones: nothing was run",
    ...(from === undefined ? [] : [`${from} (${stepsText(cut?.steps ?? [])}): these were not run again`]),
  ];
}

/** Steps from 1, runs of them as `3 to 7`. */
function stepsText(steps: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const step of steps) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === step - 1) run[1] = step;
    else runs.push([step, step]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`)).join(", ");
}

function wordsOf(file: string, line: number, { law, as }: ReplayOptions): string {
  const words = [file, "--trace", String(line)];
  if (law !== undefined) words.push("--law", law);
  if (as !== undefined) words.push("--as", as);
  return words.join(" ");
}

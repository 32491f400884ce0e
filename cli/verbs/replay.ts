/** `replay`: judges a history, step by step, with the address space after each. */
import { oneLine } from "../../adapters/input-error.ts";
import { interleavedCalled } from "../../counterexamples/interleavings.ts";
import { replayLine } from "../../jobs/names.ts";
import type { Chosen } from "../../jobs/recorded.ts";
import { type ReplayOptions as Options, type ReplayedHistory, replay } from "../../jobs/replay.ts";
import type { ReplayedRecording } from "../../jobs/replay-recording.ts";
import { isUnknown } from "../../jobs/trees/situations.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import type { HistoryFile, JudgedReply, OpenWing } from "../../spec/wing.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { type JsonOption, print } from "../output.ts";
import { contextJson, watchedCallText } from "../show/contexts.ts";
import type { Shown } from "../show/drawing.ts";
import { drawingOf } from "../show/drawings.ts";
import { mailText } from "../show/mail.ts";
import { type Replayed, replayedText, type ShownSteps, stepsJson, stepsShown } from "../show/replayed.ts";
import { mailOfRun, runJson, runText } from "../show/run.ts";
import { counted } from "../show/text.ts";
import { treeRunJson, treeRunText } from "../show/tree-steps.ts";

export interface ReplayOptions extends Options, JsonOption {
  readonly kernel?: string;
  /** `text` (the default), or `mail`. */
  readonly format?: string;
  /** Every step of a long history, not only those before its end. */
  readonly all?: boolean;
}

export async function replayVerb(target: string, options: ReplayOptions): Promise<number> {
  const { format = "text", json, all = false } = options;
  if (format !== "text" && format !== "mail")
    throw new UsageError(`--format takes text or mail, not ${JSON.stringify(format)}`);
  if (format === "mail" && json) throw new UsageError("--format mail and --json are two ways to print");
  const found = await replay(target, options);
  if (found.kind === "tree run") {
    if (format === "mail" || all)
      throw new UsageError(
        `${target} is a run of a tree's own code: neither --format mail nor --all is for it`,
      );
    if (json) console.log(JSON.stringify(treeRunJson(found)));
    else print(treeRunText(found));
    const known = found.run.steps.at(-1)?.known;
    const isMeant = known === undefined || !isUnknown(known);
    return isMeant && found.accepted !== undefined ? AS_EXPECTED : UNEXPECTED;
  }
  if (found.kind === "watched call") {
    if (format === "mail" || all)
      throw new UsageError(`${target} is a call on a tree: neither --format mail nor --all is for it`);
    const { file, contexts, accepted } = found;
    const about = { history: target, kernel: contexts.kernel, accepted, law: accepted ? null : file.law };
    const calls = found.found.map(contextJson);
    if (json) console.log(JSON.stringify({ ...about, step: accepted ? null : 1, calls }));
    else print(watchedCallText(found));
    return found.found.every(({ bug }) => bug !== undefined) ? AS_EXPECTED : UNEXPECTED;
  }
  if (found.kind === "run") {
    if (all) throw new UsageError(`--all is for a history of calls: of ${target} every step is shown anyway`);
    const isNamed = interleavedCalled(target) !== undefined;
    const words = replayLine(wordsOf(target, isNamed ? { ...options, grain: "step" } : options));
    if (json) console.log(JSON.stringify(runJson(found)));
    else if (format === "mail") console.log(mailOfRun(found, words));
    else print(runText(found, words));
  } else if (found.kind === "history") showHistory(target, found, options);
  else showRecording(found, options);
  return found.expected ? AS_EXPECTED : UNEXPECTED;
}

function showHistory(target: string, found: ReplayedHistory, options: ReplayOptions): void {
  const { wing, name, history, kernel, rerun, last, violations, stopped, shortfalls } = found;
  const [meant] = violations;
  const drawing = drawingOf(wing);
  const stepAt = (index: number) => history.commands[index] as HistoryFile["commands"][number];
  // All steps were judged already, and only JSON has the laws that each step violates.
  const shown = stepsShown(drawing, () => found.play(options.json), last, options.all === true);
  if (options.json) {
    console.log(
      JSON.stringify({
        history: name,
        kernel: kernel.name,
        rerun,
        accepted: meant === undefined,
        stopped: stopped === undefined ? null : { step: last + 1, of: history.commands.length, why: stopped },
        law: meant?.law ?? null,
        promised: meant?.promised ?? null,
        step: meant === undefined ? null : last + 1,
        bug: meant?.bug?.id ?? null,
        listed: meant?.listed ?? null,
        laws: violations.map((each) => ({
          ...each,
          bug: each.bug?.id ?? null,
          alike: each.alike?.id ?? undefined,
        })),
        shortfalls: shortfalls.map(({ law: { id }, bug, step }) => ({ law: id, step, bug: bug.id })),
        steps: stepsJson(drawing, shown, ({ index }) => wing.files.asWritten(stepAt(index))),
      }),
    );
    return;
  }
  const replayed = historyReplayed(target, found, options, shown);
  if (options.format === "mail") console.log(mailText(replayed));
  else print(replayedText(replayed));
}

/** What is said of a replayed history. */
export function historyReplayed(
  target: string,
  { wing, name, history, kernel, called, rerun, bug, law, violations, stopped, shortfalls }: ReplayedHistory,
  options: Omit<ReplayOptions, "json">,
  shown: ShownSteps,
): Replayed {
  const { scope, commands } = history;
  const about = `kernel ${pc.bold(called)}, ${drawingOf(wing).scope(scope)}`;
  const on = kernel.release.compiled ? "the tree" : "our model";
  const again = `${name}: its commands, run anew on ${on}; what was recorded is not shown`;
  return {
    wing,
    about: rerun ? [again, about] : [about],
    bug,
    of: commands.length,
    shown,
    violations,
    shortfalls,
    stopped,
    subject: called,
    asked: law,
    replay: replayLine(wordsOf(target, options)),
  };
}

function showRecording(found: ReplayedRecording, options: ReplayOptions): void {
  const { wing, file, law, chosen, last, violations } = found;
  const drawing = drawingOf(wing);
  if ("traces" in chosen) {
    const { traces, replies } = chosen;
    const verdict = { accepted: true, law: null, promised: null, step: null, bug: null, laws: [] };
    const kept = `accepted: ${law ?? "every law asked"} is kept in all ${counted(replies, "reply")} of ${counted(traces, "trace")}; --trace LINE shows one`;
    if (options.json)
      console.log(JSON.stringify({ history: file, kernel: null, ...verdict, trace: null, steps: [] }));
    else print(pc.green(kept));
    return;
  }
  const { trace, judging } = chosen;
  const shown = stepsShown(drawing, () => shownReplies(found.play()), last, options.all === true);
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
        accepted: meant === undefined,
        law: meant?.law ?? null,
        promised: meant?.promised ?? null,
        step: meant === undefined ? null : last + 1,
        bug: meant?.bug?.id ?? null,
        laws: violations.map((each) => ({ ...each, bug: each.bug?.id ?? null })),
        steps: stepsJson(drawing, shown, ({ index }) => trace.requests[index]),
      }),
    );
    return;
  }
  const replayed = {
    wing,
    about: aboutLines(wing, chosen),
    bug: undefined,
    of: trace.exchanges.length,
    shown,
    violations,
    shortfalls: [],
    stopped: found.stopped,
    subject: trace.label,
    asked: law,
    replay: replayLine(wordsOf(file, { ...options, trace: trace.line })),
  };
  if (options.format === "mail") console.log(mailText(replayed));
  else print(replayedText(replayed));
}

function* shownReplies(replies: Iterable<JudgedReply>): Generator<Shown, void, undefined> {
  for (const { laws: violated, following: _not, ...reply } of replies) yield { ...reply, violated };
}

function aboutLines(wing: OpenWing, { trace, judging }: Chosen): string[] {
  const { file, line, label, name, scope, cut } = trace;
  const named = name === undefined ? "" : `, ${oneLine(name)}`;
  const by = judging.by ?? `the promises of ${label}`;
  const from = cut && `cut to ${cut.steps.length} of the ${cut.of} steps of ${oneLine(cut.from)}`;
  return [
    `${pc.bold(`${file}:${line}`)}${named}: recorded of ${pc.bold(label)}, ${drawingOf(wing).cpus(scope)}; judged by ${by}`,
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

/** The command-line words that replay it. */
export function wordsOf(
  target: string,
  { kernel, law, trace, as, grain }: Omit<ReplayOptions, "json">,
): string {
  const given = { "--grain": grain, "--trace": trace, "--law": law, "--as": as, "--kernel": kernel };
  const words = Object.entries(given).flatMap(([option, value]) =>
    value === undefined ? [] : [option, String(value)],
  );
  return [target, ...words].join(" ");
}

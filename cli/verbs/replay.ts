/** `replay`: judges a pinned history, step by step, with the address space after each. */

import { asWritten, type HistoryFile, readHistory } from "../../adapters/vmap/history-file.ts";
import type { Break, Bug } from "../../counterexamples/bug.ts";
import { bugCalled } from "../../counterexamples/vmap/index.ts";
import { interleavedCalled } from "../../counterexamples/vmap/interleavings.ts";
import { playing } from "../../engine/run/stepper.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { askedAs, bugNamed, kernelNamed, lawNamed, refuseUnmodelled, replayLine } from "../../jobs/names.ts";
import { pinnedFile } from "../../jobs/pinned.ts";
import { isRecording, refuseTrace } from "../../jobs/recorded.ts";
import { shortfallsIn } from "../../jobs/shortfalls.ts";
import { historyOfTrace } from "../../jobs/trace-history.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { settingFor, type VmapPlayed, type VmapSetting } from "../../properties/vmap/test-bench.ts";
import type { LawId } from "../../spec/contract.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { heldTo, isPromised, type Kernel } from "../../spec/vmap/kernel.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { print } from "../output.ts";
import { mailText } from "../show/mail.ts";
import { meantFirst, type Replayed, replayedText, stepsShown, type Violation } from "../show/replayed.ts";
import { stepsJson } from "../show/steps.ts";
import { cpusText } from "../show/text.ts";
import { replayRecording } from "./replay-recording.ts";
import { interleavingFrom, replayPinned, replaySteps } from "./replay-steps.ts";

export interface ReplayOptions {
  readonly kernel?: string;
  readonly law?: string;
  readonly trace?: number;
  /** Of a recording: the label whose promises are asked. */
  readonly as?: string;
  /** Of a bug that has both: its history of calls (by itself), or its interleaving. */
  readonly grain?: string;
  /** `text` (by itself), or `mail`. */
  readonly format?: string;
  /** Every step of a long history, not only those before its end. */
  readonly all?: boolean;
  readonly json: boolean;
}

/** A history that was chosen, and where it is run. */
interface ChosenHistory {
  readonly name: string;
  readonly history: HistoryFile;
  readonly kernel: Kernel<State>;
  /** The bug whose pinned history this is. */
  readonly bug: Bug | undefined;
  /** It is a recorded trace, run on a model in place of what answered then. */
  readonly rerun: boolean;
}

export async function replayVerb(target: string, options: ReplayOptions): Promise<number> {
  refuseMisfits(target, options);
  if (isOfSteps(target, options.grain)) return replayPinned(target, options);
  if (isRecording(target) && options.kernel === undefined) return replayRecording(target, options);
  if (/[./\\]/.test(target) && bugCalled(target) === undefined && !isRecording(target)) {
    const interleaving = await interleavingFrom(target);
    if (interleaving !== undefined) return replaySteps(target, interleaving, options);
  }
  const { name, history, kernel, bug, rerun } = await chooseHistory(target, options);
  refuseUnmodelled(name, history, kernel);
  const law = options.law === undefined ? undefined : lawNamed(options.law);
  const { last, setting } = playTo(kernel, history, law);
  const violations = violationsOf(kernel, last, history, law);
  const [shown] = violations;
  const isBroken = shown !== undefined;
  const upTo = { ...history, commands: history.commands.slice(0, last.index + 1) };
  const isShown = (id: string) => violations.some((each) => each.law === id);
  const shortfalls =
    law === undefined ? shortfallsIn(kernel, upTo).filter((each) => !isShown(each.law.id)) : [];
  const isListed = bug !== undefined && history.law !== undefined && listedFor(bug, kernel, history.law);
  const expected = isBroken ? shown.bug !== undefined || !shown.promised : !isListed;

  // All were judged already, and only JSON says which laws each step violates.
  const shownIn = options.json ? setting : { ...setting, laws: [] };
  const steps = stepsShown(
    () => playing(shownIn, upTo.commands, law ?? history.law),
    last.index,
    options.all === true,
  );

  if (options.json) {
    console.log(
      JSON.stringify({
        history: name,
        kernel: kernel.name,
        rerun,
        accepted: !isBroken,
        law: shown?.law ?? null,
        promised: shown?.promised ?? null,
        step: isBroken ? last.index + 1 : null,
        bug: shown?.bug?.id ?? null,
        listed: shown?.listed ?? null,
        laws: violations.map((each) => ({ ...each, bug: each.bug?.id ?? null })),
        shortfalls: shortfalls.map(({ law: { id }, bug, step }) => ({ law: id, step, bug: bug.id })),
        steps: stepsJson(steps, ({ index }) => asWritten(history.commands[index] as HistoryStep)),
      }),
    );
    return expected ? AS_EXPECTED : UNEXPECTED;
  }
  const called = askedAs(options.kernel ?? history.kernel, kernel);
  const about = `kernel ${pc.bold(called)}, a space of ${history.scope.wordPages} pages, ${cpusText(history.scope)}`;
  const replayed: Replayed = {
    about: rerun
      ? [`${name}: its commands, run anew on our model; what was recorded is not shown`, about]
      : [about],
    bug,
    of: history.commands.length,
    shown: steps,
    violations,
    shortfalls,
    subject: called,
    asked: law,
    replay: replayLine(replayWords(target, options)),
  };
  if (options.format === "mail") console.log(mailText(replayed));
  else print(replayedText(replayed));
  return expected ? AS_EXPECTED : UNEXPECTED;
}

/** Throws a UsageError for options that mean nothing here. */
function refuseMisfits(target: string, { as, kernel, trace, grain, format, json }: ReplayOptions): void {
  if (format !== undefined && format !== "text" && format !== "mail")
    throw new UsageError(`--format takes text or mail, not ${JSON.stringify(format)}`);
  if (format === "mail" && json) throw new UsageError("--format mail and --json are two ways to print");
  if (as !== undefined && kernel !== undefined)
    throw new UsageError("--as judges what was recorded, --kernel runs our model: which of them?");
  refuseTrace(target, trace);
  if (as !== undefined && !isRecording(target))
    throw new UsageError(`--as is for a recording (.jsonl, .jsonl.gz), and ${target} is none`);
  if (grain !== undefined && bugCalled(target) === undefined && interleavedCalled(target) === undefined)
    throw new UsageError(`--grain is for a bug of the catalogue, and ${target} is none`);
}

/** What the last step violates: the law asked for alone, or all, with the history's own law first. */
function violationsOf(
  kernel: Kernel<State>,
  last: VmapPlayed,
  { law: own }: HistoryFile,
  asked: LawId | undefined,
): readonly Violation[] {
  const all = namesOf(kernel, last)
    .filter(({ law }) => asked === undefined || law === asked)
    .map(({ law, known, listed }) => {
      const bug = known === undefined ? undefined : bugCalled(known);
      return { law, bug, listed, promised: isPromised(kernel, law) };
    });
  return meantFirst(all, own);
}

/** Whether a bug's interleaving is meant: it has no other, or it was asked for. */
function isOfSteps(target: string, grain: string | undefined): boolean {
  const grains = [...(bugCalled(target) ? ["call"] : []), ...(interleavedCalled(target) ? ["step"] : [])];
  if (grain !== undefined && grain !== "call" && grain !== "step")
    throw new UsageError(`--grain takes call or step, not ${JSON.stringify(grain)}`);
  if (grain !== undefined && grains.length > 0 && !grains.includes(grain))
    throw new UsageError(`${target} is pinned at the ${grains[0]} grain alone`);
  return grains.includes("step") && (grain === "step" || grains.length === 1);
}

/**
 * The step that violates the law asked for, or the history's own law, promised or not; or else the first that violates
 * any promised; or the last. And by what it was judged.
 */
function playTo(
  kernel: Kernel<State>,
  { law, scope, commands }: HistoryFile,
  asked?: LawId,
): { readonly last: VmapPlayed; readonly setting: VmapSetting<State> } {
  const meant = asked ?? law;
  const setting = settingFor(meant === undefined ? kernel : heldTo(kernel, meant), scope);
  let first: VmapPlayed | undefined;
  let last: VmapPlayed | undefined;
  for (const now of playing(setting, commands, meant)) {
    last = now;
    if (now.broken.some(({ id }) => isPromised(kernel, id))) first ??= now;
  }
  const violatesIt = asked !== undefined || last?.broken.some(({ id }) => id === meant);
  return { last: (violatesIt ? last : (first ?? last)) as VmapPlayed, setting };
}

function replayWords(target: string, { kernel, law, trace }: ReplayOptions): string {
  const words = [target];
  if (law !== undefined) words.push("--law", law);
  if (kernel !== undefined) words.push("--kernel", kernel);
  if (trace !== undefined) words.push("--trace", String(trace));
  return words.join(" ");
}

/** Whether the catalogue says that this history breaks this law on this kernel. */
function listedFor(bug: Bug, kernel: Kernel<State>, law: LawId): boolean {
  return bug.breaks.some((each) => each.law === law && each.on.includes(kernel.name));
}

async function chooseHistory(target: string, options: ReplayOptions): Promise<ChosenHistory> {
  const named = bugCalled(target);
  if (named === undefined && !/[./\\]/.test(target)) bugNamed(target);
  if (named === undefined) {
    const rerun = isRecording(target);
    const history = rerun
      ? await historyOfTrace(target, kernelNamed(options.kernel as string).name, {
          trace: options.trace,
          law: options.law && lawNamed(options.law),
        })
      : await readHistory(target);
    const kernel = kernelNamed(options.kernel ?? history.kernel);
    return { name: target, history, kernel, bug: undefined, rerun };
  }
  const pinned = choosePinned(named, options);
  const history = await readHistory(pinnedFile(named, pinned));
  const kernel = kernelNamed(options.kernel ?? history.kernel);
  return { name: `${named.id}/${pinned.pinned}`, history, kernel, bug: named, rerun: false };
}

/** The bug's history for the law asked for, best one that was pinned on the kernel asked for. */
function choosePinned(bug: Bug, { law, kernel }: ReplayOptions): Break {
  const candidates = bug.breaks.filter((each) => law === undefined || each.law === lawNamed(law));
  const label = kernel === undefined ? undefined : kernelNamed(kernel).name;
  const best = candidates.find((each) => label !== undefined && each.on.includes(label)) ?? candidates[0];
  if (best !== undefined) return best;
  const laws = [...new Set(bug.breaks.map((each) => each.law))].join(", ");
  throw new UsageError(`${bug.id} does not violate ${law}; it violates ${laws}`);
}

/** `replay`: judges a pinned history, step by step, with the address space after each. */

import { type HistoryFile, readHistory } from "../../adapters/history-file.ts";
import type { Break, Bug } from "../../counterexamples/bug.ts";
import { bugCalled } from "../../counterexamples/index.ts";
import { interleavedCalled } from "../../counterexamples/interleavings.ts";
import { replay } from "../../engine/stepper.ts";
import type { State } from "../../kernels/state.ts";
import { settingFor, type VmapPlayed } from "../../properties/setting.ts";
import type { LawId } from "../../spec/contract.ts";
import { heldTo, isPromised, type Kernel } from "../../spec/kernel.ts";
import { LAWS } from "../../spec/laws/index.ts";
import { knownText, type Named, namesOf } from "../bug-quarry.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED, UsageError } from "../exit.ts";
import { askedAs, bugNamed, kernelNamed, lawNamed, refuseUnmodelled, replayLine } from "../names.ts";
import { commandLine, print } from "../output.ts";
import { pinnedFile } from "../pinned.ts";
import { type Shortfall, shortfallsIn } from "../shortfalls.ts";
import { mapsOf, stepLine } from "../show/played.ts";
import { cpusText } from "../show/text.ts";
import { historyOfTrace, isRecording, refuseTrace } from "../trace-history.ts";
import { interleavingFrom, replayPinned, replaySteps } from "./replay-steps.ts";

export interface ReplayOptions {
  readonly kernel?: string;
  readonly law?: string;
  readonly trace?: number;
  /** Of a bug that has both: its history of calls (by itself), or its interleaving. */
  readonly grain?: string;
  readonly json: boolean;
}

interface Replayed {
  readonly name: string;
  readonly history: HistoryFile;
  readonly kernel: Kernel<State>;
  /** The bug whose pinned history this is. */
  readonly bug: Bug | undefined;
}

export async function replayVerb(target: string, options: ReplayOptions): Promise<number> {
  refuseWithoutEffect(target, options);
  if (isOfSteps(target, options.grain)) return replayPinned(target, options);
  if (/[./\\]/.test(target) && bugCalled(target) === undefined && !isRecording(target)) {
    const interleaving = await interleavingFrom(target);
    if (interleaving !== undefined) return replaySteps(target, interleaving, options);
  }
  const { name, history, kernel, bug } = await chooseHistory(target, options);
  refuseUnmodelled(name, history, kernel);
  const law = options.law === undefined ? undefined : lawNamed(options.law);
  const played = playTo(kernel, history, law);
  const last = played.at(-1) as VmapPlayed;
  const broken = last.broken.filter(({ id }) => law === undefined || id === law);
  const shown = broken.find(({ id }) => id === history.law) ?? broken[0];
  const named = shown && namesOf(kernel, last).find((each) => each.law === shown.id);
  const known = named?.known === undefined ? undefined : bugCalled(named.known);
  const promised = shown === undefined ? undefined : isPromised(kernel, shown.id);
  const upTo = { ...history, commands: history.commands.slice(0, last.index + 1) };
  const shortfalls =
    law === undefined ? shortfallsIn(kernel, upTo).filter((each) => each.law.id !== shown?.id) : [];
  const expected =
    shown === undefined
      ? bug === undefined || !listedFor(bug, kernel, history.law)
      : known !== undefined || !promised;

  if (options.json) {
    const step = shown === undefined ? null : last.index + 1;
    const accepted = shown === undefined;
    console.log(
      JSON.stringify({
        history: name,
        kernel: kernel.name,
        accepted,
        law: shown?.id ?? null,
        promised: promised ?? null,
        step,
        bug: known?.id ?? null,
        listed: named?.listed ?? null,
        shortfalls: shortfalls.map(({ law: { id }, bug, step }) => ({ law: id, step, bug: bug.id })),
      }),
    );
    return expected ? AS_EXPECTED : UNEXPECTED;
  }
  const called = askedAs(options.kernel ?? history.kernel, kernel);
  const steps = history.commands.length;
  if (shown !== undefined) print(`${violationLine(kernel, called, shown.id, last.index, steps, known)}\n`);
  else print(`${acceptedLine(called, options.law)}\n`);
  if (bug !== undefined)
    print(`${pc.bold(bug.id)}${bug.number ? ` (${bug.number})` : ""}\n${bug.says}\n${pc.dim(bug.source)}\n`);
  print(
    `kernel ${pc.bold(called)}, a space of ${history.scope.wordPages} pages, ${cpusText(history.scope)}\n`,
  );
  const maps = mapsOf(played);
  for (const now of played) {
    print(stepLine(now, steps));
    print(`${(maps[now.index] as string[]).join("\n")}\n`);
  }
  if (named !== undefined) print(lawText(kernel, called, named));
  for (const shortfall of shortfalls) print(shortfallText(called, shortfall));
  if (shown !== undefined) print(commandLine("replay", replayLine(replayWords(target, options))));
  return expected ? AS_EXPECTED : UNEXPECTED;
}

/** Throws a UsageError for an option that is of another kind of target. */
function refuseWithoutEffect(target: string, { trace, grain }: ReplayOptions): void {
  refuseTrace(target, trace);
  if (grain === undefined || bugCalled(target) !== undefined || interleavedCalled(target) !== undefined)
    return;
  throw new UsageError(`--grain is for a bug of the catalogue, and ${target} is none`);
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

/** Up to the break of the law asked for, or of the history's own law, promised or not; or else of any promised. */
function playTo(kernel: Kernel<State>, { law, scope, commands }: HistoryFile, asked?: LawId): VmapPlayed[] {
  const meant = asked ?? law;
  const played = replay(settingFor(heldTo(kernel, meant), scope), commands, meant);
  const breaksIt = played.at(-1)?.broken.some(({ id }) => id === meant);
  return breaksIt || asked !== undefined ? played : replay(settingFor(kernel, scope), commands);
}

function acceptedLine(called: string, only: LawId | undefined): string {
  return pc.green(`accepted: ${called} keeps ${only ?? "every law it promises"} in this history`);
}

/** The first thing that is said. */
function violationLine(
  kernel: Kernel<State>,
  called: string,
  law: LawId,
  index: number,
  steps: number,
  known: Bug | undefined,
): string {
  const verdict = isPromised(kernel, law)
    ? pc.red(`${called} violates ${law}`)
    : pc.yellow(`${called} falls short of ${law}`);
  const number = known?.number === undefined ? "" : ` (${known.number})`;
  const bug = known === undefined ? "no bug of the catalogue accounts for it" : `${known.id}${number}`;
  return `${verdict} in step ${index + 1} of ${steps}: ${bug}`;
}

/** The law in words, and the bug. */
function lawText(kernel: Kernel<State>, called: string, named: Named): string {
  const { law } = named;
  const { says } = LAWS.find(({ id }) => id === law) as { says: string };
  const fixed = named.known === undefined ? undefined : bugCalled(named.known)?.fixed;
  const name = `${knownText(named)}${fixed === undefined || !named.listed ? "" : ` (fixed: ${fixed})`}`;
  if (isPromised(kernel, law)) return `${pc.red(pc.bold(law))}   ${says}\n${name}`;
  return `${pc.yellow(pc.bold(law))}   ${says}\n${called} does not promise this, and falls short of it\n${name}`;
}

function shortfallText(called: string, { law: { id, says }, bug, step }: Shortfall): string {
  const name = `${bug.id}${bug.number ? ` (${bug.number})` : ""}, fixed: ${bug.fixed}`;
  return `${pc.yellow(`${called} falls short of ${pc.bold(id)}`)}, which it does not promise, at step ${step}: ${says}\n  by ${name}`;
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

async function chooseHistory(target: string, options: ReplayOptions): Promise<Replayed> {
  const named = bugCalled(target);
  if (named === undefined && !/[./\\]/.test(target)) bugNamed(target);
  if (named === undefined) {
    const history = isRecording(target)
      ? await historyOfTrace(target, options.trace, options.law && lawNamed(options.law))
      : await readHistory(target);
    return { name: target, history, kernel: kernelNamed(options.kernel ?? history.kernel), bug: undefined };
  }
  const pinned = choosePinned(named, options);
  const history = await readHistory(pinnedFile(named, pinned));
  const kernel = kernelNamed(options.kernel ?? history.kernel);
  return { name: `${named.id}/${pinned.pinned}`, history, kernel, bug: named };
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

/** Where two kernels answer differently: the history, both replies, and the address space of both after it. */
import { commitsLine, commitsText, type DiffAllReport, type DiffReport, playedOn } from "../../jobs/diff.ts";
import { type PairStep, replayPair } from "../../properties/diff/lockstep.ts";
import {
  type Compared,
  type Difference,
  kindsIn,
  type Visited,
} from "../../properties/diff/shortest-difference.ts";
import type { Kernel, Wing } from "../../spec/wing.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { mapsOf } from "./drawing.ts";
import { drawingOf } from "./drawings.ts";

export function differingText(found: DiffReport): string {
  const { wing, names, kernels, compared } = found;
  const { difference, visited, drawn, seconds } = compared;
  const title = kernels
    .map((kernel, nth) => pc.bold(calledAs(wing, names[nth] as string, kernel)))
    .join(" and ");
  const commits = [commitsText(names)].filter((text) => text !== "");
  const same = kernels[0] === kernels[1] ? `\nBoth labels name one kernel here.` : "";
  const searched = visited.map(visitedText);
  const atRandom = drawn > 0 ? [`at random: ${drawn} histories`] : [];
  const receipt = [...searched, ...atRandom, `${seconds.toFixed(1)} s`]
    .map((line) => pc.dim(line))
    .join("\n");
  if (difference === undefined)
    return [`${title}: ${noneText(found)}${endedText(found)}${same}`, ...commits, receipt].join("\n\n");
  const length = difference.history.length;
  const parts = [
    `${title} differ in ${length} command${length === 1 ? "" : "s"}: ${difference.kinds.join(", ")}${endedText(found)}`,
    stepsOnBoth(found, difference).join("\n"),
    ...kernels.map((_kernel, nth) => mapAfter(found, nth, difference)),
    howShort(compared),
    ...firstOfEach(visited),
    ...commits,
    receipt,
  ];
  return parts.join("\n\n");
}

/** A version with the release that it resolves to. */
function calledAs(wing: Wing, name: string, kernel: Kernel): string {
  return kernel.release.labels.includes(name) ? name : wing.askedAs(name, kernel);
}

function noneText({ compared: { visited }, complete }: DiffReport): string {
  const whole = visited.length > 0 && visited.every(({ ended }) => ended === "fixpoint");
  if (!whole) return `no difference found${complete ? "" : " so far"}`;
  return `the same in every history of ${visited.length === 1 ? "this scope" : "these scopes"}`;
}

function endedText({ complete, interrupted }: DiffReport): string {
  if (complete) return "";
  return interrupted ? "; interrupted" : "; ended by --seconds";
}

function stepsOnBoth(found: DiffReport, { history }: Difference): string[] {
  const { wing, names } = found;
  const drawing = drawingOf(wing);
  const width = Math.max(...names.map((name) => name.length));
  return pairSteps(found).flatMap((now, nth) => {
    const { command, responses, step, differs } = now;
    const head = `step ${nth + 1} of ${history.length}:`;
    if (command === undefined || responses === undefined) return [`${head}  ${step.op} of what is not there`];
    if (differs === 0) return [`${head}  ${drawing.command(command)}  ->  ${drawing.response(responses[0])}`];
    return [
      `${head}  ${drawing.command(command)}`,
      ...names.map((name, which) => `  ${pc.yellow(name.padEnd(width))}  ${replyText(found, now, which)}`),
    ];
  });
}

/** The differing history on both, step by step. */
function pairSteps({ comparison, kernels, compared: { difference } }: DiffReport): readonly PairStep[] {
  if (difference === undefined) return [];
  return replayPair(comparison, ...kernels, difference.scope, difference.history);
}

/** The reply, and fields that its words leave out, if the two differ in them. */
function replyText(
  { wing, comparison }: DiffReport,
  { responses, differs }: PairStep,
  which: number,
): string {
  const response = responses?.[which];
  if (response === undefined) throw new Error("a difference without replies");
  const drawing = drawingOf(wing);
  return `${drawing.response(response)}${drawing.alsoDiffers(response, kindsIn(comparison, differs))}`;
}

function mapAfter({ wing, names, kernels }: DiffReport, which: number, difference: Difference): string {
  const played = playedOn(wing, kernels[which] as Kernel, difference);
  const map = mapsOf(drawingOf(wing), played).at(-1) ?? [];
  return [`after it, on ${pc.bold(names[which] as string)}:`, ...map].join("\n");
}

function howShort({ difference }: Compared): string {
  if (difference?.place === undefined) return "found at random and shrunk: a shorter one may be there";
  return `explored whole up to there (${difference.place.name}): no shorter history in this scope`;
}

/**
 * The commands by which replies differ, in what way, and after how many commands at least; only if there are several
 * lines.
 */
function firstOfEach(visited: readonly Visited[]): string[] {
  const least = new Map<string, Visited["byKind"][number] & { readonly place: string }>();
  for (const { place, byKind } of visited) {
    for (const each of byKind) {
      const key = `${each.kind} ${each.op}`;
      if (each.commands < (least.get(key)?.commands ?? Number.POSITIVE_INFINITY))
        least.set(key, { ...each, place: place.name });
    }
  }
  if (least.size < 2) return [];
  const rows = [...least.values()]
    .sort((a, b) => a.commands - b.commands)
    .map(({ kind, op, commands, place }) => [`  ${kind}`, `by ${op}`, `in ${commands}`, pc.dim(place)]);
  return [`What differs first, as far as was explored:\n${columns(rows)}`];
}

function visitedText({ place, states, tried, byKind }: Visited): string {
  const [first] = byKind;
  const alike =
    tried === Number.POSITIVE_INFINITY ? "history of this scope" : `history of up to ${tried} commands`;
  const what = first === undefined ? `the same in every ${alike}` : `they differ in ${first.commands}`;
  return `${place.name}: ${what} (${states} states)`;
}

/** A row for each pair: after how many commands they differ, the last command, and both replies. */
export function tableOfPairs({ pairs, of, interrupted }: DiffAllReport): string {
  const head = ["", "", "in", "command", "one replies", "the other", "found"].map((word) => pc.dim(word));
  const differ = pairs.filter(({ compared }) => compared.difference !== undefined).length;
  const seconds = pairs.reduce((sum, { compared }) => sum + compared.seconds, 0);
  const until = interrupted ? ` so far; interrupted after ${pairs.length} of ${of} pairs` : "";
  const line = `${differ} of ${pairs.length} releases differ from the one before${until}, ${seconds.toFixed(0)} s`;
  if (pairs.length === 0) return line;
  const commits = pairs
    .map(({ names }) => [...names, commitsLine(names)])
    .filter(([, , commits]) => commits !== "");
  const between = commits.length === 0 ? [] : [`${pc.bold("Commits between")}\n${columns(commits)}`];
  return [line, columns([head, ...pairs.map(rowOf)]), ...between].join("\n\n");
}

function rowOf(pair: DiffReport): string[] {
  const { wing, names, compared } = pair;
  const { difference } = compared;
  if (difference === undefined) {
    return [...names, "-", pc.dim(noneText(pair)), "", "", ""];
  }
  const { history, found } = difference;
  const last = pairSteps(pair).at(-1) as PairStep;
  const replies = [0, 1].map((which) => replyText(pair, last, which));
  const command = drawingOf(wing).command(last.command as NonNullable<PairStep["command"]>);
  return [...names, String(history.length), command, ...replies, found];
}

export function differingJson(found: DiffReport) {
  const { wing, names, compared, commits, complete } = found;
  const { difference, visited, drawn, seconds } = compared;
  return {
    kernels: names,
    differ: difference !== undefined,
    commands: difference?.history.length ?? null,
    found: difference?.found ?? null,
    kinds: difference?.kinds ?? [],
    history: difference?.history.map((step) => wing.files.asWritten(step)) ?? null,
    replies: pairSteps(found).at(-1)?.responses ?? null,
    scopes: visited.map(({ place, states, depth, ended, byKind, tried }) => ({
      scope: place.name,
      states,
      depth,
      ended,
      tried: Number.isFinite(tried) ? tried : null,
      differences: byKind,
    })),
    drawn,
    commits: commits ?? null,
    seconds,
    complete,
  };
}

/** Complete where each pair was compared to its end. */
export function pairsJson({ pairs, of, interrupted }: DiffAllReport) {
  const complete = !interrupted && pairs.every((each) => each.complete);
  return { pairs: pairs.map(differingJson), of, complete };
}

/** Where two kernels answer differently: the history, both replies, and the address space of both after it. */
import { asWritten } from "../../adapters/vmap/history-file.ts";
import { commitsLine, commitsText } from "../../jobs/commits-between.ts";
import { type DiffReport, playedOn } from "../../jobs/diff.ts";
import { askedAs } from "../../jobs/names.ts";
import { kindsIn } from "../../properties/vmap/diff/differences.ts";
import { type PairStep, replayPair } from "../../properties/vmap/diff/replay-pair.ts";
import type { Compared, Difference, Visited } from "../../properties/vmap/diff/shortest-difference.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { mapsOf } from "./step-view.ts";
import { commandText, responseText } from "./text.ts";

export function differingText({ names, kernels, compared }: DiffReport): string {
  const { difference, visited, drawn, seconds } = compared;
  const title = kernels.map((kernel, nth) => pc.bold(calledAs(names[nth] as string, kernel))).join(" and ");
  const commits = [commitsText(names)].filter((text) => text !== "");
  const same = kernels[0] === kernels[1] ? `\nBoth labels name one kernel here.` : "";
  const searched = visited.map(visitedText);
  const atRandom = drawn > 0 ? [`at random: ${drawn} histories`] : [];
  const receipt = [...searched, ...atRandom, `${seconds.toFixed(1)} s`]
    .map((line) => pc.dim(line))
    .join("\n");
  if (difference === undefined)
    return [`${title}: ${noneText(compared)}${same}`, ...commits, receipt].join("\n\n");
  const length = difference.history.length;
  const parts = [
    `${title} differ in ${length} command${length === 1 ? "" : "s"}: ${difference.kinds.join(", ")}`,
    stepsOnBoth(names, kernels, difference).join("\n"),
    ...kernels.map((kernel, nth) => mapAfter(names[nth] as string, kernel, difference)),
    howShort(compared),
    ...firstOfEach(visited),
    ...commits,
    receipt,
  ];
  return parts.join("\n\n");
}

/** A version with the release that it resolves to. */
function calledAs(name: string, kernel: Kernel): string {
  return kernel.release.labels.includes(name) ? name : askedAs(name, kernel);
}

function noneText({ visited }: Compared): string {
  const whole = visited.length > 0 && visited.every(({ ended }) => ended === "fixpoint");
  if (!whole) return "no difference found";
  return `the same in every history of ${visited.length === 1 ? "this scope" : "these scopes"}`;
}

function stepsOnBoth(
  names: DiffReport["names"],
  [one, other]: DiffReport["kernels"],
  difference: Difference,
): string[] {
  const { scope, history } = difference;
  const width = Math.max(...names.map((name) => name.length));
  return replayPair(one, other, scope, history).flatMap(({ command, responses, step, differs }, nth) => {
    const head = `step ${nth + 1} of ${history.length}:`;
    if (command === undefined || responses === undefined) return [`${head}  ${step.op} of what is not there`];
    if (differs === 0) return [`${head}  ${commandText(command)}  ->  ${responseText(responses[0])}`];
    return [
      `${head}  ${commandText(command)}`,
      ...names.map(
        (name, which) => `  ${pc.yellow(name.padEnd(width))}  ${replyText(responses, which, differs)}`,
      ),
    ];
  });
}

/** The reply, and fields that its words leave out, if the two differ in them. */
function replyText(responses: NonNullable<PairStep["responses"]>, which: number, differs: number): string {
  const response = responses[which] as (typeof responses)[number];
  const kinds = kindsIn(differs);
  const ptes = kinds.includes("ptes") ? `; PTEs: ${response.pteSet} set, ${response.pteCleared} cleared` : "";
  const lazy = kinds.includes("lazy-pages") ? `; lazy pages: ${response.lazyPages}` : "";
  return `${responseText(response)}${ptes}${lazy}`;
}

function mapAfter(name: string, kernel: Kernel, difference: Difference): string {
  const played = playedOn(kernel, difference);
  return [`after it, on ${pc.bold(name)}:`, ...(mapsOf(played).at(-1) ?? [])].join("\n");
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
export function tableOfPairs(pairs: readonly DiffReport[]): string {
  const head = ["", "", "in", "command", "one replies", "the other", "found"].map((word) => pc.dim(word));
  const differ = pairs.filter(({ compared }) => compared.difference !== undefined).length;
  const seconds = pairs.reduce((sum, { compared }) => sum + compared.seconds, 0);
  const line = `${differ} of ${pairs.length} releases differ from the one before, ${seconds.toFixed(0)} s`;
  const commits = pairs
    .map(({ names }) => [...names, commitsLine(names)])
    .filter(([, , commits]) => commits !== "");
  const between = commits.length === 0 ? [] : [`${pc.bold("Commits between")}\n${columns(commits)}`];
  return [line, columns([head, ...pairs.map(rowOf)]), ...between].join("\n\n");
}

function rowOf({ names, kernels, compared }: DiffReport): string[] {
  const { difference } = compared;
  if (difference === undefined) {
    return [...names, "-", pc.dim(noneText(compared)), "", "", ""];
  }
  const { scope, history, found } = difference;
  const { command, responses, differs } = replayPair(...kernels, scope, history).at(-1) as PairStep;
  if (command === undefined || responses === undefined) throw new Error("a difference without replies");
  const replies = [0, 1].map((which) => replyText(responses, which, differs));
  return [...names, String(history.length), commandText(command), ...replies, found];
}

export function differingJson({ names, kernels, compared, commits }: DiffReport) {
  const { difference, visited, drawn, seconds } = compared;
  return {
    kernels: names,
    differ: difference !== undefined,
    commands: difference?.history.length ?? null,
    found: difference?.found ?? null,
    kinds: difference?.kinds ?? [],
    history: difference?.history.map(asWritten) ?? null,
    replies:
      difference === undefined
        ? null
        : (replayPair(...kernels, difference.scope, difference.history).at(-1)?.responses ?? null),
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
  };
}

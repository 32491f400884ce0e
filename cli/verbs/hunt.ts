/** `hunt`: what is found of catalogue bugs, with length and effort, and of kernels, with the history. */
import {
  type HuntedBug,
  type HuntedKernel,
  type HuntReport,
  hunt,
  type HuntOptions as Options,
} from "../../jobs/hunt.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { columns, type JsonOption, print, watched } from "../output.ts";
import { failureText } from "../show/failure.ts";
import { counted } from "../show/text.ts";

export type HuntOptions = Omit<Options, "tree"> &
  JsonOption & { readonly tree?: string; readonly as?: string };

export async function huntVerb(names: readonly string[], options: HuntOptions): Promise<number> {
  const { tree: directory, as } = options;
  if (directory === undefined && as !== undefined) throw new UsageError("--as is for --tree");
  const tree = directory === undefined ? undefined : { directory, as };
  const report = await watched((watch) => hunt({ ...options, bugs: names, tree, ...watch }));
  const { bugs, kernels, seed, untried, stop } = report;
  if (options.json) {
    const complete = stop === false;
    const found = { bugs: bugs.map(asJson), kernels: kernels.map(kernelJson) };
    console.log(JSON.stringify({ seed, complete, untried, ...found }));
  } else print(huntedText(report, options.law));
  if (stop === true) return INTERRUPTED;
  if (kernels.some(({ found }) => found?.expected === false)) return UNEXPECTED;
  const missed =
    (stop === "time" && untried > 0) || bugs.some(({ laws }) => laws.some(({ found }) => !found));
  return missed ? UNEXPECTED : AS_EXPECTED;
}

/** One entry for each bug: by the first law that was found, with all its laws beside it. */
function asJson({ bug, engine, laws }: HuntedBug) {
  const first = laws.find(({ found }) => found) ?? laws[0];
  return {
    id: bug.id,
    number: bug.number ?? null,
    engine,
    found: laws.every(({ found }) => found),
    law: first?.law,
    commands: first?.commands,
    ...(engine === "explore" ? { states: first?.states } : {}),
    seconds: laws.reduce((sum, { seconds }) => sum + seconds, 0),
    laws,
  };
}

function kernelJson({ wing, kernel, found, runs, tries, seconds }: HuntedKernel) {
  return {
    kernel: kernel.name,
    found: found !== undefined,
    law: found?.law ?? null,
    bug: found?.bug ?? null,
    expected: found?.expected ?? null,
    commands: found?.history.length ?? null,
    history: found?.history.map((step) => wing.files.asWritten(step)) ?? null,
    scope: found?.scope.name ?? null,
    replay: found?.replay ?? null,
    ...{ runs, tries, seconds },
  };
}

function huntedText(report: HuntReport, law: string | undefined): string {
  const { bugs, kernels, stop } = report;
  const isOfBugs = bugs.length > 0 || kernels.length === 0;
  const ended = stop === false ? "" : `, ${stop === true ? "interrupted" : "ended by --seconds"}`;
  return [
    ...(isOfBugs ? [bugsText(report)] : []),
    ...kernels.map((each) => kernelText(each, law, `seed ${report.seed}${ended}`)),
  ].join("\n\n");
}

function kernelText(
  { wing, kernel, called, found, runs, tries, seconds }: HuntedKernel,
  asked: string | undefined,
  how: string,
): string {
  const { name } = kernel;
  const facts = `${counted(runs, "history")}, ${how}, ${seconds.toFixed(1)} s`;
  if (found === undefined) {
    const never =
      asked === undefined ? "violates nothing that the catalogue does not know" : `never violates ${asked}`;
    return `${pc.green("Nothing found")}: ${called} ${never}, in ${facts}`;
  }
  const { law, what, history, scope, replay, expected } = found;
  const head = `${(expected ? pc.yellow : pc.red)("Found")}: in ${facts}; ${tries} more for a shorter one`;
  return `${head}\n\n${failureText({ wing, kernel }, { kernel: name, what, law, history, scope, replay, expected })}`;
}

function bugsText({ bugs, seed, untried, stop }: HuntReport): string {
  const all = bugs.flatMap(({ bug, laws }) => laws.map((each) => ({ bug, ...each })));
  const found = all.filter((each) => each.found).length;
  const seconds = all.reduce((sum, each) => sum + each.seconds, 0);
  const facts = [
    counted(new Set(bugs.map(({ bug }) => bug.id)).size, "bug"),
    `${found} of ${counted(all.length, "violation")} found`,
    ...(untried === 0 ? [] : [`${untried} not tried`]),
    ...(bugs.some(({ engine }) => engine === "random") ? [`seed ${seed}`] : []),
    `${seconds.toFixed(1)} s`,
  ];
  const ended = stop === true ? "Interrupted" : stop === "time" ? "Ended by --seconds" : undefined;
  const word = ended ?? (found === all.length ? "All found" : "Not all found");
  const colour = found < all.length ? pc.red : ended === undefined ? pc.green : pc.yellow;
  const rows = all.map(({ bug, law, commands, loop, runs, states, seconds }) => [
    bug.number ?? "*",
    bug.id,
    law,
    commands === null
      ? pc.red("not found")
      : `in ${commands}${loop == null ? "" : `, then ${loop.length} for ever`}`,
    runs === undefined ? `${states} states` : `${runs} histories`,
    `${seconds.toFixed(2)} s`,
  ]);
  return `${colour(word)}: ${facts.join(", ")}${rows.length > 0 ? `\n\n${columns(rows)}` : ""}`;
}

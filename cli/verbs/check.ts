/** `check`: every kernel against every law it promises. The main job. */

import { asWritten } from "../../adapters/vmap/history-file.ts";
import { checkInterleaved } from "../../jobs/check-interleaved.ts";
import { type CheckOptions, checkKernel, type KernelReport } from "../../jobs/check-kernel.ts";
import { checkedFor, lawNamed } from "../../jobs/names.ts";
import { protocolsFor, stepColumns } from "../../jobs/step-columns.ts";
import { openTree, treeCalled } from "../../jobs/trees.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { interruptible, print, progress } from "../output.ts";
import { type Checked, checkedText, unexpected, violations } from "../show/checked.ts";
import { exploredJson } from "../show/coverage.ts";
import { interleavedJson } from "../show/interleaved.ts";

export interface CheckArguments {
  readonly seed: number;
  readonly runs: number;
  readonly law?: string;
  /** The directory of a kernel tree, and the release whose promises it is judged by. */
  readonly tree?: string;
  readonly as?: string;
  readonly details: boolean;
  readonly coverage: boolean;
  readonly json: boolean;
}

/** Random histories in each scope on the release that stands beside a tree. */
const BESIDE = 200;

export async function checkVerb(given: readonly string[], options: CheckArguments): Promise<number> {
  const tree = options.tree === undefined ? undefined : openTree(options.tree, options.as);
  if (tree === undefined && options.as !== undefined) throw new UsageError("--as is for --tree");
  const names = tree === undefined ? given : [tree.as, tree.kernel.name, ...given];
  const asked = names.map((name) => ({ name, ...checkedFor(name) }));
  const kernels = names.length === 0 ? KERNELS : [...new Set(asked.flatMap((each) => each.kernels))];
  const facts = asked.flatMap((each) => each.facts ?? []);
  const law = options.law === undefined ? undefined : lawNamed(options.law);
  if (options.coverage && options.runs === 0)
    throw new UsageError("--coverage compares random histories, and --runs 0 draws none");
  const started = Date.now();
  const spinner = progress();
  const work = interruptible();
  const how: CheckOptions = {
    seed: options.seed,
    runs: options.runs,
    law,
    coverage: options.coverage || options.json,
    compare: options.coverage,
    say: (text) => spinner.say(text),
    interrupted: () => work.interrupted,
  };
  const reports: KernelReport[] = [];
  for (const kernel of kernels) {
    if (work.interrupted) break;
    // The release beside a tree is there to compare with: what is known of it is enough.
    const isBeside = tree !== undefined && !kernel.release.compiled;
    const report = await checkKernel(kernel, isBeside ? { ...how, runs: Math.min(how.runs, BESIDE) } : how);
    reports.push(isBeside ? { ...report, unmet: [] } : report);
  }
  // The interleavings are those of our protocols, none of which runs a tree's code.
  const inSteps = tree === undefined ? names : given;
  const protocols = names.length === 0 ? undefined : protocolsFor(inSteps, law);
  // Asked for one law of every kernel, it leaves the interleavings out.
  const steps =
    protocols !== undefined || law === undefined
      ? await checkInterleaved({
          ...(protocols === undefined ? {} : { protocols }),
          say: (text) => spinner.say(text),
          turn: () => interruptedAfterTurn(work),
        })
      : undefined;
  const releases = names.length === 0 ? KERNELS.map(({ name }) => name) : [...new Set(inSteps)];
  const interleaved = steps === undefined ? [] : stepColumns(releases, steps, law);
  spinner.stop();
  const surprises = reports.flatMap((report) => report.surprises);
  const seconds = (Date.now() - started) / 1000;
  const { seed, runs } = options;
  const checked: Checked = {
    reports,
    kernels: kernels.length,
    facts,
    about: names.flatMap((name) => aboutTree(name)),
    byName: names.length > 0,
    law,
    surprises,
    steps,
    interleaved,
    runs,
    seed,
    seconds,
    complete: !work.interrupted,
  };
  if (options.json) console.log(JSON.stringify(asJson(checked)));
  else print(checkedText(checked, options));
  if (work.interrupted) return INTERRUPTED;
  return unexpected(checked) > 0 ? UNEXPECTED : AS_EXPECTED;
}

async function interruptedAfterTurn(work: ReturnType<typeof interruptible>): Promise<boolean> {
  await work.turn();
  return work.interrupted;
}

function asJson(checked: Checked) {
  const { reports, facts, surprises, steps, interleaved, runs, seed, seconds, complete } = checked;
  const kernels = reports.map(({ kernel, cells, histories, commands, seen, unmet, explored, gone }) => ({
    label: kernel.name,
    labels: kernel.release.labels,
    like: kernel.release.like ?? null,
    gone,
    laws: cells.map(({ law: id, ...rest }) => ({ id, ...rest })),
    histories,
    commands,
    witnesses: Object.fromEntries([...seen].sort()),
    unmet,
    explored: explored === undefined ? null : exploredJson(explored),
  }));
  return {
    kernels,
    versions: facts,
    trees: reports.flatMap(({ kernel }) => treeFacts(kernel.name) ?? []),
    interleaved: interleaved.map(({ cells, ...rest }) => ({
      ...rest,
      laws: cells.map(({ law: id, ...cell }) => ({ id, ...cell })),
    })),
    interleavings: steps === undefined ? null : interleavedJson(steps),
    violations: violations(checked),
    unexpected: unexpected(checked),
    surprises: surprises.map((each) => ({ ...each, history: each.history?.map(asWritten) ?? null })),
    runs,
    seed,
    seconds,
    complete,
  };
}

/** What a tree is, and by what it is judged; nothing for any other name. */
function aboutTree(name: string): readonly string[] {
  const facts = treeFacts(name);
  if (facts === undefined) return [];
  const { version, as, assumed } = facts;
  const is = version === undefined ? "has no Makefile that tells its version" : `is ${version}`;
  return [
    [`${name} ${is}, judged by the promises of ${as}`, ...assumed.map((line) => `  ${line}`)].join("\n"),
  ];
}

function treeFacts(name: string) {
  const subject = treeCalled(name);
  if (subject === undefined) return undefined;
  const { tree, as, assumed, built } = subject;
  return { directory: tree.directory, version: tree.version, as, assumed, ...built.facts };
}

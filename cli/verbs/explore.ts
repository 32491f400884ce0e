/** `explore`: visits every state of a small machine, and prints a receipt. */
import { dotText, MOST_DRAWN } from "../../adapters/dot.ts";
import { itfText } from "../../adapters/itf.ts";
import { besideCheckpoint } from "../../engine/search/checkpoint.ts";
import {
  type Exploration,
  type ExploreOptions,
  explore,
  forgetExplored,
} from "../../jobs/explore/explore.ts";
import { exploreLiveness } from "../../jobs/explore/liveness.ts";
import { exploreRandom } from "../../jobs/explore/random.ts";
import { exploreSwarm } from "../../jobs/explore/swarm.ts";
import { replayLine } from "../../jobs/names.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { USUAL_SEED } from "../../jobs/work.ts";
import { AS_EXPECTED, BAD_INPUT, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import {
  type Content,
  filesNamed,
  lackOfViolation,
  type Product,
  refuseReplaced,
  refuseSameFile,
  refuseUnwritable,
  reportUnwritten,
  writeFiles,
} from "../files.ts";
import { commandLine, print, watched } from "../output.ts";
import { ENDED, exploredJson, exploredText } from "../show/explored.ts";
import { lastingJson, lastingText, swarmJson, swarmText, walkedJson, walkedText } from "../show/searched.ts";
import { labelOf, statesOf } from "../show/state.ts";

export interface ExploreArguments {
  readonly scope?: string;
  readonly calls?: string;
  readonly grain?: string;
  readonly skip?: number;
  readonly symmetry?: string;
  readonly partialOrder?: string;
  readonly liveness: boolean;
  readonly runs?: number;
  readonly swarm?: number;
  readonly depth?: number;
  readonly seed?: number;
  readonly law?: string;
  readonly whole?: boolean;
  readonly compact: boolean;
  readonly actions: boolean;
  readonly states?: number;
  readonly seconds: number;
  readonly megabytes?: number;
  readonly workers: number;
  readonly checkpoint?: string;
  readonly every?: number;
  readonly resume?: string;
  readonly queue?: string;
  readonly shards?: string;
  readonly forget?: boolean;
  readonly dot?: string;
  readonly itf?: string;
  readonly out?: string;
  readonly json: boolean;
}

export const SKIPS = "--skip is for --calls pairs, triples, actor-pairs and actor-triples";

export async function exploreVerb(name: string | undefined, options: ExploreArguments): Promise<number> {
  if (options.grain !== undefined) throw new UsageError("--grain is for --calls");
  if (options.skip !== undefined) throw new UsageError(SKIPS);
  const how = optionsOf(options);
  if (options.liveness) refuseOthers("--liveness looks at all states and orders", options);
  if (options.runs !== undefined) refuseOthers("--runs draws runs at random", options);
  if (options.swarm !== undefined) refuseOthers("--swarm searches in orders of its own", options);
  else if (options.depth !== undefined) throw new UsageError("--depth is for --swarm");
  if (options.forget === true) return forgetVerb(name, options);
  await refuseFiles(options);
  if (options.swarm !== undefined) return swarmVerb(name, options.swarm, options);
  if (options.liveness) return lastingVerb(name, options);
  if (options.runs !== undefined) return randomVerb(name, options.runs, options);
  const found = await watched((watch) => explore(name, { ...how, ...watch }));
  const written = await writeFiles(productsAsked(found, options));
  const files = written.map(({ option, path, why }) => ({ option, path, written: why === undefined }));
  if (options.json) console.log(JSON.stringify({ ...exploredJson(found), files }));
  else print(exploredText(found, options.actions));
  const isUnknown = found.reports.some(({ bug, promised }) => bug === undefined && promised);
  return ended(written, options, found.interrupted, isUnknown);
}

async function forgetVerb(name: string | undefined, options: ExploreArguments): Promise<number> {
  const removed = await forgetExplored(name, optionsOf(options));
  if (options.json) console.log(JSON.stringify({ removed }));
  else print(`${removed} states were removed from the servers`);
  return AS_EXPECTED;
}

async function lastingVerb(name: string | undefined, options: ExploreArguments): Promise<number> {
  const { scope, states, megabytes, seconds } = options;
  const found = await watched((watch) =>
    exploreLiveness(name, { scope, states, megabytes, seconds, ...watch }),
  );
  const content: Content = found.file === undefined ? lackOfViolation() : { text: found.file };
  const written = await writeFiles(
    filesNamed({ "--out": options.out }).map((file) => ({ ...file, ...content })),
  );
  const files = written.map(({ option, path, why }) => ({ option, path, written: why === undefined }));
  if (options.json) console.log(JSON.stringify({ ...lastingJson(found), files }));
  else print(lastingText(found));
  const isUnknown = found.lasted.some(({ lasso, bug }) => lasso !== undefined && bug === undefined);
  return ended(written, options, found.interrupted, isUnknown);
}

async function randomVerb(
  name: string | undefined,
  runs: number,
  options: ExploreArguments,
): Promise<number> {
  const { scope, seconds, seed = USUAL_SEED } = options;
  const found = await watched((watch) => exploreRandom(name, { scope, runs, seed, seconds, ...watch }));
  const [first] = found.reports;
  const content: Content = first === undefined ? lackOfViolation() : { text: first.file };
  const written = await writeFiles(
    filesNamed({ "--out": options.out }).map((file) => ({ ...file, ...content })),
  );
  const files = written.map(({ option, path, why }) => ({ option, path, written: why === undefined }));
  if (options.json) console.log(JSON.stringify({ ...walkedJson(found), files }));
  else print(walkedText(found));
  const isUnknown = found.reports.some(({ bug }) => bug === undefined);
  return ended(written, options, found.interrupted, isUnknown);
}

async function swarmVerb(
  name: string | undefined,
  swarm: number,
  options: ExploreArguments,
): Promise<number> {
  const { scope, law, symmetry, states, seconds, megabytes } = optionsOf(options);
  const { depth, seed = USUAL_SEED } = options;
  const bounds = { states, depth, seconds, megabytes };
  const found = await watched((watch) =>
    exploreSwarm(name, { swarm, seed, scope, law, symmetry, ...bounds, ...watch }),
  );
  const file = found.reports.find((each) => each.file !== undefined)?.file;
  const content: Content = file === undefined ? lackOfViolation() : { text: file };
  const written = await writeFiles(
    filesNamed({ "--out": options.out }).map((product) => ({ ...product, ...content })),
  );
  const files = written.map(({ option, path, why }) => ({ option, path, written: why === undefined }));
  if (options.json) console.log(JSON.stringify({ ...swarmJson(found), files }));
  else print(swarmText(found));
  const isUnknown = found.reports.some(({ bug, promised }) => bug === undefined && promised);
  return ended(written, options, found.interrupted, isUnknown);
}

/** Reports files that were not written, and how to replay a written run. */
function ended(
  written: Awaited<ReturnType<typeof writeFiles>>,
  { json }: ExploreArguments,
  isInterrupted: boolean,
  isUnknown: boolean,
): number {
  const isLacking = reportUnwritten(written);
  const out = written.find(({ option, why }) => option === "--out" && why === undefined);
  if (out !== undefined && !json) print(`\n${commandLine("replay", replayLine(out.path))}`);
  if (isInterrupted) return INTERRUPTED;
  if (isUnknown) return UNEXPECTED;
  return isLacking ? BAD_INPUT : AS_EXPECTED;
}

/** The typed options, as the job takes them. */
function optionsOf({
  symmetry,
  partialOrder,
  actions,
  dot,
  calls: _none,
  grain: _neither,
  skip: _skips,
  forget: _nor,
  ...options
}: ExploreArguments): ExploreOptions {
  return {
    ...options,
    symmetry: symmetry === undefined ? undefined : wordOf("--symmetry", ["on", "off"], symmetry),
    partialOrder:
      partialOrder === undefined ? undefined : wordOf("--partial-order", ["on", "late", "off"], partialOrder),
    allOrders: actions || dot !== undefined,
    draws: dot !== undefined,
  };
}

function wordOf<const Word extends string>(option: string, words: readonly Word[], given: string): Word {
  const word = words.find((each) => each === given);
  if (word !== undefined) return word;
  const [last, ...others] = [...words].reverse();
  throw new UsageError(
    `${option} takes ${others.reverse().join(", ")} or ${last}, not ${JSON.stringify(given)}`,
  );
}

/** Throws a UsageError for options of the search for violations. */
function refuseOthers(why: string, options: ExploreArguments): void {
  const { law, actions, compact, workers, checkpoint, every, resume, dot, itf, partialOrder, symmetry } =
    options;
  const { liveness, runs, swarm, queue, shards, forget = false, whole = false } = options;
  const named = { queue, shards, checkpoint, every, resume, dot, itf, "partial-order": partialOrder };
  const isSwarm = swarm !== undefined;
  // A swarm takes a law, and merges states.
  const given = { ...named, ...(isSwarm ? {} : { law, symmetry }) };
  const flags = {
    ...{ whole, actions, compact, forget, workers: workers > 1 },
    ...{ runs: (liveness || isSwarm) && runs !== undefined, liveness: liveness && isSwarm },
  };
  const other =
    Object.entries(given).find(([, value]) => value !== undefined) ??
    Object.entries(flags).find(([, value]) => value);
  if (other !== undefined) throw new UsageError(`${why}: --${other[0]} is not for it`);
}

/** The requested files, each with its text or the reason why there is none. */
function productsAsked(found: Exploration, { dot, itf, out, law }: ExploreArguments): readonly Product[] {
  const { asked, instance, result, reports } = found;
  const graph = (): Content => {
    if (result.ended !== "fixpoint")
      return {
        lack: `only what was explored to the fixpoint is drawn, and this ended ${ENDED[result.ended]}`,
      };
    if (result.states > MOST_DRAWN)
      return { lack: `at most ${MOST_DRAWN} states are drawn, not ${result.states}` };
    return { text: dotText(instance.machine, result, (state) => labelOf(instance, state, result.reached)) };
  };
  const trace = (): Content => {
    const meant = reports.find((each) => each.law === law) ?? reports[0];
    if (meant === undefined) return lackOfViolation();
    return {
      text: itfText(asked, `a shortest run that violates ${meant.law}`, statesOf(instance, meant.run)),
    };
  };
  const history = (): Content => {
    const meant = law === undefined ? reports[0] : reports.find((each) => each.law === law);
    if (meant === undefined) return lackOfViolation(law);
    if (meant.file !== undefined) return { text: meant.file };
    return { lack: "replay cannot take this run; one of all orders it can: --partial-order off" };
  };
  return [
    ...(out === undefined ? [] : [{ option: "--out", path: out, ...history() }]),
    ...(dot === undefined ? [] : [{ option: "--dot", path: dot, ...graph() }]),
    ...(itf === undefined ? [] : [{ option: "--itf", path: itf, ...trace() }]),
  ];
}

/** Checked before long work. A resumed search may be saved to its own file, and nothing else may be written there. */
async function refuseFiles({ dot, itf, out, checkpoint, resume }: ExploreArguments): Promise<void> {
  const drawn = filesNamed({ "--out": out, "--dot": dot, "--itf": itf });
  const written = [...drawn, ...filesNamed({ "--checkpoint": checkpoint })];
  await refuseUnwritable(written);
  if (checkpoint !== undefined)
    await refuseReplaced("--checkpoint", checkpoint, besideCheckpoint(checkpoint));
  await refuseSameFile(written);
  await refuseSameFile([...filesNamed({ "--resume": resume }), ...drawn]);
}

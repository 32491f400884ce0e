/** Every interleaving of the calls of several CPUs on a tree's own code: what is violated, and what was covered. */
import { formatTreeRun, type TreeRunFile } from "../../adapters/tree-run-file.ts";
import type { LawId } from "../../spec/contract.ts";
import type { Grain } from "../../trees/native-build.ts";
import { readTree, type SourceTree } from "../../trees/source-tree.ts";
import { type Calls, parseCalls, WORKER } from "../../trees/vmap/calls.ts";
import {
  StepChild,
  type StepPages,
  type StepProgress,
  type StepScope,
  type StepTaken,
  sourcesOf,
} from "../../trees/vmap/step-child.ts";
import { memoryBounds } from "../explore/memory.ts";
import { parametersOf } from "../parameters.ts";
import { UsageError } from "../usage-error.ts";
import { type Watch, Work } from "../work.ts";
import { type Act, actsIn, addressesIn } from "./acts.ts";
import { type Attribution, attributionOf } from "./situations.ts";
import { lawViolated, type Outcome, outcomeIn, STEP_LAWS } from "./steps-judge.ts";

export interface TreeStepsOptions extends Watch {
  readonly calls: string;
  /** Parameters as they are typed, over the usual ones. */
  readonly scope?: string | undefined;
  /** `locks`, or `once` for READ_ONCE and WRITE_ONCE too. */
  readonly grain?: string | undefined;
  /** End as soon as this law is violated. */
  readonly law?: string | undefined;
  readonly states?: number | undefined;
  readonly megabytes?: number | undefined;
  /** Runs are distinguished by what their calls flushed, and each way to end is reported. */
  readonly outcomes?: boolean | undefined;
}

export interface TreeStep {
  /** A CPU, or the worker. */
  readonly lane: number;
  readonly acts: readonly Act[];
  /** The laws that it violates. */
  readonly laws: readonly LawId[];
  /** What the catalogue knows of the first of them. */
  readonly known: Attribution | undefined;
  /** After it. */
  readonly pages: StepPages;
}

/** A run on a tree: the pages where the setup ended, and the steps from there. */
export interface TreeRun {
  readonly begin: StepPages;
  readonly steps: readonly TreeStep[];
}

/** What is explored. */
export interface TreeSteps {
  readonly tree: SourceTree;
  readonly calls: Calls;
  readonly scope: StepScope;
  readonly grain: Grain;
}

/** A law that is violated: where the release violates it as well, the ways of its own are a report of their own. */
export interface TreeStepsReport extends Attribution {
  readonly law: LawId;
  /** How many steps were met that violate it. */
  readonly times: number;
  readonly run: TreeRun;
  /** The text of a file that replays it. */
  readonly file: string;
}

export interface TreeStepsFound extends TreeSteps, StepProgress {
  readonly ended: "fixpoint" | "break" | "states" | "time" | "memory" | "request";
  readonly seconds: number;
  readonly reports: readonly TreeStepsReport[];
  /** If they were asked for. */
  readonly outcomes: readonly Outcome[];
  readonly interrupted: boolean;
}

const SCOPED = {
  name: "the calls",
  parameters: {
    block: { usual: 2, counts: "pages in a block", least: 2, most: 16 },
    map: { usual: 1, counts: "pages of the largest map in a block", least: 1, most: 8 },
    pages: { usual: 16, counts: "pages in the window", least: 4, most: 32 },
    lazy: { usual: 1000, counts: "lazy pages above which a free purges", least: 0, most: 1000 },
    pressure: {
      usual: 0,
      counts: "1: memory is short, and who may reclaim for it calls the shrinker",
      least: 0,
      most: 1,
    },
  },
};
const USUAL_STATES = 5_000_000;
/** The child is ended by force at half as much again. */
const MOST_BYTES = 2 ** 31;

/** What is meant by the words that were typed. Throws a UsageError, or an InputError for a tree or calls that are none. */
export function treeStepsAsked(
  directory: string,
  { calls, scope, grain = "locks" }: Pick<TreeStepsOptions, "calls" | "scope" | "grain">,
): TreeSteps {
  if (grain !== "locks" && grain !== "once")
    throw new UsageError(`--grain takes locks or once, not ${JSON.stringify(grain)}`);
  return { tree: readTree(directory), calls: parseCalls(calls), scope: scopeAsked(scope), grain };
}

function scopeAsked(text: string | undefined): StepScope {
  const { block, map, ...more } = parametersOf(SCOPED, text) as Record<keyof StepScope, number>;
  if (block % (2 * map) !== 0)
    throw new UsageError(`--scope: block is a multiple of twice map, not block=${block},map=${map}`);
  return { block, map, ...more };
}

export async function exploreTreeSteps(
  asked: TreeSteps,
  options: Omit<TreeStepsOptions, "calls">,
): Promise<TreeStepsFound> {
  const { tree, calls, scope, grain } = asked;
  const { states: mostStates = USUAL_STATES, law: only } = options;
  if (only !== undefined && !STEP_LAWS.some(({ id }) => id === only))
    throw new UsageError(
      `--law: ${only} is none of those asked here: ${STEP_LAWS.map(({ id }) => id).join(", ")}`,
    );
  const mostBytes = Math.min(memoryBounds(options.megabytes).bytes ?? MOST_BYTES, MOST_BYTES);
  const child = await StepChild.start(tree, calls, scope, grain, options.outcomes);
  try {
    const work = new Work(options);
    const started = performance.now();
    const secondsNow = () => (performance.now() - started) / 1000;
    const violated = new Map<number, Attribution>();
    const outcomes: Outcome[] = [];
    const verdict = (text: string) => {
      const law = lawViolated(text, calls, scope);
      const outcome = options.outcomes ? outcomeIn(text, law?.id) : undefined;
      if (outcome !== undefined) outcomes.push(outcome);
      if (law === undefined) return 0;
      const known = attributionOf(asked, law.id, text);
      const number = STEP_LAWS.indexOf(law) + 1 + (known.bug === undefined ? 0 : STEP_LAWS.length);
      if (!violated.has(number)) violated.set(number, known);
      return number;
    };
    let ended: TreeStepsFound["ended"] | undefined;
    const enough = ({ states, bytes }: StepProgress) => {
      if ([...violated.keys()].some((number) => lawNumbered(number) === only)) ended = "break";
      else if (states >= mostStates) ended = "states";
      else if (bytes >= mostBytes) ended = "memory";
      return ended !== undefined;
    };
    const { isWhole, ...progress } = await work.through(child.exploring(verdict, enough), (now) =>
      progressText(now, secondsNow()),
    );
    const seconds = secondsNow();
    const reports: TreeStepsReport[] = [];
    for (const [number, known] of [...violated].sort(([a], [b]) => a - b))
      reports.push({ ...(await reportOf(child, asked, number)), ...known });
    return {
      ...asked,
      ...progress,
      ended: isWhole ? "fixpoint" : (ended ?? (work.interrupted ? "request" : "time")),
      seconds,
      reports,
      outcomes,
      interrupted: work.interrupted,
    };
  } finally {
    await child.end();
  }
}

function progressText({ states, depth, waiting, bytes }: StepProgress, seconds: number): string {
  const rate = Math.round(states / Math.max(0.001, seconds));
  return `${states} states, ${rate}/s, depth ${depth}, ${waiting} to visit, ${Math.ceil(bytes / 2 ** 20)} MB`;
}

/** First come those that are not the release's own, then those that are. */
const lawNumbered = (number: number): LawId =>
  (STEP_LAWS[(number - 1) % STEP_LAWS.length] as (typeof STEP_LAWS)[number]).id;

async function reportOf(
  child: StepChild,
  asked: TreeSteps,
  number: number,
): Promise<Omit<TreeStepsReport, keyof Attribution>> {
  const { lanes, times } = await child.run(number);
  const law = lawNumbered(number);
  const begin = await child.restart();
  const taken: TakenOnLane[] = [];
  for (const lane of lanes) {
    const step = await child.step(lane);
    if ("cannot" in step)
      throw new RangeError(`step ${taken.length + 1} of a run that was met cannot be taken again`);
    taken.push({ lane, ...step });
  }
  const run = { begin, steps: treeSteps(child.program, asked, taken) };
  return { law, times, run, file: formatTreeRun(fileOf(asked, law, run)) };
}

export interface TakenOnLane extends StepTaken {
  readonly lane: number;
}

/** Steps that were taken, in words, and what they violate. */
export function treeSteps(
  program: string,
  asked: TreeSteps,
  taken: readonly TakenOnLane[],
): readonly TreeStep[] {
  const { calls, scope } = asked;
  const addresses = [...new Set(taken.flatMap(({ acts }) => addressesIn(acts)))];
  const sources = addresses.length === 0 ? new Map() : sourcesOf(program, addresses);
  return taken.map(({ lane, acts, seen, pages }) => {
    const violated = seen.flatMap((text) => {
      const law = lawViolated(text, calls, scope)?.id;
      return law === undefined ? [] : [{ law, text }];
    });
    const [first] = violated;
    return {
      lane,
      acts: actsIn(acts, calls, sources),
      laws: violated.map(({ law }) => law),
      known: first && attributionOf(asked, first.law, first.text),
      pages,
    };
  });
}

export const laneName = (lane: number): string => (lane === WORKER ? "worker" : `CPU ${lane}`);

/** A step as a file names it. */
export const stepName = ({ lane, acts }: TreeStep): string =>
  `${laneName(lane)}: ${acts.map(({ says }) => says).join("; ")}`;

function fileOf({ tree, calls, scope, grain }: TreeSteps, law: LawId, { steps }: TreeRun): TreeRunFile {
  const version = tree.version ?? "unknown";
  return { tree: version, calls: calls.text, scope: { ...scope }, grain, law, steps: steps.map(stepName) };
}

export const PAGES_LEGEND = "pages: M has a PTE, t has none but a TLB may hold it, . neither";

/** The pages after a step in letters; as many of them as the run has to do with. */
export function pagesTextOf({ begin, steps }: TreeRun): (pages: StepPages) => string {
  const all = [begin, ...steps.map(({ pages }) => pages)];
  const most = Math.max(1, ...all.map(({ ptes, stale }) => 32 - Math.clz32(ptes | stale)));
  return ({ ptes, stale }) =>
    Array.from({ length: most }, (_none, page) =>
      (ptes >>> page) & 1 ? "M" : (stale >>> page) & 1 ? "t" : ".",
    ).join("");
}

/** `check`: every kernel against every law it promises, and every protocol. The main job. */
import type { LawId } from "../../spec/contract.ts";
import type { Kernel as OwnKernel } from "../../spec/vmap/kernel.ts";
import type { Wing } from "../../spec/wing.ts";
import { checkedFor } from "../names.ts";
import { contextsOnTree, keepCalls, type TreeContexts } from "../trees/contexts.ts";
import { factsOfTree, openTree, type TreeFacts, treeCalled } from "../trees/trees.ts";
import { UsageError } from "../usage-error.ts";
import { factsOf, type VersionFacts } from "../versions.ts";
import { VMAP } from "../vmap/wing.ts";
import { allWings, kernelMeant, lawMeant, opened, WINGS } from "../wings.ts";
import { USUAL_SEED, type Watch, Work } from "../work.ts";
import { checkInterleaved, type InterleavedReport } from "./interleaved.ts";
import { checkKernel, type KernelOptions, type KernelReport, type Surprise, USUAL_RUNS } from "./kernel.ts";
import { protocolsFor, type StepColumn, stepColumns } from "./step-columns.ts";
import { type CheckSubject, checkInThreads } from "./threads.ts";

export interface CheckOptions extends Watch {
  /** Releases by any label or version, wings by name, and custom kernels; every release by default. */
  readonly kernels?: readonly (string | OwnKernel)[] | undefined;
  /** A kernel tree, checked beside the release whose promises judge it: the nearest one by default. */
  readonly tree?: { readonly directory: string; readonly as?: string | undefined } | undefined;
  /** Random histories in each scope; 0 for pinned ones alone. */
  readonly runs?: number | undefined;
  readonly seed?: number | undefined;
  /** Only this law. */
  readonly law?: string | undefined;
  /**
   * Whether to count the states of a small space that random histories visit, and to compare several ways to draw them.
   */
  readonly coverage?: "counted" | "compared" | undefined;
  /** Whether unknown violations are kept in .vmapcheck/failures and tried first in the next run. */
  readonly keepsFailures?: boolean | undefined;
  /** Histories that failed elsewhere, as files: they are tried first. */
  readonly examples?: readonly string[] | undefined;
}

/** All that was found. */
export interface CheckReport {
  readonly reports: readonly KernelReport[];
  /** The number of kernels to check: more than there are reports if it was ended early. */
  readonly kernels: number;
  /** Facts on the requested versions without a model. */
  readonly facts: readonly VersionFacts[];
  /** Facts on the kernels that are trees. */
  readonly trees: readonly TreeFacts[];
  /** Callers' contexts and masks on them; none if one law was requested. */
  readonly contexts: readonly TreeContexts[];
  /** Whether its kernels were requested by name. */
  readonly byName: boolean;
  /** The only law that was requested. */
  readonly law: LawId | undefined;
  readonly surprises: readonly Surprise[];
  /** The step grain of the requested releases, or of all; undefined if one law of all releases was requested. */
  readonly steps: InterleavedReport | undefined;
  /** The same, a column for each release. */
  readonly interleaved: readonly StepColumn[];
  /** The requested number of random histories in each scope. */
  readonly runs: number;
  readonly seed: number;
  readonly seconds: number;
  readonly complete: boolean;
}

/** Random histories in each scope on the release beside a tree. */
const BESIDE = 200;

export async function check(options: CheckOptions = {}): Promise<CheckReport> {
  const { kernels: named = [], tree, runs = USUAL_RUNS, seed = USUAL_SEED, coverage } = options;
  const subject = tree === undefined ? undefined : openTree(tree.directory, tree.as);
  const given = subject === undefined ? named : [subject.as, subject.kernel, ...named];
  const asked = await Promise.all(given.map(askedFor));
  const all =
    given.length === 0 ? (await allWings()).flatMap(wholeWing) : asked.flatMap((each) => each.kernels);
  const law = options.law === undefined ? undefined : await lawMeant(options.law);
  const kernels = distinct(all).filter(
    ({ wing }) => law === undefined || wing.laws.some(({ id }) => id === law),
  );
  // Interleavings are those of our protocols, none of which runs a tree's code.
  const names = named.filter((each) => typeof each === "string");
  if (coverage === "compared" && runs === 0)
    throw new UsageError("--coverage compares random histories, and --runs 0 draws none");
  const started = performance.now();
  const work = new Work(options);
  const how = {
    seed,
    runs,
    law,
    coverage,
    keepsFailures: options.keepsFailures ?? false,
    examples: options.examples,
  };
  // Kernels by name can be checked in threads; a kernel that was given is an object of this one.
  const protocols = given.length === 0 ? undefined : protocolsFor(names, law);
  // A check of one law on every kernel leaves the interleavings out.
  const isOfSteps = protocols !== undefined || law === undefined;
  const checkSteps = async () => (isOfSteps ? await checkInterleaved(protocols, work) : undefined);
  const [reports, steps] =
    given.length === 0
      ? await Promise.all([checkInThreads(kernels, how, work), checkSteps()])
      : [await checkInTurn(kernels, subject?.as, how, work), await checkSteps()];
  const releases = given.length === 0 ? VMAP.kernels.map(({ name }) => name) : [...new Set(names)];
  const trees = kernels.flatMap(({ kernel }) => treeCalled(kernel.name) ?? []);
  const contexts: TreeContexts[] = [];
  for (const each of law === undefined ? trees : []) {
    const found = contextsOnTree(each);
    contexts.push(how.keepsFailures ? await keepCalls(found, each.tree.directory) : found);
  }
  return {
    reports,
    kernels: kernels.length,
    facts: asked.flatMap((each) => each.facts ?? []),
    trees: trees.map(factsOfTree),
    contexts,
    byName: given.length > 0,
    law,
    surprises: reports.flatMap((report) => report.surprises),
    steps,
    interleaved: steps === undefined ? [] : stepColumns(releases, steps, law),
    runs,
    seed,
    seconds: (performance.now() - started) / 1000,
    complete: work.stop === false,
  };
}

/** @param beside The release beside a tree: it is there for comparison, and its pinned histories are enough. */
async function checkInTurn(
  subjects: readonly CheckSubject[],
  beside: string | undefined,
  how: KernelOptions,
  work: Work,
): Promise<readonly KernelReport[]> {
  const reports: KernelReport[] = [];
  const few = { ...how, runs: Math.min(how.runs, BESIDE) };
  for (const { wing, kernel } of subjects) {
    if (work.stop !== false) break;
    const isBeside = kernel.name === beside;
    const report = await checkKernel(await opened(wing), kernel, isBeside ? few : how, work);
    reports.push(isBeside ? { ...report, unmet: [] } : report);
  }
  return reports;
}

const wholeWing = (wing: Wing): CheckSubject[] => wing.kernels.map((kernel) => ({ wing, kernel }));

const distinct = (all: readonly CheckSubject[]): CheckSubject[] => [
  ...new Map(all.map((each) => [each.kernel, each])).values(),
];

/** The kernels that are meant by a word, or a custom one. */
async function askedFor(given: string | OwnKernel): Promise<{
  readonly kernels: readonly CheckSubject[];
  readonly facts: VersionFacts | undefined;
}> {
  if (typeof given === "object") return { kernels: [{ wing: VMAP, kernel: given }], facts: undefined };
  const whole = WINGS.find(({ name }) => name === given);
  if (whole !== undefined) return { kernels: wholeWing(await whole.load()), facts: undefined };
  if (factsOf(given) === undefined) {
    const { wing, kernel } = await kernelMeant(given);
    if (wing.name !== VMAP.name) return { kernels: [{ wing, kernel }], facts: undefined };
  }
  const { kernels, facts } = checkedFor(given);
  return { kernels: kernels.map((kernel) => ({ wing: VMAP, kernel })), facts };
}

/** The number of surprises. */
export const unexpected = ({
  surprises,
  steps,
  contexts,
}: Pick<CheckReport, "surprises" | "steps" | "contexts">): number =>
  surprises.length + (steps?.surprises.length ?? 0) + unknownIn(contexts);

const unknownIn = (contexts: CheckReport["contexts"]): number =>
  contexts.flatMap(({ violations }) => violations).filter(({ bug }) => bug === undefined).length;

/** Pairs of a subject and a law that it promises and violates, by whether the catalogue knows why. */
export function violations({ reports, law: only, surprises, steps, contexts }: CheckReport): {
  readonly known: number;
  readonly unknown: number;
} {
  const cells = reports.flatMap((report) => report.cells).filter(({ verdict }) => verdict === "broken");
  const ofSteps = (steps?.protocols ?? [])
    .flatMap(({ laws }) => laws)
    .filter(({ law, steps }) => steps !== undefined && (only === undefined || law === only));
  const ofContexts = contexts.flatMap((each) => each.violations);
  return {
    known: [...cells, ...ofSteps, ...ofContexts].filter(({ bug }) => (bug ?? undefined) !== undefined).length,
    unknown:
      surprises.filter(({ kind }) => kind === "unknown").length +
      unknownIn(contexts) +
      ofSteps.filter(({ bug }) => bug === undefined).length,
  };
}

/** `diff`: the shortest history on which two kernels answer differently. */
import { begin } from "../engine/run/stepper.ts";
import { type Difference as Commits, changesBetween } from "../kernels/versions.ts";
import { replayPair } from "../properties/diff/lockstep.ts";
import {
  type Compared,
  comparing,
  type Difference,
  type NamedPlace,
} from "../properties/diff/shortest-difference.ts";
import type { PlayedOf } from "../properties/run-choices.ts";
import { type Change, versionOf } from "../spec/vmap/change.ts";
import type { Kernel as OwnKernel } from "../spec/vmap/kernel.ts";
import type { Comparison, Kernel, OpenWing } from "../spec/wing.ts";
import { parametersOf } from "./parameters.ts";
import { orNearest, UsageError } from "./usage-error.ts";
import { changeText } from "./versions.ts";
import { VMAP } from "./vmap/wing.ts";
import { allWings, kernelMeant, opened } from "./wings.ts";
import { USUAL_SEED, type Watch, Work } from "./work.ts";

export interface DiffOptions extends Watch {
  /** This small space, such as `pages=6,windows=1`, not the usual ones. */
  readonly scope?: string | undefined;
  /** Only a difference of this kind. */
  readonly kind?: string | undefined;
  /** Visited in each place. */
  readonly states?: number | undefined;
  /** Histories drawn if no place shows a difference. */
  readonly runs?: number | undefined;
  readonly seed?: number | undefined;
}

/** Two kernels by the given names, and the result. */
export interface DiffReport {
  readonly wing: OpenWing;
  readonly comparison: Comparison;
  readonly names: readonly [string, string];
  readonly kernels: readonly [Kernel, Kernel];
  readonly compared: Compared;
  /** The commits between them; undefined if one is no version. */
  readonly commits: Commits | undefined;
  readonly interrupted: boolean;
  /** Neither interrupted nor ended by its seconds. */
  readonly complete: boolean;
}

/** For a pair, if not given. */
const USUAL = { states: 20_000, runs: 5000 };
const IN_TABLE = { states: 8000, runs: 2000 };

/** By their names, or custom kernels. */
export function diff(
  one: string | OwnKernel,
  other: string | OwnKernel,
  options: DiffOptions = {},
): Promise<DiffReport> {
  return compare([one, other], {
    ...options,
    states: options.states ?? USUAL.states,
    runs: options.runs ?? USUAL.runs,
  });
}

/** Each release and the next. */
export interface DiffAllReport {
  /** Those compared; one that was interrupted only with a difference. */
  readonly pairs: readonly DiffReport[];
  /** Pairs that can be compared. */
  readonly of: number;
  readonly interrupted: boolean;
}

/** Each release and the next, wing by wing. Ended early, it has the pairs compared so far. */
export async function diffAll(options: DiffOptions = {}): Promise<DiffAllReport> {
  const how = { ...options, states: options.states ?? IN_TABLE.states, runs: options.runs ?? IN_TABLE.runs };
  const planned: [string, string][] = [];
  for (const { kernels } of await allWings()) {
    for (const [nth, { name }] of kernels.slice(1).entries()) {
      const before = (kernels[nth] as Kernel).name;
      if (await canBeCompared(before, name)) planned.push([before, name]);
    }
  }
  const pairs: DiffReport[] = [];
  const isInterrupted = () => options.signal?.aborted === true;
  for (const pair of planned) {
    if (isInterrupted()) break;
    const report = await compare(pair, how);
    if (!report.interrupted || report.compared.difference !== undefined) pairs.push(report);
  }
  return { pairs, of: planned.length, interrupted: isInterrupted() };
}

/** Throws a UsageError for kernels that cannot be compared, before any work. */
export async function refusePair(one: string, other: string, { scope, kind }: DiffOptions): Promise<void> {
  const { wing, kernels } = await pairOf([one, other]);
  const { comparison } = await wing.search();
  placesFor(comparison, kernels, scope);
  if (kind !== undefined) kindNamed(comparison, kind);
}

/** Whether two kernels can run in one place: those of two architectures cannot. */
export async function canBeCompared(one: string, other: string): Promise<boolean> {
  try {
    await refusePair(one, other, {});
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** Two kernels by name, or custom ones, which are of vmap. */
async function pairOf(
  pair: readonly [string | OwnKernel, string | OwnKernel],
): Promise<{ readonly wing: OpenWing; readonly kernels: readonly [Kernel, Kernel] }> {
  const [one, other] = await Promise.all(
    pair.map(async (each) => (typeof each === "string" ? kernelMeant(each) : { wing: VMAP, kernel: each })),
  );
  if (one === undefined || other === undefined) throw new UsageError("two kernels are expected");
  if (one.wing.name !== other.wing.name)
    throw new UsageError(
      `${one.kernel.name} and ${other.kernel.name} take other calls: one is of ${one.wing.name}, the other of ${other.wing.name}`,
    );
  return { wing: await opened(one.wing), kernels: [one.kernel, other.kernel] };
}

async function compare(
  pair: readonly [string | OwnKernel, string | OwnKernel],
  options: DiffOptions,
): Promise<DiffReport> {
  const { wing, kernels } = await pairOf(pair);
  const { comparison } = await wing.search();
  const [one, other] = kernels;
  const names = pair.map(nameOf) as [string, string];
  const { scope, kind, states = USUAL.states, runs = USUAL.runs, seed = USUAL_SEED } = options;
  const places = placesFor(comparison, kernels, scope);
  const scopes = scope === undefined ? comparison.scopes : places.map(({ place }) => place.scope);
  const work = new Work(options);
  const turns = comparing({
    of: comparison,
    one,
    other,
    places,
    drawnIn: one === other ? [] : scopes.filter((each) => comparison.canBoth(one, other, each)),
    kind: kind === undefined ? undefined : kindNamed(comparison, kind),
    seed,
    states,
    runs,
  });
  const compared = await work.through(turns, (text) => `${names.join(" and ")}: ${text}`);
  return {
    wing,
    comparison,
    names,
    kernels,
    compared,
    commits: commitsBetween(names),
    interrupted: work.interrupted,
    complete: work.stop === false,
  };
}

const nameOf = (given: string | OwnKernel): string => (typeof given === "string" ? given : given.name);

function kindNamed({ kinds }: Comparison, name: string): string {
  const ids = kinds.map(({ id }) => id);
  return orNearest("kind of difference", name, (word) => ids.find((id) => id === word), ids);
}

/** The usual places for these two, or the requested one. Throws a UsageError if that is not possible. */
export function placesFor(
  comparison: Comparison,
  kernels: readonly [Kernel, Kernel],
  asked: string | undefined,
): readonly NamedPlace[] {
  const names = asked === undefined ? comparison.spaces(...kernels) : [asked];
  return names.map((name) => {
    const parameters = parametersOf({ name: "diff", parameters: comparison.parameters }, name);
    try {
      return { name, place: comparison.place(parameters, kernels) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(`--scope ${name}: ${error.message}`);
    }
  });
}

/** The judged steps of the differing history on each of the two, as far as it runs. */
export function playedOn(wing: OpenWing, kernel: Kernel, { scope, history }: Difference): PlayedOf[] {
  const stepper = begin(wing.bench(kernel, scope));
  const played: PlayedOf[] = [];
  for (const step of history) {
    const now = stepper.take(step);
    played.push(now);
    if (now.after === undefined) break;
  }
  return played;
}

/** An ordinary history: under the law that its last command violates on one of the two, if it violates any. */
export function fileOf({
  wing,
  comparison,
  kernels,
  compared: { difference },
}: DiffReport): string | undefined {
  if (difference === undefined) return undefined;
  const { scope, history: commands } = difference;
  const { kernel, law } = violationOf(wing, kernels, difference) ?? {
    kernel: kernels[1],
    law: kernels[1].promises[0] as string,
  };
  const text = wing.files.formatHistory({ kernel: kernel.name, law, scope, commands });
  const read = wing.files.historyIn("the history that was written", JSON.parse(text));
  const last = replayPair(comparison, ...kernels, read.scope, read.commands).at(-1);
  if (last === undefined || last.differs === 0)
    throw new Error("vmapcheck itself is wrong: the history that was written shows no difference");
  return text;
}

function violationOf(wing: OpenWing, [one, other]: DiffReport["kernels"], difference: Difference) {
  for (const kernel of [other, one]) {
    const law = playedOn(wing, kernel, difference).at(-1)?.violated[0]?.id;
    if (law !== undefined) return { kernel, law };
  }
  return undefined;
}

/** Undefined if one of the two is no release: a draft, or a kernel with one step replaced. */
function commitsBetween([one, other]: readonly [string, string]): Commits | undefined {
  const [before, after] = [versionOf(one), versionOf(other)];
  return before === undefined || after === undefined ? undefined : changesBetween(before, after);
}

/** A paragraph; "" if there is no commit to name. */
export function commitsText(names: readonly [string, string]): string {
  const between = commitsBetween(names);
  if (between === undefined) return "";
  const { gained, lost } = between;
  const lines = (has: string, hasNot: string, changes: readonly Change[]) =>
    changes.length === 0
      ? []
      : [`${has} has, and ${hasNot} has not:`, ...changes.map((each) => `  ${changeText(each)}`)];
  const [one, other] = names;
  return [...lines(other, one, gained), ...lines(one, other, lost)].join("\n");
}

/** In a table of pairs: one line for each. */
export function commitsLine(names: readonly [string, string]): string {
  const between = commitsBetween(names);
  const commits =
    between === undefined ? [] : [...between.gained, ...between.lost].map(({ commit }) => commit);
  return commits.join(", ");
}

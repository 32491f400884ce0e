/** `diff`: the shortest history on which two kernels answer differently. */
import { formatHistory, historyIn } from "../adapters/vmap/history-file.ts";
import { begin } from "../engine/run/stepper.ts";
import type { Difference as Commits } from "../kernels/versions.ts";
import { KERNELS } from "../kernels/vmap/index.ts";
import { KINDS, type KindId } from "../properties/vmap/diff/differences.ts";
import { replayPair } from "../properties/vmap/diff/replay-pair.ts";
import {
  type Compared,
  comparing,
  type Difference,
  hasBlocks,
} from "../properties/vmap/diff/shortest-difference.ts";
import { SCOPES } from "../properties/vmap/random-scopes.ts";
import { benchFor, type JudgedStep } from "../properties/vmap/test-bench.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { commitsBetween } from "./commits-between.ts";
import { kernelNamed } from "./names.ts";
import { placesFor } from "./pair-places.ts";
import { orNearest } from "./usage-error.ts";
import { type Watch, Work } from "./work.ts";

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
  readonly names: readonly [string, string];
  readonly kernels: readonly [Kernel, Kernel];
  readonly compared: Compared;
  /** The commits between them; undefined if one is no version. */
  readonly commits: Commits | undefined;
  readonly interrupted: boolean;
}

const USUAL_SEED = 20110106;
/** For a pair, if not given. */
const USUAL = { states: 20_000, runs: 5000 };
const IN_TABLE = { states: 8000, runs: 2000 };

/** By their names, or custom kernels. */
export function diff(
  one: string | Kernel,
  other: string | Kernel,
  options: DiffOptions = {},
): Promise<DiffReport> {
  return compare([one, other], {
    ...options,
    states: options.states ?? USUAL.states,
    runs: options.runs ?? USUAL.runs,
  });
}

/** Each release and the next. Ended early, it has the pairs compared so far. */
export async function diffAll(options: DiffOptions = {}): Promise<readonly DiffReport[]> {
  const reports: DiffReport[] = [];
  const how = { ...options, states: options.states ?? IN_TABLE.states, runs: options.runs ?? IN_TABLE.runs };
  for (const [nth, kernel] of KERNELS.slice(1).entries()) {
    if (options.signal?.aborted) break;
    reports.push(await compare([(KERNELS[nth] as Kernel).name, kernel.name], how));
  }
  return reports;
}

/** Throws a UsageError for kernels that cannot be compared, before any work. */
export function refusePair(one: string, other: string, { scope, kind }: DiffOptions): void {
  placesFor(kernelNamed(one), kernelNamed(other), scope);
  if (kind !== undefined) kindNamed(kind);
}

async function compare(
  pair: readonly [string | Kernel, string | Kernel],
  options: DiffOptions,
): Promise<DiffReport> {
  const [one, other] = pair.map(kernelOf) as [Kernel, Kernel];
  const names = pair.map(nameOf) as [string, string];
  const { scope, kind, states = USUAL.states, runs = USUAL.runs, seed = USUAL_SEED } = options;
  const places = placesFor(one, other, scope);
  const work = new Work(options);
  const turns = comparing({
    one,
    other,
    places,
    drawnIn:
      one === other ? [] : drawnIn(one, other, scope === undefined ? INSIDE : [places[0]?.scope as Scope]),
    kind: kind === undefined ? undefined : kindNamed(kind),
    seed,
    states,
    runs,
  });
  const compared = await work.through(turns, (text) => `${names.join(" and ")}: ${text}`);
  return {
    names,
    kernels: [one, other],
    compared,
    commits: commitsBetween(names),
    interrupted: work.interrupted,
  };
}

const kernelOf = (given: string | Kernel): Kernel => (typeof given === "string" ? kernelNamed(given) : given);
const nameOf = (given: string | Kernel): string => (typeof given === "string" ? given : given.name);

function kindNamed(name: string): KindId {
  const ids = KINDS.map(({ id }) => id);
  return orNearest("kind of difference", name, (word) => ids.find((id) => id === word), ids);
}

/** Calls outside their domain are compared only in a scope that has them. */
const INSIDE = SCOPES.filter(({ outside }) => outside !== true);

/** The places in which both kernels support the calls. */
function drawnIn(one: Kernel, other: Kernel, scopes: readonly Scope[]): readonly Scope[] {
  const blocks = hasBlocks(one) && hasBlocks(other);
  const percpu = one.release.percpu && other.release.percpu;
  return scopes.filter(
    ({ blockPages, beforeInit, congruent }) =>
      (blocks || (blockPages === 0 && !beforeInit)) && (percpu || congruent.length === 0),
  );
}

/** The judged steps of the differing history on each of the two, as far as it runs. */
export function playedOn(kernel: Kernel, { scope, history }: Difference): JudgedStep[] {
  const stepper = begin(benchFor(kernel, scope));
  const played: JudgedStep[] = [];
  for (const step of history) {
    const now = stepper.take(step);
    played.push(now);
    if (now.after === undefined) break;
  }
  return played;
}

/** An ordinary history: under the law that its last command violates on one of the two, if it violates any. */
export function fileOf({ kernels, compared: { difference } }: DiffReport): string | undefined {
  if (difference === undefined) return undefined;
  const { scope, history: commands } = difference;
  const { kernel, law } = violationOf(kernels, difference) ?? { kernel: kernels[1], law: "no-bug" };
  const text = formatHistory({ kernel: kernel.name, law, scope, commands });
  const read = historyIn("the history that was written", JSON.parse(text));
  const last = replayPair(...kernels, read.scope, read.commands).at(-1);
  if (last === undefined || last.differs === 0)
    throw new Error("vmapcheck itself is wrong: the history that was written shows no difference");
  return text;
}

function violationOf([one, other]: DiffReport["kernels"], difference: Difference) {
  for (const kernel of [other, one]) {
    const law = playedOn(kernel, difference).at(-1)?.violated[0]?.id;
    if (law !== undefined) return { kernel, law };
  }
  return undefined;
}

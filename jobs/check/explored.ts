/**
 * The exhaustive part of the main job: every state of a space of a few pages, and the part of it that random histories
 * visit.
 */

import { lastPlayed } from "../../engine/run/stepper.ts";
import { explore } from "../../engine/search/explore.ts";
import type { Explored, ShortestViolation } from "../../engine/search/visitable.ts";
import { type Coverage, coverage } from "../../properties/coverage.ts";
import { EXPLAINED, type Explorable, explorable, type Seen } from "../../properties/explorable.ts";
import { historyOf } from "../../properties/history-of.ts";
import type { PlayedOf } from "../../properties/run-choices.ts";
import type { LawId } from "../../spec/contract.ts";
import type { Bench, Kernel, OpenWing, Terms } from "../../spec/wing.ts";
import { expectedIn, namesOf } from "../hunt-target.ts";
import { explain, Unconfirmed } from "../kernel-subject.ts";

const BOUNDS = { states: 1e6, bytes: 1e9 };

export interface ExploredKernel<T extends Terms = Terms> {
  /** The scope as `explore --scope` takes it. */
  readonly space: string;
  readonly states: number;
  readonly edges: number;
  readonly ended: Explored["ended"];
  /** The laws that callers can violate there. */
  readonly laws: readonly LawId[];
  /** The violated laws, each with its shortest history here and the bug that explains it. */
  readonly violations: readonly ExploredViolation<T>[];
  /** Laws that compiled code violates there, but not where the history is run again. */
  readonly unconfirmed: readonly LawId[];
  readonly scope: T["scope"];
  /** One for each way to draw histories; the usual one first. */
  readonly coverage: readonly Coverage[];
}

export interface ExploredViolation<T extends Terms = Terms> {
  readonly law: LawId;
  readonly history: readonly T["step"][];
  readonly bug: string | undefined;
}

export interface ExploreKernelOptions {
  readonly seed: number;
  /** Random histories to compare with, 1500 at most; 0 for none. */
  readonly runs: number;
  /** Whether to compare several ways to draw them. */
  readonly compare: boolean;
}

/** A larger number would delay Ctrl-C too long. */
const MOST_HISTORIES = 1500;

export async function exploreKernel<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  { seed, runs, compare }: ExploreKernelOptions,
): Promise<ExploredKernel<T>> {
  const search = await wing.search();
  const { whole } = search.spaces;
  const place = whole.place(kernel);
  const bench = wing.bench(kernel, place.scope);
  const machine: Explorable<T> = explorable(search.spaces, kernel, place, {
    reduced: true,
    explains: (seen, run) => isExplained(wing, bench, seen, () => historyOf(bench, machine.commands, run)),
  });
  const explored = explore(machine, { bounds: BOUNDS, enough: () => false });
  const drawn = search.histories.drawings(Math.min(runs, MOST_HISTORIES)).slice(0, compare ? undefined : 1);
  const violations: ExploredViolation<T>[] = [];
  const unconfirmed: LawId[] = [];
  for (const each of explored.violations) {
    const named = nameViolation(wing, kernel, place.scope, machine, each);
    if (typeof named !== "string") violations.push(named);
    // The law itself is among the violations as well.
    else if (named !== EXPLAINED.id) unconfirmed.push(named);
  }
  const run = { of: search, kernel, place, machine, explored, seed };
  return {
    space: whole.scope,
    states: explored.states,
    edges: explored.edges,
    ended: explored.ended,
    laws: machine.laws.map(({ id }) => id).filter((id) => id !== EXPLAINED.id),
    violations,
    unconfirmed,
    scope: place.scope,
    coverage: runs === 0 ? [] : drawn.map((drawing) => coverage(run, drawing)),
  };
}

/** Of compiled code the history is needed: its release must violate the same laws in it. */
function isExplained<T extends Terms>(
  wing: OpenWing<T>,
  { machine: kernel, scope }: Bench<T>,
  seen: Seen<T>,
  history: () => readonly T["step"][],
): boolean {
  const names =
    kernel.release.compiled === true
      ? expectedIn(wing, kernel, seen, { scope, commands: history() })
      : namesOf(wing, kernel, seen);
  return names.every(({ known }) => known !== undefined);
}

/** The law alone if it is not confirmed. */
function nameViolation<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  scope: T["scope"],
  { commands }: Explorable<T>,
  violation: ShortestViolation,
): ExploredViolation<T> | LawId {
  const bench = wing.bench(kernel, scope);
  if (violation.law !== EXPLAINED.id) {
    const { law } = violation;
    let explained: ReturnType<typeof explain<T>>;
    try {
      explained = explain(wing, bench, commands, violation);
    } catch (error) {
      if (error instanceof Unconfirmed) return law;
      throw error;
    }
    const { steps, played } = explained;
    const named = expectedIn(wing, kernel, played.at(-1) as PlayedOf<T>, { scope, commands: steps });
    return { law, history: steps, bug: named.find((each) => each.law === law)?.known };
  }
  const history = historyOf(bench, commands, violation.run);
  const law = kernel.promises.find((id) => {
    const last = lastPlayed(bench, history, id);
    if (last?.index !== history.length - 1) return false;
    return expectedIn(wing, kernel, last, { scope, commands: history }).some(
      (each) => each.law === id && each.known === undefined,
    );
  });
  if (law === undefined) {
    if (kernel.release.compiled === true) return EXPLAINED.id;
    throw new Error("vmapcheck itself is wrong: the reference does not confirm an unknown violation");
  }
  return { law, history, bug: undefined };
}

/**
 * The exhaustive part of the main job: every state of a space of a few pages, and the part of it that random histories
 * visit.
 */

import { lastPlayed } from "../engine/run/stepper.ts";
import { explore } from "../engine/search/explore.ts";
import type { Explored, ShortestViolation } from "../engine/search/visitable.ts";
import { type Coverage, coverage, drawings, usualDrawing } from "../properties/vmap/coverage.ts";
import {
  EXPLAINED,
  explorableKernel,
  type Seen,
  type VisitableKernel,
} from "../properties/vmap/explorable-kernel.ts";
import { historyOf } from "../properties/vmap/history-of.ts";
import { MIDDLE, type Space, spaceScope } from "../properties/vmap/small-scopes.ts";
import { benchFor } from "../properties/vmap/test-bench.ts";
import type { LawId } from "../spec/contract.ts";
import type { HistoryStep } from "../spec/vmap/history.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { namesOf } from "./hunt-target.ts";
import { explain } from "./kernel-subject.ts";

/** Small enough for a second a kernel, large enough for every reason to reset a cache. */
const SPACE: Space = { pages: 5, sizes: 5, aligns: 2, windows: 2, at: MIDDLE };
const BOUNDS = { states: 1e6, bytes: 1e9 };

/** The scope as `explore --scope` takes it. */
export const EXPLORED_SCOPE = "pages=5,aligns=2,windows=2";

export interface ExploredKernel {
  readonly states: number;
  readonly edges: number;
  readonly ended: Explored["ended"];
  /** The laws that callers can violate there. */
  readonly laws: readonly LawId[];
  /** The violated laws, each with its shortest history here and the bug that explains it. */
  readonly violations: readonly ExploredViolation[];
  readonly scope: Scope;
  /** One for each way to draw histories; the usual one first. */
  readonly coverage: readonly Coverage[];
}

export interface ExploredViolation {
  readonly law: LawId;
  readonly history: readonly HistoryStep[];
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

export function exploreKernel(kernel: Kernel, { seed, runs, compare }: ExploreKernelOptions): ExploredKernel {
  const scope = spaceScope(SPACE);
  const machine = explorableKernel(kernel, scope, {
    reduced: true,
    explains: (seen) => isExplained(kernel, seen),
  });
  const explored = explore(machine, { bounds: BOUNDS, enough: () => false });
  const histories = Math.min(runs, MOST_HISTORIES);
  const drawn = compare ? drawings(histories) : [usualDrawing(histories)];
  const run = { kernel, scope, machine, explored, seed };
  return {
    states: explored.states,
    edges: explored.edges,
    ended: explored.ended,
    laws: machine.laws.map(({ id }) => id).filter((id) => id !== EXPLAINED.id),
    violations: explored.violations.map((each) => nameViolation(kernel, scope, machine, each)),
    scope,
    coverage: runs === 0 ? [] : drawn.map((drawing) => coverage(run, drawing)),
  };
}

function isExplained(kernel: Kernel, seen: Seen): boolean {
  return namesOf(kernel, seen).every(({ known }) => known !== undefined);
}

function nameViolation(
  kernel: Kernel,
  scope: Scope,
  { commands }: VisitableKernel,
  violation: ShortestViolation,
): ExploredViolation {
  if (violation.law !== EXPLAINED.id) {
    const { history, bug } = explain(kernel, scope, commands, violation);
    return { law: violation.law, history, bug };
  }
  const history = historyOf(commands, violation.run, kernel, scope);
  const law = kernel.promises.find((id) => {
    const last = lastPlayed(benchFor(kernel, scope), history, id);
    if (last?.index !== history.length - 1) return false;
    return namesOf(kernel, last).some((each) => each.law === id && each.known === undefined);
  });
  if (law === undefined) {
    throw new Error("vmapcheck itself is wrong: the reference does not confirm an unknown violation");
  }
  return { law, history, bug: undefined };
}

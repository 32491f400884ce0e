/** The exhaustive part of the main job: a space of a few pages visited whole, and what random histories saw of it. */
import { type Explored, explore } from "../engine/explore.ts";
import type { State } from "../kernels/state.ts";
import { type Coverage, coverage, drawings, usualDrawing } from "../properties/coverage.ts";
import { sideBySide } from "../properties/side-by-side.ts";
import { MIDDLE, type Space, spaceScope } from "../properties/spaces.ts";
import type { LawId } from "../spec/contract.ts";
import type { HistoryStep } from "../spec/history.ts";
import type { Kernel } from "../spec/kernel.ts";
import type { Scope } from "../spec/scope.ts";
import { told } from "./explorable-kernel.ts";

/** Small enough for a second a kernel, large enough for every reason to reset a cache. */
const SPACE: Space = { pages: 5, sizes: 5, aligns: 2, windows: 2, at: MIDDLE };
const BOUNDS = { states: 1e6, milliseconds: 60_000, bytes: 1e9 };

/** The scope as `explore --scope` takes it. */
export const EXPLORED_SCOPE = "pages=5,aligns=2,windows=2";

export interface ExploredKernel {
  readonly states: number;
  readonly edges: number;
  readonly ended: Explored["ended"];
  /** Laws broken, each with its shortest history here and the bug that accounts for it. */
  readonly breaks: readonly ExploredBreak[];
  readonly scope: Scope;
  /** One for each way to draw histories; the usual one first. */
  readonly coverage: readonly Coverage[];
}

export interface ExploredBreak {
  readonly law: LawId;
  readonly history: readonly HistoryStep[];
  readonly bug: string | undefined;
}

export interface ExploreKernelOptions {
  readonly seed: number;
  /** Random histories to compare with; 0 for none. */
  readonly runs: number;
  /** Whether to compare several ways to draw them. */
  readonly compare: boolean;
}

export function exploreKernel(
  kernel: Kernel<State>,
  { seed, runs, compare }: ExploreKernelOptions,
): ExploredKernel {
  const scope = spaceScope(SPACE);
  const machine = sideBySide(kernel, scope, { reduced: true });
  const explored = explore(machine, { bounds: BOUNDS, enough: () => false });
  const drawn = compare ? drawings(runs) : [usualDrawing(runs)];
  const run = { kernel, scope, machine, explored, seed };
  return {
    states: explored.states,
    edges: explored.edges,
    ended: explored.ended,
    breaks: explored.breaks.map((each) => {
      const { history, bug } = told(kernel, scope, machine.commands, each);
      return { law: each.law, history, bug };
    }),
    scope,
    coverage: runs === 0 ? [] : drawn.map((drawing) => coverage(run, drawing)),
  };
}

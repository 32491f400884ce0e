/** The table of db64fe02, and the three costs that are fitted to three of its figures. */
import { linux } from "../../kernels/vmap/index.ts";
import { type Cost, type Costs, withCosts } from "../costs.ts";
import type { Nanoseconds } from "../simulation.ts";
import { type LoopOptions, type LoopResult, runLoop } from "./loop.ts";

export interface SeedRow {
  readonly threads: number;
  readonly before: Nanoseconds;
  readonly after: Nanoseconds;
}

/** Nanoseconds of a map, touch and unmap of 4 pages: 2.6.27, and the rewrite of 2.6.28. */
export const SEED_TABLE: readonly SeedRow[] = [
  { threads: 1, before: 14700, after: 2900 },
  { threads: 2, before: 33600, after: 3000 },
  { threads: 4, before: 49500, after: 2800 },
  { threads: 8, before: 70631, after: 2900 },
];

export const SEED_CPUS = 8;

export type Column = "before" | "after";

/** A cell of the table, simulated. */
export function runCell(
  column: Column,
  threads: number,
  costs: Costs,
  more: Partial<Pick<LoopOptions, "pages" | "threshold" | "calls" | "seed">> = {},
): LoopResult {
  const [label, calls] =
    column === "before" ? (["2.6.27", "vmap"] as const) : (["2.6.28", "vm_map_ram"] as const);
  return runLoop({
    kernel: linux(label),
    costs,
    cpus: SEED_CPUS,
    threads,
    pages: 4,
    calls,
    seed: 1,
    ...more,
  });
}

/** A fitted cost, the cell it is fitted to, and how often a turn of the loop takes it. */
interface Fitted {
  readonly cost: Cost;
  readonly column: Column;
  readonly threads: number;
  readonly times: number;
}

const OTHERS = SEED_CPUS - 1;

/** Every other cell is predicted. */
export const FITTED: readonly Fitted[] = [
  { cost: "call", column: "after", threads: 1, times: 2 },
  { cost: "wakeIdle", column: "before", threads: 1, times: OTHERS },
  { cost: "lineOtherSocket", column: "before", threads: SEED_CPUS, times: 4 * OTHERS * SEED_CPUS },
];

const ROUNDS = 6;

export function measured({ column, threads }: Pick<Fitted, "column" | "threads">): Nanoseconds {
  return (SEED_TABLE.find((row) => row.threads === threads) as SeedRow)[column];
}

/** The same costs, with those three such that their cells come out. */
export function calibrate(costs: Costs): Costs {
  let fitted = costs;
  for (let round = 0; round < ROUNDS; round++) {
    for (const each of FITTED) {
      const missing = measured(each) - runCell(each.column, each.threads, fitted).nanoseconds;
      const value = fitted.nanoseconds[each.cost] + missing / each.times;
      fitted = withCosts(fitted, { [each.cost]: Math.max(0, Math.round(value)) });
    }
  }
  return fitted;
}

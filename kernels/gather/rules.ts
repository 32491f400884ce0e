/** How a release takes each step. A historical bug is a release with one of them replaced. */
import type { Collapse, Unshare } from "../../spec/gather/commands.ts";
import type { TableId } from "../../spec/gather/vocabulary.ts";
import type { Facts } from "./changes.ts";
import type { Gather, State } from "./state.ts";

export type Step = (state: State, gather: Gather, rules: Rules) => void;

export interface Steps {
  readonly flushTlb: Step;
  readonly flushTlbOnly: Step;
  readonly flushTables: Step;
  readonly invalidate: Step;
  readonly finish: (state: State, gather: Gather, rules: Rules, start: number, end: number) => void;
  readonly removeTable: (state: State, gather: Gather, rules: Rules, id: TableId) => void;
  readonly unshare: (state: State, gather: Gather, rules: Rules, command: Unshare) => void;
  /** tlb_next_batch: whether there is another batch to fill. */
  readonly nextBatch: (state: State, gather: Gather, facts: Facts) => boolean;
  readonly freeBatches: (state: State, gather: Gather) => void;
  readonly setLazy: (state: State, cpu: number, rules: Rules, on: boolean) => void;
  /** Whether the grace periods that were asked for can end. */
  readonly graceEnds: (state: State) => boolean;
  readonly collapse: (state: State, command: Collapse) => void;
}

export interface Rules {
  readonly facts: Facts;
  readonly steps: Steps;
}

/** Page tables that go while others use them: shared ones, and those that a huge page replaces. */
import type { Collapse, Unshare } from "../../spec/gather/commands.ts";
import { PTES_OF_TABLE } from "../../spec/gather/scope.ts";
import { CLEARED, PUD } from "../../spec/gather/vocabulary.ts";
import { adjustRange } from "./range.ts";
import type { Rules } from "./rules.ts";
import type { Gather, State } from "./state.ts";

/** tlb_unshare_pmd_ptdesc. */
export function unshare(_state: State, gather: Gather, _rules: Rules, { addr, shares }: Unshare): void {
  gather.unshared = 1;
  adjustRange(gather, addr - (addr % PUD), PUD);
  gather.cleared |= CLEARED.pmd;
  if (shares <= 1) gather.fullyUnshared = 1;
}

/** retract_page_tables: the table of an empty range is freed after a flush that says so (3ef938c35035), through RCU. */
export function collapse(state: State, { addr, table }: Collapse): void {
  const range = { start: addr, end: addr + PTES_OF_TABLE };
  state.events.push(
    {
      kind: "flush",
      what: "range",
      g: -1,
      fullmm: 0,
      ...range,
      stride: 12,
      freedTables: 1,
      cleared: CLEARED.pmd,
    },
    { kind: "callRcuTable", id: table },
  );
  state.rcu.push({ table });
}

/** tlb_flush_unshared_tables: the last user also waits for walkers. */
export function flushUnshared(state: State, gather: Gather, rules: Rules): void {
  if (gather.unshared) rules.steps.flushTlbOnly(state, gather, rules);
  if (!gather.fullyUnshared) return;
  state.events.push({ kind: "ipi" });
  gather.fullyUnshared = 0;
}

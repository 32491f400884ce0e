/** Page tables that wait: in a table batch for a flush and a grace period, or freed at once where nothing may walk. */
import type { Of } from "../../spec/gather/commands.ts";
import { PTES_OF_TABLE } from "../../spec/gather/scope.ts";
import { CLEARED, PUD, TABLE_PAGES, type TableId } from "../../spec/gather/vocabulary.ts";
import { adjustRange } from "./range.ts";
import { allocate, type Gather, type Rules, release, type State } from "./state.ts";

/** Hands the batch to RCU, if there is one. */
export function submitTables(state: State, gather: Gather): void {
  if (gather.tables === undefined) return;
  state.rcu.push({ batch: gather.tables });
  state.events.push({ kind: "callRcu", id: gather.tables.id });
  gather.tables = undefined;
}

/** tlb_table_invalidate: on architectures whose walkers cache tables. */
export function invalidate(state: State, gather: Gather, rules: Rules): void {
  const { arch } = state.scope;
  if (!rules.facts.invalidates || arch === "gen" || arch === "s390" || arch === "ppc64") return;
  rules.steps.flushTlbOnly(state, gather, rules);
}

/** tlb_table_flush. */
export function flushTables(state: State, gather: Gather, rules: Rules): void {
  if (gather.tables === undefined) return;
  rules.steps.invalidate(state, gather, rules);
  submitTables(state, gather);
}

/** tlb_remove_table. */
export function removeTable(state: State, gather: Gather, rules: Rules, id: TableId): void {
  const { facts, steps } = rules;
  if (facts.usersShortcut && state.users < 2) {
    state.events.push({ kind: "tableFree", id });
    return;
  }
  if (gather.tables === undefined) {
    const batch = allocate(state, "table");
    if (batch === undefined) {
      steps.invalidate(state, gather, rules);
      removeOne(state, id);
      return;
    }
    gather.tables = { id: batch, tables: [] };
  }
  gather.tables.tables.push(id);
  if (gather.tables.tables.length === state.scope.limits.tables) steps.flushTables(state, gather, rules);
}

/** tlb_remove_table_one: waits until no CPU walks, or from 6.14 on x86 leaves that to RCU. */
function removeOne(state: State, id: TableId): void {
  if (state.scope.arch === "ptr") {
    state.rcu.push({ table: id });
    state.events.push({ kind: "callRcuTable", id });
    return;
  }
  state.events.push({ kind: "ipi" }, { kind: "tableFree", id });
}

/** pte_free_finish of ppc64: hands the list of this CPU to RCU. */
export function submitFreelist(state: State, cpu: number): void {
  const list = state.freelist[cpu];
  if (list === undefined) return;
  state.rcu.push({ batch: list });
  state.events.push({ kind: "callRcu", id: list.id });
  state.freelist[cpu] = undefined;
}

/** pgtable_free_tlb of ppc64, up to 2.6.39. */
export function removeToFreelist(state: State, { g }: Gather, id: TableId): void {
  if (state.users < 2 || state.mask === 1 << g) {
    state.events.push({ kind: "tableFree", id });
    return;
  }
  let list = state.freelist[g];
  if (list === undefined) {
    const batch = allocate(state, "table");
    if (batch === undefined) {
      state.events.push({ kind: "ipi" }, { kind: "tableFree", id });
      return;
    }
    list = { id: batch, tables: [] };
    state.freelist[g] = list;
  }
  list.tables.push(id);
  if (list.tables.length === state.scope.limits.tables) submitFreelist(state, g);
}

/** RCU is driven from an interrupt: a walker with interrupts off keeps it waiting. */
export const graceEnds = ({ hardware }: State): boolean => hardware.walking.size === 0;

/** The callbacks of all grace periods that were asked for. Returns how many ran. */
export function runCallbacks(state: State): number {
  const callbacks = state.rcu;
  state.rcu = [];
  for (const { batch, table } of callbacks) {
    for (const id of batch?.tables ?? [table as TableId]) {
      state.events.push({ kind: "tableFree", id });
    }
    if (batch !== undefined) release(state, batch.id);
  }
  return callbacks.length;
}

/** The frame that stands for a table's page where tables are freed as pages. */
export const pageOf = (id: TableId): number => TABLE_PAGES + id;

/** tlb_unshare_pmd_ptdesc. */
export function unshare(_state: State, gather: Gather, _rules: Rules, { addr, shares }: Of<"unshare">): void {
  gather.unshared = 1;
  adjustRange(gather, addr - (addr % PUD), PUD);
  gather.cleared |= CLEARED.pmd;
  if (shares <= 1) gather.fullyUnshared = 1;
}

/** retract_page_tables: the table of an empty range is freed after a flush that says so (3ef938c35035), through RCU. */
export function collapse(state: State, { addr, table }: Of<"collapse">): void {
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

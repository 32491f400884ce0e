/** s390: pages are flushed when their PTE is cleared, and freed at once. Only page tables are gathered. */
import type { TableLevel } from "../../spec/gather/vocabulary.ts";
import type { Gather, Rules, State } from "./state.ts";
import { submitTables } from "./tables.ts";

const SEGMENT_SPACE = 2 ** 31;
const REGION_SPACE = 2 ** 42;

/** Whether the address space has tables of this level. */
export function hasLevel({ asceLimit }: State, level: TableLevel): boolean {
  if (level === "pmd") return asceLimit > SEGMENT_SPACE;
  return level !== "pud" || asceLimit > REGION_SPACE;
}

/** __tlb_flush_mm: the whole mm, by IDTE. */
export function flushMm(state: State, { g, fullmm }: Gather): void {
  state.events.push({ kind: "flush", what: "mm", g, fullmm });
}

/** tlb_gather_mmu: where nothing else runs in the mm, one flush now serves all. */
export function beginS390(state: State, gather: Gather, { facts }: Rules): void {
  if (!facts.s390FlushesFirst) return;
  if (facts.s390Tables === "array" && (state.cpus === 1 || (state.users <= 1 && state.current === 1)))
    gather.fullmm = 1;
  if (gather.fullmm) flushMm(state, gather);
}

export function flushS390(state: State, gather: Gather, { facts }: Rules): void {
  if (facts.s390Tables === "rcu") {
    if (!gather.needFlush) return;
    gather.needFlush = 0;
    flushMm(state, gather);
    submitTables(state, gather);
    return;
  }
  const { ptes, pxds } = gather;
  const wasFlushed = facts.s390FlushesFirst && gather.fullmm;
  if (!wasFlushed && ptes.length + pxds.length > 0) flushMm(state, gather);
  for (const id of [...ptes.reverse(), ...pxds.reverse()]) state.events.push({ kind: "tableFree", id });
  gather.ptes = [];
  gather.pxds = [];
}

export function freeTableS390(
  state: State,
  gather: Gather,
  rules: Rules,
  level: TableLevel,
  id: number,
): void {
  if (!hasLevel(state, level)) return;
  if (gather.fullmm && rules.facts.s390FlushesFirst) {
    state.events.push({ kind: "tableFree", id });
    return;
  }
  if (rules.facts.s390Tables === "rcu") {
    gather.needFlush = 1;
    rules.steps.removeTable(state, gather, rules, id);
    return;
  }
  (level === "pte" ? gather.ptes : gather.pxds).push(id);
  if (gather.ptes.length + gather.pxds.length >= state.scope.limits.array) flushS390(state, gather, rules);
}

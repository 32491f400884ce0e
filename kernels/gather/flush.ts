/** tlb_flush_mmu and its parts, and how an architecture flushes. */
import type { Flush } from "../../spec/gather/response.ts";
import { flushHash } from "./hash.ts";
import { resetRange, strideOf } from "./range.ts";
import { type Gather, openGathers, type Rules, type State } from "./state.ts";
import { submitFreelist, submitTables } from "./tables.ts";

/** Whether anything waits for a flush. */
export function isFlushDue(
  { needFlush, end, freedTables, cleared, unshared }: Gather,
  { facts }: Rules,
): boolean {
  if (facts.flushIf === "end") return end !== 0;
  if (facts.flushIf === "levels") return (freedTables | cleared | unshared) !== 0;
  return needFlush !== 0;
}

/** What a gather says of itself when the architecture flushes. */
function fieldsOf({ g, fullmm, all, freedTables, cleared, unshared }: Gather, { facts }: Rules) {
  const ranged = facts.range !== "none";
  const levels = facts.tracks === "levels";
  return {
    g,
    fullmm,
    ...(ranged ? { all } : {}),
    ...(levels ? { freedTables, cleared } : {}),
    ...(facts.sharedTables ? { unshared } : {}),
  };
}

/** tlb_flush. ppc64's hash table is flushed entry by entry. */
export function flushTlb(state: State, gather: Gather, rules: Rules): void {
  const { arch } = state.scope;
  if (arch === "ppc64") {
    flushHash(state, gather.g, rules);
    if (rules.facts.pagesIn === "array") submitFreelist(state, gather.g);
    return;
  }
  const event = flushOf(arch === "gen" || arch === "geninv", gather, rules);
  if (event !== undefined) state.events.push(event);
}

function flushOf(isMinimal: boolean, gather: Gather, rules: Rules): Flush | undefined {
  const { facts } = rules;
  const { start, end, exec, huge } = gather;
  const fields = fieldsOf(gather, rules);
  const whole = gather.fullmm !== 0 || gather.all !== 0;
  const range = { start, end };
  if (!isMinimal) {
    const stride = facts.tracks === "levels" ? { stride: strideOf(gather) } : {};
    if (whole || !facts.x86Ranges) return { kind: "flush", what: "mm", ...stride, ...fields };
    return { kind: "flush", what: "range", ...range, ...stride, ...fields };
  }
  if (facts.tracks !== "levels") {
    const known = facts.range === "none" ? {} : range;
    return { kind: "flush", what: "tlb_flush", ...known, ...fields };
  }
  if (whole) return { kind: "flush", what: "mm", ...fields };
  return end === 0 ? undefined : { kind: "flush", what: "range", ...range, exec, huge, ...fields };
}

/** tlb_flush_mmu_tlbonly. */
export function flushTlbOnly(state: State, gather: Gather, rules: Rules): void {
  const { facts, steps } = rules;
  if (facts.range !== "gathered") {
    gather.needFlush = 0;
    steps.flushTlb(state, gather, rules);
    submitTables(state, gather);
    return;
  }
  if (!isFlushDue(gather, rules)) return;
  steps.flushTlb(state, gather, rules);
  if (facts.notifies) state.events.push({ kind: "notify", start: gather.start, end: gather.end });
  if (facts.tablesGo === "with the TLB part") submitTables(state, gather);
  resetRange(gather);
}

/** tlb_flush_mmu_free. */
export function flushFree(state: State, gather: Gather, rules: Rules): void {
  if (rules.facts.tablesGo === "before the pages") rules.steps.flushTables(state, gather, rules);
  if (!gather.fast) rules.steps.freeBatches(state, gather);
}

/** tlb_flush_mmu. */
export function flushMmu(state: State, gather: Gather, rules: Rules): void {
  if (rules.facts.range !== "gathered" && !isFlushDue(gather, rules)) return;
  rules.steps.flushTlbOnly(state, gather, rules);
  flushFree(state, gather, rules);
}

/** mm_tlb_flush_nested: whether another gather, or another thread, is between its PTE change and its flush. */
export function isNested(state: State): boolean {
  return openGathers(state) + state.pending > 1;
}

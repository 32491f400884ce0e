/** zap_pte_range, as each release has it: removes present PTEs, and flushes where the gather is full. And its vmas. */
import type { Of } from "../../spec/gather/commands.ts";
import { PAGE } from "../../spec/gather/vocabulary.ts";
import { addEntry, flushRmaps, freeAtOnce } from "./batches.ts";
import { flushFree, flushMmu } from "./flush.ts";
import { queueHash } from "./hash.ts";
import { noteEntry, resetRange } from "./range.ts";
import type { Gather, Rules, State } from "./state.ts";

/** What __tlb_remove_page asserts of its caller, and notes. */
function notePage(state: State, gather: Gather, rules: Rules, size: number): void {
  const { flushIf, pageSize } = rules.facts;
  if (flushIf === "need_flush") gather.needFlush = 1;
  else if (flushIf === "need_flush, asserted" && !gather.needFlush) state.events.push({ kind: "bug" });
  else if ((flushIf === "end" || flushIf === "levels") && gather.end === 0)
    state.events.push({ kind: "bug" });
  if (pageSize !== "unknown" && checksPageSize(state, rules) && gather.pageSize !== size)
    state.events.push({ kind: "warn" });
}

/** Whether the gather knows its page size: until 5.2 for an assertion, then on architectures that need it. */
export function checksPageSize({ scope: { arch } }: State, { facts }: Rules): boolean {
  return facts.pageSize === "stored" || arch === "gen" || arch === "geninv";
}

/** __tlb_remove_page: whether the gather is full. */
export function removePage(
  state: State,
  gather: Gather,
  rules: Rules,
  page: { readonly pfn: number; readonly count: number; readonly size: number; readonly delayed: boolean },
): boolean {
  notePage(state, gather, rules, page.size);
  if (gather.fast) {
    freeAtOnce(state, page.pfn);
    return false;
  }
  return addEntry(state, gather, rules, page);
}

/** The number of times that the range was left to flush. */
export function zap(state: State, gather: Gather, rules: Rules, command: Of<"zap">): number {
  const { facts } = rules;
  const { n: pages, addr: first } = command;
  const end = first + pages * PAGE;
  const hashed = state.scope.arch === "ppc64";
  const delays = command.dirty === true && facts.delaysRmap;
  const dirty = command.dirty === true && facts.splitsFlush;
  const chunk = facts.folios ? (command.folio ?? 1) : 1;
  if (facts.pageSize !== "unknown") setPageSize(state, gather, rules, PAGE);
  let forced = 0;
  let at = first;
  while (at < end) {
    let full = false;
    if (hashed) rules.steps.setLazy(state, gather.g, rules, true);
    while (at < end && !full) {
      const count = Math.min(chunk, (end - at) / PAGE);
      const pfn = command.pfn + (at - first) / PAGE;
      if (hashed) queueHash(state, gather.g, rules, { addr: at, psize: 0, ssize: 0, huge: false });
      noteEntry(gather, facts, { level: "pte", addr: at, count, size: PAGE });
      if (delays) gather.delayedRmap = 1;
      full = removePage(state, gather, rules, { pfn, count, size: PAGE, delayed: delays });
      if (full && facts.pagesIn === "array") {
        flushMmu(state, gather, rules);
        full = false;
      }
      at += count * PAGE;
    }
    if (full || dirty) {
      forced += 1;
      flushZapped(state, gather, rules, { last: at - PAGE, at, end, full });
    }
    if (hashed) rules.steps.setLazy(state, gather.g, rules, false);
    if (full && facts.zapFlushes === "what is left" && at < end) continue;
  }
  return forced;
}

/** What zap flushes where it stopped, or at its end. */
function flushZapped(
  state: State,
  gather: Gather,
  rules: Rules,
  stop: { readonly last: number; readonly at: number; readonly end: number; readonly full: boolean },
): void {
  const { facts, steps } = rules;
  switch (facts.zapFlushes) {
    case "all":
      flushMmu(state, gather, rules);
      return;
    case "what is left":
      gather.start = stop.last;
      gather.end = stop.end;
      flushMmu(state, gather, rules);
      return;
    case "up to the last page": {
      const before = gather.end;
      const at = stop.full ? stop.last : stop.end;
      gather.end = at;
      steps.flushTlbOnly(state, gather, rules);
      gather.start = at;
      gather.end = before;
      flushFree(state, gather, rules);
      return;
    }
    case "what was gathered":
      steps.flushTlbOnly(state, gather, rules);
      if (facts.delaysRmap) flushRmaps(state, gather);
      if (facts.tracks === "levels") flushMmu(state, gather, rules);
      else flushFree(state, gather, rules);
  }
}

/** tlb_change_page_size. */
export function setPageSize(state: State, gather: Gather, rules: Rules, size: number): void {
  const { facts } = rules;
  if (!checksPageSize(state, rules)) return;
  const changes = gather.pageSize !== 0 && gather.pageSize !== size;
  const excused = gather.fullmm !== 0 || (facts.pageSize === "flushes, unless all is" && gather.all !== 0);
  if (changes && facts.pageSize !== "stored" && !excused) flushMmu(state, gather, rules);
  gather.pageSize = size;
}

// Start and end of a vma, and vmas of frames without pages.

/** Whether start and end of a vma are generic code on this architecture. */
function hasGenericVmas({ scope: { arch } }: State, { facts }: Rules): boolean {
  return facts.genericVma || arch === "gen" || arch === "geninv";
}

/** tlb_start_vma. */
export function startVma(state: State, gather: Gather, command: Of<"startVma">, rules: Rules): void {
  const { facts } = rules;
  if (!hasGenericVmas(state, rules) || !facts.cachesFlushed || gather.fullmm) return;
  gather.exec = command.exec ? 1 : 0;
  gather.huge = command.huge ? 1 : 0;
  const isOfFrames = command.pfnmap ? 1 : 0;
  gather.pfnmap = facts.frameVmas === "flush at free_vmas" ? gather.pfnmap | isOfFrames : isOfFrames;
  state.events.push({ kind: "cache", start: command.start, end: command.end });
}

/** tlb_end_vma. */
export function endVma(state: State, gather: Gather, rules: Rules): void {
  const { facts, steps } = rules;
  if (!hasGenericVmas(state, rules) || gather.fullmm || facts.endVma === "nothing") return;
  const { arch } = state.scope;
  if (arch !== "gen" && arch !== "geninv") {
    if (facts.frameVmas === "flush at the end") flushFrames(state, gather, rules);
    return;
  }
  if (facts.endVma === "TLB part") steps.flushTlbOnly(state, gather, rules);
  else if (gather.end !== 0) {
    steps.flushTlb(state, gather, rules);
    resetRange(gather);
  }
}

/** Flushes what was removed of vmas of frames without pages, before a driver can think them unmapped. */
export function flushFrames(state: State, gather: Gather, rules: Rules): void {
  if (!gather.fullmm && gather.pfnmap) rules.steps.flushTlbOnly(state, gather, rules);
}

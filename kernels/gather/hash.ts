/** ppc64: the batch of hash-table entries that wait to be invalidated, one for each CPU. */
import type { Run } from "../../spec/gather/response.ts";
import { type Addr, PAGE } from "../../spec/gather/vocabulary.ts";
import { type HashBatch, joined, type Rules, type State } from "./state.ts";

const LARGE_PAGE = 2 ** 16;

/** __flush_tlb_pending, if anything waits. */
export function flushHash(state: State, cpu: number, _rules: Rules): void {
  const batch = state.hash[cpu] as HashBatch;
  const { addrs, psize, ssize } = batch;
  if (addrs.length === 0) return;
  const local = state.mask === 1 << cpu ? 1 : 0;
  const [addr] = addrs as [Addr];
  const runs = joined(
    addrs.map((each): Run => [each, 1]),
    PAGE,
  );
  if (addrs.length === 1) state.events.push({ kind: "hashPage", addr, psize, ssize, local });
  else state.events.push({ kind: "hashRange", runs, n: addrs.length, psize, ssize, local });
  batch.addrs = [];
}

/** hpte_need_flush: queues the entry of one page, or invalidates it at once outside the lazy mode. */
export function queueHash(
  state: State,
  cpu: number,
  rules: Rules,
  page: { readonly addr: Addr; readonly psize: number; readonly ssize: number; readonly huge: boolean },
): void {
  const { psize, ssize, huge } = page;
  const isRounded = huge && psize === 1 && rules.facts.roundsHugeHash;
  const addr = isRounded ? page.addr - (page.addr % LARGE_PAGE) : page.addr;
  const batch = state.hash[cpu] as HashBatch;
  if (!batch.active) {
    state.events.push({ kind: "hashPage", addr, psize, ssize, local: 0 });
    return;
  }
  if (batch.addrs.length > 0 && (batch.psize !== psize || batch.ssize !== ssize))
    flushHash(state, cpu, rules);
  if (batch.addrs.length === 0) {
    batch.psize = psize;
    batch.ssize = ssize;
  }
  batch.addrs.push(addr);
  if (batch.addrs.length >= state.scope.limits.hash) flushHash(state, cpu, rules);
}

/** arch_enter_lazy_mmu_mode, arch_leave_lazy_mmu_mode. */
export function setLazy(state: State, cpu: number, rules: Rules, on: boolean): void {
  if (!on) flushHash(state, cpu, rules);
  (state.hash[cpu] as HashBatch).active = on ? 1 : 0;
}

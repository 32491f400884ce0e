/** Pages that wait to be freed: the array of 2.6, the chain of batches from 3.0 on. */
import type { Run } from "../../spec/gather/response.ts";
import { TABLE_PAGES } from "../../spec/gather/vocabulary.ts";
import type { Facts } from "./changes.ts";
import {
  allocate,
  type Batch,
  type Entry,
  type Gather,
  joined,
  newBatch,
  type Rules,
  release,
  type State,
} from "./state.ts";

export function activeBatch({ chain, active }: Gather): Batch {
  return chain[active] as Batch;
}

/** tlb_next_batch: whether there is another batch to fill. */
export function nextBatch(state: State, gather: Gather, facts: Facts): boolean {
  // From 6.2 on no second batch fills while rmaps wait: they are removed under the PTE lock.
  if (facts.delaysRmap && gather.delayedRmap && gather.active > 0) return false;
  if (gather.active + 1 < gather.chain.length) {
    gather.active += 1;
    return true;
  }
  const { limits } = state.scope;
  if (facts.limitsBatches && gather.batchCount === limits.batches) return false;
  const id = allocate(state, "pages");
  if (id === undefined) return false;
  gather.batchCount += 1;
  gather.chain.push(newBatch(id, limits.batch));
  gather.active = gather.chain.length - 1;
  return true;
}

/** __tlb_remove_page without its checks: whether the caller must flush. */
export function addEntry(state: State, gather: Gather, { facts, steps }: Rules, entry: Entry): boolean {
  const batch = activeBatch(gather);
  batch.entries.push(entry);
  batch.nr += entry.count > 1 ? 2 : 1;
  // From 6.9 on a run of pages must always find room for two entries.
  const room = facts.folios ? 1 : 0;
  if (batch.nr >= batch.max - room) {
    if (facts.pagesIn === "array" || !steps.nextBatch(state, gather, facts)) return true;
  }
  const { nr, max } = activeBatch(gather);
  if (facts.pagesIn === "chain" && nr > max - room) state.events.push({ kind: "bug" });
  return false;
}

/** What is left of the batch that fills. */
export function leftIn(gather: Gather): number {
  const { max, nr } = activeBatch(gather);
  return max - nr;
}

/** A page freed at once. The page of a page table is that table. */
export function freeAtOnce(state: State, pfn: number): void {
  state.events.push(
    pfn >= TABLE_PAGES ? { kind: "tableFree", id: pfn - TABLE_PAGES } : { kind: "page", pfn },
  );
}

/** tlb_batch_pages_flush: frees what all batches hold, and keeps the chain. */
export function freeBatches(state: State, gather: Gather): void {
  for (const batch of gather.chain) {
    if (batch.nr === 0) continue;
    const runs = joined(batch.entries.map(({ pfn, count }): Run => [pfn, count]));
    state.events.push({ kind: "pages", runs, slots: batch.nr });
    batch.nr = 0;
    batch.entries = [];
  }
  gather.active = 0;
}

/** tlb_batch_list_free: gives the batch pages back when the gather ends. */
export function freeChain(state: State, gather: Gather): void {
  for (const { id } of gather.chain.slice(1)) release(state, id);
}

/** tlb_flush_rmaps: in the bundle, then in the batch that fills. */
export function flushRmaps(state: State, gather: Gather): void {
  if (!gather.delayedRmap) return;
  const [bundle] = gather.chain as [Batch];
  const active = activeBatch(gather);
  for (const batch of bundle === active ? [bundle] : [bundle, active]) {
    for (const { pfn, count, delayed } of batch.entries) {
      if (delayed) state.events.push({ kind: "rmap", pfn, count });
    }
  }
  gather.delayedRmap = 0;
}

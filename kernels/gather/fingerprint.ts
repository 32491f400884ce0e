/** How an explorer distinguishes the states of a gather: by all on which a later reply may depend. */
import { type Fingerprint, LIST_END } from "../../spec/fingerprint.ts";
import type { Hardware } from "./hardware.ts";
import type { Gather, State, TableBatch } from "./state.ts";

/** Ids of batch pages are left out: they only name, and grow for ever. */
export function addState(state: State, to: Fingerprint): void {
  for (const gather of state.gathers) {
    if (gather === undefined) to.add(LIST_END);
    else addGather(gather, to);
  }
  for (const { active, addrs, psize, ssize } of state.hash) {
    to.addAll([active, psize, ssize]);
    to.addList(addrs);
  }
  for (const list of state.freelist) addTables(list, to);
  for (const { batch, table } of state.rcu) {
    if (batch !== undefined) addTables(batch, to);
    else to.add(table as number);
  }
  to.add(LIST_END);
  const { cpus, users, current, asceLimit, mask, preempted, pending, succeed, fail } = state;
  to.addAll([cpus, users, current, asceLimit, mask, preempted, pending, succeed, fail]);
  addHardware(state.hardware, to);
}

function addTables(batch: TableBatch | undefined, to: Fingerprint): void {
  if (batch === undefined) to.add(LIST_END - 1);
  else to.addList(batch.tables);
}

function addGather(gather: Gather, to: Fingerprint): void {
  const { fullmm, needFlush, fast, start, end, all, freedTables, cleared, exec, huge, pfnmap } = gather;
  to.addAll([fullmm, needFlush, fast, start, end, all, freedTables, cleared, exec, huge, pfnmap]);
  const { delayedRmap, unshared, fullyUnshared, pageSize, batchCount, active } = gather;
  to.addAll([delayedRmap, unshared, fullyUnshared, pageSize, batchCount, active]);
  for (const { entries } of gather.chain) {
    for (const { pfn, count, delayed } of entries) to.addAll([pfn, count, delayed ? 1 : 0]);
    to.add(LIST_END);
  }
  to.add(LIST_END);
  addTables(gather.tables, to);
  to.addList(gather.ptes);
  to.addList(gather.pxds);
}

const HOW = { active: 0, lazy: 1, none: 2 } as const;

function addHardware({ ptes, linked, freedTables, cpus, walking }: Hardware, to: Fingerprint): void {
  addMap(to, ptes);
  to.addList(sorted(linked));
  to.addList(sorted(freedTables));
  to.addList(sorted(walking));
  for (const { how, tlb, walks, behind } of cpus) {
    to.addAll([HOW[how], behind ? 1 : 0]);
    addMap(to, tlb);
    to.addList(sorted(walks));
  }
}

const sorted = (set: ReadonlySet<number>): number[] => [...set].sort((a, b) => a - b);

function addMap(to: Fingerprint, map: ReadonlyMap<number, number>): void {
  for (const key of [...map.keys()].sort((a, b) => a - b)) to.addAll([key, map.get(key) as number]);
  to.add(LIST_END);
}

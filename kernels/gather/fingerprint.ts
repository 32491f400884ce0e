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
    addAll(to, [active, psize, ssize]);
    addList(to, addrs);
  }
  for (const list of state.freelist) addTables(list, to);
  for (const { batch, table } of state.rcu) {
    if (batch !== undefined) addTables(batch, to);
    else to.add(table as number);
  }
  to.add(LIST_END);
  const { cpus, users, current, asceLimit, mask, preempted, pending, succeed, fail } = state;
  addAll(to, [cpus, users, current, asceLimit, mask, preempted, pending, succeed, fail]);
  addHardware(state.hardware, to);
}

function addAll(to: Fingerprint, numbers: readonly number[]): void {
  for (const each of numbers) to.add(each);
}

function addList(to: Fingerprint, numbers: Iterable<number>): void {
  for (const each of numbers) to.add(each);
  to.add(LIST_END);
}

function addTables(batch: TableBatch | undefined, to: Fingerprint): void {
  if (batch === undefined) to.add(LIST_END - 1);
  else addList(to, batch.tables);
}

function addGather(gather: Gather, to: Fingerprint): void {
  const { fullmm, needFlush, fast, start, end, all, freedTables, cleared, exec, huge, pfnmap } = gather;
  addAll(to, [fullmm, needFlush, fast, start, end, all, freedTables, cleared, exec, huge, pfnmap]);
  const { delayedRmap, unshared, fullyUnshared, pageSize, batchCount, active } = gather;
  addAll(to, [delayedRmap, unshared, fullyUnshared, pageSize, batchCount, active]);
  for (const { entries } of gather.chain) {
    for (const { pfn, count, delayed } of entries) addAll(to, [pfn, count, delayed ? 1 : 0]);
    to.add(LIST_END);
  }
  to.add(LIST_END);
  addTables(gather.tables, to);
  addList(to, gather.ptes);
  addList(to, gather.pxds);
}

const HOW = { active: 0, lazy: 1, none: 2 } as const;

function addHardware({ ptes, linked, freedTables, cpus, walking }: Hardware, to: Fingerprint): void {
  addMap(to, ptes);
  addList(to, sorted(linked));
  addList(to, sorted(freedTables));
  addList(to, sorted(walking));
  for (const { how, tlb, walks, behind } of cpus) {
    addAll(to, [HOW[how], behind ? 1 : 0]);
    addMap(to, tlb);
    addList(to, sorted(walks));
  }
}

const sorted = (set: ReadonlySet<number>): number[] => [...set].sort((a, b) => a - b);

function addMap(to: Fingerprint, map: ReadonlyMap<number, number>): void {
  for (const key of [...map.keys()].sort((a, b) => a - b)) addAll(to, [key, map.get(key) as number]);
  to.add(LIST_END);
}

/** The state of a gather kernel: its open gathers, the allocator of batch pages, what RCU holds, and the hardware. */
import { type Fingerprint, LIST_END } from "../../spec/fingerprint.ts";
import type { Of } from "../../spec/gather/commands.ts";
import type { Event, Run } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import type { Addr, Pfn, Slot, TableId } from "../../spec/gather/vocabulary.ts";
import type { Facts } from "./changes.ts";
import { copyHardware, type Hardware, newHardware } from "./hardware.ts";

/** A page, or from 6.9 on a run of pages of one folio, that waits to be freed. */
export interface Entry {
  readonly pfn: Pfn;
  readonly count: number;
  /** Its rmap is removed after the flush. */
  readonly delayed: boolean;
}

/** mmu_gather_batch, or the one array of 2.6. A run of pages takes two entries. */
export interface Batch {
  readonly id: number;
  readonly max: number;
  nr: number;
  entries: Entry[];
}

/** mmu_table_batch, or pte_freelist_batch. */
export interface TableBatch {
  readonly id: number;
  readonly tables: TableId[];
}

/** mmu_gather. A release uses the fields that it has. */
export interface Gather {
  readonly g: Slot;
  fullmm: number;
  needFlush: number;
  fast: number;
  start: Addr;
  end: Addr;
  all: number;
  freedTables: number;
  cleared: number;
  exec: number;
  huge: number;
  pfnmap: number;
  delayedRmap: number;
  unshared: number;
  fullyUnshared: number;
  pageSize: number;
  batchCount: number;
  chain: Batch[];
  /** The index in the chain of the batch that fills. */
  active: number;
  tables: TableBatch | undefined;
  /** s390 up to 2.6.39: one array that fills from both ends. */
  ptes: TableId[];
  pxds: TableId[];
}

/** ppc64_tlb_batch of one CPU. */
export interface HashBatch {
  active: number;
  addrs: Addr[];
  psize: number;
  ssize: number;
}

/** What call_rcu queued. */
type Callback =
  | { readonly batch: TableBatch; readonly table?: undefined }
  | { readonly table: TableId; readonly batch?: undefined };

export interface State {
  readonly scope: Scope;
  readonly gathers: (Gather | undefined)[];
  /** By CPU, on ppc64; and up to 2.6.39 the list of page tables to free. */
  readonly hash: HashBatch[];
  readonly freelist: (TableBatch | undefined)[];
  rcu: Callback[];
  cpus: number;
  users: number;
  current: number;
  asceLimit: number;
  /** The mm's CPU mask. */
  mask: number;
  /** The CPU whose gather's owner slept; -1 for none. */
  preempted: number;
  /** Other threads between their PTE change and their flush. */
  pending: number;
  /** Batch pages: the last id, those not freed, and the successes and failures that come next. */
  lastId: number;
  allocated: number;
  succeed: number;
  fail: number;
  readonly hardware: Hardware;
  /** The events of the call. */
  events: Event[];
}

const MOST_SLOTS = 4;

export function newState(scope: Scope): State {
  return {
    scope,
    gathers: new Array(MOST_SLOTS).fill(undefined),
    hash:
      scope.arch === "ppc64"
        ? Array.from({ length: MOST_SLOTS }, () => ({ active: 0, addrs: [], psize: 0, ssize: 0 }))
        : [],
    freelist: new Array(MOST_SLOTS).fill(undefined),
    rcu: [],
    cpus: scope.cpus,
    users: 1,
    current: 1,
    asceLimit: 2 ** 53,
    mask: 15,
    preempted: -1,
    pending: 0,
    lastId: 0,
    allocated: 0,
    succeed: 0,
    fail: 0,
    hardware: newHardware(scope),
    events: [],
  };
}

const copyTables = ({ id, tables }: TableBatch): TableBatch => ({ id, tables: tables.slice() });

function copyGather(gather: Gather): Gather {
  return {
    ...gather,
    chain: gather.chain.map((batch) => ({ ...batch, entries: batch.entries.slice() })),
    tables: gather.tables && copyTables(gather.tables),
    ptes: gather.ptes.slice(),
    pxds: gather.pxds.slice(),
  };
}

/** Entries and queued batches never change, and are shared. */
export function copyState(state: State): State {
  return {
    ...state,
    gathers: state.gathers.map((gather) => gather && copyGather(gather)),
    hash: state.hash.map((batch) => ({ ...batch, addrs: batch.addrs.slice() })),
    freelist: state.freelist.map((list) => list && copyTables(list)),
    rcu: state.rcu.slice(),
    hardware: copyHardware(state.hardware),
    events: [],
  };
}

export function newBatch(id: number, max: number): Batch {
  return { id, max, nr: 0, entries: [] };
}

/**
 * A gather that begins: its first list has room for `max` entries. One literal: put together from several, it took a
 * quarter of all time of random histories.
 */
export function newGather(
  g: Slot,
  max: number,
  { fullmm, fast, start, end }: Pick<Gather, "fullmm" | "fast" | "start" | "end">,
): Gather {
  return {
    g,
    fullmm,
    needFlush: 0,
    fast,
    start,
    end,
    all: 0,
    freedTables: 0,
    cleared: 0,
    exec: 0,
    huge: 0,
    pfnmap: 0,
    delayedRmap: 0,
    unshared: 0,
    fullyUnshared: 0,
    pageSize: 0,
    batchCount: 0,
    chain: [newBatch(0, max)],
    active: 0,
    tables: undefined,
    ptes: [],
    pxds: [],
  };
}

/** __get_free_page for a batch: its id, or undefined when it fails. */
export function allocate(state: State, what: "pages" | "table"): number | undefined {
  if (state.succeed > 0) state.succeed -= 1;
  else if (state.fail > 0) {
    state.fail -= 1;
    state.events.push({ kind: "allocFail", what });
    return undefined;
  }
  state.lastId += 1;
  state.allocated += 1;
  state.events.push({ kind: "alloc", what, id: state.lastId });
  return state.lastId;
}

/** Parts with those that follow on joined; a part is `size` apart from the next for each that it counts. */
export function joined(parts: readonly Run[], size = 1): Run[] {
  const runs: [first: number, count: number][] = [];
  for (const [first, count] of parts) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] * size === first) last[1] += count;
    else runs.push([first, count]);
  }
  return runs;
}

export function release(state: State, id: number): void {
  state.allocated -= 1;
  state.events.push({ kind: "free", id });
}

/** The gathers that are open. */
export function openGathers({ gathers }: State): number {
  return gathers.reduce((open, gather) => open + (gather === undefined ? 0 : 1), 0);
}

type Step = (state: State, gather: Gather, rules: Rules) => void;

export interface Steps {
  readonly flushTlb: Step;
  readonly flushTlbOnly: Step;
  readonly flushTables: Step;
  readonly invalidate: Step;
  readonly finish: (state: State, gather: Gather, rules: Rules, start: number, end: number) => void;
  readonly removeTable: (state: State, gather: Gather, rules: Rules, id: TableId) => void;
  readonly unshare: (state: State, gather: Gather, rules: Rules, command: Of<"unshare">) => void;
  /** tlb_next_batch: whether there is another batch to fill. */
  readonly nextBatch: (state: State, gather: Gather, facts: Facts) => boolean;
  readonly freeBatches: (state: State, gather: Gather) => void;
  readonly setLazy: (state: State, cpu: number, rules: Rules, on: boolean) => void;
  /** Whether the grace periods that were asked for can end. */
  readonly graceEnds: (state: State) => boolean;
  readonly collapse: (state: State, command: Of<"collapse">) => void;
}

export interface Rules {
  readonly facts: Facts;
  readonly steps: Steps;
}

// How an explorer distinguishes the states of a gather: by all on which a later reply may depend.

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

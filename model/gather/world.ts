/** The reference: one immutable world. `Draft` is how the next one is made, within one reply. */
import type { Promises } from "../../spec/gather/promises.ts";
import { PTES_OF_TABLE, type Scope } from "../../spec/gather/scope.ts";
import type { Addr, Pfn, Slot, TableId } from "../../spec/gather/vocabulary.ts";
import type {
  Early,
  EarlyTable,
  OpenGather,
  Reading,
  Removal,
  Waiting,
  WaitingTable,
  World,
} from "../../spec/gather/world.ts";

const NOTHING: Reading = {
  early: [],
  earlyTables: [],
  twice: [],
  missed: [],
  wrongLevels: false,
  idle: 0,
  walked: [],
  lost: [],
  stale: [],
  over: false,
  stuck: false,
};

export interface State extends World {
  /** Batch pages that are not freed. */
  readonly batchPages: ReadonlySet<number>;
  readonly lastRemoval: number;
  /** Removals of pages whose caller removed no entry. */
  readonly unannounced: ReadonlySet<number>;
  readonly asceLimit: number;
}

/** Every page of the scope is mapped, by the frame of its place, and every table is in place. */
export function initialWorld(scope: Scope, promises: Promises): State {
  return {
    scope,
    promises,
    gathers: new Map(),
    uncovered: new Map(),
    waiting: new Map(),
    tables: new Map(),
    users: 1,
    pending: 0,
    ptes: new Map(scope.pages.map((addr, nth) => [addr, scope.frames[nth] as Pfn])),
    linked: new Set(scope.tableIds),
    freed: new Map(scope.frames.slice(scope.pages.length).map((pfn) => [pfn, "free"])),
    drivers: new Set(),
    unshared: new Set(),
    failing: false,
    loaded: new Array(scope.cpus).fill("none"),
    walkers: new Map(),
    reply: NOTHING,
    entries: new Map(),
    batchPages: new Set(),
    lastRemoval: 0,
    unannounced: new Set(),
    asceLimit: 2 ** 53,
  };
}

/** The table that has the PTE of an address: table n has those of the nth range of a table's size. */
export const tableOf = (addr: Addr): TableId => Math.floor(addr / PTES_OF_TABLE);

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };

/** A world being written: its collections are copied when first written to. */
export class Draft {
  readonly before: State;
  uncovered: ReadonlyMap<number, Removal>;
  waiting: ReadonlyMap<Pfn, Waiting>;
  tables: ReadonlyMap<TableId, WaitingTable>;
  gathers: ReadonlyMap<Slot, OpenGather>;
  entries: World["entries"];
  batchPages: ReadonlySet<number>;
  ptes: ReadonlyMap<Addr, Pfn>;
  freed: World["freed"];
  linked: ReadonlySet<TableId>;
  drivers: ReadonlySet<Pfn>;
  lastRemoval: number;
  unannounced: ReadonlySet<number>;
  /** Fields that a command sets as a whole. */
  readonly set: Partial<Writable<State>> = {};
  readonly early: Early[] = [];
  readonly earlyTables: EarlyTable[] = [];
  readonly twice: number[] = [];
  readonly missed: Removal[] = [];
  readonly walked: TableId[] = [];
  readonly lost: number[] = [];
  readonly stale: Removal[] = [];
  wrongLevels = false;
  idle = 0;
  over = false;
  stuck = false;

  constructor(before: State) {
    this.before = before;
    this.uncovered = before.uncovered;
    this.waiting = before.waiting;
    this.tables = before.tables;
    this.gathers = before.gathers;
    this.entries = before.entries;
    this.batchPages = before.batchPages;
    this.ptes = before.ptes;
    this.freed = before.freed;
    this.linked = before.linked;
    this.drivers = before.drivers;
    this.lastRemoval = before.lastRemoval;
    this.unannounced = before.unannounced;
  }

  /** A collection that may be written to. */
  own<Key extends "uncovered" | "waiting" | "tables" | "gathers" | "entries" | "ptes" | "freed">(
    key: Key,
  ): State[Key] extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never {
    if (this[key] === this.before[key])
      (this as Record<Key, unknown>)[key] = new Map(this.before[key] as Map<unknown, unknown>);
    return this[key] as never;
  }

  ownSet(key: "batchPages" | "linked" | "unannounced" | "drivers"): Set<number> {
    if (this[key] === this.before[key]) this[key] = new Set(this.before[key]);
    return this[key] as Set<number>;
  }

  gather(g: Slot): OpenGather | undefined {
    return this.gathers.get(g);
  }

  /** Changes some fields of an open gather. */
  change(g: Slot, fields: Partial<OpenGather>): void {
    const gather = this.gathers.get(g);
    if (gather !== undefined) this.own("gathers").set(g, { ...gather, ...fields });
  }

  /** The world that follows. */
  done(): State {
    const {
      uncovered,
      waiting,
      tables,
      gathers,
      entries,
      batchPages,
      ptes,
      freed,
      linked,
      lastRemoval,
      unannounced,
    } = this;
    return {
      ...this.before,
      ...{
        uncovered,
        waiting,
        tables,
        gathers,
        entries,
        batchPages,
        ptes,
        freed,
        linked,
        lastRemoval,
        unannounced,
      },
      ...this.set,
      reply: this.reading(),
    };
  }

  private reading(): Reading {
    const { early, earlyTables, twice, missed, wrongLevels, idle, walked, lost, stale, over, stuck } = this;
    const found = early.length + earlyTables.length + twice.length + missed.length + idle;
    const more = walked.length + lost.length + stale.length;
    if (found + more === 0 && !wrongLevels && !over && !stuck) return NOTHING;
    return { early, earlyTables, twice, missed, wrongLevels, idle, walked, lost, stale, over, stuck };
  }
}

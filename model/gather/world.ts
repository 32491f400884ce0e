/** The reference: one immutable world. `Draft` is how the next one is made, within one reply. */
import type { Promises } from "../../spec/gather/releases.ts";
import { type Scope, tablesOf } from "../../spec/gather/scope.ts";
import type { Pfn, Slot } from "../../spec/gather/vocabulary.ts";
import type { OpenGather, Reading, World } from "../../spec/gather/world.ts";

const nothing = (): Found => ({
  ...{ early: [], earlyTables: [], twice: [], missed: [], walked: [], lost: [], stale: [] },
  ...{ wrongLevels: false, idle: 0, over: false, stuck: false },
});
const NOTHING: Reading = nothing();

export interface State extends World {
  /** Batch pages that are not freed. */
  readonly batchPages: ReadonlySet<number>;
  readonly lastRemoval: number;
  /** Removals of pages whose caller removed no entry, and of tables that were freed before a vma ended. */
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
    linked: tablesOf(scope),
    flushedFirst: new Set(),
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

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };

/** What a reply did, while it is read. */
type Found = {
  -readonly [Field in keyof Reading]: Reading[Field] extends readonly (infer E)[] ? E[] : Reading[Field];
};

type Collection = "uncovered" | "waiting" | "tables" | "gathers" | "entries" | "ptes" | "freed";
type Numbers = "batchPages" | "linked" | "flushedFirst" | "unannounced" | "drivers";

/** Field by field: spreading an object as large as this costs twenty times as much, a microsecond. */
const copyOf = (of: State): Writable<State> => ({
  scope: of.scope,
  promises: of.promises,
  gathers: of.gathers,
  uncovered: of.uncovered,
  waiting: of.waiting,
  tables: of.tables,
  entries: of.entries,
  users: of.users,
  pending: of.pending,
  ptes: of.ptes,
  linked: of.linked,
  flushedFirst: of.flushedFirst,
  freed: of.freed,
  drivers: of.drivers,
  unshared: of.unshared,
  failing: of.failing,
  loaded: of.loaded,
  walkers: of.walkers,
  reply: of.reply,
  batchPages: of.batchPages,
  lastRemoval: of.lastRemoval,
  unannounced: of.unannounced,
  asceLimit: of.asceLimit,
});

const copyOfGather = (of: OpenGather): OpenGather => ({
  g: of.g,
  start: of.start,
  end: of.end,
  fullmm: of.fullmm,
  flushedFirst: of.flushedFirst,
  removed: of.removed,
  levels: of.levels,
  tables: of.tables,
  batches: of.batches,
  vma: of.vma,
  freesTables: of.freesTables,
  frames: of.frames,
  ended: of.ended,
  vmasFreed: of.vmasFreed,
  mustFlush: of.mustFlush,
  lazy: of.lazy,
  locked: of.locked,
  migrated: of.migrated,
});

/** A world being written: its collections are copied when first written to. */
export class Draft {
  readonly before: State;
  readonly next: Writable<State>;
  /** Made when something is found: most replies do nothing that a law looks at. */
  private reading: Found | undefined = undefined;

  constructor(before: State) {
    this.before = before;
    this.next = copyOf(before);
  }

  get found(): Found {
    this.reading ??= nothing();
    return this.reading;
  }

  /** A collection that may be written to. */
  own<Key extends Collection>(
    key: Key,
  ): State[Key] extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never {
    const held = this.next as Record<Collection, unknown>;
    if (held[key] === this.before[key]) {
      // Entry by entry: the constructor given a map takes 0.2 us even if that is empty, three times as long as this.
      const copy = new Map<unknown, unknown>();
      for (const [each, value] of this.before[key]) copy.set(each, value);
      held[key] = copy;
    }
    return held[key] as never;
  }

  ownSet(key: Numbers): Set<number> {
    if (this.next[key] === this.before[key]) this.next[key] = new Set(this.before[key]);
    return this.next[key] as Set<number>;
  }

  gather(g: Slot): OpenGather | undefined {
    return this.next.gathers.get(g);
  }

  /** Changes some fields of an open gather; most calls change none. */
  change(g: Slot, fields: Partial<OpenGather>): void {
    const gather = this.next.gathers.get(g);
    if (gather === undefined) return;
    for (const name in fields) {
      if (gather[name as keyof OpenGather] === fields[name as keyof OpenGather]) continue;
      this.own("gathers").set(g, Object.assign(copyOfGather(gather), fields));
      return;
    }
  }

  /** The world that follows. */
  done(): State {
    this.next.reply = this.reading === undefined || isEmpty(this.reading) ? NOTHING : this.reading;
    return this.next;
  }
}

const isEmpty = (found: Reading): boolean =>
  Object.values(found).every((each) => (Array.isArray(each) ? each.length === 0 : !each));

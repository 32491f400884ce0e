/**
 * A search that workers share: its tasks and findings on a home server, its partitions on that or on several. States
 * lie there as in a table of the local search: forms, numbers of parents, actions. Each is one string for a level of a
 * partition: it has no spare room, as a string that grows has.
 */
import type { Redis } from "ioredis";
import { type NewStates, SearchTooLarge } from "../../engine/search/partitions.ts";
import { APPLY, BEGIN, FINISH, KEEP, PAUSE, PREPARE, PUSH, TAKE } from "./search-scripts.ts";

/** All searches of a server, by their ids. */
const SEARCHES = "vmapcheck:searches";
/** What is found for a partition is read by this many expansions at a time. */
const PIECES = 64;
/** The longest string of a server, unless `proto-max-bulk-len` says more. */
const MOST_STRING = 512 * 2 ** 20;
/** The time in which the result of a search is read, and all of it removed. */
const CLAIM_MS = 60_000;

/** What a task found, as FINISH takes it. Laws and actions are numbers. */
export interface TaskFindings {
  /** Counters: `edges`, `deadlocks`, `fired:ACTION`. */
  readonly counts: readonly (readonly [string, number])[];
  /** Law, length, action, number of the state before. */
  readonly first: readonly (readonly [number, number, number, number])[];
  /** `LAW:ACTION`, and the least length. */
  readonly shortest: readonly (readonly [string, number])[];
  /** Witnesses. */
  readonly seen: readonly string[];
  /** Partitions, and how often something was put where they will take it. */
  readonly found: readonly (readonly [number, number])[];
  /** Tasks of the next level. */
  readonly next: readonly string[];
  /** Of a partition that took what was found for it. */
  readonly merged?: {
    readonly partition: number;
    readonly new: number;
    readonly size: number;
    readonly worker: string;
  };
}

export type Phase = "expand" | "merge" | "done";

/** How far a search is. */
export interface SearchStatus {
  readonly about: string;
  readonly phase: Phase;
  readonly ended: string | undefined;
  readonly paused: string | undefined;
  /** Why a worker of it ended. */
  readonly failed: string | undefined;
  readonly states: number;
  /** Before it was paused. */
  readonly seconds: number;
  readonly levels: readonly number[];
  /** Tasks that wait, and those in work. */
  readonly open: number;
  readonly taken: number;
}

/** Why a worker ended: what a person can do about it, and how the search is paused where all workers would end so. */
export interface Refusal {
  readonly refused: string;
  readonly pauses?: "memory" | "lost" | "failed" | undefined;
}

/** A server has lost what it had answered. */
export class LostStates extends Error {}

/** The searches of a server that have something to do. */
export async function searchesOn(home: Redis): Promise<readonly string[]> {
  return home.smembers(SEARCHES);
}

export class SharedSearch {
  readonly id: string;
  readonly #home: Redis;
  readonly #servers: readonly Redis[];
  readonly #homeKeys: readonly string[];

  /** @param servers Those of the partitions, in turn. */
  constructor(id: string, home: Redis, servers: readonly Redis[]) {
    this.id = id;
    this.#home = home;
    this.#servers = servers;
    this.#homeKeys = [
      `vmapcheck:search:{${id}}`,
      ...["open", "taken", "next", "touched", "owners", "levels", "first", "counts", "shortest", "seen"].map(
        (name) => `vmapcheck:search:{${id}}:${name}`,
      ),
    ];
  }

  /**
   * Begins the search, or continues it: from what leads to the initial state, in this partition.
   * @param about What its workers read of it.
   * @param ends The law whose violation ends it, by number; any, or never.
   */
  async begin(
    about: string,
    { ends, bound, partitions }: { ends: string; bound: number; partitions: number },
    { partition, found }: { partition: number; found: Int32Array },
  ): Promise<void> {
    for (let each = 0; each < partitions; each++)
      await this.#at(each).eval(PREPARE, 1, this.#key(each, "merged"));
    await this.push(partition, 0, found);
    await this.#atHome(BEGIN, about, ends, bound, `m:0:${partition}:1:0`);
    await this.#home.sadd(SEARCHES, this.id);
  }

  /** A task; or wait, done, paused, gone. */
  async take(worker: string, milliseconds: number): Promise<string> {
    return String(await this.#atHome(TAKE, worker, milliseconds));
  }

  async keep(task: string, milliseconds: number): Promise<void> {
    await this.#atHome(KEEP, task, milliseconds);
  }

  /** Whether it was counted: not if another worker was faster. */
  async finish(task: string, found: TaskFindings): Promise<boolean> {
    return (await this.#atHome(FINISH, task, JSON.stringify(found))) === 1;
  }

  /** Gives out no more tasks, until it is begun again. */
  async pause(why: string, seconds: number): Promise<void> {
    await this.#atHome(PAUSE, why, seconds, "");
  }

  /** Says to who asked why a worker ended, and pauses the search where that ends all of them. */
  async fail({ refused, pauses }: Refusal): Promise<void> {
    await this.#atHome(PAUSE, pauses ?? "", 0, refused);
  }

  /** Whether the result is this caller's to say, who then removes the search. */
  async claim(): Promise<boolean> {
    const key = `vmapcheck:search:{${this.id}}:claimed`;
    return (await this.#home.set(key, 1, "PX", CLAIM_MS, "NX")) === "OK";
  }

  async status(): Promise<SearchStatus | undefined> {
    const [home, open, taken, , , , levels] = this.#homeKeys as string[];
    const all = await this.#home
      .pipeline()
      .hgetall(home as string)
      .llen(open as string)
      .zcard(taken as string)
      .lrange(levels as string, 0, -1)
      .exec();
    const [of, waiting, working, sizes] = (all ?? []).map(([, reply]) => reply) as [
      Record<string, string>,
      number,
      number,
      string[],
    ];
    if (of.about === undefined) return undefined;
    return {
      about: of.about,
      phase: of.phase as Phase,
      ended: of.ended,
      paused: of.paused,
      failed: of.failed,
      states: Number(of.states),
      seconds: Number(of.seconds ?? 0),
      levels: sizes.map(Number),
      open: waiting,
      taken: working,
    };
  }

  /** All that tasks found. */
  async findings(): Promise<Pick<TaskFindings, "counts" | "first" | "shortest" | "seen">> {
    const [, , , , , , , first, counts, shortest, seen] = this.#homeKeys as string[];
    const entries = async (key = "") =>
      Object.entries(await this.#home.hgetall(key)).map(([name, value]) => [name, Number(value)] as const);
    const of = await this.#home.hgetall(first as string);
    return {
      counts: await entries(counts),
      first: Object.values(of).map((text) => JSON.parse(text)),
      shortest: await entries(shortest),
      seen: await this.#home.smembers(seen as string),
    };
  }

  /** Puts what an expansion found where the partition will take it. */
  async push(partition: number, level: number, found: Int32Array): Promise<void> {
    const keys = [this.#key(partition, "merged"), this.#key(partition, `found:${level}`)];
    await this.#at(partition).eval(PUSH, 2, ...keys, level, bytesOf(found));
  }

  /** What was said of a level when a partition took it; undefined if it has not. */
  async saysOf(partition: number, level: number): Promise<string | undefined> {
    const [of, says] = await this.#at(partition).hmget(this.#key(partition, "merged"), "level", "says");
    return of === String(level) ? (says ?? undefined) : undefined;
  }

  /** Whether a partition has taken a later level: then nothing is left to do for this one. */
  async isBeyond(partition: number, level: number): Promise<boolean> {
    return Number((await this.#at(partition).hget(this.#key(partition, "merged"), "level")) ?? -1) > level;
  }

  /** What was found for a level of a partition, some at a time. Throws a LostStates if there is less than there was. */
  async *found(partition: number, level: number, count: number): AsyncGenerator<readonly Int32Array[]> {
    const key = this.#key(partition, `found:${level}`);
    if ((await this.#at(partition).llen(key)) < count) throw this.lost(partition);
    for (let first = 0; ; first += PIECES) {
      const some = await this.#at(partition).lrangeBuffer(key, first, first + PIECES - 1);
      yield some.map((each) => new Int32Array(copyOf(each)));
      if (some.length < PIECES) return;
    }
  }

  /** Adds a level's new states to a partition, once. Returns what was said of them the first time. */
  async apply(
    partition: number,
    level: number,
    before: number,
    { forms, parents, actions }: NewStates,
    says: string,
  ): Promise<string> {
    if (forms.byteLength > MOST_STRING)
      throw new SearchTooLarge(
        `a level of a partition takes ${forms.byteLength} bytes, and a server's string at most ${MOST_STRING}`,
      );
    const keys = ["merged", ...["found", "forms", "parents", "actions"].map((name) => `${name}:${level}`)];
    const said = await this.#at(partition).eval(
      APPLY,
      keys.length,
      ...keys.map((name) => this.#key(partition, name)),
      level,
      before,
      before + parents.length,
      bytesOf(forms),
      bytesOf(parents),
      bytesOf(actions),
      says,
    );
    if (said === null) throw this.lost(partition);
    return String(said);
  }

  /** Forms of a level, by their places in it, from one to before another. Throws a LostStates if they are not there. */
  async forms(
    partition: number,
    level: number,
    words: number,
    from: number,
    to: number,
  ): Promise<Int32Array> {
    const key = this.#key(partition, `forms:${level}`);
    const bytes = await this.#at(partition).getrangeBuffer(key, from * words * 4, to * words * 4 - 1);
    if (bytes.length < (to - from) * words * 4) throw this.lost(partition);
    return new Int32Array(copyOf(bytes));
  }

  /** All forms of a level; none if no state of it lies there. */
  async allForms(partition: number, level: number): Promise<Int32Array> {
    const bytes = await this.#at(partition).getBuffer(this.#key(partition, `forms:${level}`));
    return new Int32Array(copyOf(bytes ?? NONE));
  }

  /** States of a partition before those of this level. */
  async start(partition: number, level: number): Promise<number> {
    if (level === 0) return 0;
    const keys = this.#levelKeys(partition, ["actions"], level - 1);
    const sizes = await Promise.all(keys.map((key) => this.#at(partition).strlen(key)));
    return sizes.reduce((sum, bytes) => sum + bytes / 2, 0);
  }

  /** Where a state comes from, by its place in its level. Throws a LostStates if that is not there. */
  async origin(partition: number, level: number, place: number) {
    const of = async (name: string, size: number) => {
      const key = this.#key(partition, `${name}:${level}`);
      const bytes = await this.#at(partition).getrangeBuffer(key, place * size, (place + 1) * size - 1);
      if (bytes.length < size) throw this.lost(partition);
      return copyOf(bytes);
    };
    const [parents, actions] = await Promise.all([of("parents", 4), of("actions", 2)]);
    return { parent: new Int32Array(parents)[0] as number, action: new Uint16Array(actions)[0] as number };
  }

  /** Where the states of a level come from. */
  async origins(partition: number, level: number): Promise<Pick<NewStates, "parents" | "actions">> {
    const [parents, actions] = await Promise.all(
      ["parents", "actions"].map((name) =>
        this.#at(partition).getBuffer(this.#key(partition, `${name}:${level}`)),
      ),
    );
    return {
      parents: new Int32Array(copyOf(parents ?? NONE)),
      actions: new Uint16Array(copyOf(actions ?? NONE)),
    };
  }

  /** By server: states, and the bytes that they take there. */
  async shards(partitions: number, levels: number): Promise<readonly { states: number; bytes: number }[]> {
    const shards = this.#servers.map(() => ({ states: 0, bytes: 0 }));
    for (let partition = 0; partition < partitions; partition++) {
      const shard = shards[partition % shards.length] as (typeof shards)[number];
      const server = this.#at(partition);
      shard.states += Number(await server.hget(this.#key(partition, "merged"), "size"));
      const keys = this.#levelKeys(partition, ["forms", "parents", "actions"], levels);
      const sizes = await Promise.all(keys.map((key) => server.memory("USAGE", key)));
      for (const size of sizes) shard.bytes += size ?? 0;
    }
    return shards;
  }

  /** Removes all of it from the servers. */
  async remove(partitions: number, levels: number): Promise<void> {
    await this.#home.srem(SEARCHES, this.id);
    await this.#home.unlink(...this.#homeKeys, `vmapcheck:search:{${this.id}}:claimed`);
    for (let partition = 0; partition < partitions; partition++) {
      const keys = this.#levelKeys(partition, ["forms", "parents", "actions", "found"], levels + 1);
      await this.#at(partition).unlink(this.#key(partition, "merged"), ...keys);
    }
  }

  #levelKeys(partition: number, names: readonly string[], levels: number): string[] {
    const all = Array.from({ length: levels + 1 }, (_none, level) => level);
    return all.flatMap((level) => names.map((name) => this.#key(partition, `${name}:${level}`)));
  }

  #atHome(script: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#home.eval(script, this.#homeKeys.length, ...this.#homeKeys, ...args);
  }

  #at(partition: number): Redis {
    return this.#servers[partition % this.#servers.length] as Redis;
  }

  #key(partition: number, name: string): string {
    return `vmapcheck:search:{${this.id}.${partition}}:${name}`;
  }

  lost(partition: number): LostStates {
    const { host, port } = this.#at(partition).options;
    return new LostStates(
      `${host}:${port} lost states that it had: keep its append-only file on, and let it evict no key`,
    );
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NewStates["parents"] | NewStates["actions"]) =>
  Buffer.from(buffer, byteOffset, byteLength);

const NONE = Buffer.alloc(0);

/** Replies begin at any byte, and numbers do not. */
const copyOf = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer;

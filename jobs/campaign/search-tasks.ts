/** What is left to do of a shared search, and what its tasks found: on its home server. */
import { randomUUID } from "node:crypto";
import { BEGIN, FINISH, KEEP, PAUSE, TAKE } from "./search-scripts.ts";
import type { Server } from "./server.ts";

/** All searches of a server, by their ids. */
const SEARCHES = "vmapcheck:searches";
/**
 * Bytes of rows by state that may wait to be sorted. The states themselves take 10 to 28; fewer bytes make more rounds,
 * at whose ends workers wait for each other.
 */
const WAITING_BYTES = 8;
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
  /** Bytes of the rows put there. */
  readonly bytes: number;
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
  /** Its name: what is begun again has another. */
  readonly run: string;
  readonly phase: Phase;
  readonly ended: string | undefined;
  readonly paused: string | undefined;
  /** Why a worker of it ended. */
  readonly failed: string | undefined;
  readonly states: number;
  /** Before it was paused. */
  readonly seconds: number;
  readonly levels: readonly number[];
  /** The number of the round in work. No partition has states of a later one. */
  readonly rounds: number;
  /** Tasks that wait, and those in work. */
  readonly open: number;
  readonly taken: number;
}

/** Why a worker ended: what a person can do about it, and how the search is paused where all workers would end so. */
export interface Refusal {
  readonly refused: string;
  readonly pauses?: "memory" | "lost" | "failed" | undefined;
}

/** A search has a task that nothing of ours wrote. */
export class WrongTask extends Error {}

/** The searches of a server that have something to do. */
export async function searchesOn(home: Server): Promise<readonly string[]> {
  return home.smembers(SEARCHES);
}

export class SearchTasks {
  readonly id: string;
  readonly #home: Server;
  readonly #keys: readonly string[];

  constructor(id: string, home: Server) {
    this.id = id;
    this.#home = home;
    const lists = ["open", "taken", "next", "touched", "owners", "levels"];
    const names = [...lists, "first", "counts", "shortest", "seen", "left"];
    this.#keys = ["", ...names.map((name) => `:${name}`)].map((end) => `vmapcheck:search:{${id}}${end}`);
  }

  /** The name of this run of the search: a server that lost the search gives it another. */
  async run(): Promise<string> {
    const [home = ""] = this.#keys;
    await this.#home.hsetnx(home, "run", randomUUID());
    return (await this.#home.hget(home, "run")) ?? "";
  }

  /**
   * Begins the search, or continues it.
   * @param about What its workers read of it.
   * @param ends The law whose violation ends it, by number; any, or never.
   * @param first The first task.
   */
  async begin(
    about: string,
    ends: string,
    bound: number,
    first: string,
    run: string,
    waitingBytes: number = WAITING_BYTES,
  ): Promise<void> {
    await this.#eval(BEGIN, about, ends, bound, first, run, waitingBytes);
    await this.#home.sadd(SEARCHES, this.id);
  }

  /** A task; or wait, done, paused, gone, as another run is. */
  async take(worker: string, milliseconds: number, run: string): Promise<string> {
    return String(await this.#eval(TAKE, worker, milliseconds, run));
  }

  async keep(task: string, milliseconds: number): Promise<void> {
    await this.#eval(KEEP, task, milliseconds);
  }

  /** Whether it was counted: not if another worker was faster. */
  async finish(task: string, found: TaskFindings, run: string): Promise<boolean> {
    return (await this.#eval(FINISH, task, JSON.stringify(found), run)) === 1;
  }

  /** Gives out no more tasks, until it is begun again. */
  async pause(why: string, seconds: number): Promise<void> {
    await this.#eval(PAUSE, why, seconds, "");
  }

  /** Says to who asked why a worker ended, and pauses the search where that ends all of them. */
  async fail({ refused, pauses }: Refusal): Promise<void> {
    await this.#eval(PAUSE, pauses ?? "", 0, refused);
  }

  /** Whether the result is this caller's to say, who then removes the search. */
  async claim(): Promise<boolean> {
    return (await this.#home.set(this.#claimed, 1, "PX", CLAIM_MS, "NX")) === "OK";
  }

  async status(): Promise<SearchStatus | undefined> {
    const [home, open, taken, , , , levels, , , , , left] = this.#keys as string[];
    // Each by itself: if the connection ends within a pipeline's replies, ioredis gives up its other commands.
    const [of, waiting, later, working, sizes] = await Promise.all([
      this.#home.hgetall(home as string),
      this.#home.llen(open as string),
      this.#home.llen(left as string),
      this.#home.zcard(taken as string),
      this.#home.lrange(levels as string, 0, -1),
    ]);
    if (of.about === undefined) return undefined;
    return {
      about: of.about,
      run: of.run ?? "",
      phase: of.phase as Phase,
      ended: of.ended,
      paused: of.paused,
      failed: of.failed,
      states: Number(of.states),
      seconds: Number(of.seconds ?? 0),
      levels: sizes.map(Number),
      rounds: Number(of.round),
      open: waiting + later,
      taken: working,
    };
  }

  /** All that tasks found. */
  async findings(): Promise<Pick<TaskFindings, "counts" | "first" | "shortest" | "seen">> {
    const [, , , , , , , first, counts, shortest, seen] = this.#keys as string[];
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

  async remove(): Promise<void> {
    await this.#home.srem(SEARCHES, this.id);
    await this.#home.unlink(...this.#keys, this.#claimed);
  }

  get #claimed(): string {
    return `vmapcheck:search:{${this.id}}:claimed`;
  }

  #eval(script: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#home.eval(script, this.#keys.length, ...this.#keys, ...args);
  }
}

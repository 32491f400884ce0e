/**
 * An exploration whose states lie on Redis or Valkey servers: any number of workers on any number of machines visit
 * them. Who asks waits for the end, and says what was found.
 */
import { randomUUID } from "node:crypto";
import { refuse } from "../../engine/search/search.ts";
import type { Explored, Visitable } from "../../engine/search/visitable.ts";
import { startThread, type Thread } from "../../engine/thread.ts";
import type { SubjectRef } from "../subject.ts";
import { UsageError } from "../usage-error.ts";
import type { Work } from "../work.ts";
import { beginSearch, describeSearch, openSearch, removeSearch, type SharedSearch } from "./open-search.ts";
import { exploredOf } from "./search-result.ts";
import { type Refusal, type SearchStatus, SearchTasks, searchesOn } from "./search-tasks.ts";
import type { SearchThreadData, SearchThreadEnd } from "./search-thread.ts";
import { addressBeside, openServer, refusalOf, type Server } from "./server.ts";

/** Between two looks at a search. */
const LOOK_MS = 200;
/** The most that a worker may take to end its task when a search is paused. */
const END_MS = 3000;

export interface SharedOptions {
  readonly queue: string;
  /** Servers of the partitions, `HOST:PORT,HOST:PORT`; the home server unless given. */
  readonly shards?: string | undefined;
  /** Threads of this process that work for it. */
  readonly workers: number;
  readonly states: number;
  /** The law whose violation ends it, by number; any, or never. */
  readonly ends: string;
  readonly bytes: number;
  readonly leaseMs?: number;
  /** Bytes of rows by state that may wait to be sorted. */
  readonly waitingBytes?: number;
}

/** Explores to the end, to a bound, or until it is stopped: then the states stay on the servers, to be continued. */
export async function exploreShared(
  machine: Visitable,
  ref: SubjectRef,
  { queue, shards, workers, states, ends, bytes, leaseMs, waitingBytes }: SharedOptions,
  work: Work,
): Promise<Explored> {
  refuse(machine);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const home = await openServer(queue);
  const threads: SearchThread[] = [];
  try {
    const addresses = (shards?.split(",") ?? []).map((host) => addressBeside(queue, host));
    const { id, about } = describeSearch(ref, addresses, leaseMs);
    const search = await openSearch(queue, home, id, about, machine);
    try {
      await answered(beginSearch(search, { ends, bound: states, waitingBytes }), work);
      for (let nth = 0; nth < workers; nth++)
        threads.push(startSearchThread(queue, id, Math.floor(bytes / workers)));
      const ended = await waitForEnd(search, threads, work);
      const isDone = ended === "fixpoint" || ended === "break";
      const rounds = (await search.tasks.status())?.rounds ?? 0;
      if (isDone) await claim(search.tasks);
      else await pause(search.tasks, ended, seconds(), threads);
      // A paused search has its seconds.
      const result = await exploredOf(search, machine, ended, isDone ? seconds() : 0);
      if (isDone) await removeSearch(search, rounds);
      return result;
    } finally {
      search.close();
    }
  } catch (error) {
    const refused = refusalOf(error as Error);
    throw refused === undefined ? error : new UsageError(`--queue: ${refused}`);
  } finally {
    for (const { thread } of threads) await thread.end();
    home.disconnect();
  }
}

/** Removes what searches of these machines left on their servers. Returns how many states they had. */
export async function forgetShared(
  asked: readonly (readonly [SubjectRef, Visitable])[],
  { queue, shards }: Pick<SharedOptions, "queue" | "shards">,
): Promise<number> {
  const home = await openServer(queue);
  try {
    const addresses = (shards?.split(",") ?? []).map((host) => addressBeside(queue, host));
    let states: number | undefined;
    for (const [ref, machine] of asked) {
      const { id, about } = describeSearch(ref, addresses);
      const search = await openSearch(queue, home, id, about, machine);
      try {
        const status = await search.tasks.status();
        if (status === undefined) continue;
        states = (states ?? 0) + status.states;
        await removeSearch(search, status.rounds);
      } finally {
        search.close();
      }
    }
    if (states !== undefined) return states;
    throw new UsageError(
      "--forget: the server has no such search; expected the options that it was begun with",
    );
  } finally {
    home.disconnect();
  }
}

interface SearchThread {
  readonly thread: Thread;
  /** Settles once it has ended. */
  readonly end: Promise<void>;
  hasEnded: boolean;
  refusal: Refusal | undefined;
}

function startSearchThread(queue: string, id: string, bytes: number): SearchThread {
  const data: SearchThreadData = { queue, id, bytes, worker: randomUUID() };
  const thread = startThread(new URL("./search-thread.ts", import.meta.url), data);
  const end = thread.answer<SearchThreadEnd>().then(
    (answer) => {
      if ("refused" in answer) started.refusal = answer;
      started.hasEnded = true;
    },
    (error: Error) => {
      const refused = `vmapcheck itself is wrong: a worker failed: ${error.stack ?? error.message}`;
      started.refusal = { refused, pauses: "failed" };
    },
  );
  const started: SearchThread = { thread, end, hasEnded: false, refusal: undefined };
  return started;
}

/** Waits until a search is done or paused, or ends it where the work is to end. */
async function waitForEnd(
  search: SharedSearch,
  threads: readonly SearchThread[],
  work: Work,
): Promise<Explored["ended"]> {
  let warned: string | undefined;
  for (;;) {
    const status = await answered(search.tasks.status(), work);
    if (status === undefined)
      throw new UsageError("another explore of the same machine has taken or removed the result");
    const { phase, paused, failed, rounds } = status;
    if (phase === "done") return status.ended as "fixpoint" | "break";
    if (paused === "lost") await removeSearch(search, rounds);
    if (paused === "lost" || paused === "failed") throw new UsageError(`--queue: ${failed}`);
    if (paused !== undefined) return paused as Explored["ended"];
    const refusal = refusalIn(threads);
    if (refusal?.pauses === "memory") return "memory";
    if (refusal !== undefined) {
      await answered(search.tasks.fail({ ...refusal, pauses: refusal.pauses ?? "failed" }), work);
      continue;
    }
    if (failed !== undefined && failed !== warned) work.warn(`a worker left the search: ${failed}`);
    warned = failed;
    const { stop } = work;
    if (stop !== false) return stop === "time" ? "time" : "request";
    work.say(statusText(status));
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const refusalIn = (threads: readonly SearchThread[]) =>
  threads.find(({ refusal }) => refusal !== undefined)?.refusal;

/** Commands wait as long as a server is away: once the work is to end, for END_MS more. */
async function answered<T>(answer: Promise<T>, work: Work): Promise<T> {
  let looking: ReturnType<typeof setInterval> | undefined;
  let stopped: number | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    looking = setInterval(() => {
      if (work.stop === false) return;
      stopped ??= performance.now();
      if (performance.now() - stopped > END_MS)
        reject(
          new UsageError("--queue: the server does not answer; the search can be continued once it does"),
        );
    }, LOOK_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearInterval(looking);
  }
}

function statusText({ states, levels, phase, open, taken }: SearchStatus): string {
  const what = phase === "expand" ? `expanding depth ${levels.length - 1}` : `sorting depth ${levels.length}`;
  return `${states} states, ${what}: ${open} tasks wait, ${taken} in work`;
}

/** Lets workers end their tasks, so that none has to be waited for when the search is continued. */
async function pause(
  tasks: SearchTasks,
  why: string,
  seconds: number,
  threads: readonly SearchThread[],
): Promise<void> {
  await tasks.pause(why, seconds);
  const late = new Promise((resolve) => setTimeout(resolve, END_MS).unref());
  await Promise.race([late, Promise.all(threads.map(({ end }) => end))]);
}

/** One of several who ask says the result. */
async function claim(tasks: SearchTasks): Promise<void> {
  if (!(await tasks.claim()))
    throw new UsageError("another explore of the same machine has taken the result");
}

/** Works for the searches of a server that have something to do, one at a time, until it is ended. */
export async function workForSearches(
  queue: string,
  home: Server,
  { workers, bytes, untilEmpty }: { workers: number; bytes: number; untilEmpty: boolean },
  work: Work,
): Promise<void> {
  const busy = new Map<string, readonly SearchThread[]>();
  const refused = new Set<string>();
  try {
    while (work.stop === false) {
      for (const id of await searchesOn(home)) {
        if (busy.size > 0 || refused.has(id) || !(await isToDo(home, id))) continue;
        const threads = Array.from({ length: workers }, () => startSearchThread(queue, id, bytes / workers));
        busy.set(id, threads);
      }
      if (untilEmpty && busy.size === 0) return;
      for (const [id, threads] of busy) {
        const refusal = refusalIn(threads);
        if (refusal !== undefined) {
          work.warn(refusal.refused);
          // What is paused can be worked for once it is begun again.
          const isPaused = await new SearchTasks(id, home).fail(refusal).then(
            () => refusal.pauses !== undefined,
            () => false,
          );
          if (!isPaused) refused.add(id);
        }
        if (refusal === undefined && !threads.every(({ hasEnded }) => hasEnded)) continue;
        busy.delete(id);
        for (const { thread } of threads) await thread.end();
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    for (const { thread } of [...busy.values()].flat()) await thread.end();
  }
}

async function isToDo(home: Server, id: string): Promise<boolean> {
  const status = await new SearchTasks(id, home).status();
  return status !== undefined && status.phase !== "done" && status.paused === undefined;
}

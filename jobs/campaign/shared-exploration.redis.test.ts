/** Explorations whose states lie on real Redis servers find what the local search finds, whatever dies on the way. */
import type { ChildProcess } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SearchTooLarge } from "../../engine/search/partitions.ts";
import type { Explored } from "../../engine/search/visitable.ts";
import { explore, forgetExplored } from "../explore/explore.ts";
import { machineOf, prepare } from "../subject.ts";
import { Work } from "../work.ts";
import { BOUNDS, counted, found, LAZY_UNMAP, local } from "./exploration.testing.ts";
import { openDescribed, PARTITIONS, removeSearch } from "./open-search.ts";
import { killWorker, PASSWORD, startWorker, TestServer, until } from "./redis.testing.ts";
import { SearchStates } from "./search-states.ts";
import { SearchTasks, searchesOn, type TaskFindings } from "./search-tasks.ts";
import { NOTHING, workForSearch } from "./search-worker.ts";
import { openServer, type Server } from "./server.ts";
import { exploreShared } from "./shared-exploration.ts";

const NONE = new Int32Array(0);
/** So few that a level of the machine takes some rounds. */
const FEW = 0.05;
let servers: TestServer[];
let redis: Server;
const workers: ChildProcess[] = [];

beforeEach(async () => {
  servers = [await TestServer.start(), await TestServer.start()];
  redis = await openServer(queue());
});

afterEach(async () => {
  for (const worker of workers.splice(0)) await killWorker(worker);
  redis.disconnect();
  for (const server of servers) await server.remove();
});

const queue = () => (servers[0] as TestServer).address;
const shards = () => servers.map(({ host }) => host).join(",");

function startOne(): ChildProcess {
  const worker = startWorker(queue());
  workers.push(worker);
  return worker;
}

async function shared(workers: number, work: Work, leaseMs = 500): Promise<Explored> {
  await prepare(LAZY_UNMAP.machine);
  const options = { ...BOUNDS, queue: queue(), shards: shards(), workers, leaseMs, waitingBytes: FEW };
  return exploreShared(machineOf(LAZY_UNMAP), LAZY_UNMAP, options, work);
}

/** Waits until the search has this many levels. */
async function levels(count: number): Promise<void> {
  await until(async () => {
    for (const id of await searchesOn(redis))
      if ((await redis.llen(`vmapcheck:search:{${id}}:levels`)) >= count) return true;
    return false;
  });
}

describe("a shared exploration", () => {
  test.each([
    ["lazy-unmap", "V=3,F=2,C=2", "off", undefined],
    ["lazy-unmap", "V=3,F=2,C=2", "on", undefined],
    ["blocks-6.12", "", "on", undefined],
    ["2.6.39", "pages=4", "on", undefined],
    ["piggin-draft-3", "pages=4", "on", undefined],
    ["3.1", "pages=4", "on", "lowest-fit"],
    ["gather-3.1", "", "on", undefined],
  ] as const)(
    "of %s %s with symmetry %s and law %s finds what two threads find",
    async (machine, typed, symmetry, law) => {
      const scope = typed === "" ? undefined : typed;
      // A table takes all of its memory at once, and a process with more than the machine has cannot start a server.
      const options = { scope, symmetry, law, workers: 2, megabytes: 1500 };
      const here = await explore(machine, options);
      const there = await explore(machine, { ...options, queue: queue(), shards: shards() });
      expect(found(there)).toEqual(found(here));
      expect(there.result.shards?.map(({ server }) => server)).toEqual(servers.map(({ host }) => host));
      const perServer = there.result.shards?.map(({ states }) => states) ?? [];
      expect(perServer.reduce((sum, states) => sum + states)).toBe(here.result.states);
      // Nothing is left behind.
      for (const server of servers) expect(await server.ask("DBSIZE")).toBe(0);
    },
  );

  test("loses nothing and counts nothing twice when workers are killed in the middle of a level", async () => {
    const running = shared(0, new Work({}));
    const first = [startOne(), startOne()];
    await levels(6);
    await killWorker(first[0] as ChildProcess);
    startOne();
    await levels(12);
    await killWorker(first[1] as ChildProcess);
    expect(counted(await running)).toEqual(await local());
  });

  test("loses nothing by a worker that is late by some levels", async () => {
    const running = shared(0, new Work({}));
    await levels(0);
    const [id = ""] = await searchesOn(redis);
    const open = await openDescribed(queue(), redis, id);
    if (open === undefined) throw new Error("the search has begun");
    let isLate = false;
    const around = async (task: string, work: () => Promise<TaskFindings>) => {
      if (isLate || !task.startsWith("m:3:")) return work();
      isLate = true;
      startOne();
      await levels(7);
      return work();
    };
    const options = { partitions: PARTITIONS, leaseMs: 500, bytes: 1e9, worker: "late", around };
    expect(await workForSearch(open, open.machine, options)).toMatch(/^(done|gone)$/);
    expect(isLate).toBe(true);
    open.close();
    expect(counted(await running)).toEqual(await local());
  });

  test("is left by a worker of it once it is removed and begun again, of which nothing is counted", async () => {
    const running = shared(0, new Work({})).catch((error: Error) => error.message);
    await levels(0);
    const [id = ""] = await searchesOn(redis);
    const open = await openDescribed(queue(), redis, id);
    if (open === undefined) throw new Error("the search has begun");
    let again: Promise<Explored> | undefined;
    const around = async (task: string, work: () => Promise<TaskFindings>) => {
      if (!task.startsWith("e:6:") || again !== undefined) return work();
      const done = work();
      await done;
      await removeSearch(open, 20);
      expect(await running).toMatch(/^another explore of the same machine has taken or removed the result$/);
      again = shared(1, new Work({}));
      await levels(8);
      return done;
    };
    const options = { partitions: PARTITIONS, leaseMs: 500, bytes: 1e9, worker: "old", around };
    expect(await workForSearch(open, open.machine, options)).toBe("gone");
    open.close();
    expect(counted(await (again as Promise<Explored>))).toEqual(await local());
  });

  test("is continued where it was interrupted, with other workers", async () => {
    const interrupted = new AbortController();
    const running = shared(1, new Work({ signal: interrupted.signal }));
    await levels(8);
    interrupted.abort();
    const before = await running;
    expect(before).toMatchObject({ ended: "request", verdict: "bounded" });
    expect(before.states).toBeGreaterThan(100);
    const [id = ""] = await searchesOn(redis);
    const status = await new SearchTasks(id, redis).status();
    expect(status?.rounds).toBeGreaterThan(status?.levels.length ?? 0);
    // Its seconds are counted once.
    expect(before.seconds).toBe(Number(await redis.hget(`vmapcheck:search:{${id}}`, "seconds")));
    expect(counted(await shared(2, new Work({})))).toEqual(await local());
  });

  test("ends at a bound of states, and is continued beyond it", async () => {
    const options = { scope: "V=3,F=2,C=2", symmetry: "off", queue: queue() } as const;
    const bounded = await explore("lazy-unmap", { ...options, states: 10_000 });
    expect(bounded.result).toMatchObject({ ended: "states", verdict: "bounded" });
    expect(bounded.result.states).toBeGreaterThan(10_000);
    expect(bounded.result.states).toBeLessThan(80_288);
    expect(counted((await explore("lazy-unmap", options)).result)).toEqual(await local());
  });

  test("sorts what was found before more of its level is expanded than may wait", async () => {
    const tasks = new SearchTasks("a-search", redis);
    const run = await tasks.run();
    const next = ["e:0:0:0:0:0:1", "e:0:0:0:0:1:2", "e:0:0:0:0:2:3"];
    const added = (of: number, size: number) => ({ partition: of, new: size, size, worker: "one" });
    const of: Record<string, Partial<TaskFindings>> = {
      "m:0:0:0:1:0": { next, merged: added(0, 3) },
      // Both before the first is finished: then it has found more bytes than may wait.
      [`${next[0]}:1`]: { found: [[5, 1]], bytes: 6e5 },
      [`${next[1]}:1`]: { found: [[5, 1]] },
      "m:1:1:5:2:0": { next: ["e:1:5:1:0:0:7"], merged: added(5, 7) },
    };
    await tasks.begin("what it is", "never", 1e9, "m:0:0:0:1:0", run, 1);
    const given: string[][] = [];
    for (let work = await take(); work.length > 0; work = await take()) {
      given.push(work);
      for (const task of work) expect(await tasks.finish(task, { ...NOTHING, ...of[task] }, run)).toBe(true);
    }
    expect(given).toEqual([
      ["m:0:0:0:1:0"],
      [`${next[0]}:1`, `${next[1]}:1`],
      ["m:1:1:5:2:0"],
      [`${next[2]}:2`],
      ["e:1:5:1:0:0:7:3"],
    ]);
    expect(await tasks.status()).toMatchObject({ phase: "done", levels: [3, 7], rounds: 4, states: 10 });

    /** What two workers are given that ask at the same time. */
    async function take(): Promise<string[]> {
      const both = [await tasks.take("one", 60_000, run), await tasks.take("other", 60_000, run)];
      return both.filter((task) => /^[em]:/.test(task));
    }
  });

  test("is removed by who asks for it, and no other is", async () => {
    const options = { scope: "V=3,F=2,C=2", symmetry: "off", queue: queue(), shards: shards() } as const;
    const [law] = machineOf(LAZY_UNMAP).laws;
    const { result } = await explore("lazy-unmap", { ...options, states: 1000 });
    await explore("lazy-unmap", { ...options, states: 1000, law: law?.id });
    expect(await searchesOn(redis)).toHaveLength(2);
    expect(await forgetExplored("lazy-unmap", options)).toBe(result.states);
    expect(await searchesOn(redis)).toHaveLength(1);
    await forgetExplored("lazy-unmap", { ...options, law: law?.id });
    expect(await redis.dbsize()).toBe(0);
    await expect(forgetExplored("lazy-unmap", options)).rejects.toThrow(/^--forget: the server has no such/);
  });

  test("survives that both servers are killed and started again", async () => {
    const running = shared(2, new Work({}));
    for (const [nth, server] of servers.entries()) {
      await levels(6 + 5 * nth);
      await server.kill();
      await server.start();
    }
    expect(counted(await running)).toEqual(await local());
  });
});

describe("a server that cannot be trusted with states", () => {
  test.each(["here", "elsewhere"])("is found out by a worker %s where it lost some", async (where) => {
    const running = shared(where === "here" ? 1 : 0, new Work({})).catch((error: Error) => error.message);
    if (where === "elsewhere") startOne();
    await levels(8);
    await servers[1]?.ask("FLUSHALL");
    expect(await running).toMatch(/^--queue: 127\.0\.0\.1:\d+ lost states that it had: [^\n]*$/);
    // What cannot be continued is removed.
    expect(await searchesOn(redis)).toEqual([]);
  });

  test.each(["here", "elsewhere"])(
    "without memory ends the search at that bound, by a worker %s",
    async (where) => {
      await servers[0]?.ask("CONFIG", "SET", "maxmemory", "2mb");
      const running = shared(where === "here" ? 1 : 0, new Work({}));
      if (where === "elsewhere") startOne();
      expect(await running).toMatchObject({ ended: "memory", verdict: "bounded" });
      await servers[0]?.ask("CONFIG", "SET", "maxmemory", "0");
      expect(counted(await shared(1, new Work({})))).toEqual(await local());
    },
  );

  test("is refused in one line where it describes no machine", async () => {
    const running = shared(0, new Work({})).catch((error: Error) => error.message);
    await levels(0);
    const [id] = await searchesOn(redis);
    await redis.hset(`vmapcheck:search:{${id}}`, "about", '{"owner": "nonsense"}');
    const again = await shared(1, new Work({})).catch((error: Error) => error.message);
    expect(again).toMatch(/^--queue: search \w+ on the server: it is described otherwise[^\n]*$/);
    expect(await running).toBe(again);
  });

  test.each(["e:0:99:0:0:0:5:1", "nonsense", "m:0:5:x:1:0"])(
    "is refused in one line where it has a task %s",
    async (task) => {
      const running = shared(0, new Work({})).catch((error: Error) => error.message);
      await levels(0);
      const [id] = await searchesOn(redis);
      await redis.lpush(`vmapcheck:search:{${id}}:open`, task);
      startOne();
      expect(await running).toMatch(/^--queue: search \w+ on the server has a task that is none, "[^\n]*$/);
    },
  );

  test("is left by a worker that cannot work for it, which who asked is warned of", async () => {
    const interrupted = new AbortController();
    let warn = (_text: string) => {};
    const warned = new Promise<string>((resolve) => {
      warn = resolve;
    });
    const running = shared(0, new Work({ signal: interrupted.signal, warn }));
    await levels(0);
    const [id] = await searchesOn(redis);
    await redis.hset(`vmapcheck:search:{${id}}`, "about", '{"owner": "nonsense"}');
    startOne();
    expect(await warned).toMatch(/^a worker left the search: search \w+ .* is described otherwise/);
    interrupted.abort();
    expect(await running).toMatchObject({ ended: "request" });
  });

  test("is not sent a longer string than it takes", async () => {
    const states = { forms: new Int32Array(2 ** 27 + 1), parents: NONE, actions: new Uint16Array(0) };
    const sent = new SearchStates("x", [redis], 1).apply(0, 0, 0, states, "", "run");
    await expect(sent).rejects.toThrow(SearchTooLarge);
  });

  test("does not keep who interrupts a search waiting once it is away", async () => {
    const interrupted = new AbortController();
    const running = shared(0, new Work({ signal: interrupted.signal })).catch(
      (error: Error) => error.message,
    );
    await levels(0);
    await servers[0]?.kill();
    interrupted.abort();
    expect(await running).toMatch(/^--queue: the server does not answer; [^\n]*$/);
  });

  test.each(["http://a", "a,,b", "a:b", "a:65536"])(
    "is refused in one line by a wrong name: %s",
    async (shards) => {
      const running = explore("lazy-unmap", { queue: queue(), shards });
      await expect(running).rejects.toThrow(
        /^--shards takes servers such as HOST:6379,HOST:6380, not "[^\n]*$/,
      );
    },
  );

  test("says no password", async () => {
    const options = { ...BOUNDS, queue: queue(), shards: "127.0.0.1:1", workers: 1 };
    await prepare(LAZY_UNMAP.machine);
    const running = exploreShared(machineOf(LAZY_UNMAP), LAZY_UNMAP, options, new Work({}));
    await expect(running).rejects.toThrow(/^--shards redis:\/\/127\.0\.0\.1:1: /);
    await expect(running).rejects.not.toThrow(PASSWORD);
  });
});

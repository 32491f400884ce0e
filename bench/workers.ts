/**
 * What more workers gain: a campaign by one and two processes; a shared search by one, two and four threads on a
 * redis-server of its own; and the same search by up to 64 workers, simulated from the measured costs of its tasks and
 * of the server's calls. `npx tsx bench/workers.ts [MACHINE SCOPE on|off]`
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type Hardware, type Lock, type Program, Simulation } from "../costs/simulation.ts";
import { runCampaign } from "../jobs/campaign/campaign.ts";
import { beginSearch, describeSearch, openSearch } from "../jobs/campaign/open-search.ts";
import { workForSearch } from "../jobs/campaign/search-worker.ts";
import { asked, explore } from "../jobs/explore/explore.ts";
import { machineOf, prepare } from "../jobs/subject.ts";

const [NAME = "asids-4.16", SCOPE = "tasks=4,asids=4,generations=3", SYMMETRY = "off"] =
  process.argv.slice(2);
const PORT = 7411;
const MILLISECOND = 1e6;
/** Between two machines of one room, and back. */
const ROUND_TRIP = 0.1 * MILLISECOND;
/** Between two questions for a task (jobs/campaign/search-worker.ts). */
const WAIT = 3 * MILLISECOND;

interface Measured {
  /** By round: each task's nanoseconds in the worker, and its calls to servers of partitions. */
  readonly rounds: readonly { readonly e: Cost[]; readonly m: Cost[] }[];
  /** Nanoseconds of a server for a call. */
  readonly homeCall: number;
  readonly shardCall: number;
}
interface Cost {
  readonly work: number;
  readonly calls: number;
}

async function withServer<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "vmapcheck-bench-"));
  const words = ["--port", String(PORT), "--bind", "127.0.0.1", "--save", "", "--dir", folder];
  const server: ChildProcess = spawn("redis-server", words, { stdio: "ignore" });
  const redis = new Redis(PORT, "127.0.0.1", { maxRetriesPerRequest: null });
  redis.on("error", () => undefined);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
    server.kill();
    await once(server, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

const cpuOf = (before?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

/** Seconds of processes that this one started, and that have ended. Linux only. */
function childrenCpu(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

async function serverCpu(redis: Redis): Promise<number> {
  const text = await redis.info("cpu");
  const field = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(text)?.[1]);
  return field("used_cpu_user") + field("used_cpu_sys");
}

/** One worker in this process, each of its tasks measured. */
async function measured(): Promise<Measured> {
  await prepare(NAME);
  const ref = asked(NAME, { scope: SCOPE, symmetry: SYMMETRY as "on", workers: 2 });
  const machine = machineOf(ref);
  return withServer(async (redis) => {
    let calls = 0;
    const send = redis.sendCommand.bind(redis);
    redis.sendCommand = (...words: Parameters<typeof send>) => {
      calls += 1;
      return send(...words);
    };
    const { id, about } = describeSearch(ref, []);
    const search = await openSearch(`redis://127.0.0.1:${PORT}`, redis, id, about, machine);
    await beginSearch(search, { ends: "never", bound: 1e9 });
    const probe = 5000;
    let spent = await serverCpu(redis);
    for (let nth = 0; nth < probe; nth++) await search.tasks.keep("none", 1);
    const homeCall = (1e9 * ((await serverCpu(redis)) - spent)) / probe;
    spent = await serverCpu(redis);
    const rounds: { e: Cost[]; m: Cost[] }[] = [];
    await workForSearch(search, machine, {
      ...{ partitions: about.partitions, leaseMs: 15_000, bytes: 8e9, worker: "bench" },
      around: async (task, work) => {
        const [kind, ...numbers] = task.split(":") as ["e" | "m", ...string[]];
        const round = Number(numbers[kind === "e" ? 6 : 1]);
        const [before, callsBefore] = [process.cpuUsage(), calls];
        const found = await work();
        rounds[round] ??= { e: [], m: [] };
        rounds[round]?.[kind].push({ work: 1e9 * cpuOf(before), calls: calls - callsBefore });
        return found;
      },
    });
    const all = rounds.flatMap(({ e, m }) => [...e, ...m]);
    const shardCalls = all.reduce((sum, each) => sum + each.calls, 0);
    const server = 1e9 * ((await serverCpu(redis)) - spent) - 2 * all.length * homeCall;
    return { rounds, homeCall, shardCall: server / shardCalls };
  });
}

const NOTHING: Hardware = {
  ...{ cpusPerSocket: 1e9, atomic: 0, lineSameSocket: 0, lineOtherSocket: 0, spinner: 0 },
  ...{ ipiSend: 0, ipiEntry: 0, wakeIdle: 0, flush: 0, refill: 0 },
};

interface Simulated {
  readonly time: number;
  /** Parts of the workers' time, and of the busiest server's. */
  readonly works: number;
  readonly waitsForTask: number;
  readonly busiest: number;
}

/** A worker is a CPU, a server a lock that is held for as long as it takes to answer. */
function simulated(
  { rounds, homeCall, shardCall }: Measured,
  workers: number,
  servers: number,
  times: number,
): Simulated {
  const simulation = new Simulation(NOTHING, workers);
  const home = simulation.lock("home", "waits", true);
  const shards = Array.from({ length: servers }, (_none, nth) =>
    nth === 0 ? home : simulation.lock(`server ${nth}`, "waits", true),
  );
  const phases = rounds.flatMap(({ e, m }) => [repeated(e, times), m.map((each) => scaled(each, times))]);
  let [phase, open, taken, ended] = [0, [...(phases[0] ?? [])], 0, 0];
  function* worker(): Program {
    const ask = function* (server: Lock, time: number): Program {
      yield { take: server };
      yield { work: time, as: "server" };
      yield { release: server };
    };
    for (;;) {
      yield* ask(home, homeCall);
      yield { sleep: ROUND_TRIP };
      while (open.length === 0 && taken === 0 && phase < phases.length) open = [...(phases[++phase] ?? [])];
      const task = open.pop();
      if (task === undefined && phase >= phases.length) break;
      if (task === undefined) {
        simulation.spend("no task", WAIT);
        yield { sleep: WAIT };
        continue;
      }
      taken += 1;
      yield { work: task.work, as: "works" };
      for (const shard of shards) yield* ask(shard, (task.calls * shardCall) / servers);
      yield { sleep: 2 * ROUND_TRIP };
      yield* ask(home, homeCall);
      taken -= 1;
    }
    ended += 1;
  }
  for (let nth = 0; nth < workers; nth++) simulation.start(nth, worker());
  simulation.run(() => ended === workers);
  const time = simulation.now;
  const part = (as: string) => (simulation.spent.get(as) ?? 0) / time / workers;
  const busiest = Math.max(...shards.map(({ busy }) => busy)) / time;
  return { time, works: part("works"), waitsForTask: part("no task"), busiest };
}

/** A partition with more states takes longer; a level with more states has more tasks. */
const scaled = ({ work, calls }: Cost, times: number): Cost => ({ work: work * times, calls: calls * times });
const repeated = (tasks: readonly Cost[], times: number): Cost[] =>
  Array.from({ length: times }, () => tasks).flat();

const percent = (part: number) => `${(100 * part).toFixed(0)} %`;

async function campaigns(): Promise<void> {
  const [folder, home] = [mkdtempSync(join(tmpdir(), "vmapcheck-bench-")), process.cwd()];
  process.chdir(folder);
  const jobs = [{ kind: "check" as const, subject: "2.6.37", runs: 60, seeds: 16 }];
  let [alone, aloneCpu] = [0, 0];
  for (const workers of [1, 2]) {
    const [before, started] = [childrenCpu(), performance.now()];
    const { histories } = await runCampaign({ name: `bench-${workers}`, seed: 1, jobs }, { workers });
    const rate = (1000 * histories) / (performance.now() - started);
    // Their time is known once they have ended.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const each = (1000 * (childrenCpu() - before)) / histories;
    if (workers === 1) [alone, aloneCpu] = [rate, each];
    // What as many processes would gain on cores with nothing else to do.
    const free = (workers * aloneCpu) / each;
    console.log(
      `campaign, ${workers} processes: ${rate.toFixed(0)} histories/s, ${(rate / alone).toFixed(2)} times as many; CPU ${each.toFixed(2)} ms a history: ${free.toFixed(2)} times as many on free cores`,
    );
  }
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
}

async function searches(): Promise<void> {
  for (const workers of [1, 2, 4]) {
    await withServer(async (redis) => {
      const [before, started] = [process.cpuUsage(), performance.now()];
      const options = {
        scope: SCOPE,
        symmetry: SYMMETRY as "on",
        workers,
        queue: `redis://127.0.0.1:${PORT}`,
      };
      const { result } = await explore(NAME, options);
      const seconds = (performance.now() - started) / 1000;
      const server = await serverCpu(redis);
      console.log(
        `${NAME} ${SCOPE}, ${workers} workers: ${result.states} states, ${seconds.toFixed(1)} s, CPU ${cpuOf(before).toFixed(1)} s and ${server.toFixed(1)} s of the server`,
      );
    });
  }
}

await campaigns();
await searches();
const costs = await measured();
const tasks = costs.rounds.flatMap(({ e, m }) => [...e, ...m]);
const mean = tasks.reduce((sum, { work }) => sum + work, 0) / tasks.length / MILLISECOND;
console.log(
  `${tasks.length} tasks of ${mean.toFixed(1)} ms; server: ${(costs.homeCall / 1000).toFixed(1)} us a call of home, ${(costs.shardCall / 1000).toFixed(1)} us of a partition`,
);
for (const times of [1, 10]) {
  for (const servers of [1, 4]) {
    const { time: alone } = simulated(costs, 1, servers, times);
    for (const workers of [1, 2, 4, 8, 16, 32, 64]) {
      const { time, works, waitsForTask, busiest } = simulated(costs, workers, servers, times);
      console.log(
        `simulated, ${times} x the states, ${servers} servers, ${workers} workers: ${(alone / time).toFixed(1)} times as fast; work ${percent(works)}, no task ${percent(waitsForTask)}, busiest server ${percent(busiest)}`,
      );
    }
  }
}

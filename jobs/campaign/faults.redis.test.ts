/** Whatever fails between a campaign, its workers and a real server or cluster, the report is the same. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { planIn } from "../../adapters/campaign-file.ts";
import { explore } from "../explore/explore.ts";
import { machineOf, prepare, type SubjectRef } from "../subject.ts";
import { Work } from "../work.ts";
import { runCampaign } from "./campaign.ts";
import { enqueue } from "./queue.ts";
import { killWorker, MAIN, startWorker, TestPlace, type TestServer, until } from "./redis.testing.ts";
import { type CampaignReport, reportOn } from "./report.ts";
import { SearchTasks, searchesOn } from "./search-tasks.ts";
import { openServer, type Server } from "./server.ts";
import { exploreShared } from "./shared-exploration.ts";
import { runTask, tasksOf } from "./tasks.ts";

const HOUR = 3_600_000;
const PLACES = [
  ["a server", TestPlace.alone],
  ["a cluster", TestPlace.cluster],
] as const;
let place: TestPlace;
let redis: Server | undefined;
const workers: ChildProcess[] = [];
const folders: string[] = [];

async function startPlace(open: () => Promise<TestPlace>): Promise<Server> {
  place = await open();
  redis = await openServer(place.address);
  return redis;
}

afterEach(async () => {
  for (const worker of workers.splice(0)) await killWorker(worker);
  redis?.disconnect();
  redis = undefined;
  await place.remove();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function start(clock?: number): ChildProcess {
  const worker = startWorker(place.address, clock === undefined ? {} : { clock });
  workers.push(worker);
  return worker;
}

const FAULTS = {
  "a worker is killed at each result": async (nth: number) => {
    await killWorker(workers[nth % workers.length] as ChildProcess);
    start();
  },
  "the network is cut": async () => place.cut(),
  "a server is killed and started again": async (nth: number) => {
    const server = place.servers[nth % place.servers.length] as TestServer;
    await server.kill();
    await server.start();
  },
  "the clocks of workers are hours apart": async (nth: number) => {
    await killWorker(workers[0] as ChildProcess);
    start(nth % 2 === 0 ? -HOUR : HOUR);
  },
};

/** To an hour late, an hour early, and right again. */
async function moveClock(nth: number): Promise<void> {
  await place.servers[0]?.moveClock([3600, -3600, 0][nth - 1] as number);
}

const plan = planIn("plan.json", {
  vmapcheck: 1,
  name: "night",
  seed: 3,
  jobs: [
    { kind: "check", subject: "2.6.37", runs: 5, seeds: 3 },
    { kind: "hunt", bug: "A7", runs: 20_000, seeds: 2 },
    { kind: "explore", machine: "2.6.28", scope: "pages=4,windows=1" },
    { kind: "explore", machine: "lazy-unmap" },
  ],
});

/** What one process finds: computed by the first test that compares with it. */
let local: Promise<CampaignReport> | undefined;
async function reportLocally(): Promise<CampaignReport> {
  const results = [];
  for (const task of tasksOf(plan)) results.push(await runTask(task));
  return reportOn(plan, results);
}

const withoutTimes = ({ jobs, ...report }: CampaignReport) => ({
  ...report,
  jobs: jobs.map(({ seconds: _, ...rest }) => rest),
});

const CASES = [
  ...PLACES.flatMap(([on, open]) =>
    Object.entries(FAULTS).map(([says, fault]) => [on, says, open, fault] as const),
  ),
  // The servers of a cluster ask each other by their clocks whether they are there.
  ["a server", "its clock moves by hours", TestPlace.alone, moveClock] as const,
];

describe("a campaign has the same report, and each result once, on", () => {
  test.each(CASES)("%s although %s", async (_on, _says, open, fault) => {
    const redis = await startPlace(open);
    const running = runCampaign(plan, { queue: place.address });
    start();
    start();
    for (let nth = 1; nth < 4; nth++) {
      await until(async () => (await redis.hlen("vmapcheck:results:night")) >= nth);
      await fault(nth);
    }
    local ??= reportLocally();
    expect(withoutTimes(await running)).toEqual(withoutTimes(await local));
  });
});

const LAZY_UNMAP: SubjectRef = {
  machine: "lazy-unmap",
  parameters: { V: 3, F: 2, C: 2 },
  merged: false,
  orders: "all",
};

describe("a shared exploration has the counts of a local one, on", () => {
  test.each(CASES)("%s although %s", async (_on, _says, open, fault) => {
    const redis = await startPlace(open);
    await prepare(LAZY_UNMAP.machine);
    // So few bytes may wait that a level takes some rounds.
    const bounds = { states: 1e7, ends: "any", bytes: 1e9, waitingBytes: 0.05 };
    const options = { ...bounds, queue: place.address, workers: 0, leaseMs: 500 };
    const running = exploreShared(machineOf(LAZY_UNMAP), LAZY_UNMAP, options, new Work({}));
    start();
    start();
    for (let nth = 1; nth < 4; nth++) {
      const levels = async () => {
        const [id] = await searchesOn(redis);
        return id === undefined ? 0 : redis.llen(`vmapcheck:search:{${id}}:levels`);
      };
      await until(async () => (await levels()) >= 5 * nth);
      await fault(nth);
    }
    const { states, edges, depth } = (await explore("lazy-unmap", { scope: "V=3,F=2,C=2", symmetry: "off" }))
      .result;
    expect(await running).toMatchObject({ states, edges, depth, ended: "fixpoint" });
  });
});

/** In bytes. The replies below are of about this length in all. */
const CUTS = Array.from({ length: 43 }, (_, nth) => 1 + 7 * nth);

describe("wherever the network is cut in the middle of replies, on", () => {
  test.each(PLACES)("%s the status of a search is whole", async (_on, open) => {
    const tasks = new SearchTasks("a-search", await startPlace(open));
    await tasks.begin("what it is", "any", 1000, "m:0:0:0:1:0", await tasks.run());
    const whole = await tasks.status();
    expect(whole).toMatchObject({ about: "what it is", open: 1, taken: 0, levels: [] });
    for (const bytes of CUTS) {
      place.cutAfter(bytes, "what it is");
      expect(await tasks.status(), `${bytes} bytes`).toEqual(whole);
    }
    expect(place.cuts).toBe(CUTS.length);
  });

  test.each(PLACES)("%s every task of a campaign gets into the queue once", async (_on, open) => {
    const server = await startPlace(open);
    const tasks = tasksOf(plan);
    for (const bytes of CUTS) {
      const name = `night-${bytes}`;
      // The head of a reply that is a task's name in the queue.
      place.cutAfter(bytes, "$32\r\n");
      await enqueue(server, { ...plan, name }, tasks);
    }
    expect(place.cuts).toBe(CUTS.length);
    const waiting = await server.lrange("{vmapcheck}:vmapcheck:wait", 0, -1);
    expect(waiting).toHaveLength(CUTS.length * tasks.length);
    expect(new Set(waiting).size).toBe(waiting.length);
  });
});

describe("with TLS and a password", () => {
  test.each(PLACES)("%s is used by who trusts its certificate, and by no other", async (_on, open) => {
    const folder = mkdtempSync(join(tmpdir(), "vmapcheck-tls-"));
    folders.push(folder);
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    const subject = ["-subj", "/CN=vmapcheck test", "-addext", "subjectAltName=IP:127.0.0.1"];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject];
    execFileSync("openssl", [...made, "-keyout", key, "-out", certificate], { stdio: "ignore" });
    const words = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
    place = await open(() => [...words, "--tls-auth-clients", "no"], true);
    const { address } = place;
    await expect(openServer(address)).rejects.toThrow(
      /^--queue rediss:\/\/127\.0\.0\.1:\d+: self-signed certificate$/,
    );
    const path = join(folder, "plan.json");
    writeFileSync(path, JSON.stringify({ vmapcheck: 1, ...plan, jobs: plan.jobs.slice(0, 2) }));
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificate };
    const vmapcheck = async (...words: string[]) => {
      const all = ["--import", "tsx", MAIN, ...words, "--queue", address, "--workers", "1", "--json"];
      const child = spawn(process.execPath, all, { env, stdio: ["ignore", "pipe", "ignore"] });
      workers.push(child);
      let text = "";
      for await (const chunk of child.stdout) text += String(chunk);
      return JSON.parse(text);
    };
    expect(await vmapcheck("campaign", "run", path)).toMatchObject({
      open: [],
      totals: { "as expected": 5 },
    });
    expect(await vmapcheck("explore", "lazy-unmap")).toMatchObject({ states: 4547, ended: "fixpoint" });
  });
});

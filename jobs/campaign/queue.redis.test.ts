/** A campaign on a real Redis server that the test starts on loopback: workers and the server die on the way. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planIn } from "../../adapters/campaign-file.ts";
import { campaignSoFar, runCampaign } from "./campaign.ts";
import { enqueue, openServer, serverExamples, serverResults } from "./queue.ts";
import type { CampaignReport } from "./report.ts";
import { reportOn } from "./report.ts";
import { runTask, tasksOf } from "./tasks.ts";

const PASSWORD = "a-password-for-the-test";
const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

let folder: string;
let port: number;
let server: ChildProcess;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmapcheck-redis-"));
  port = await freePort();
  server = await startServer();
});

afterEach(async () => {
  for (const child of [...children, server]) child.kill("SIGKILL");
  children.length = 0;
  await rm(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** Bound to loopback, with a password, and keeping what it answered. */
async function startServer(): Promise<ChildProcess> {
  const words = `--bind 127.0.0.1 --port ${port} --requirepass ${PASSWORD} --appendonly yes --appendfsync always --save`;
  const child = spawn("redis-server", [...words.split(" "), "", "--dir", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes("Ready to accept connections")) break;
  }
  return child;
}

const address = () => `redis://:${PASSWORD}@127.0.0.1:${port}`;

/** A worker in a process of its own, which ends by itself once nothing waits. */
function startWorker(): ChildProcess {
  const words = ["campaign", "worker", "--queue", address(), "--workers", "1", "--until-empty"];
  const child = spawn(process.execPath, ["--import", "tsx", MAIN, ...words], { stdio: "ignore" });
  children.push(child);
  return child;
}

const plan = planIn("plan.json", {
  vmapcheck: 1,
  name: "night",
  seed: 3,
  jobs: [
    { kind: "explore", machine: "2.6.28", scope: "pages=4,windows=1" },
    { kind: "explore", machine: "2.6.39", scope: "pages=4,windows=1" },
    { kind: "explore", machine: "3.1", scope: "pages=4,windows=1" },
    { kind: "explore", machine: "no-such-machine" },
    { kind: "explore", machine: "lazy-unmap" },
  ],
});

const withoutTimes = (report: CampaignReport) => ({
  ...report,
  jobs: report.jobs.map(({ seconds: _, ...rest }) => rest),
});

/** What one process finds, without a queue. */
async function expected(): Promise<unknown> {
  const tasks = tasksOf(plan).filter(({ id }) => !id.includes("no-such"));
  const results = [];
  for (const task of tasks) results.push(await runTask(task));
  return withoutTimes(reportOn(plan, results)).jobs;
}

describe("a campaign on a server", () => {
  test("finds what one process finds, with a worker killed on the way and another in its place", async () => {
    const running = runCampaign(plan, { queue: address() });
    const first = startWorker();
    const redis = await openServer(address());
    // As soon as it has recorded something, it is in the middle of the next task, or between two.
    while ((await redis.hlen("vmapcheck:results:night")) === 0) await redis.ping();
    first.kill("SIGKILL");
    await once(first, "exit");
    expect(await redis.hlen("vmapcheck:results:night")).toBeLessThan(tasksOf(plan).length);
    startWorker();
    startWorker();
    const report = withoutTimes(await running);
    expect(report.open).toEqual([]);
    expect(report.jobs.filter(({ id }) => !id.includes("no-such"))).toEqual(await expected());
    expect(report.jobs.find(({ id }) => id.includes("no-such"))).toMatchObject({ outcome: "refused" });
    redis.disconnect();
  });

  test("loses nothing when the server is killed and started again", async () => {
    const redis = await openServer(address());
    await enqueue(redis, plan, tasksOf(plan));
    const results = serverResults(redis, "night");
    const [task] = tasksOf(plan);
    if (task !== undefined) await results.record(await runTask(task));
    server.kill("SIGKILL");
    await once(server, "exit");
    server = await startServer();
    expect((await results.all()).map(({ id }) => id)).toEqual([task?.id]);
    await runCampaign(plan, { queue: address(), workers: 1 });
    expect((await campaignSoFar("night", address())).open).toEqual([]);
    redis.disconnect();
  });

  test("records a result once however often its task ran", async () => {
    const redis = await openServer(address());
    const results = serverResults(redis, "night");
    const [task] = tasksOf(plan);
    if (task === undefined) throw new Error("the plan has a task");
    const result = await runTask(task);
    expect(await Promise.all([1, 2, 3].map(() => results.record(result)))).toEqual([true, false, false]);
    redis.disconnect();
  });

  test("refuses another plan of the same name, and continues the same one", async () => {
    const redis = await openServer(address());
    await enqueue(redis, plan, tasksOf(plan));
    await enqueue(redis, plan, tasksOf(plan));
    await expect(enqueue(redis, { ...plan, seed: 4 }, [])).rejects.toThrow("the server has another campaign");
    redis.disconnect();
  });

  test("refuses what others wrote there and is no result or example, in one line", async () => {
    const redis = await openServer(address());
    await redis.hset("vmapcheck:results:night", "x", '{"id":1}');
    await redis.hset("vmapcheck:examples", "x", "{");
    await expect(serverResults(redis, "night").all()).rejects.toThrow(
      /^vmapcheck:results:night: id: [^\n]*$/,
    );
    await expect(serverExamples(redis).all()).rejects.toThrow(/^vmapcheck:examples on the server[^\n]*$/);
    redis.disconnect();
  });
});

describe("a server that cannot be used", () => {
  test.each([
    ["http://127.0.0.1", "--queue takes an address such as redis://"],
    ["nonsense", "--queue takes an address such as redis://"],
  ])("is refused in one line: %s", async (word, says) => {
    await expect(openServer(word)).rejects.toThrow(says);
  });

  test("is refused without the password in the line", async () => {
    const wrong = `redis://:wrong-${PASSWORD}@127.0.0.1:${port}`;
    await expect(openServer(wrong)).rejects.toThrow(/^--queue redis:\/\/127\.0\.0\.1:\d+: (?!.*wrong-)/);
  });

  test("is refused if nothing listens there", async () => {
    await expect(openServer(`redis://127.0.0.1:${await freePort()}`)).rejects.toThrow(/^--queue redis:.*: /);
  });
});

test("work that is ended leaves tasks without a result", async () => {
  const report = await runCampaign(plan, { queue: address(), signal: AbortSignal.abort() });
  expect(report.open).toHaveLength(tasksOf(plan).length);
});

/** A campaign on a real Redis server that the test starts on loopback: workers and the server die on the way. */
import type { ChildProcess } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planIn, type Task } from "../../adapters/campaign-file.ts";
import { campaignSoFar, runCampaign } from "./campaign.ts";
import { withoutResult } from "./crew.ts";
import { enqueue, serverExamples, serverResults } from "./queue.ts";
import { freePort, killWorker, PASSWORD, startWorker, TestServer, until } from "./redis.testing.ts";
import type { CampaignReport } from "./report.ts";
import { reportOn } from "./report.ts";
import { openServer } from "./server.ts";
import { runTask, tasksOf } from "./tasks.ts";

let server: TestServer;
const children: ChildProcess[] = [];

beforeEach(async () => {
  server = await TestServer.start();
});

afterEach(async () => {
  for (const child of children.splice(0)) await killWorker(child);
  await server.remove();
});

const address = () => server.address;

/** A worker in a process of its own, which ends by itself once nothing waits. */
function startOne(): ChildProcess {
  const child = startWorker(address(), { untilEmpty: true });
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
    const first = startOne();
    const redis = await openServer(address());
    // As soon as it has recorded something, it is in the middle of the next task, or between two.
    await until(async () => (await redis.hlen("vmapcheck:results:night")) > 0);
    await killWorker(first);
    expect(await redis.hlen("vmapcheck:results:night")).toBeLessThan(tasksOf(plan).length);
    startOne();
    startOne();
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
    await server.kill();
    await server.start();
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
    const [task] = tasksOf(plan) as [Task];
    const other = JSON.stringify(withoutResult(task, "as expected", ""));
    await redis.hset("vmapcheck:results:other", "x", other);
    await expect(serverResults(redis, "other").all()).rejects.toThrow(
      /^vmapcheck:results:other on the server has a result of another task$/,
    );
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
    const wrong = `redis://:wrong-${PASSWORD}@${server.host}`;
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

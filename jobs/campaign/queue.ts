/**
 * A campaign on many machines: its tasks in a queue of BullMQ on a Redis or Valkey server, which also has the plan, the
 * results and the examples. A task whose worker dies is given to another.
 */
import { createHash } from "node:crypto";
import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { findingIn, type Plan, planIn, resultIn, type Task, taskIn } from "../../adapters/campaign-file.ts";
import { UsageError } from "../usage-error.ts";
import type { Work } from "../work.ts";
import { Place, WorkerDied, withoutResult } from "./crew.ts";
import type { Examples, Results } from "./folder.ts";
import { MOST_ATTEMPTS, runAndRecord } from "./run-here.ts";
import { fingerprintOf } from "./tasks.ts";

/** One queue serves every campaign of a server. */
const QUEUE = "vmapcheck";
const EXAMPLES = "vmapcheck:examples";
const planKey = (name: string) => `vmapcheck:plan:${name}`;
const resultsKey = (name: string) => `vmapcheck:results:${name}`;

/** A worker that has not said for this long that it works on a task has lost it. In milliseconds. */
const LOCK_MS = 10_000;
const STALLED_MS = 5_000;
export function serverResults(redis: Redis, name: string): Results {
  const key = resultsKey(name);
  return {
    record: async (result) => (await redis.hsetnx(key, result.id, JSON.stringify(result))) === 1,
    all: async () => Object.values(await redis.hgetall(key)).map((text) => resultIn(key, parsed(text, key))),
  };
}

export function serverExamples(redis: Redis): Examples {
  return {
    add: async (finding) => {
      if (finding.file !== null)
        await redis.hsetnx(EXAMPLES, fingerprintOf(finding), JSON.stringify(finding));
    },
    all: async () =>
      Object.values(await redis.hgetall(EXAMPLES)).map((text) => findingIn(EXAMPLES, parsed(text, EXAMPLES))),
  };
}

function parsed(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${from} on the server has an entry that is not JSON`);
  }
}

/** The plan of a campaign on the server. Throws a UsageError if there is none of this name. */
export async function planOnServer(redis: Redis, name: string): Promise<Plan> {
  const text = await redis.get(planKey(name));
  if (text === null) throw new UsageError(`the server has no campaign ${JSON.stringify(name)}`);
  return planIn(planKey(name), parsed(text, planKey(name)));
}

/**
 * Puts the tasks of a plan in the queue, each once. Throws a UsageError if the server has another plan of this name: the
 * same one is continued.
 */
export async function enqueue(redis: Redis, plan: Plan, tasks: readonly Task[]): Promise<void> {
  const text = JSON.stringify({ vmapcheck: 1, ...plan });
  await redis.setnx(planKey(plan.name), text);
  if ((await redis.get(planKey(plan.name))) !== text)
    throw new UsageError(
      `the server has another campaign ${JSON.stringify(plan.name)}: give this one another name`,
    );
  const queue = new Queue(QUEUE, { connection: redis });
  try {
    await queue.addBulk(
      tasks.map((task) => ({
        name: task.job.kind,
        data: { campaign: plan.name, task },
        opts: { jobId: jobIdOf(plan.name, task), attempts: MOST_ATTEMPTS },
      })),
    );
  } finally {
    await queue.close();
  }
}

function jobIdOf(campaign: string, { id }: Task): string {
  return createHash("sha256")
    .update(JSON.stringify([campaign, id]))
    .digest("hex")
    .slice(0, 32);
}

/** Waits until every task has a result, or the work is ended. */
export async function awaitResults(
  redis: Redis,
  name: string,
  tasks: readonly Task[],
  work: Work,
): Promise<void> {
  const results = serverResults(redis, name);
  const queue = new Queue(QUEUE, { connection: redis });
  try {
    while (work.stop === false) {
      const done = new Set(await redis.hkeys(resultsKey(name)));
      const open = tasks.filter(({ id }) => !done.has(id));
      work.say(`${tasks.length - open.length} of ${tasks.length} tasks`);
      if (open.length === 0) return;
      for (const task of open) {
        const job = await queue.getJob(jobIdOf(name, task));
        if (await job?.isFailed())
          await results.record(
            withoutResult(task, "set aside", `${job?.failedReason}, ${MOST_ATTEMPTS} times`),
          );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await queue.close();
  }
}

const POLL_MS = 500;

export interface WorkerOptions {
  readonly workers: number;
  readonly seconds: number;
  /** Whether to end once the queue has no task left. */
  readonly untilEmpty: boolean;
}

/** Works for every campaign of a server until it is ended. Returns the number of tasks done. */
export async function workFor(redis: Redis, options: WorkerOptions, work: Work): Promise<number> {
  const { workers, seconds, untilEmpty } = options;
  const free = Array.from({ length: workers }, () => new Place(seconds));
  const examples = serverExamples(redis);
  let done = 0;
  // A connection that waits for tasks; without a server it tries again, as the other one does.
  const waiting = redis.duplicate().on("error", () => undefined);
  const worker = new Worker<{ campaign: string; task: unknown }>(
    QUEUE,
    async ({ data }) => {
      const task = taskIn("the queue", data.task);
      const results = serverResults(redis, data.campaign);
      const place = free.pop();
      if (place === undefined) throw new Error("vmapcheck itself is wrong: more tasks than places");
      try {
        await runAndRecord(task, place, results, examples);
        done++;
      } finally {
        free.push(place);
      }
    },
    {
      connection: waiting,
      concurrency: workers,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: MOST_ATTEMPTS,
    },
  );
  worker.on("error", (error) => work.say(`the queue: ${error.message}`));
  worker.on("failed", (job, error) => {
    if (!(error instanceof WorkerDied)) work.say(`${job?.name}: ${error.message}`);
  });
  const queue = new Queue(QUEUE, { connection: redis });
  try {
    while (work.stop === false) {
      const { wait = 0, active = 0, delayed = 0 } = await queue.getJobCounts("wait", "active", "delayed");
      work.say(`${done} tasks done, ${wait + delayed} wait, ${active} in work`);
      if (untilEmpty && wait + active + delayed === 0) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    // A task in work is given back: its lock ends.
    for (const place of free) place.end();
    await worker.close(true);
    waiting.disconnect();
    await queue.close();
  }
  return done;
}

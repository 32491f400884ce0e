/**
 * A campaign on many machines: its tasks in a queue of BullMQ on a Redis or Valkey server, which also has the plan, the
 * results and the examples. A task whose worker dies is given to another.
 */
import { createHash } from "node:crypto";
import { Queue, Worker } from "bullmq";
import { findingIn, type Plan, planIn, resultIn, type Task, taskIn } from "../../adapters/campaign-file.ts";
import { UsageError } from "../usage-error.ts";
import type { Work } from "../work.ts";
import { MOST_ATTEMPTS, Place, runAndRecord, WorkerDied, withoutResult } from "./crew.ts";
import type { Examples, Results } from "./folder.ts";
import { connectionBeside, type Server } from "./server.ts";
import { fingerprintOf } from "./tasks.ts";

/** One queue serves every campaign of a server. A cluster has all of it on one server, by its tag. */
const QUEUE = "vmapcheck";
const PREFIX = "{vmapcheck}";
const EXAMPLES = "vmapcheck:examples";
const planKey = (name: string) => `vmapcheck:plan:${name}`;
const resultsKey = (name: string) => `vmapcheck:results:${name}`;

/** A worker that has not said for this long that it works on a task has lost it. In milliseconds. */
const LOCK_MS = 10_000;
const STALLED_MS = 5_000;
export function serverResults(redis: Server, name: string): Results {
  const key = resultsKey(name);
  return {
    record: async (result) => (await redis.hsetnx(key, result.id, JSON.stringify(result))) === 1,
    all: async () =>
      Object.entries(await redis.hgetall(key)).map(([id, text]) => {
        const result = resultIn(key, parsed(text, key));
        if (result.id !== id) throw new UsageError(`${key} on the server has a result of another task`);
        return result;
      }),
  };
}

export function serverExamples(redis: Server): Examples {
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
export async function planOnServer(redis: Server, name: string): Promise<Plan> {
  const text = await redis.get(planKey(name));
  if (text === null) throw new UsageError(`the server has no campaign ${JSON.stringify(name)}`);
  return planIn(planKey(name), parsed(text, planKey(name)));
}

/**
 * Puts the tasks of a plan in the queue, each once. Throws a UsageError if the server has another plan of this name: the
 * same one is continued.
 */
export async function enqueue(redis: Server, plan: Plan, tasks: readonly Task[]): Promise<void> {
  const text = JSON.stringify({ vmapcheck: 1, ...plan });
  await redis.setnx(planKey(plan.name), text);
  if ((await redis.get(planKey(plan.name))) !== text)
    throw new UsageError(
      `the server has another campaign ${JSON.stringify(plan.name)}: give this one another name`,
    );
  const queue = new Queue(QUEUE, { connection: redis, prefix: PREFIX });
  try {
    for (let first = 0; first < tasks.length; first += AT_ONCE)
      // Not with addBulk: if the connection ends within a pipeline's replies, ioredis gives up its other commands.
      await Promise.all(
        tasks
          .slice(first, first + AT_ONCE)
          .map((task) =>
            queue.add(
              task.job.kind,
              { campaign: plan.name, task },
              { jobId: jobIdOf(plan.name, task), attempts: MOST_ATTEMPTS },
            ),
          ),
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
  redis: Server,
  name: string,
  tasks: readonly Task[],
  work: Work,
): Promise<void> {
  const results = serverResults(redis, name);
  const queue = new Queue(QUEUE, { connection: redis, prefix: PREFIX });
  try {
    while (work.stop === false) {
      const done = new Set(await redis.hkeys(resultsKey(name)));
      const open = tasks.filter(({ id }) => !done.has(id));
      work.say(`${tasks.length - open.length} of ${tasks.length} tasks`);
      if (open.length === 0) return;
      const failed = new Map((await queue.getFailed()).map(({ id, failedReason }) => [id, failedReason]));
      for (const task of failed.size === 0 ? [] : open) {
        const why = failed.get(jobIdOf(name, task));
        if (why !== undefined)
          await results.record(withoutResult(task, "set aside", `${why}, ${MOST_ATTEMPTS} times`));
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await queue.close();
  }
}

/** Tasks that are put in the queue in one go. */
const AT_ONCE = 1000;
const POLL_MS = 500;

export interface WorkerOptions {
  readonly workers: number;
  readonly seconds: number;
  /** Whether to end once the queue has no task left. */
  readonly untilEmpty: boolean;
}

/** Works for every campaign of a server until it is ended. Returns the number of tasks done. */
export async function workFor(redis: Server, options: WorkerOptions, work: Work): Promise<number> {
  const { workers, seconds, untilEmpty } = options;
  const free = Array.from({ length: workers }, () => new Place(seconds));
  const examples = serverExamples(redis);
  let done = 0;
  // A connection that waits for tasks; without a server it tries again, as the other one does.
  const waiting = connectionBeside(redis);
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
      prefix: PREFIX,
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
  const queue = new Queue(QUEUE, { connection: redis, prefix: PREFIX });
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

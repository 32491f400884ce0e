/** `campaign`: many checks, hunts, explorations and comparisons by a plan, on this machine or on many. */
import { availableParallelism } from "node:os";
import type { Plan } from "../../adapters/campaign-file.ts";
import { memoryBounds } from "../explore/memory.ts";
import { type Watch, Work } from "../work.ts";
import { runHere } from "./crew.ts";
import { folderExamples, folderPlan, folderResults, keepPlan, setResultsAside } from "./folder.ts";
import { type CampaignReport, reportOn } from "./report.ts";
import { tasksOf } from "./tasks.ts";

const openServer = async (address: string) => (await import("./server.ts")).openServer(address);

export interface CampaignOptions extends Watch {
  /** Worker processes; by default one for each core, or none where a queue has workers of its own. */
  readonly workers?: number | undefined;
  /** The address of a Redis server: its workers run the tasks. */
  readonly queue?: string | undefined;
  /** Whether the results of an earlier run of the same plan count; otherwise they are kept in a file of their own. */
  readonly resume?: boolean | undefined;
  /** The most that one task may take, in seconds. */
  readonly taskSeconds?: number | undefined;
}

/** An hour: the longest explorations of the usual scopes take minutes. */
export const USUAL_TASK_SECONDS = 3600;

/** Runs a plan. Ended early, the report has what was found so far. */
export async function runCampaign(plan: Plan, options: CampaignOptions = {}): Promise<CampaignReport> {
  const { workers, queue, resume = false, taskSeconds: seconds = USUAL_TASK_SECONDS } = options;
  const work = new Work(options);
  const tasks = tasksOf(plan);
  if (queue === undefined) {
    const before = resume ? undefined : await setResultsAside(plan.name);
    if (before !== undefined)
      work.warn(`the results that were here (${before.results}) were kept as ${before.file}`);
    const results = folderResults(plan.name);
    await keepPlan(plan);
    await runHere(
      tasks,
      results,
      folderExamples(),
      { workers: workers ?? availableParallelism(), seconds },
      work,
    );
    return reportOn(plan, await results.all());
  }
  const { awaitResults, enqueue, serverResults, workFor } = await import("./queue.ts");
  const redis = await openServer(queue);
  try {
    await enqueue(redis, plan, tasks);
    const ended = new AbortController();
    const own = new Work({ signal: ended.signal });
    const helping =
      workers === undefined || workers === 0
        ? undefined
        : workFor(redis, { workers, seconds, untilEmpty: false }, own);
    await awaitResults(redis, plan.name, tasks, work);
    ended.abort();
    await helping;
    return reportOn(plan, await serverResults(redis, plan.name).all());
  } finally {
    redis.disconnect();
  }
}

/** Works for the campaigns of a server until it is ended. Returns the number of tasks done. */
export async function workForCampaigns(
  queue: string,
  options: CampaignOptions & { readonly untilEmpty?: boolean | undefined },
): Promise<number> {
  const {
    workers = availableParallelism(),
    taskSeconds: seconds = USUAL_TASK_SECONDS,
    untilEmpty = false,
  } = options;
  const { workFor } = await import("./queue.ts");
  const { workForSearches } = await import("./shared-exploration.ts");
  const work = new Work(options);
  const { bytes } = memoryBounds(undefined);
  const redis = await openServer(queue);
  try {
    const [done] = await Promise.all([
      workFor(redis, { workers, seconds, untilEmpty }, work),
      workForSearches(queue, redis, { workers, bytes, untilEmpty }, work),
    ]);
    return done;
  } finally {
    redis.disconnect();
  }
}

/** The report on a campaign so far, by its name: from this folder, or from a server. */
export async function campaignSoFar(name: string, queue?: string): Promise<CampaignReport> {
  if (queue === undefined) {
    const plan = await folderPlan(name);
    return reportOn(plan, await folderResults(name).all());
  }
  const { planOnServer, serverResults } = await import("./queue.ts");
  const redis = await openServer(queue);
  try {
    return reportOn(await planOnServer(redis, name), await serverResults(redis, name).all());
  } finally {
    redis.disconnect();
  }
}

/** A campaign on this machine: its tasks in worker processes, nothing to install. */

import type { Task, TaskResult } from "../../adapters/campaign-file.ts";
import type { Work } from "../work.ts";
import { Place, WorkerDied, withoutResult } from "./crew.ts";
import type { Examples, Results } from "./folder.ts";

/** What runs one task at a time: a process, which may die. */
export interface Runner {
  run(task: Task, examples: readonly string[]): Promise<TaskResult>;
  end(): void;
}

export interface HereOptions {
  /** Processes. */
  readonly workers: number;
  /** The most that one task may take. */
  readonly seconds: number;
  /** What a worker is, if not a process. */
  readonly open?: ((seconds: number) => Runner) | undefined;
}

const openPlace = (seconds: number): Runner => new Place(seconds);

/** A task whose process died this often is set aside. */
export const MOST_ATTEMPTS = 3;

/** Runs every task that has no result yet. Ended early, the others have none. */
export async function runHere(
  tasks: readonly Task[],
  results: Results,
  examples: Examples,
  { workers, seconds, open = openPlace }: HereOptions,
  work: Work,
): Promise<void> {
  const done = new Set((await results.all()).map(({ id }) => id));
  const waiting = tasks.filter(({ id }) => !done.has(id)).map((task) => ({ task, attempts: 0 }));
  const places = Array.from({ length: Math.min(workers, waiting.length) }, () => open(seconds));
  let ready = tasks.length - waiting.length;
  const runNext = async (place: Runner): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && work.stop === false; next = waiting.shift()) {
      const { task, attempts } = next;
      work.say(`${ready} of ${tasks.length} tasks: ${task.id}`);
      try {
        await runAndRecord(task, place, results, examples);
        ready++;
      } catch (error) {
        if (!(error instanceof WorkerDied)) throw error;
        if (work.stop !== false) return;
        if (attempts + 1 < MOST_ATTEMPTS) {
          waiting.push({ task, attempts: attempts + 1 });
          continue;
        }
        const says = `${error.message}, ${MOST_ATTEMPTS} times`;
        await results.record(withoutResult(task, "set aside", says));
        ready++;
      }
    }
  };
  // A request to end ends the processes: their tasks have no result.
  const watching = setInterval(() => {
    if (work.stop !== false) for (const place of places) place.end();
  }, 100);
  try {
    await Promise.all(places.map(runNext));
  } finally {
    clearInterval(watching);
    for (const place of places) place.end();
  }
}

/** Runs a task after all that failed anywhere, and records what came of it. */
export async function runAndRecord(
  task: Task,
  runner: Runner,
  results: Results,
  examples: Examples,
): Promise<void> {
  const texts = (await examples.all()).flatMap(({ file }) => file ?? []);
  const result = await runner.run(task, texts);
  if (result.outcome === "unexpected") for (const finding of result.findings) await examples.add(finding);
  await results.record(result);
}

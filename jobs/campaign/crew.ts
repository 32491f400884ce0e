/**
 * Worker processes, and a campaign in those of this machine: a task that kills its process, or lasts too long, kills
 * nothing else.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Task, TaskResult } from "../../adapters/campaign-file.ts";
import type { Work } from "../work.ts";
import type { Examples, Results } from "./folder.ts";
import type { Answer, Order } from "./worker-process.ts";

/** A process died, or was ended, with a task in work. */
export class WorkerDied extends Error {}

/** A place for one process: it is started when a task comes, and again if it died. */
export class Place {
  readonly #seconds: number;
  #child: ChildProcess | undefined;

  /** @param seconds The most that one task may take. */
  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** Runs a task. Throws a WorkerDied if its process ended without an answer. */
  async run(task: Task, examples: readonly string[]): Promise<TaskResult> {
    this.#child ??= start();
    const child = this.#child;
    const answer = await answerOf(child, { task, examples }, this.#seconds).catch((error) => {
      child.kill("SIGKILL");
      this.#child = undefined;
      throw error;
    });
    return "result" in answer ? answer.result : withoutResult(task, "refused", answer.refused);
  }

  end(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }
}

function start(): ChildProcess {
  const path = fileURLToPath(new URL("./worker-process.ts", import.meta.url));
  const isSource = import.meta.url.endsWith(".ts");
  const execArgv = isSource ? ["--import", import.meta.resolve("tsx")] : [];
  const file = isSource ? path : path.replace(/\.ts$/, ".js");
  return fork(file, { execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] });
}

function answerOf(child: ChildProcess, order: Order, seconds: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      done();
      reject(new WorkerDied(`it took more than ${seconds} s`));
    }, seconds * 1000);
    const onExit = (code: number | null, signal: string | null) => {
      done();
      reject(new WorkerDied(`its process ended by ${signal ?? `exit code ${code}`}`));
    };
    const onMessage = (answer: unknown) => {
      done();
      resolve(answer as Answer);
    };
    const onError = (error: Error) => {
      done();
      reject(new WorkerDied(error.message));
    };
    const done = () => {
      clearTimeout(late);
      child.off("exit", onExit).off("message", onMessage).off("error", onError);
    };
    child.on("exit", onExit).on("message", onMessage).on("error", onError);
    child.send(order, (error) => error !== null && onError(error));
  });
}

/** What is recorded of a task that gave nothing. */
export function withoutResult({ id, job }: Task, outcome: TaskResult["outcome"], says: string): TaskResult {
  return { id, kind: job.kind, outcome, says, findings: [], histories: 0, states: 0, seconds: 0 };
}

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

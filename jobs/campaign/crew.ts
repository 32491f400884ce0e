/** Worker processes: a task that kills its process, or lasts too long, kills nothing else. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Task, TaskResult } from "../../adapters/campaign-file.ts";
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
  const isSource = import.meta.url.endsWith(".ts");
  const file = new URL(isSource ? "./worker-process.ts" : "./worker-process.js", import.meta.url);
  const execArgv = isSource ? ["--import", import.meta.resolve("tsx")] : [];
  return fork(fileURLToPath(file), { execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] });
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

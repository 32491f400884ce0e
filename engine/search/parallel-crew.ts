/** The threads that visit states: start, orders to all at once, end. */
import { Worker } from "node:worker_threads";
import type { Order, Reply } from "./parallel-visit.ts";
import type { WorkerData } from "./parallel-worker.ts";

export interface Crew {
  /** What each thread says once its machine is built: the signature of that. */
  greeting(): Promise<readonly string[]>;
  /** Gives the first threads an order each, and waits for all replies. Rejects with the error of one that fails. */
  ask(orders: readonly Order[]): Promise<readonly Reply[]>;
  end(): Promise<void>;
}

interface Member {
  readonly worker: Worker;
  /** Its next answer. */
  answer<T>(): Promise<T>;
}

export function startCrew(size: number, data: WorkerData): Crew {
  const members = Array.from({ length: size }, () => member(startWorker(data)));
  return {
    greeting: () => Promise.all(members.map((each) => each.answer<string>())),
    ask: (orders) => {
      const asked = members.slice(0, orders.length);
      const replies = asked.map((each) => each.answer<Reply>());
      for (const [nth, { worker }] of asked.entries()) worker.postMessage(orders[nth]);
      return Promise.all(replies);
    },
    end: async () => {
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}

/** A thread fails once, asked or not: the caller that waits for it then, or asks it later, gets the error. */
function member(worker: Worker): Member {
  let waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  let failed: Error | undefined;
  const fail = (error: Error) => {
    failed ??= error;
    waiting?.reject(failed);
  };
  worker.on("message", (value) => waiting?.resolve(value));
  worker.on("error", fail);
  worker.on("messageerror", fail);
  worker.on("exit", (code) => fail(new Error(`a thread ended by itself, with exit code ${code}`)));
  return {
    worker,
    answer: <T>() =>
      new Promise<T>((resolve, reject) => {
        waiting = { resolve: resolve as (value: unknown) => void, reject };
        if (failed !== undefined) reject(failed);
      }),
  };
}

/** Compiled, a thread runs its file. As TypeScript the file needs tsx, which does not reach into threads by itself. */
function startWorker(workerData: WorkerData): Worker {
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL("./parallel-worker.js", import.meta.url), { workerData });
  const file = new URL("./parallel-worker.ts", import.meta.url).href;
  const tsx = import.meta.resolve("tsx/esm/api");
  const text = `import("${tsx}").then(({ register }) => { register(); return import("${file}"); })`;
  return new Worker(text, { eval: true, workerData });
}

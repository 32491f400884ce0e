/** A thread that runs a file of this package, compiled or as TypeScript, and answers one message at a time. */
import { Worker } from "node:worker_threads";

export interface Thread {
  post(message: unknown): void;
  /** Its next answer. Rejects with the error of a thread that failed, asked or not. */
  answer<T>(): Promise<T>;
  end(): Promise<void>;
}

/**
 * Starts a thread.
 * @param file The address of the file, `.ts` in a checkout.
 * @param workerData Anything that can be posted to a thread.
 */
export function startThread(file: URL, workerData: unknown): Thread {
  const worker = startWorker(file, workerData);
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
    post: (message) => worker.postMessage(message),
    answer: <T>() =>
      new Promise<T>((resolve, reject) => {
        waiting = { resolve: resolve as (value: unknown) => void, reject };
        if (failed !== undefined) reject(failed);
      }),
    end: async () => {
      await worker.terminate();
    },
  };
}

/** As TypeScript a file needs tsx, which does not reach into threads by itself. */
function startWorker(file: URL, workerData: unknown): Worker {
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL(file.href.replace(/\.ts$/, ".js")), { workerData });
  const tsx = import.meta.resolve("tsx/esm/api");
  const text = `import("${tsx}").then(({ register }) => { register(); return import("${file.href}"); })`;
  return new Worker(text, { eval: true, workerData });
}

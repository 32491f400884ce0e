/** The threads that visit states: start, orders to all at once, end. */
import { startThread } from "../thread.ts";
import type { Order, Reply } from "./parallel-visit.ts";
import type { WorkerData } from "./parallel-worker.ts";

export interface Crew {
  /** What each thread says once its machine is built: the signature of that. */
  greeting(): Promise<readonly string[]>;
  /** Gives the first threads an order each, and waits for all replies. Rejects with the error of one that fails. */
  ask(orders: readonly Order[]): Promise<readonly Reply[]>;
  end(): Promise<void>;
}

export function startCrew(size: number, data: WorkerData): Crew {
  const file = new URL("./parallel-worker.ts", import.meta.url);
  const threads = Array.from({ length: size }, () => startThread(file, data));
  return {
    greeting: () => Promise.all(threads.map((each) => each.answer<string>())),
    ask: (orders) => {
      const asked = threads.slice(0, orders.length);
      const replies = asked.map((each) => each.answer<Reply>());
      for (const [nth, thread] of asked.entries()) thread.post(orders[nth]);
      return Promise.all(replies);
    },
    end: async () => {
      await Promise.all(threads.map((each) => each.end()));
    },
  };
}

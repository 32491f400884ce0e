/** A thread that works for a shared search until that is done or paused, and then says how it ended. */
import { parentPort, workerData } from "node:worker_threads";
import { OutOfMemory } from "../../engine/out-of-memory.ts";
import { SearchTooLarge } from "../../engine/search/partitions.ts";
import { UsageError } from "../usage-error.ts";
import { openDescribed } from "./open-search.ts";
import { LostStates } from "./search-states.ts";
import { type Refusal, WrongTask } from "./search-tasks.ts";
import { workForSearch } from "./search-worker.ts";
import { openServer, refusalOf } from "./server.ts";

export interface SearchThreadData {
  readonly queue: string;
  readonly id: string;
  readonly worker: string;
  /** Bytes of partitions that it may keep. */
  readonly bytes: number;
}

/** How it ended; or why it could not work. */
export type SearchThreadEnd = { readonly ended: string } | Refusal;

async function work({ queue, id, worker, bytes }: SearchThreadData): Promise<SearchThreadEnd> {
  const home = await openServer(queue);
  try {
    const open = await openDescribed(queue, home, id);
    if (open === undefined) return { ended: "gone" };
    const { about, machine, close } = open;
    const { partitions, leaseMs } = about;
    try {
      return { ended: await workForSearch(open, machine, { partitions, leaseMs, bytes, worker }) };
    } catch (error) {
      if (!(error instanceof LostStates)) throw error;
      if ((await open.tasks.status()) === undefined) return { ended: "gone" };
      return { refused: error.message, pauses: "lost" };
    } finally {
      close();
    }
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof UsageError) return { refused: message };
    if (error instanceof OutOfMemory)
      return { refused: "a worker has no memory left for states: give fewer --workers, or more machines" };
    if (error instanceof SearchTooLarge || error instanceof WrongTask)
      return { refused: message, pauses: "failed" };
    const refused = refusalOf(error as Error);
    if (refused === undefined) throw error;
    return { refused, pauses: refused.startsWith("OOM ") ? "memory" : "failed" };
  } finally {
    home.disconnect();
  }
}

parentPort?.postMessage(await work(workerData as SearchThreadData));

/** A thread that works for a shared search until that is done or paused, and then says how it ended. */
import { parentPort, workerData } from "node:worker_threads";
import { UsageError } from "../usage-error.ts";
import { openDescribed } from "./open-search.ts";
import { workForSearch } from "./search-worker.ts";
import { openServer } from "./server.ts";
import { LostStates } from "./shared-search.ts";

export interface SearchThreadData {
  readonly queue: string;
  readonly id: string;
  readonly worker: string;
  /** Bytes of partitions that it may keep. */
  readonly bytes: number;
}

/** How it ended; or what a person can do about it. */
export type SearchThreadEnd = { readonly ended: string } | { readonly refused: string };

async function work({ queue, id, worker, bytes }: SearchThreadData): Promise<SearchThreadEnd> {
  const home = await openServer(queue);
  try {
    const open = await openDescribed(queue, home, id);
    if (open === undefined) return { ended: "gone" };
    const { search, about, machine, close } = open;
    const { partitions, leaseMs } = about;
    try {
      return { ended: await workForSearch(search, machine, { partitions, leaseMs, bytes, worker }) };
    } finally {
      close();
    }
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof UsageError || error instanceof LostStates) return { refused: message };
    // The server's own words where it has no memory left, or may not be written to.
    if (/^(OOM|MISCONF|NOPERM|READONLY|NOAUTH|WRONGTYPE) /.test(message)) return { refused: message };
    throw error;
  } finally {
    home.disconnect();
  }
}

parentPort?.postMessage(await work(workerData as SearchThreadData));

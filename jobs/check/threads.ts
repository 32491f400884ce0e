/** Releases checked in threads beside each other: on two cores all of them take half the time. */
import { availableParallelism } from "node:os";
import { startThread, type Thread } from "../../engine/thread.ts";
import type { Kernel, Wing } from "../../spec/wing.ts";
import { opened } from "../wings.ts";
import type { Work } from "../work.ts";
import type { KernelOptions, KernelReport } from "./kernel.ts";

export interface CheckSubject {
  readonly wing: Wing;
  readonly kernel: Kernel;
}

/** A release to check, or the request to end after the turn in work. */
export type ThreadOrder = { readonly kernel: string; readonly options: KernelOptions } | "end";

/** A kernel and its wing hold functions, which cannot be posted. */
export type ThreadReport = Omit<KernelReport, "wing" | "kernel">;

/** Each thread loads all of the program: more of them gain less than that costs. */
const MOST_THREADS = 4;

/**
 * Checks releases, each by its name.
 * @returns Their reports, in the order given: those so far if the work is ended early.
 */
export async function checkInThreads(
  subjects: readonly CheckSubject[],
  options: KernelOptions,
  work: Work,
): Promise<readonly KernelReport[]> {
  const waiting = [...subjects.entries()];
  const reports: (KernelReport | undefined)[] = subjects.map(() => undefined);
  const size = Math.min(MOST_THREADS, availableParallelism(), subjects.length);
  const threads = Array.from({ length: size }, () =>
    startThread(new URL("./thread.ts", import.meta.url), null),
  );
  const checkNext = async (thread: Thread): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && work.stop === false; next = waiting.shift()) {
      const [nth, { wing, kernel }] = next;
      const answer = thread.answer<ThreadReport>();
      thread.post({ kernel: kernel.name, options } satisfies ThreadOrder);
      reports[nth] = { wing: await opened(wing), kernel, ...(await answer) };
    }
  };
  const isDone = () => reports.filter((each) => each !== undefined).length;
  const ticking = setInterval(() => {
    work.say(`${isDone()} of ${subjects.length} kernels are checked`);
    if (work.stop !== false) for (const thread of threads) thread.post("end" satisfies ThreadOrder);
  }, TICK_MS);
  try {
    await Promise.all(threads.map(checkNext));
  } finally {
    clearInterval(ticking);
    await Promise.all(threads.map((each) => each.end()));
  }
  return reports.filter((each) => each !== undefined);
}

/** How often progress is said, and the request to end is heard. */
const TICK_MS = 100;

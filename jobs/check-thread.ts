/** A thread that checks one kernel at a time for `check-threads.ts`. */
import { parentPort } from "node:worker_threads";
import { checkKernel } from "./check-kernel.ts";
import type { ThreadOrder, ThreadReport } from "./check-threads.ts";
import { kernelNamed } from "./names.ts";
import { Work } from "./work.ts";

const ending = new AbortController();
const work = new Work({ signal: ending.signal });
parentPort?.on("message", async (order: ThreadOrder) => {
  if (order === "end") return ending.abort();
  const { kernel: _, ...report } = await checkKernel(kernelNamed(order.kernel), order.options, work);
  parentPort?.postMessage(report satisfies ThreadReport);
});

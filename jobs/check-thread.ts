/** A thread that checks one kernel at a time for `check-threads.ts`. */
import { parentPort } from "node:worker_threads";
import { checkKernel } from "./check-kernel.ts";
import type { ThreadOrder, ThreadReport } from "./check-threads.ts";
import { kernelMeant, opened } from "./wings.ts";
import { Work } from "./work.ts";

const ending = new AbortController();
const work = new Work({ signal: ending.signal });
parentPort?.on("message", async (order: ThreadOrder) => {
  if (order === "end") return ending.abort();
  const { wing, kernel } = await kernelMeant(order.kernel);
  const whole = await checkKernel(await opened(wing), kernel, order.options, work);
  const { wing: _wing, kernel: _kernel, ...report } = whole;
  parentPort?.postMessage(report satisfies ThreadReport);
});

/** A thread that checks one kernel at a time for `threads.ts`. */
import { parentPort } from "node:worker_threads";
import { kernelMeant, opened } from "../wings.ts";
import { Work } from "../work.ts";
import { checkKernel } from "./kernel.ts";
import type { ThreadOrder, ThreadReport } from "./threads.ts";

const ending = new AbortController();
const work = new Work({ signal: ending.signal });
parentPort?.on("message", async (order: ThreadOrder) => {
  if (order === "end") return ending.abort();
  const subject = await kernelMeant(order.kernel);
  const found = await checkKernel(await opened(subject.wing), subject.kernel, order.options, work);
  const { wing: _, kernel: __, ...report } = found;
  parentPort?.postMessage(report satisfies ThreadReport);
});

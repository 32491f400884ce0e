/** A process that runs one task at a time, in messages: it ends when its parent does. */
import { setFlagsFromString } from "node:v8";
import type { Task, TaskResult } from "../../adapters/campaign-file.ts";
import { InputError } from "../../adapters/input-error.ts";
import { UsageError } from "../usage-error.ts";
import { runTask } from "./tasks.ts";

export interface Order {
  readonly task: Task;
  readonly examples: readonly string[];
}

/** The result, or why the task asks for what is not there. */
export type Answer = { readonly result: TaskResult } | { readonly refused: string };

/**
 * A worker process has one core, and its compiler takes turns with its tasks. Four times the usual budget until a
 * function is compiled again, and a third of the usual size of what is compiled into it, halve the compiler's time.
 */
setFlagsFromString("--interrupt-budget=264000");
setFlagsFromString("--max-inlined-bytecode-size-cumulative=300");

process.on("message", async ({ task, examples }: Order) => {
  process.send?.(await answerTo(task, examples));
});
// Its parent is gone, and no result is awaited.
process.on("disconnect", () => process.kill(process.pid));
// Ctrl-C reaches the whole group: the parent decides.
process.on("SIGINT", () => undefined);

async function answerTo(task: Task, examples: readonly string[]): Promise<Answer> {
  try {
    return { result: await runTask(task, examples) };
  } catch (error) {
    if (error instanceof UsageError || error instanceof InputError) return { refused: error.message };
    throw error;
  }
}

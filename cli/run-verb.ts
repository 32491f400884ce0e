/** How a verb is run: loaded when it is called, its result the exit code, its errors one line. */
import { CommanderError } from "commander";
import { InputError, oneLine } from "../adapters/input-error.ts";
import { UsageError } from "../jobs/usage-error.ts";
import { AS_EXPECTED, BAD_INPUT } from "./exit.ts";
import { complain } from "./output.ts";

export interface TreeOption {
  readonly kernel?: string;
  readonly tree?: string;
}

/** `--tree DIR` is `--kernel tree:DIR`. */
export function onTree<A, O extends TreeOption>(verb: Verb<A, O>): Verb<A, O> {
  return (argument, options) => {
    const { kernel, tree } = options;
    if (tree === undefined) return verb(argument, options);
    if (kernel !== undefined) throw new UsageError("--tree and --kernel name two subjects: one is expected");
    return verb(argument, { ...options, kernel: `tree:${tree}` });
  };
}

type Verb<A, O> = (argument: A, options: O) => number | Promise<number>;

/** Wraps a verb, which is loaded when it is called, so that its result becomes the exit code. */
export function run<A, O>(load: (options: O) => Promise<Verb<A, O>>) {
  return async (...given: unknown[]): Promise<void> => {
    // commander gives the argument, if there is one, then the options, then the command.
    const options = given.at(-2) as O;
    const argument = (given.length > 2 ? given[0] : undefined) as A;
    const verb = await load(options);
    process.exitCode = await verb(argument, options);
  };
}

/** A sentence on stderr for bad usage or an error of the system; any other error is a bug here, and keeps its stack. */
export function report(error: unknown): void {
  if (error instanceof CommanderError) {
    // Without a verb commander has printed its help already.
    if (error.exitCode === 0 || error.code === "commander.help") {
      process.exitCode = error.exitCode === 0 ? AS_EXPECTED : BAD_INPUT;
      return;
    }
    complain(oneLine(error.message.replace(/^error: /, "")));
  } else if (error instanceof InputError || error instanceof UsageError || isOfSystem(error)) {
    complain(oneLine(error.message));
  } else {
    throw error;
  }
  process.exitCode = BAD_INPUT;
}

/** The error of a system call: a file that cannot be written, a full disk. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}

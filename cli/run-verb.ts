/** How a verb is run: loaded when it is called, its result the exit code, its errors one line. */
import { type Command, CommanderError } from "commander";
import { type FileKind, kindOf } from "../adapters/file-kind.ts";
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

/** What a file of each kind is called, and the verbs that take it. */
const KINDS: Readonly<Record<FileKind, readonly [name: string, verbs: readonly string[]]>> = {
  history: ["a history", ["replay", "pin", "view"]],
  recording: ["a recording", ["conform", "judge", "replay", "pin", "view"]],
  log: ["an ftrace log", ["validate", "view"]],
  reading: ["a reading of /proc/vmallocinfo", ["vmallocinfo"]],
};

/** The error of a verb that was given a file of another kind: with the verbs that take it. */
async function withKind(error: unknown, verb: string): Promise<unknown> {
  const { file } = error instanceof InputError ? error : {};
  const kind = file === undefined ? undefined : await kindOf(file);
  if (file === undefined || kind === undefined) return error;
  // A plan begins as a history does.
  if (kind === "history" && verb === "run") return error;
  const [name, verbs] = KINDS[kind];
  if (!verbs.includes(verb))
    return new UsageError(
      `${file} looks like ${name}: use ${verbs.slice(0, -1).join(", ")}${verbs.length > 1 ? " or " : ""}${verbs.at(-1)}`,
    );
  if (kind === "recording" && !/\.jsonl(\.gz)?$/.test(file))
    return new UsageError(`${file} looks like a recording: its name must end in .jsonl or .jsonl.gz`);
  return error;
}

/** Wraps a verb, which is loaded when it is called, so that its result becomes the exit code. */
export function run<A, O>(load: (options: O) => Promise<Verb<A, O>>) {
  return async (...given: unknown[]): Promise<void> => {
    // commander gives the argument, if there is one, then the options, then the command.
    const options = given.at(-2) as O;
    const argument = (given.length > 2 ? given[0] : undefined) as A;
    const verb = await load(options);
    try {
      process.exitCode = await verb(argument, options);
    } catch (error) {
      throw await withKind(error, (given.at(-1) as Command).name());
    }
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
    const says = oneLine(error.message.replace(/^error: /, ""));
    const words = ["vmapcheck", ...verbMeant(error.code === "commander.unknownCommand"), "--help"];
    complain(`${says}; see ${words.join(" ")}`);
  } else if (error instanceof InputError || error instanceof UsageError || isOfSystem(error)) {
    complain(oneLine(error.message));
  } else {
    throw error;
  }
  process.exitCode = BAD_INPUT;
}

/** The verb on the command line, with that of a campaign; without the last word where that is the unknown one. */
function verbMeant(isUnknown: boolean): string[] {
  const most = process.argv[2] === "campaign" ? 2 : 1;
  const words = process.argv.slice(2, 2 + most - (isUnknown ? 1 : 0));
  return words.filter((word) => /^[a-z]+$/.test(word));
}

/** The error of a system call: a file that cannot be written, a full disk. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}

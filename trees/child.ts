/**
 * A child process that answers lines with lines. It is started without a shell, in a process group of its own, and is
 * bounded in time, memory and output. It knows nothing of what the lines mean.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Bounds {
  /** By when a line must be answered. */
  readonly milliseconds: number;
  /** Private memory of a process, in bytes; undefined for no bound, as a sanitizer needs. */
  readonly memory: number | undefined;
}

/** A fault of the child that is no answer: it floods its output, or cannot be started. One line for people. */
export class ChildError extends Error {}

/** How a child ended before it gave an answer. */
export interface Gone {
  readonly how: "crashed" | "silent";
  readonly text: string;
}

/** The longest line of an answer, and the most bytes read of standard error. */
const LONGEST_LINE = 2 ** 20;
const MOST_COMPLAINTS = 2 ** 26;
/** The beginning of standard error to keep: a sanitizer reports the error first. */
const KEPT_COMPLAINTS = 4000;
/** After a process ended, its last output is on its way. */
const LAST_OUTPUT_MS = 500;

/** All living groups, so that none outlives this process. */
const alive = new Set<number>();

function killGroup(group: number): void {
  alive.delete(group);
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

let guarded = false;

/** The end of this process by anything but SIGKILL ends the groups. Ctrl-C goes to the work that began last. */
function guard(): void {
  if (guarded) return;
  guarded = true;
  process.on("exit", () => {
    for (const group of alive) killGroup(group);
  });
  for (const [signal, number] of [
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ] as const)
    process.on(signal, () => process.exit(128 + number));
}

/** The first bytes of files that the system runs by itself: execvp gives any other to a shell. */
const RUNNABLE = /^(#!|\x7fELF|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe)/;

function isRunnable(path: string): boolean {
  const start = Buffer.alloc(4);
  const file = openSync(path, "r");
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  return RUNNABLE.test(start.toString("latin1"));
}

/** The file of a command. Throws a ChildError if there is no such program. */
function programOf(command: string): string {
  const folders = command.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  const refuse = (why: string) => new ChildError(`${JSON.stringify(command)} cannot be started: ${why}`);
  let found = false;
  for (const folder of folders) {
    const path = folder === "" ? command : join(folder, command);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
    found = true;
    try {
      accessSync(path, constants.X_OK | constants.R_OK);
    } catch {
      // The next folder may have one that can be run.
      continue;
    }
    if (isRunnable(path)) return path;
    throw refuse("it is no program, and no script that begins with #!");
  }
  throw refuse(found ? "it is not executable" : "there is no such program");
}

/** The command line with a bound on memory, where prlimit is installed. */
function bounded(program: string, args: readonly string[], memory: number | undefined): readonly string[] {
  const plain = [program, ...args];
  if (memory === undefined) return plain;
  try {
    return [programOf("prlimit"), `--data=${memory}`, "--core=0", "--", ...plain];
  } catch {
    return plain;
  }
}

/** Whether memory can be bounded here. */
export function canBoundMemory(): boolean {
  return bounded("x", [], 1).length > 1;
}

export class Child {
  readonly #process: ChildProcess;
  readonly #bounds: Bounds;
  readonly #ended: Promise<void>;
  #lines: string[] = [];
  #rest = "";
  #complaints = "";
  #complained = 0;
  /** The number of expected answers, and the waiter for them. */
  #owed = 0;
  #wake: () => void = () => {};
  #exit: string | undefined;
  #error: ChildError | undefined;

  private constructor(program: string, args: readonly string[], bounds: Bounds) {
    guard();
    this.#bounds = bounds;
    const [file, ...rest] = bounded(program, args, bounds.memory) as [string, ...string[]];
    this.#process = spawn(file, rest, { detached: true, stdio: "pipe" });
    const { pid, stdin, stdout, stderr } = this.#process;
    if (pid !== undefined) alive.add(pid);
    stdin?.on("error", () => {});
    stdout?.setEncoding("latin1").on("data", (text: string) => this.#read(text));
    stderr?.setEncoding("utf8").on("data", (text: string) => this.#complain(text));
    this.#process.on("error", (error) => {
      this.#fail(`${JSON.stringify(program)} cannot be started: ${error.message}`);
    });
    this.#ended = new Promise((done) => {
      const over = (exit: string) => {
        this.#exit ??= exit;
        this.#wake();
        done();
      };
      this.#process.on("error", () => over("did not start"));
      this.#process.on("close", (code, signal) => over(exitText(code, signal)));
      this.#process.on("exit", (code, signal) => {
        if (pid !== undefined) killGroup(pid);
        setTimeout(() => over(exitText(code, signal)), LAST_OUTPUT_MS).unref();
      });
    });
  }

  /** Throws a ChildError if the command cannot be run. */
  static start(command: string, args: readonly string[], bounds: Bounds): Child {
    return new Child(programOf(command), args, bounds);
  }

  #fail(says: string): void {
    this.#error ??= new ChildError(says);
    this.kill();
    this.#wake();
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() as string;
    this.#lines.push(...parts);
    if (this.#lines.length > this.#owed) {
      const [line] = this.#lines.slice(this.#owed);
      this.#fail(`it answers what it was not asked: ${JSON.stringify(line?.slice(0, 40))}`);
    } else if (this.#rest.length > LONGEST_LINE)
      this.#fail(`it answers a line of more than ${LONGEST_LINE} bytes`);
    else if (this.#lines.length === this.#owed) this.#wake();
  }

  #complain(text: string): void {
    this.#complained += text.length;
    this.#complaints = (this.#complaints + text).slice(0, KEPT_COMPLAINTS);
    if (this.#complained > MOST_COMPLAINTS)
      this.#fail(`it writes more than ${MOST_COMPLAINTS} bytes to its standard error`);
  }

  /** Sends lines, and returns their answers: all of them, or fewer and how the child ended. Throws a ChildError. */
  async ask(
    lines: readonly string[],
    milliseconds: number = this.#bounds.milliseconds,
  ): Promise<{ readonly answers: readonly string[]; readonly gone: Gone | undefined }> {
    this.#owed = lines.length;
    let late = false;
    if (this.#exit === undefined && this.#error === undefined) {
      await new Promise<void>((wake) => {
        const timer = setTimeout(() => {
          late = true;
          wake();
        }, milliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          wake();
        };
        this.#process.stdin?.write(`${lines.join("\n")}\n`);
      });
    }
    this.#wake = () => {};
    const answers = this.#lines.slice(0, this.#owed);
    this.#lines = [];
    this.#owed = 0;
    if (this.#error !== undefined) {
      await this.end();
      throw this.#error;
    }
    if (answers.length === lines.length) return { answers, gone: undefined };
    const gone = late ? this.#silence(milliseconds) : this.#crash();
    await this.end();
    return { answers, gone };
  }

  #silence(milliseconds: number): Gone {
    return { how: "silent", text: `none within ${milliseconds} ms${this.#withComplaint()}` };
  }

  #crash(): Gone {
    return { how: "crashed", text: `the process ${this.#exit}${this.#withComplaint()}` };
  }

  /** The most useful line of standard error: a sanitizer's, or the last. */
  #withComplaint(): string {
    const lines = this.#complaints.split("\n").filter((line) => line.trim() !== "");
    const line = lines.find((each) => /ERROR:|runtime error:/.test(each)) ?? lines.at(-1);
    const plain = line?.replace(/^==\d+==/, "").replaceAll(/[^\x20-\x7e]+/g, " ");
    return plain === undefined ? "" : `: ${plain.trim().slice(0, 160)}`;
  }

  kill(): void {
    const { pid } = this.#process;
    if (pid !== undefined && alive.has(pid)) killGroup(pid);
  }

  /** Kills the group, and returns when its leader is gone. */
  async end(): Promise<void> {
    this.kill();
    await this.#ended;
  }
}

function exitText(code: number | null, signal: string | null): string {
  return signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
}

/** Where output goes: what a person reads, or one JSON document; progress to stderr, and only to a terminal. */
import Table from "cli-table3";
import yoctoSpinner from "yocto-spinner";
import type { Stop } from "../engine/explore.ts";
import { INTERRUPTED } from "./exit.ts";

export interface Progress {
  say(text: string): void;
  stop(): void;
}

/** A line on stderr that changes while work goes on, and leaves Ctrl-C to the work itself; silent when stderr is not a terminal. */
export function progress(): Progress {
  if (!process.stderr.isTTY) return { say: () => {}, stop: () => {} };
  const spinner = yoctoSpinner({ stream: process.stderr, handleSignals: false }).start();
  return {
    say: (text) => {
      spinner.text = text;
    },
    stop: () => {
      spinner.stop();
    },
  };
}

/** Two interrupts closer than this are one press of Ctrl-C. */
const SAME_PRESS_MS = 500;

/** Whether Ctrl-C was pressed; long work asks between turns and ends with what it has. */
export function interruptible(): { readonly interrupted: boolean; turn(): Promise<void> } {
  const state = { interrupted: false, turn: () => new Promise<void>((resolve) => setImmediate(resolve)) };
  let first = 0;
  process.on("SIGINT", () => {
    // npm and the terminal may both pass one Ctrl-C on; one a moment later means it.
    if (state.interrupted && Date.now() - first > SAME_PRESS_MS) process.exit(INTERRUPTED);
    if (!state.interrupted) first = Date.now();
    state.interrupted = true;
  });
  return state;
}

/** Says "time" once this many seconds are over: the outer bound of work that ends by itself. */
export function timeUp(seconds: number | undefined): () => Stop {
  const end = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
  return () => performance.now() > end && "time";
}

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Rows as aligned columns, two spaces between, no lines. */
export function columns(rows: readonly (readonly string[])[]): string {
  const table = new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

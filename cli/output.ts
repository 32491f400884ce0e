/** Where output goes: what a person reads, or one JSON document; progress to stderr, and only to a terminal. */
import Table from "cli-table3";
import yoctoSpinner from "yocto-spinner";

export interface Progress {
  say(text: string): void;
  stop(): void;
}

/** A line on stderr that changes while work goes on; silent when stderr is not a terminal. */
export function progress(): Progress {
  if (!process.stderr.isTTY) return { say: () => {}, stop: () => {} };
  const spinner = yoctoSpinner({ stream: process.stderr }).start();
  return {
    say: (text) => {
      spinner.text = text;
    },
    stop: () => {
      spinner.stop();
    },
  };
}

/** Whether Ctrl-C was pressed; long work asks between turns and ends with what it has. */
export function interruptible(): { readonly interrupted: boolean; turn(): Promise<void> } {
  const state = { interrupted: false, turn: () => new Promise<void>((resolve) => setImmediate(resolve)) };
  process.once("SIGINT", () => {
    state.interrupted = true;
  });
  return state;
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

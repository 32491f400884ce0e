/** Where output goes: what a person reads, within 100 columns, or one JSON document; progress to stderr. */
import widthOf from "fast-string-width";
import type { Watch } from "../jobs/work.ts";
import { INTERRUPTED } from "./exit.ts";

/** The options of every verb. */
export interface JsonOption {
  readonly json: boolean;
}

export interface Progress {
  say(text: string): void;
  stop(): void;
}

/** The time between two lines of progress if stderr is not a terminal. */
const PROGRESS_MS = 10_000;

/**
 * A line on stderr that changes during work, and leaves Ctrl-C to the work itself. If stderr is not a terminal: a line
 * every ten seconds, and none for shorter work.
 */
export async function progress(): Promise<Progress> {
  if (!process.stderr.isTTY) return progressLines();
  const { default: yoctoSpinner } = await import("yocto-spinner");
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

function progressLines(): Progress {
  const started = Date.now();
  let last = started;
  return {
    say: (text) => {
      const now = Date.now();
      if (now - last < PROGRESS_MS) return;
      last = now;
      const line = `vmapcheck: ${Math.round((now - started) / 1000)} s: ${text}`;
      process.stderr.write(`${cutAtWord(line, MOST_COLUMNS)}\n`);
    },
    stop: () => {},
  };
}

/** The words that fit a line, and a mark where some do not. */
function cutAtWord(line: string, most: number): string {
  if (line.length <= most) return line;
  const at = line.lastIndexOf(" ", most - 4);
  return `${line.slice(0, at < 0 ? most - 4 : at)} ...`;
}

/** Two interrupts closer than this are one press of Ctrl-C. */
const SAME_PRESS_MS = 500;

/** The receiver of Ctrl-C: the work that began last. */
let listener: (() => void) | undefined;

/** Aborted once Ctrl-C was pressed: long work ends after its turn, with its results so far. */
export function interrupts(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  if (listener !== undefined) process.off("SIGINT", listener);
  listener = () => {
    // npm and the terminal may both deliver one Ctrl-C; a second press comes a moment later.
    if (controller.signal.aborted && Date.now() - first > SAME_PRESS_MS) process.exit(INTERRUPTED);
    if (!controller.signal.aborted) first = Date.now();
    controller.abort();
  };
  process.on("SIGINT", listener);
  return controller.signal;
}

/** Does a job: its progress is shown, and Ctrl-C ends it early. */
export async function watched<T>(job: (watch: Watch) => T | Promise<T>): Promise<T> {
  const signal = interrupts();
  const spinner = await progress();
  try {
    return await job({ signal, say: spinner.say, warn: complain });
  } finally {
    spinner.stop();
  }
}

const MOST_COLUMNS = 100;
/** Between two columns of a table. */
const BETWEEN = 2;

/** How wide lines may be: as wide as the terminal, and no more than 100 columns. */
export function textWidth(): number {
  // A terminal without a known width reports 0.
  return Math.min(MOST_COLUMNS, process.stdout.columns || MOST_COLUMNS);
}

/** An error line on stderr; at a terminal folded to its width, within 100 columns. */
export function complain(text: string): void {
  const { isTTY, columns: wide } = process.stderr;
  const line = `vmapcheck: ${text}`;
  console.error(isTTY ? folded(line, Math.min(MOST_COLUMNS, wide || MOST_COLUMNS)) : line);
}

/** Prints for a person: lines that are too long are folded. */
export function print(text: string): void {
  console.log(folded(text));
}

/** The text with every line that is too long folded at spaces, indented a little more. A longer word stays whole. */
export function folded(text: string, width: number = textWidth()): string {
  return text
    .split("\n")
    .map((line) => (widthOf(line) <= width ? line : foldedLine(line, width)))
    .join("\n");
}

function foldedLine(line: string, width: number): string {
  const indent = " ".repeat((/^ */.exec(line)?.[0].length ?? 0) + BETWEEN);
  return linesOf(line, width, indent).join("\n");
}

/** The lines of a text folded at spaces, all but the first indented. */
function linesOf(text: string, width: number, indent: string): readonly string[] {
  const lines: string[] = [];
  let current = "";
  for (const [, space = "", word = ""] of text.matchAll(/(\s*)(\S+)/g)) {
    const longer = `${current}${space}${word}`;
    if (widthOf(longer) <= width || current.trim() === "") {
      current = longer;
    } else {
      lines.push(current);
      current = `${indent}${word}`;
    }
  }
  return [...lines, current];
}

/** `replay:  command line`; one that is too long is folded so that a shell still takes it as one. */
export const commandLine = (label: string, words: string): string => foldedCommand(`${label}:  ${words}`);

/** Before an option where one is near the end of the line, else at any space. */
function foldedCommand(line: string): string {
  const most = textWidth() - BETWEEN;
  if (widthOf(line) <= most + BETWEEN) return line;
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  const options = [...line.matchAll(/ --(?=\w)/g)].findLast(({ index }) => index <= most)?.index ?? 0;
  const at = options > indent ? options : line.lastIndexOf(" ", most);
  return at <= indent ? line : `${line.slice(0, at)} \\\n${foldedCommand(`    ${line.slice(at + 1)}`)}`;
}

/**
 * Rows as aligned columns, two spaces between, no lines. If they are too wide together, the widest are folded at
 * spaces. A cell may have several lines.
 */
export function columns(rows: readonly (readonly string[])[], width: number = textWidth()): string {
  const widths = foldedTo(columnWidths(rows), rows, width);
  return rows
    .map((row) => {
      const cells = widths.map((wide, column) => linesOfCell(row[column] ?? "", wide));
      const height = Math.max(...cells.map(({ length }) => length));
      return Array.from({ length: height }, (_none, nth) => lineOfRow(cells, widths, nth)).join("\n");
    })
    .join("\n");
}

function lineOfRow(cells: readonly (readonly string[])[], widths: readonly number[], nth: number): string {
  const padded = widths.map((wide, column) => {
    const text = cells[column]?.[nth] ?? "";
    return text + " ".repeat(Math.max(0, wide - widthOf(text)));
  });
  return padded.join(" ".repeat(BETWEEN)).trimEnd();
}

function linesOfCell(cell: string, width: number): readonly string[] {
  const lines = cell
    .split("\n")
    .flatMap((line) => (widthOf(line) <= width ? line : linesOf(line, width, "")));
  return lines.length > 1 && cell.includes(ESCAPE) ? eachColoured(lines) : lines;
}

const ESCAPE = "\u001b";
const COLOUR = new RegExp(`${ESCAPE}\\[(\\d+)m`, "g");
const ENDS_COLOUR = /^(?:0|2\d|39|49)$/;

/** A colour that lasts over several lines begins and ends in each: between them stand other cells. */
function eachColoured(lines: readonly string[]): readonly string[] {
  let colours = "";
  return lines.map((line) => {
    const whole = colours + line;
    for (const [code, number = ""] of line.matchAll(COLOUR)) {
      colours = ENDS_COLOUR.test(number) ? "" : colours + code;
    }
    return colours === "" ? whole : `${whole}${ESCAPE}[0m`;
  });
}

/** The widest line of each column, or the longest part of one. An empty column is one wide. */
function columnWidths(rows: readonly (readonly string[])[], part: string | RegExp = "\n"): number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_none, column) =>
    Math.max(1, ...rows.flatMap((row) => (row[column] ?? "").split(part).map((text) => widthOf(text)))),
  );
}

/** Narrower columns if these do not fit together; none narrower than its longest word, which is not folded. */
function foldedTo(
  natural: readonly number[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly number[] {
  let excess = natural.reduce((sum, each) => sum + each + BETWEEN, -BETWEEN) - width;
  if (excess <= 0) return natural;
  const widths = [...natural];
  const words = columnWidths(rows, /\s/);
  for (; excess > 0; excess--) {
    const foldable = widths.map((each, column) => (each > (words[column] as number) ? each : 0));
    const most = Math.max(...foldable);
    if (most === 0) break;
    widths[foldable.indexOf(most)] = most - 1;
  }
  return widths;
}

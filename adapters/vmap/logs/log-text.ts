/** Lines of a kernel's log, and what the file is if it is no text: a binary trace, or packed by another program. */
import { open } from "node:fs/promises";
import type { Stamp } from "../../../spec/vmap/log.ts";
import type { Vpn } from "../../../spec/vmap/vocabulary.ts";
import { inputError } from "../../input-error.ts";
import { type Line, lines, type TextKind } from "../../lines.ts";

/** The longest line of a log, in characters: an event has some hundred. */
const LONGEST = 1024 * 1024;

export const LOG: TextKind = { name: "a log", expected: "one event a line", longest: LONGEST };
export const VMALLOCINFO: TextKind = {
  name: "a vmallocinfo",
  expected: "one area a line",
  longest: LONGEST,
};

const MAGIC: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [
    [0x17, 0x08, 0x44, 0x74, 0x72],
    "is a binary trace.dat: `trace-cmd report -i FILE > FILE.txt` makes its text",
  ],
  [
    [0x50, 0x45, 0x52, 0x46, 0x49, 0x4c, 0x45],
    "is a binary perf.data: `perf script -i FILE > FILE.txt` makes its text",
  ],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "is packed by xz, which is not read here: `xz -dk FILE` unpacks it"],
  [[0x28, 0xb5, 0x2f, 0xfd], "is packed by zstd, which is not read here: `zstd -d FILE` unpacks it"],
  [[0x42, 0x5a, 0x68], "is packed by bzip2, which is not read here: `bzip2 -dk FILE` unpacks it"],
];

const LONGEST_MAGIC = 8;

/** Yields the lines without the carriage return of another system. Throws an InputError for what is no text. */
export async function* textLines(file: string, kind: TextKind): AsyncGenerator<Line> {
  await refuseBinary(file);
  for await (const line of lines(file, kind)) {
    const { number, text } = line;
    if (text.includes("\0"))
      throw inputError(file, number, `has bytes that no text has; ${kind.expected} was expected`);
    yield text.endsWith("\r") ? { number, text: text.slice(0, -1) } : line;
  }
}

async function refuseBinary(file: string): Promise<void> {
  const head = await headOf(file);
  for (const [bytes, what] of MAGIC)
    if (bytes.every((byte, at) => head[at] === byte)) throw inputError(file, undefined, what);
}

/** The first bytes; none of what cannot be read, which `lines` reports. */
async function headOf(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, "r");
    try {
      if (!(await handle.stat()).isFile()) return new Uint8Array();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_MAGIC), 0, LONGEST_MAGIC, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return new Uint8Array();
  }
}

// The beginning of a line: task, CPU, time, and then the event. Of ftrace, trace-cmd report and perf script.

/** A line taken apart: its stamp, and the name and the fields of its event. */
export interface Prefixed {
  readonly stamp: Stamp;
  readonly event: string;
  readonly fields: string;
  readonly clock: "seconds" | "counter";
}

const FLAGS = String.raw`(?:([.dDXbB]\S{3,7})\s+)?`;
/** `          <idle>-0       [000] d..1.     0.362067: name: fields`; a group of threads may stand before the CPU. */
const FTRACE = new RegExp(
  String.raw`^\s*(.*?)-(\d+)\s+(?:\(\s*[\d-]+\)\s+)?\[(\d+)\]\s+${FLAGS}(\d+)(?:\.(\d+))?:\s+(\S.*)$`,
);
/** `modprobe  1436/1436 [003]    22.985858: vmalloc:name: fields`. */
const PERF = new RegExp(
  String.raw`^\s*(\S.*?)\s+(\d+)(?:/(\d+))?\s+\[(\d+)\]\s+${FLAGS}(\d+)\.(\d+):\s+(?:\d+\s+)?(\S.*)$`,
);
const EVENT = /^(?:[\w-]+:)?([\w.-]+):(?:\s+|$)(.*)$/;

/** Names of tasks, each kept once: a part of a line would keep the whole of the file's piece. */
export class Names {
  readonly #known = new Map<string, string>();

  once(name: string): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST_NAMES) this.#known.clear();
    const own = Buffer.from(name).toString();
    this.#known.set(own, own);
    return own;
  }
}

const MOST_NAMES = 8192;

/** The parts of a line, or undefined if it does not begin like an event's. */
export function prefixOf(line: number, text: string, names: Names): Prefixed | undefined {
  const ftrace = FTRACE.exec(text);
  if (ftrace !== null) {
    const [, name, task, cpu, flags, whole, fraction, rest] = ftrace;
    return parted(line, names, { name, task, cpu, flags, whole, fraction, rest });
  }
  const perf = PERF.exec(text);
  if (perf === null) return undefined;
  const [, name, process, thread, cpu, flags, whole, fraction, rest] = perf;
  return parted(line, names, { name, task: thread ?? process, cpu, flags, whole, fraction, rest });
}

type Parts = Readonly<
  Record<"name" | "task" | "cpu" | "flags" | "whole" | "fraction" | "rest", string | undefined>
>;

function parted(line: number, names: Names, parts: Parts): Prefixed | undefined {
  const event = EVENT.exec(parts.rest as string);
  if (event === null) return undefined;
  const [, name, fields] = event;
  const cpu = Number(parts.cpu);
  const task = Number(parts.task);
  return {
    stamp: {
      line,
      time: timeOf(parts.whole as string, parts.fraction),
      cpu,
      task: task === 0 ? -1 - cpu : task,
      name: names.once(parts.name as string),
      inInterrupt: /^..[hHsSzZ]/.test(parts.flags ?? ""),
    },
    event: name as string,
    fields: fields as string,
    clock: parts.fraction === undefined ? "counter" : "seconds",
  };
}

const MICROS = 6;

/** In microseconds, with a part of one where the clock has nanoseconds. */
function timeOf(whole: string, fraction: string | undefined): number {
  if (fraction === undefined) return Number(whole);
  const digits = fraction.length;
  const part = Number(fraction);
  return (
    Number(whole) * 1e6 + (digits <= MICROS ? part * 10 ** (MICROS - digits) : part / 10 ** (digits - MICROS))
  );
}

// Numbers in the text of an event, and how they become pages.

const PAGE_DIGITS = 3;

/** The text of a field such as `start=`, up to the next space; undefined if there is none. */
export function fieldOf(text: string, name: string): string | undefined {
  let at = text.indexOf(name);
  // `start=` also ends `vstart=`.
  while (at > 0 && text[at - 1] !== " ") at = text.indexOf(name, at + 1);
  if (at < 0) return undefined;
  const from = text[at + name.length] === " " ? at + name.length + 1 : at + name.length;
  const end = text.indexOf(" ", from);
  return end < 0 ? text.slice(from) : text.slice(from, end);
}

/** An address as a page: exact for every multiple of a page; one inside a page lies half a page behind its start. */
export function pageOf(digits: string | undefined): Vpn | undefined {
  if (digits === undefined) return undefined;
  if (digits.startsWith("0x")) return hexPage(digits);
  if (!/^-?\d+$/.test(digits)) return undefined;
  const bytes = BigInt.asUintN(64, BigInt(digits));
  return Number(bytes >> 12n) + ((bytes & 4095n) === 0n ? 0 : 0.5);
}

function hexPage(digits: string): Vpn | undefined {
  const cut = digits.length - PAGE_DIGITS;
  const low = digits.slice(Math.max(2, cut));
  const page = cut <= 2 ? 0 : Number.parseInt(digits.slice(2, cut), 16);
  if (Number.isNaN(page) || !/^[\da-f]+$/i.test(low)) return undefined;
  return /^0+$/.test(low) ? page : page + 0.5;
}

/** A number of bytes, such as an alignment; exact for powers of two. */
export function bytesOf(digits: string | undefined): number | undefined {
  if (digits === undefined || !/^(0x[\da-f]+|\d+)$/i.test(digits)) return undefined;
  return Number(digits);
}

/** Whether a pointer is an error number in place of one (ERR_PTR), or nothing. */
export function isNoPointer(digits: string): boolean {
  return /^(0x)?0*$/.test(digits) || /^(0x)?f{5}(f{8})?[\da-f]{3}$/i.test(digits) || digits === "(null)";
}

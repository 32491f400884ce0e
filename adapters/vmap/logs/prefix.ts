/** The beginning of a line: task, CPU, time, and then the event. Of ftrace, trace-cmd report and perf script. */
import type { Stamp } from "../../../spec/vmap/log.ts";

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

/** Reads the log of a running kernel: the text of trace, trace_pipe, trace-cmd report or perf script. */
import type { LogEvent, LogFacts, Lost, Stamp } from "../../../spec/vmap/log.ts";
import { inputError } from "../../input-error.ts";
import { saidBy } from "./events.ts";
import { LOG, Names, type Prefixed, prefixOf, textLines } from "./log-text.ts";

/** Lines that are no events, such as a backtrace, before the first event that is one of ours. */
const MOST_STRANGE = 200;
/** Characters of such a line that an error shows. */
const SHOWN = 24;
/** A clock that runs back by more than this is another clock, in microseconds. */
const BACK = 1e6;
const LOST = /^\s*CPU[ :]*(\d+) \[(?:LOST )?(?:(\d+) )?EVENTS(?: DROPPED| LOST)?\]/;
/** An overwritten buffer: the events before the first that is left of this CPU are missing. */
const STARTED = /^#+ CPU (\d+) buffer started #+/;
const PERF_LOST = /(?:\[(\d+)\]\s+[\d.]+:\s+)?PERF_RECORD_LOST\S*:? +(?:lost )?(\d+)/;
/** How many CPUs the machine has: by the head of ftrace, of trace-cmd report, of perf script. */
const ONLINE = /(?:#P:|^cpus=|nrcpus online : )(\d+)/;
/** Words that a program writes before its events. */
const HEAD = /^(#|cpus=|version = |CPU \d+ is empty|\s*\[vmallocinfo)/;

/** Yields the events of the vmap layer in the order of their lines. Throws an InputError for what is no such log. */
export class Log {
  readonly #file: string;
  readonly #signal: AbortSignal | undefined;
  readonly #names = new Names();
  /** The last line of each CPU. */
  readonly #cpus = new Map<number, number>();
  #online = 0;
  #wide = false;
  #clock: "seconds" | "counter" | undefined;
  #last: Stamp | undefined;
  /** The tracer by the head of the log; that of events alone is called nop. */
  #tracer: string | undefined;
  /** The last line is earlier than the one before it, as if events were lost since this line. */
  #backSince: number | undefined;
  /** Lines with an event of ours, of another subsystem, and with none. */
  readonly counts = { events: 0, others: 0, strange: 0 };
  #firstStrange: { readonly line: number; readonly text: string } | undefined;

  /** `-` is standard input, read until the signal. */
  constructor(file: string, signal?: AbortSignal) {
    this.#file = file;
    this.#signal = signal;
  }

  /** What was seen so far of how the log was written. */
  get facts(): LogFacts {
    return {
      cpus: Math.max(this.#online, this.#cpus.size),
      bits: this.#wide ? 64 : 32,
      clock: this.#clock ?? "seconds",
    };
  }

  async *events(): AsyncGenerator<LogEvent> {
    for await (const { number, text } of textLines(this.#file, { ...LOG, live: { signal: this.#signal } })) {
      const event = this.#eventIn(number, text);
      if (event === undefined) continue;
      if (this.#backSince !== undefined) yield this.#lost(number, event.cpu, undefined, this.#backSince);
      yield event;
    }
    if (this.counts.events === 0) throw this.#noEvents();
  }

  #eventIn(line: number, text: string): LogEvent | undefined {
    const found = prefixOf(line, text, this.#names);
    if (found === undefined) return this.#aside(line, text);
    const said = saidBy(found.event, found.fields);
    if (typeof said === "string") throw inputError(this.#file, line, said);
    const { cpu } = found.stamp;
    this.#backSince = this.#checkClock(found) ? Math.min(this.#since(-1), this.#since(cpu)) : undefined;
    this.#cpus.set(cpu, line);
    if (said === undefined) {
      this.counts.others += 1;
      return undefined;
    }
    this.counts.events += 1;
    if ("vend" in said && said.vend > 2 ** 20) this.#wide = true;
    return Object.assign(said, found.stamp) as LogEvent;
  }

  /** Whether the line is earlier than the one before it. */
  #checkClock({ stamp, clock }: Prefixed): boolean {
    if (this.#clock !== undefined && this.#clock !== clock)
      throw inputError(
        this.#file,
        stamp.line,
        `its time is ${clock === "counter" ? "a count" : "in seconds"}, that of the lines before ${clock === "counter" ? "in seconds" : "a count"}: one was expected`,
      );
    this.#clock = clock;
    const last = this.#last;
    this.#last = stamp;
    if (last === undefined || stamp.time >= last.time) return false;
    if (clock === "counter" || last.time - stamp.time > BACK)
      throw inputError(
        this.#file,
        stamp.line,
        "is earlier than the line before it: lines in order of time were expected",
      );
    return true;
  }

  /** A line without an event: a comment, lost events, or something strange. */
  #aside(line: number, text: string): LogEvent | undefined {
    this.#backSince = undefined;
    const lost = LOST.exec(text) ?? STARTED.exec(text);
    if (lost !== null) {
      const [, cpu, events] = lost;
      return this.#lost(line, Number(cpu), events === undefined ? undefined : Number(events));
    }
    const perf = PERF_LOST.exec(text);
    if (perf?.[1] !== undefined) return this.#lost(line, Number(perf[1]), Number(perf[2]));
    if (perf !== null) return this.#lost(line, -1, Number(perf[2]), this.#hasHeardAll ? undefined : 0);
    if (HEAD.test(text)) {
      this.#tracer ??= /^# tracer: (\S+)/.exec(text)?.[1];
      const [, online] = ONLINE.exec(text) ?? [];
      if (online !== undefined) this.#online = Number(online);
      return undefined;
    }
    this.counts.strange += 1;
    this.#firstStrange ??= { line, text: text.slice(0, SHOWN) };
    if (this.counts.events === 0 && this.counts.strange > MOST_STRANGE) throw this.#noEvents();
    return undefined;
  }

  /** Every CPU has printed: one that has not may have lost all that it had. */
  get #hasHeardAll(): boolean {
    return this.#online > 0 && this.#cpus.size >= this.#online;
  }

  /** What events of this CPU may be missing after. A buffer that was full has printed what it had. */
  #since(cpu: number): number {
    return cpu < 0 ? Math.min(...this.#cpus.values()) : (this.#cpus.get(cpu) ?? 0);
  }

  #lost(line: number, cpu: number, events: number | undefined, since = this.#since(cpu)): LogEvent {
    const lost: Lost = { kind: "lost", events, since: Number.isFinite(since) ? since : 0 };
    const time = this.#last?.time ?? 0;
    return { ...lost, line, time, cpu, task: 0, name: "", inInterrupt: false };
  }

  #noEvents(): Error {
    const expected = "alloc_vmap_area or k_alloc was expected";
    const { others } = this.counts;
    const strange = this.#firstStrange;
    if (this.#tracer !== undefined && this.#tracer !== "nop")
      return inputError(
        this.#file,
        undefined,
        `is of the tracer ${this.#tracer.slice(0, 20)}: nop was expected`,
      );
    if (strange !== undefined && others === 0)
      return inputError(
        this.#file,
        strange.line,
        `is no event of a log (${JSON.stringify(strange.text)}): ${expected}`,
      );
    return inputError(
      this.#file,
      undefined,
      others > 0 ? `has ${others} events, and none of vmalloc: ${expected}` : `has no events: ${expected}`,
    );
  }
}

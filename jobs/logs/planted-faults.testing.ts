/** Faults planted into a clean log, as text: what a broken kernel would have printed, or an editor falsified. */
import { Log } from "../../adapters/vmap/logs/log.ts";
import type { EventOf, LogEvent } from "../../spec/vmap/log.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";

export type Fault = "moved address" | "dropped flush" | "reuse before a flush" | "overlap" | "swallowed free";
export const FAULTS: readonly Fault[] = [
  "moved address",
  "dropped flush",
  "reuse before a flush",
  "overlap",
  "swallowed free",
];

/** Numbers from a seed, the same on every machine. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 2654435761 + 1;
  }

  below(bound: number): number {
    // xorshift32
    let x = this.#state | 0 || 1;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % bound;
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }
}

/** A call that placed an area: its lines, from the entry to the return. */
interface Placement extends Extent {
  readonly lines: readonly number[];
  /** The line that reports it first. */
  readonly by: number;
  readonly align: number;
  /** Lines of its free; none if it is never freed. */
  readonly freed: readonly number[];
}

/** A purge that returned areas: its lines, and that of its flush. */
interface PurgeLines {
  readonly lines: readonly number[];
  readonly flush: number | undefined;
}

const lineOf = ({ lines }: { readonly lines: readonly number[] }) => lines[0] as number;

/** The place of the first that begins after this line. */
function firstAfter(all: readonly { readonly lines: readonly number[] }[], line: number): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lineOf(all[middle] as { lines: number[] }) <= line) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface Planted {
  readonly fault: Fault;
  readonly text: string;
  readonly says: string;
}

export class CleanLog {
  readonly #lines: readonly string[];
  readonly #placements: Placement[] = [];
  readonly #purges: PurgeLines[] = [];
  #reuses: readonly { readonly old: Placement; readonly placed: Placement }[] | undefined;

  private constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  static async read(file: string, text: string): Promise<CleanLog> {
    const clean = new CleanLog(text.split("\n"));
    const events: LogEvent[] = [];
    for await (const event of new Log(file).events()) events.push(event);
    clean.#index(events);
    return clean;
  }

  /** The log with one such fault; undefined if it has no place for it. */
  plant(fault: Fault, draw: Draw): Planted | undefined {
    switch (fault) {
      case "moved address":
        return this.#move(draw);
      case "dropped flush":
        return this.#dropFlush(draw);
      case "reuse before a flush":
        return this.#reuse(draw);
      case "overlap":
        return this.#overlap(draw);
      case "swallowed free":
        return this.#swallow(draw);
    }
  }

  #index(events: readonly LogEvent[]): void {
    const entries = new Map<number, EventOf<"alloc entry">>();
    const open = new Map<number, { lines: number[]; freed: number[]; by: number; align: number } & Extent>();
    const freeing = new Map<number, number>();
    const hasTracepoints = events.some(({ kind }) => kind === "allocated");
    let purge: { lines: number[]; flush: number | undefined; task: number } | undefined;
    for (const event of events) {
      const { line, task } = event;
      if (event.kind === "alloc entry") entries.set(task, event);
      else if (event.kind === "allocated" && !event.failed) {
        const entry = entries.get(task);
        const place = { start: event.start, end: event.start + event.size, align: event.align, by: line };
        open.set(event.start, { ...place, lines: entry ? [entry.line, line] : [line], freed: [] });
      } else if (event.kind === "alloc return" && !event.failed) {
        const known = open.get(event.start);
        const entry = entries.get(task);
        if (hasTracepoints) known?.lines.push(line);
        else if (entry !== undefined)
          open.set(event.start, {
            start: event.start,
            end: event.end,
            align: entry.align,
            by: line,
            lines: [entry.line, line],
            freed: [],
          });
      } else if (event.kind === "free entry") {
        freeing.set(task, event.start);
        open.get(event.start)?.freed.push(line);
        if (!hasTracepoints) this.#close(open, event.start);
      } else if (event.kind === "freed") {
        open.get(event.start)?.freed.push(line);
        this.#close(open, event.start);
      } else if (event.kind === "purge entry") purge = { lines: [line], flush: undefined, task };
      else if (event.kind === "flush" && purge?.task === task) {
        purge.lines.push(line);
        purge.flush = line;
      } else if (event.kind === "purged") {
        if (event.areas > 0)
          this.#purges.push({ lines: [...(purge?.lines ?? []), line], flush: purge?.flush });
      } else if (event.kind === "purge return") {
        const last = this.#purges.at(-1);
        if (hasTracepoints && event.purged) (last?.lines as number[] | undefined)?.push(line);
        else if (event.purged && purge !== undefined)
          this.#purges.push({ ...purge, lines: [...purge.lines, line] });
        purge = undefined;
      }
    }
    for (const start of [...open.keys()]) this.#close(open, start);
  }

  #close(open: Map<number, Placement>, start: number): void {
    const known = open.get(start);
    if (known !== undefined) this.#placements.push(known);
    open.delete(start);
  }

  #move(draw: Draw): Planted {
    const place = draw.of(this.#placements);
    const by = (1 + draw.below(64)) * (draw.below(2) === 0 ? 1 : -1);
    // One line alone, or all lines of the call: then only the addresses of others can show it.
    const lines =
      draw.below(2) === 0 ? [draw.of(place.lines.slice(place.lines.length > 1 ? 1 : 0))] : place.lines;
    return this.#edited(
      "moved address",
      `line ${place.by}, by ${by} pages`,
      this.#moved(place, place.start + by, lines),
    );
  }

  #dropFlush(draw: Draw): Planted | undefined {
    const purges = this.#purges.filter(({ flush }) => flush !== undefined);
    // Before the first flush that is seen it is not known that flushes are recorded.
    const purge = purges.length < 2 ? undefined : draw.of(purges.slice(1));
    if (purge?.flush === undefined) return undefined;
    return this.#edited("dropped flush", `line ${purge.flush}`, new Map([[purge.flush, undefined]]));
  }

  /** An area is placed where another lies that was freed, before the next purge. */
  #reuse(draw: Draw): Planted | undefined {
    this.#reuses ??= this.#findReuses();
    if (this.#reuses.length === 0) return undefined;
    const { old, placed } = draw.of(this.#reuses);
    return this.#edited(
      "reuse before a flush",
      `line ${placed.by}, over what line ${old.by} placed`,
      this.#moved(placed, old.start, placed.lines),
    );
  }

  /** For each area that is freed the first that is placed before the next purge. */
  #findReuses(): readonly { readonly old: Placement; readonly placed: Placement }[] {
    const placements = this.#placements.toSorted((a, b) => lineOf(a) - lineOf(b));
    return this.#placements.flatMap((old) => {
      const freed = old.freed.at(-1);
      if (freed === undefined) return [];
      const next = this.#purges[firstAfter(this.#purges, freed)];
      const placed = placements[firstAfter(placements, freed)];
      return placed === undefined || next === undefined || placed.by >= lineOf(next) ? [] : [{ old, placed }];
    });
  }

  /** An area is placed over another that is in use. */
  #overlap(draw: Draw): Planted | undefined {
    const placed = draw.of(this.#placements);
    const live = this.#placements.filter(
      ({ by, freed, start }) =>
        by < (placed.lines[0] as number) &&
        (freed[0] ?? Number.POSITIVE_INFINITY) > placed.by &&
        start !== placed.start,
    );
    if (live.length === 0) return undefined;
    const old = draw.of(live);
    return this.#edited(
      "overlap",
      `line ${placed.by}, over what line ${old.by} placed`,
      this.#moved(placed, old.start, placed.lines),
    );
  }

  #swallow(draw: Draw): Planted | undefined {
    const freed = this.#placements.filter((place) => place.freed.length > 0);
    if (freed.length === 0) return undefined;
    const place = draw.of(freed);
    return this.#edited(
      "swallowed free",
      `of what line ${place.by} placed`,
      new Map(place.freed.map((line) => [line, undefined])),
    );
  }

  /** The lines of a call with another address. */
  #moved({ start, end }: Extent, to: number, lines: readonly number[]): Map<number, string | undefined> {
    const bytes = (page: number) => BigInt(page) * 4096n;
    return new Map(
      lines.map((line) => {
        const text = (this.#lines[line - 1] as string)
          .replace(`va_start: ${bytes(start)}`, `va_start: ${bytes(to)}`)
          .replace(` start=0x${bytes(start).toString(16)} `, ` start=0x${bytes(to).toString(16)} `)
          .replace(` end=0x${bytes(end).toString(16)}`, ` end=0x${bytes(to + end - start).toString(16)}`);
        return [line, text];
      }),
    );
  }

  #edited(fault: Fault, says: string, edits: ReadonlyMap<number, string | undefined>): Planted {
    const text = this.#lines
      .flatMap((line, at) => (edits.has(at + 1) ? (edits.get(at + 1) ?? []) : line))
      .join("\n");
    return { fault, says, text };
  }
}

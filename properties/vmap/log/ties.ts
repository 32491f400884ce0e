/**
 * Events with one time on several CPUs, whose order in the text means nothing: they are taken in an order that agrees
 * with what is known, if there is one. Those of a CPU, and those of a task, keep their order.
 */
import type { LogEvent } from "../../../spec/vmap/log.ts";
import type { Space } from "./space.ts";

/** A log with more events at one time has no clock that tells them apart. */
const MOST_TIED = 1024;

export class Ties {
  readonly #space: Space;
  readonly #see: (event: LogEvent) => void;
  #tied: LogEvent[] = [];

  constructor(space: Space, see: (event: LogEvent) => void) {
    this.#space = space;
    this.#see = see;
  }

  add(event: LogEvent): void {
    const [first] = this.#tied;
    const isTied = first?.time === event.time && event.kind !== "lost" && this.#tied.length < MOST_TIED;
    if (!isTied) this.end();
    this.#tied.push(event);
  }

  /** No more events have this time. */
  end(): void {
    const tied = this.#tied;
    this.#tied = [];
    if (tied.every(({ cpu }) => cpu === tied[0]?.cpu)) for (const event of tied) this.#see(event);
    else this.#order(tied);
  }

  #order(tied: readonly LogEvent[]): void {
    const left = [...tied];
    const cpus = new Set(tied.map(({ cpu }) => cpu)).size;
    while (left.length > 0) {
      const heads = headsOf(left, cpus);
      const next = heads.find((event) => this.#agrees(event)) ?? (heads[0] as LogEvent);
      left.splice(left.indexOf(next), 1);
      this.#see(next);
    }
  }

  /** A place is free before it is taken, and taken before it is freed; purges come one after another. */
  #agrees(event: LogEvent): boolean {
    const { areas } = this.#space;
    switch (event.kind) {
      case "allocated":
        return (
          event.failed ||
          areas.overlapping({ start: event.start, end: event.start + event.size }).length === 0
        );
      case "free entry":
      case "freed": {
        const area = areas.around(event.start);
        const isBegun = event.kind === "freed" && area?.freeing !== undefined;
        return area?.start === event.start && (area.freed === undefined || isBegun);
      }
      case "purge entry":
        return this.#space.open?.entry === undefined;
      default:
        return true;
    }
  }
}

/** The events, of at most this many CPUs, that no other one of their CPU or their task comes before. */
function headsOf(events: readonly LogEvent[], most: number): readonly LogEvent[] {
  const heads: LogEvent[] = [];
  const [cpus, tasks] = [new Set<number>(), new Set<number>()];
  for (const event of events) {
    if (!cpus.has(event.cpu) && !tasks.has(event.task)) heads.push(event);
    cpus.add(event.cpu);
    tasks.add(event.task);
    if (cpus.size === most) break;
  }
  return heads;
}

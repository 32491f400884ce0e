/** Long work in turns: it reports progress, and ends early on request, with its results so far. */
import type { Stop } from "../engine/search/visitable.ts";

/** How long work is observed and ended. */
export interface Watch {
  /** Ends it after its turn, with the results so far. */
  readonly signal?: AbortSignal | undefined;
  /** Reports progress. */
  readonly say?: ((text: string) => void) | undefined;
  /** Reports errors beside the work, such as a checkpoint that could not be written. */
  readonly warn?: ((text: string) => void) | undefined;
  /** An outer bound of all of it. */
  readonly seconds?: number | undefined;
}

/** The seed of random histories, if none is given. */
export const USUAL_SEED = 20110106;

export class Work {
  readonly #watch: Watch;
  readonly #late: () => Stop;

  constructor(watch: Watch) {
    this.#watch = watch;
    this.#late = timeUp(watch.seconds);
  }

  /** Whether to end: true on request, "time" if its time is up. */
  get stop(): Stop {
    return this.#watch.signal?.aborted === true || this.#late();
  }

  /** Whether the end was requested. */
  get interrupted(): boolean {
    return this.#watch.signal?.aborted === true;
  }

  say(text: string): void {
    this.#watch.say?.(text);
  }

  warn(text: string): void {
    this.#watch.warn?.(text);
  }

  /** Between two turns: yields so that SIGINT and the progress line are handled. */
  async turn(text?: string): Promise<Stop> {
    if (text !== undefined) this.say(text);
    await new Promise<void>((resolve) => setImmediate(resolve));
    return this.stop;
  }

  /** Work in turns of some milliseconds, to its end or until it is stopped. */
  async through<P, T>(
    turns: Generator<P, T, Stop> | AsyncGenerator<P, T, Stop>,
    textOf: (progress: P) => string,
  ): Promise<T> {
    let next = await turns.next(false);
    while (!next.done) next = await turns.next(await this.turn(textOf(next.value)));
    return next.value;
  }
}

/** Returns "time" once this many seconds are over: the outer bound of work that ends by itself. */
export function timeUp(seconds: number | undefined): () => Stop {
  const end = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
  return () => performance.now() > end && "time";
}

/** Long work in turns: it says how far it is, and ends early where it is asked to, with what it has. */
import type { Stop } from "../engine/search/explore.ts";

/** How long work is watched, and ended. */
export interface Watch {
  /** Ends it after its turn; what was found so far is returned. */
  readonly signal?: AbortSignal | undefined;
  /** Says how far it is. */
  readonly say?: ((text: string) => void) | undefined;
  /** Says what went wrong beside it: a checkpoint that could not be written. */
  readonly warn?: ((text: string) => void) | undefined;
  /** An outer bound of all of it. */
  readonly seconds?: number | undefined;
}

export class Work {
  readonly #watch: Watch;
  readonly #late: () => Stop;

  constructor(watch: Watch) {
    this.#watch = watch;
    this.#late = timeUp(watch.seconds);
  }

  /** Whether to end: true where that was asked for, "time" where its time is up. */
  get stop(): Stop {
    return this.#watch.signal?.aborted === true || this.#late();
  }

  /** Whether that was asked for. */
  get interrupted(): boolean {
    return this.#watch.signal?.aborted === true;
  }

  say(text: string): void {
    this.#watch.say?.(text);
  }

  /** Between two turns: lets Ctrl-C and the progress line have theirs. */
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

/** Says "time" once this many seconds are over: the outer bound of work that ends by itself. */
export function timeUp(seconds: number | undefined): () => Stop {
  const end = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
  return () => performance.now() > end && "time";
}

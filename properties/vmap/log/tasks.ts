/** How far the calls of each task are. */
import type { EventOf, Stamp } from "../../../spec/vmap/log.ts";
import type { Area } from "./area.ts";

export interface Task {
  /** Its last event. */
  last: Stamp | undefined;
  /** An allocation that it entered, the last attempt of it, and what it got. */
  entry: EventOf<"alloc entry"> | undefined;
  failed: Stamp | undefined;
  got: Area | undefined;
  /** What it frees, and has not reported yet. */
  freeing: Area | undefined;
}

/** Before its first event. */
export const newTask = (): Task => ({
  last: undefined,
  entry: undefined,
  failed: undefined,
  got: undefined,
  freeing: undefined,
});

/** Of more tasks than these the one seen longest ago is forgotten, which makes its windows wider. */
const MOST_TASKS = 4096;

export class Tasks {
  readonly #all = new Map<number, Task>();

  of(number: number): Task {
    const known = this.#all.get(number);
    if (known !== undefined) return known;
    if (this.#all.size >= MOST_TASKS) this.#forgetOldest();
    const task = newTask();
    this.#all.set(number, task);
    return task;
  }

  forget(): void {
    this.#all.clear();
  }

  #forgetOldest(): void {
    let oldest: number | undefined;
    let line = Number.POSITIVE_INFINITY;
    for (const [number, { last }] of this.#all) {
      if ((last?.line ?? 0) >= line) continue;
      [oldest, line] = [number, last?.line ?? 0];
    }
    if (oldest !== undefined) this.#all.delete(oldest);
  }
}

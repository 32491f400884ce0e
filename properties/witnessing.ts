/** What should be seen in an exploration: searched at every transition until it is seen. */
import type { Kernel, Terms, WitnessOf } from "../spec/wing.ts";

export class Witnessing<T extends Terms> {
  /** By what should be seen: 1 once it was, 0 before. */
  readonly seen = new Map<string, number>();
  readonly #kernel: Kernel<T>;
  #wanted: readonly WitnessOf<T>[];
  #paths: number;
  #lastMarks: readonly string[] | undefined;

  constructor(kernel: Kernel<T>, wanted: readonly WitnessOf<T>[]) {
    this.#kernel = kernel;
    this.#wanted = wanted;
    this.#paths = kernel.paths.length;
    for (const { id } of wanted) this.seen.set(id, 0);
    for (const id of kernel.paths) this.seen.set(id, 0);
  }

  look(
    state: unknown,
    before: T["world"],
    command: T["command"],
    response: T["response"],
    after: T["world"] | undefined,
  ): void {
    if (this.#wanted.length > 0) this.#lookForWitnesses(before, command, response, after);
    if (this.#paths > 0) this.#lookForPaths(state);
  }

  #lookForWitnesses(
    before: T["world"],
    command: T["command"],
    response: T["response"],
    after: T["world"] | undefined,
  ): void {
    for (const witness of this.#wanted) {
      if (!witness.seen(before, command, response, after)) continue;
      this.seen.set(witness.id, 1);
      this.#wanted = this.#wanted.filter((each) => each !== witness);
    }
  }

  /** The kernel makes each combination of marks once: the last one looked through is known by identity. */
  #lookForPaths(state: unknown): void {
    const marks = this.#kernel.marks(state);
    if (marks === this.#lastMarks) return;
    this.#lastMarks = marks;
    for (const id of marks) {
      if (this.seen.get(id) === 0) this.#paths -= 1;
      this.seen.set(id, 1);
    }
  }
}

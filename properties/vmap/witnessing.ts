/** What should be seen in an exploration: searched at every transition until it is seen. */

import type { Call } from "../../spec/vmap/commands/command.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { VmapWitness } from "../../spec/vmap/laws/law.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { witnessesFor } from "../../spec/vmap/witnesses.ts";
import type { World } from "../../spec/vmap/world.ts";

export class Witnessing<S> {
  /** By what should be seen: 1 once it was, 0 before. */
  readonly seen = new Map<string, number>();
  readonly #kernel: Kernel<S>;
  #wanted: readonly VmapWitness[];
  #paths: number;
  #lastMarks: readonly string[] | undefined;

  constructor(kernel: Kernel<S>, calls: readonly Call[], { outside }: Scope) {
    this.#kernel = kernel;
    this.#wanted = witnessesFor(kernel.release).filter(
      ({ needs, ofOutside }) =>
        (needs === undefined || needs.every((call) => calls.includes(call))) &&
        (ofOutside === undefined || outside === true),
    );
    this.#paths = kernel.paths.length;
    for (const { id } of this.#wanted) this.seen.set(id, 0);
    for (const id of kernel.paths) this.seen.set(id, 0);
  }

  look(state: S, before: World, command: Command, response: Response, after: World | undefined): void {
    if (this.#wanted.length > 0) this.#lookForWitnesses(before, command, response, after);
    if (this.#paths > 0) this.#lookForPaths(state);
  }

  #lookForWitnesses(before: World, command: Command, response: Response, after: World | undefined): void {
    for (const { id, seen } of this.#wanted) {
      if (!seen(before, command, response, after)) continue;
      this.seen.set(id, 1);
      this.#wanted = this.#wanted.filter((each) => each.id !== id);
    }
  }

  /** The kernel makes each combination of marks once: the last one looked through is known by identity. */
  #lookForPaths(state: S): void {
    const marks = this.#kernel.marks(state);
    if (marks === this.#lastMarks) return;
    this.#lastMarks = marks;
    for (const id of marks) {
      if (this.seen.get(id) === 0) this.#paths -= 1;
      this.seen.set(id, 1);
    }
  }
}

/** A film at any position: the things after each step, rebuilt from what each step changed. */
import type { Change, Thing } from "../jobs/page/documents.ts";

/** The things are kept after as many steps as this, and those between are rebuilt from there. */
const EVERY = 256;

export type Things = ReadonlyMap<string, Thing>;

interface Stepped {
  readonly steps: readonly { readonly changes: readonly Change[] }[];
}

export class Player {
  readonly #steps: Stepped["steps"];
  readonly #kept: Things[] = [new Map()];

  constructor(film: Stepped) {
    this.#steps = film.steps;
  }

  /** Position 0 is the beginning, and n the state after step n. */
  at(position: number): Things {
    const nearest = Math.floor(position / EVERY);
    while (this.#kept.length <= nearest) {
      const from = (this.#kept.length - 1) * EVERY;
      this.#kept.push(this.#from(from, from + EVERY));
    }
    return this.#from(nearest * EVERY, position);
  }

  /** What the step before a position changed: the keys of what is new or other there, and what is gone. */
  changedAt(position: number): { readonly now: ReadonlySet<string>; readonly gone: Things } {
    const changes = this.#steps[position - 1]?.changes ?? [];
    const now = new Set(changes.flatMap(([key, thing]) => (thing === null ? [] : [key])));
    const lost = changes.filter(([, thing]) => thing === null);
    const before = lost.length === 0 ? undefined : this.at(position - 1);
    const gone = lost.flatMap(([key]) => {
      const thing = before?.get(key);
      return thing === undefined ? [] : [[key, thing] as const];
    });
    return { now, gone: new Map(gone) };
  }

  /** From a position that is kept to a later one. */
  #from(kept: number, position: number): Things {
    const things = new Map(this.#kept[kept / EVERY]);
    for (const { changes } of this.#steps.slice(kept, position))
      for (const [key, thing] of changes) {
        if (thing === null) things.delete(key);
        else things.set(key, thing);
      }
    return things;
  }
}

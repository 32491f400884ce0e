/** The interchangeable things of a layout, in the consecutive numbering of symmetry.ts. */
import type { Field, IndexSet, Layout } from "../search/layout.ts";

/** Each array's name, without a member's number. */
export function arrayOf({ name }: Field): string {
  return name.replace(/\[.*/, "");
}

/** The members of all index sets, numbered consecutively. A set of one has no other numbering and is left out. */
export class Members {
  readonly sets: readonly IndexSet[];
  /** Each set's first member, and at last the count of all. */
  readonly begins: readonly number[];

  constructor({ interchangeable }: Layout) {
    this.sets = interchangeable;
    const begins = [0];
    for (const { size } of this.sets) begins.push((begins.at(-1) as number) + size);
    this.begins = begins;
  }

  get count(): number {
    return this.begins.at(-1) as number;
  }

  /** Undefined for the member of a set of one. */
  numberOf(set: IndexSet, index: number): number | undefined {
    const begin = this.begins[this.sets.indexOf(set)];
    return begin === undefined ? undefined : begin + index;
  }
}

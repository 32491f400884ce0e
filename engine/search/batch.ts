/** Transitions on their way into the table: some hundreds at a time, in flat arrays. */

/** The outcome of a transition: bits of the laws it violated, and this bit if no state follows. */
export const ENDS: number = 1 << 30;

/** The outcome of a disabled action. */
export const DISABLED = -1;

export interface Batch {
  /** Words in a form. */
  readonly words: number;
  /** The most transitions it holds. */
  readonly capacity: number;
  count: number;
  /** By transition: the form of the state it leads to, where it comes from, and by which action. */
  readonly forms: Int32Array;
  readonly from: Int32Array;
  readonly by: Uint16Array;
  /** Bits of the laws it violated. */
  readonly violated: Int32Array;
  /** 1 if a state follows. */
  readonly continues: Uint8Array;
  /** Once in the table: 1 if it leads to a new state. New states are numbered in this order. */
  readonly isNew: Uint8Array;
}

export function emptyBatch(words: number, capacity: number): Batch {
  return {
    words,
    capacity,
    count: 0,
    forms: new Int32Array(words * capacity),
    from: new Int32Array(capacity),
    by: new Uint16Array(capacity),
    violated: new Int32Array(capacity),
    continues: new Uint8Array(capacity),
    isNew: new Uint8Array(capacity),
  };
}

/** Adds a transition whose form was written at `batch.count`. */
export function push(batch: Batch, from: number, by: number, outcome: number): void {
  const at = batch.count;
  batch.from[at] = from;
  batch.by[at] = by;
  batch.violated[at] = outcome & ~ENDS;
  batch.continues[at] = (outcome & ENDS) === 0 ? 1 : 0;
  batch.count = at + 1;
}

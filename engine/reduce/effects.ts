/** Effects of actions, looked up instead of called. */
import type { Action } from "../machine.ts";
import { type Slice, slicesOf, USUAL } from "./conditions.ts";

/**
 * A table of effects by the bits that actions read: which bits stay and which are set. It is filled by calling each
 * effect on states with all zeros and all ones in the other bits.
 */
export class EffectTable {
  /** Four numbers for each action: word, shift and mask of what it reads, and where its masks begin; -1 to call it. */
  readonly places: Int32Array;
  /** For each word two: the bits that stay, and those that are set. */
  readonly masks: Int32Array;

  constructor(actions: readonly Action[], words: number) {
    const places: number[] = [];
    const masks: number[] = [];
    for (const action of actions) {
      const slices = slicesOf(action.effectReads ?? []);
      const [slice = { word: 0, shift: 0, bits: 0 }] = slices;
      const called = action.effectReads === undefined || slices.length > 1 || slice.bits > USUAL;
      places.push(slice.word, slice.shift, 2 ** slice.bits - 1, called ? -1 : masks.length);
      if (called) continue;
      for (let value = 0; value < 2 ** slice.bits; value++)
        masks.push(...masksOf(action, words, slice, value));
    }
    this.places = Int32Array.from(places);
    this.masks = Int32Array.from(masks);
  }
}

function masksOf({ effect }: Action, words: number, slice: Slice, value: number): number[] {
  const after = (others: number) => {
    const state = new Int32Array(words).fill(others);
    const mask = (2 ** slice.bits - 1) << slice.shift;
    state[slice.word] = (others & ~mask) | (value << slice.shift);
    effect(state);
    return state;
  };
  const [set, kept] = [after(0), after(-1)];
  return Array.from(set, (bits, at) => [(kept[at] as number) & ~bits, bits]).flat();
}

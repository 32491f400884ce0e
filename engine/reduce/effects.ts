/** Effects of actions, looked up in place of being called. */
import type { Action } from "../actions.ts";
import { type Slice, slicesOf, USUAL } from "./conditions.ts";

/** Other bits than those read, in which the effects looked up are tried. */
const OTHERS: readonly number[] = [0x5555_5555, 0x3333_3333, 0x0f0f_0f0f, 0x00ff_00ff];

/**
 * What actions do, looked up by the bits that they read: which bits stay and which are set. It is made from their
 * effects, on states that have all zeros and all ones beside those bits.
 */
export class EffectTable {
  /** Four numbers for each action: word, shift and mask of what it reads, and where its masks begin; -1 to call it. */
  readonly places: Int32Array;
  /** For each word two: the bits that stay, and those that are set. */
  readonly masks: Int32Array;

  /**
   * Throws an Error where an effect is seen to depend on other fields than its action says. It is tried in ten
   * patterns of all other bits: that finds an action that forgot a field, and proves nothing.
   */
  constructor(actions: readonly Action[], words: number) {
    const places: number[] = [];
    const masks: number[] = [];
    for (const action of actions) {
      const slices = action.reads === undefined ? [] : slicesOf(action.reads);
      const [slice = { word: 0, shift: 0, bits: 0 }] = slices;
      const called = action.reads === undefined || slices.length > 1 || slice.bits > USUAL;
      places.push(slice.word, slice.shift, 2 ** slice.bits - 1, called ? -1 : masks.length);
      if (called) continue;
      for (let value = 0; value < 2 ** slice.bits; value++)
        masks.push(...masksOf(action, words, slice, value));
    }
    this.places = Int32Array.from(places);
    this.masks = Int32Array.from(masks);
  }
}

function masksOf({ name, effect }: Action, words: number, slice: Slice, value: number): number[] {
  const before = (others: number) => {
    const state = new Int32Array(words).fill(others);
    const mask = (2 ** slice.bits - 1) << slice.shift;
    state[slice.word] = (others & ~mask) | (value << slice.shift);
    return state;
  };
  const after = (others: number) => {
    const state = before(others);
    effect(state);
    return state;
  };
  const set = after(0);
  const stays = after(-1).map((word, at) => word & ~(set[at] as number));
  for (const others of OTHERS.flatMap((bits) => [bits, ~bits])) {
    const expected = before(others).map((word, at) => (word & (stays[at] as number)) | (set[at] as number));
    if (expected.join() !== after(others).join()) {
      throw new Error(`${name}: what it does depends on more than the fields it says it reads`);
    }
  }
  return Array.from(set, (bits, at) => [stays[at] as number, bits]).flat();
}

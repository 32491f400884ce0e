/** Effects of actions, looked up in place of being called. */
import type { Action } from "./actions.ts";
import { type Run, runsOf, USUAL } from "./conditions.ts";

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

  /** Throws an Error where an effect depends on other fields than its action says. */
  constructor(actions: readonly Action[], words: number) {
    const places: number[] = [];
    const masks: number[] = [];
    for (const action of actions) {
      const runs = action.reads === undefined ? [] : runsOf(action.reads);
      const [run = { word: 0, shift: 0, bits: 0 }] = runs;
      const called = action.reads === undefined || runs.length > 1 || run.bits > USUAL;
      places.push(run.word, run.shift, 2 ** run.bits - 1, called ? -1 : masks.length);
      if (called) continue;
      for (let value = 0; value < 2 ** run.bits; value++) masks.push(...masksOf(action, words, run, value));
    }
    this.places = Int32Array.from(places);
    this.masks = Int32Array.from(masks);
  }
}

function masksOf({ name, effect }: Action, words: number, run: Run, value: number): number[] {
  const before = (others: number) => {
    const state = new Int32Array(words).fill(others);
    const mask = (2 ** run.bits - 1) << run.shift;
    state[run.word] = (others & ~mask) | (value << run.shift);
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

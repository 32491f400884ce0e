/** A cache of recent states, and prefetching of the others: how tables of states look up a whole batch. */
import type { Batch } from "./batch.ts";
import { hash, SEED, stirred } from "./hash.ts";

/**
 * Words of recently found states: 128 kB, which stay in the processor's own caches. More than half of all transitions
 * lead to one of these states: two actions that commute lead to one state twice within a short time.
 */
const RECENT_WORDS = 2 ** 15;

/**
 * Reads what the first transitions picked will need: their slots, then the states that are there with the same bits of
 * hash. These reads do not wait for one another, unlike the reads that add a state. The result only keeps the compiler
 * from dropping the reads.
 */
export function fetchAhead(
  { states, words }: { readonly states: Int32Array; readonly words: number },
  slots: Int32Array,
  hashes: Int32Array,
  picked: number,
): number {
  const mask = slots.length - 1;
  let fetched = 0;
  for (let at = 0; at < picked; at++) fetched ^= slots[(hashes[at] as number) & mask] as number;
  for (let at = 0; at < picked; at++) {
    const hashed = hashes[at] as number;
    let slot = hashed & mask;
    let known = slots[slot] as number;
    while (known !== 0 && ((known ^ hashed) & ~mask) !== 0) {
      slot = (slot + 1) & mask;
      known = slots[slot] as number;
    }
    if (known !== 0) fetched ^= states[((known & mask) - 1) * words] as number;
  }
  return fetched;
}

/**
 * Picks the transitions whose states are not in the cache, and puts these states into it. Returns how many it picked.
 * The count grows by 1 or 0 by arithmetic: a branch would be mispredicted half the time.
 */
export function pick(
  { count, words, forms, continues }: Batch,
  recent: Int32Array,
  unsure: Int32Array,
  hashes: Int32Array,
): number {
  const mask = recent.length / words - 1;
  let picked = 0;
  for (let nth = 0; nth < count; nth++) {
    if (continues[nth] === 0) continue;
    const at = nth * words;
    const hashed = hash(forms, at, words);
    const base = (hashed & mask) * words;
    let differs = 0;
    for (let word = 0; word < words; word++) {
      const value = forms[at + word] as number;
      differs |= value ^ (recent[base + word] as number);
      recent[base + word] = value;
    }
    unsure[picked] = nth;
    hashes[picked] = hashed;
    picked += (differs | -differs) >>> 31;
  }
  return picked;
}

/** The same for states of two words, in two thirds of the time. */
export function pickPairs(
  { count, forms, continues }: Batch,
  recent: Int32Array,
  unsure: Int32Array,
  hashes: Int32Array,
): number {
  const mask = recent.length / 2 - 1;
  let picked = 0;
  for (let nth = 0; nth < count; nth++) {
    if (continues[nth] === 0) continue;
    const first = forms[2 * nth] as number;
    const second = forms[2 * nth + 1] as number;
    const hashed = stirred(stirred(SEED, first), second);
    const base = (hashed & mask) * 2;
    const differs = (first ^ (recent[base] as number)) | (second ^ (recent[base + 1] as number));
    recent[base] = first;
    recent[base + 1] = second;
    unsure[picked] = nth;
    hashes[picked] = hashed;
    picked += (differs | -differs) >>> 31;
  }
  return picked;
}

/** A cache without states: all words are zero, but at the place of the state of zeros. */
export function emptyRecentCache(words: number, size = RECENT_WORDS): Int32Array {
  const places = Math.max(2, powerOfTwo(size / words));
  const recent = new Int32Array(places * words);
  const other = new Int32Array(words);
  const placeOf = (form: Int32Array) => hash(form, 0, words) & (places - 1);
  const home = placeOf(other);
  while (placeOf(other) === home) other[0] = (other[0] as number) + 1;
  recent.set(other, home * words);
  return recent;
}

export const powerOfTwo = (atMost: number) => 2 ** Math.max(0, Math.floor(Math.log2(atMost)));

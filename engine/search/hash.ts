/** Hashes of states, which are rows of words, and their comparison. */

export const SEED = 0x9747b28c;

/** Each word mixed in and stirred. */
export function hash(forms: Int32Array, at: number, words: number, seed = SEED): number {
  let mixed = seed;
  for (let word = at; word < at + words; word++) mixed = stirred(mixed, forms[word] as number);
  return mixed;
}

/** As MurmurHash3's finaliser does. */
export function stirred(hashed: number, word: number): number {
  let mixed = Math.imul(hashed ^ word, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

export function same(some: Int32Array, at: number, others: Int32Array, from: number, words: number): boolean {
  for (let word = 0; word < words; word++) if (some[at + word] !== others[from + word]) return false;
  return true;
}

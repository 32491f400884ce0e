/**
 * Symmetry reduction: of all states that differ only in the numbering of interchangeable things, one represents all (Ip
 * and Dill, "Better Verification Through Symmetry", 1996). The representative has the least words among the states in
 * which every index set is sorted by its members' signatures; only members with equal signatures are tried in every
 * order. This is exact: states are merged if and only if a renumbering leads from one to the other.
 *
 * A signature is a small hash of every field that involves the member. No member's number enters it, so it does not
 * depend on the numbering. Two equal signatures by chance cost time, and merge nothing.
 *
 * Every renumbering is made of swaps of neighbours, and a swap is a few operations on whole words. So sorting takes a
 * swap or two a state, and each order to be tried takes one more than the order tried before it.
 */
import type { IndexSet, Layout } from "../search/layout.ts";
import { Signatures } from "./signatures.ts";
import { Members, Swaps } from "./swaps.ts";

/** Layouts with more numberings are refused: if all signatures are equal, all orders are tried. */
const MOST_NUMBERINGS = 40_320;

/**
 * The function that replaces a state by its representative. Throws a RangeError if the layout's things can be numbered
 * in more than 40,320 ways.
 */
export function canonicalForm(layout: Layout): (state: Int32Array) => void {
  const members = new Members(layout);
  const numberings = members.sets.reduce((product, { size }) => product * factorial(size), 1);
  if (numberings > MOST_NUMBERINGS) {
    throw new RangeError(
      `things can be numbered in ${numberings} ways, more than ${MOST_NUMBERINGS}: take a smaller scope, or explore without symmetry`,
    );
  }
  if (numberings === 1) return () => {};
  const signatures = new Signatures(layout, members);
  const swaps = new Swaps(layout, members);
  const walks: (Uint8Array | undefined)[] = [];
  const { begins } = members;
  const { words } = layout;
  const candidate = new Int32Array(words);

  /**
   * Sorts every set by its members' signatures. Returns the ties: bit n if members n and n - 1 have the same signature.
   */
  const sort = (state: Int32Array, shown: Int32Array): number => {
    let ties = 0;
    for (let set = 0; set + 1 < begins.length; set++) {
      const begin = begins[set] as number;
      const end = begins[set + 1] as number;
      for (let member = begin + 1; member < end; member++) {
        const shows = shown[member] as number;
        let at = member;
        for (; at > begin && (shown[at - 1] as number) > shows; at--) {
          shown[at] = shown[at - 1] as number;
          swaps.apply(at, state);
        }
        shown[at] = shows;
      }
      for (let at = begin + 1; at < end; at++) if (shown[at] === shown[at - 1]) ties |= 1 << at;
    }
    return ties;
  };

  return (state) => {
    const ties = sort(state, signatures.of(state));
    if (ties === 0) return;
    let walk = walks[ties];
    if (walk === undefined) {
      walk = walkThrough(ties);
      walks[ties] = walk;
    }
    for (let word = 0; word < words; word++) candidate[word] = state[word] as number;
    for (let step = 0; step < walk.length; step++) {
      swaps.apply(walk[step] as number, candidate);
      if (!isLess(candidate, state, words)) continue;
      for (let word = 0; word < words; word++) state[word] = candidate[word] as number;
    }
  };
}

function isLess(a: Int32Array, b: Int32Array, words: number): boolean {
  for (let word = 0; word < words; word++) {
    if (a[word] !== b[word]) return (a[word] as number) < (b[word] as number);
  }
  return false;
}

function factorial(size: number): number {
  return size <= 1 ? 1 : size * factorial(size - 1);
}

/** Swaps, each of a member and the one before it, that lead once through every order of the tied members. */
function walkThrough(ties: number): Uint8Array {
  let walk: number[] = [];
  for (let first = 0; ties >>> first > 1; ) {
    let size = 1;
    while ((ties >>> (first + size)) & 1) size += 1;
    const begin = first;
    const inner = walk;
    walk = [...inner, ...ordersOf(size).flatMap((step) => [begin + step, ...inner])];
    first += size;
  }
  return Uint8Array.from(walk);
}

/**
 * The same for `count` members alone (Steinhaus, Johnson, Trotter): the last passes through the others after each of
 * their steps.
 */
function ordersOf(size: number): number[] {
  if (size === 1) return [];
  const up = Array.from({ length: size - 1 }, (_none, at) => at + 1);
  const down = up.toReversed();
  // Where the last has gone down, the others are one place higher.
  const rest = ordersOf(size - 1).flatMap((step, nth) =>
    nth % 2 === 0 ? [step + 1, ...up] : [step, ...down],
  );
  return [...down, ...rest];
}

/** The states that symmetry merges, in words for the receipt. */
export function symmetryText(interchangeable: readonly IndexSet[] = []): string {
  const things = interchangeable.map(({ name, size }) => `${name} (${size})`);
  const last = things.pop();
  const group = things.length > 0 ? `${things.join(", ")} and ${last}` : (last ?? "interchangeable things");
  return `symmetry of ${group}: states that differ only in their numbering`;
}

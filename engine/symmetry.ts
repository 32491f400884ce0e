/**
 * Symmetry reduction: of all states that differ only in how interchangeable things are numbered, one stands for
 * all (Ip and Dill, "Better Verification Through Symmetry", 1996). The one chosen has the least words among those
 * in which every index set is sorted by what its members show by themselves; only members that show the same have
 * to be tried in every order. This is exact: states are merged if and only if a renumbering leads from one to
 * the other.
 */
import type { Field, IndexSet, Layout } from "./layout.ts";

/** How one renumbering rewrites a field: where it goes, and what its value becomes. */
interface Rewrite {
  readonly from: Field;
  readonly to: Field;
  readonly values: Int32Array | undefined;
}

/** More numberings than these are not tried. */
const MOST_NUMBERINGS = 40_320;

/**
 * The function that replaces a state by the one that stands for it. Throws a RangeError if the layout's things can
 * be numbered in more than 40,320 ways.
 */
export function canonicalForm(layout: Layout): (state: Int32Array) => void {
  const sets = indexSetsOf(layout);
  const numberings = sets.reduce((product, { size }) => product * factorial(size), 1);
  if (numberings > MOST_NUMBERINGS) {
    throw new RangeError(`things can be numbered in ${numberings} ways, more than ${MOST_NUMBERINGS}`);
  }
  const orders = sets.map(({ size }) => permutations(size));
  const own = sets.map((set) => ownFields(layout, set));
  const rewrites = combinations(orders).map((chosen) => rewritesFor(layout, sets, chosen));
  const counts = orders.map((all) => all.length);
  const { words } = layout;
  const candidate = new Int32Array(words);
  const least = new Int32Array(words);
  const fitting: number[][] = sets.map(() => []);

  return (state) => {
    for (let set = 0; set < sets.length; set++) {
      sortingOrders(
        state,
        own[set] as readonly Field[][],
        orders[set] as number[][],
        fitting[set] as number[],
      );
    }
    let any = false;
    forEachChoice(fitting, counts, (index) => {
      candidate.fill(0);
      for (const { from, to, values } of rewrites[index] as readonly Rewrite[]) {
        const value = (((state[from.word] as number) >>> from.shift) & from.mask) as number;
        const renumbered = values === undefined ? value : (values[value] as number);
        candidate[to.word] = (candidate[to.word] as number) | (renumbered << to.shift);
      }
      if (any && !isLess(candidate, least, words)) return;
      least.set(candidate);
      any = true;
    });
    state.set(least);
  };
}

function isLess(a: Int32Array, b: Int32Array, words: number): boolean {
  for (let word = 0; word < words; word++) {
    if (a[word] !== b[word]) return (a[word] as number) < (b[word] as number);
  }
  return false;
}

function indexSetsOf({ fields }: Layout): IndexSet[] {
  const all = fields.flatMap(({ over, meaning }) =>
    meaning.kind === "plain" ? over : [...over, meaning.of],
  );
  return [...new Set(all)];
}

/** For each member of a set, the fields that show something of it alone, and no other index: by member. */
function ownFields({ fields }: Layout, set: IndexSet): Field[][] {
  return Array.from({ length: set.size }, (_none, member) =>
    fields.filter(
      ({ over, at, meaning }) =>
        over.length === 1 && over[0] === set && at[0] === member && meaning.kind === "plain",
    ),
  );
}

/** The numbers of the orders that sort the members by what they show, in place of what `found` had. */
function sortingOrders(
  state: Int32Array,
  own: readonly Field[][],
  orders: number[][],
  found: number[],
): void {
  found.length = 0;
  const shown: number[] = [];
  for (const fields of own) {
    let key = 0;
    for (const field of fields) key = key * (field.mask + 1) + field.get(state);
    shown.push(key);
  }
  for (let order = 0; order < orders.length; order++) {
    // An order says where each member goes: sorted if whoever goes before shows no more.
    const goesTo = orders[order] as number[];
    let sorted = true;
    for (let a = 0; a < shown.length && sorted; a++) {
      for (let b = 0; b < shown.length; b++) {
        if ((goesTo[a] as number) < (goesTo[b] as number) && (shown[a] as number) > (shown[b] as number)) {
          sorted = false;
          break;
        }
      }
    }
    if (sorted) found.push(order);
  }
}

/** Calls `each` with the number of every combination of the orders chosen for the sets. */
function forEachChoice(
  chosen: readonly number[][],
  counts: readonly number[],
  each: (index: number) => void,
): void {
  const walk = (set: number, index: number): void => {
    if (set === chosen.length) {
      each(index);
      return;
    }
    for (const order of chosen[set] as number[]) walk(set + 1, index * (counts[set] as number) + order);
  };
  walk(0, 0);
}

function combinations(orders: readonly number[][][]): number[][][] {
  return orders.reduce<number[][][]>(
    (all, some) => all.flatMap((chosen) => some.map((order) => [...chosen, order])),
    [[]],
  );
}

function factorial(size: number): number {
  return size <= 1 ? 1 : size * factorial(size - 1);
}

function permutations(size: number): number[][] {
  if (size === 0) return [[]];
  return permutations(size - 1).flatMap((rest) =>
    Array.from({ length: size }, (_none, at) => rest.toSpliced(at, 0, size - 1)),
  );
}

function rewritesFor(layout: Layout, sets: readonly IndexSet[], chosen: readonly number[][]): Rewrite[] {
  const goesTo = (set: IndexSet, member: number) => (chosen[sets.indexOf(set)] as number[])[member] as number;
  const named = new Map(layout.fields.map((field) => [placeOf(field, field.at), field]));
  return layout.fields.map((from) => {
    const at = from.at.map((member, nth) => goesTo(from.over[nth] as IndexSet, member));
    const to = named.get(placeOf(from, at)) as Field;
    const { meaning } = from;
    if (meaning.kind === "plain") return { from, to, values: undefined };
    const { of } = meaning;
    const values = new Int32Array(meaning.kind === "index" ? of.size + 1 : 2 ** of.size);
    for (let value = 0; value < values.length; value++) {
      if (meaning.kind === "index") values[value] = value === 0 ? 0 : goesTo(of, value - 1) + 1;
      else
        for (let member = 0; member < of.size; member++)
          if ((value >> member) & 1) values[value] = (values[value] as number) | (1 << goesTo(of, member));
    }
    return { from, to, values };
  });
}

/** A name for the field of the same array at other indices. */
function placeOf({ name }: Field, at: readonly number[]): string {
  return `${name.replace(/\[.*/, "")} ${at.join()}`;
}

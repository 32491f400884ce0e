/**
 * Partial-order reduction: actions that can be taken in any order with the same outcome are not taken in every order.
 * In each state only a stubborn set of actions is taken (Valmari, "Stubborn Sets for Reduced State Space Generation",
 * 1990): actions outside of the set leave each action of the set as it was, so that it can be taken first as well.
 * A set is closed from one enabled action like this:
 *
 * - for an enabled action, all actions that do not commute with it are added;
 * - for a disabled one, all actions that may enable it; or, if they are fewer, all that may make one of its false
 *   conditions true.
 *
 * Of the sets begun from each action, the one with the fewest enabled actions is used.
 *
 * No violation and no deadlock is lost. Take a run into a deadlock, into an assertion that fails, or into a state in
 * which an invariant does not hold. If it has an action of the stubborn set, the first of these can be taken first,
 * and the rest as before: one step less is left. If it has none, any action t of the set can be put before all of it.
 * (A run into a deadlock is not of this kind: t would still be enabled there.) The run then ends as before if t does
 * not restore the invariant, and has as many steps left: this must not happen for ever. So some t of the set that
 * restores no invariant has to lead to a state that comes later in some order of all states. If none does, a further
 * stubborn set is added (their union is stubborn as well), until all actions are taken. A run is then delayed at most
 * as often as there are states. This is the proviso of breadth-first searches (Bosnacki and Holzmann, "Improving
 * Spin's Partial-Order Reduction for Breadth-First Search", 2005), in which the order is that of the queue. Invariants
 * need no more than this t, since it only matters whether they are ever violated, not in which order states follow.
 * Assertions need no more than footprints that name what they read.
 *
 * So the same laws are violated, by actions of the same law, and the same deadlocks are found. Runs are real, but not
 * always shortest ones, and fewer states, edges and actions are counted. Liveness is not preserved.
 *
 * With symmetry the same holds of representatives: every step from a state has a step from its representative, by an
 * action of another name, into an equivalent state (Emerson, Jha and Peled, "Combining Partial Order and Symmetry
 * Reductions", 1997).
 */
import type { PackedMachine } from "../machine.ts";
import type { Condition } from "./conditions.ts";
import { commute, type Declared, mayEnable, mayMake, mayMend, movesOf } from "./dependence.ts";

/**
 * Whether a state comes later than the one being expanded, given their numbers; the number is negative if the state is
 * not in the table. It must be one strict order of all states, the same throughout: if it says yes of a state not in
 * the table, that state must get a place after the one expanded.
 */
export type IsLater = (number: number, than: number) => boolean;

/**
 * The order of numbers. It serves if a state that is not there yet is numbered larger than any that is being expanded
 * then, whichever thread expands which state, and when. (Threads that visit level by level may renumber states of the
 * next level: each of them stays larger than all that have been expanded.) If numbers do not give an order, as in a
 * partitioned table, "not found before this level began" serves: levels are an order.
 */
export const inNumberOrder: IsLater = (number, than) => number < 0 || number > than;

/** Why a machine cannot be reduced; undefined if it can. */
export function whyNotReduced({ actions, invariants }: PackedMachine): string | undefined {
  const action = actions.find(({ footprint }) => footprint === undefined);
  if (action !== undefined) return `${action.name} does not say what it reads and writes`;
  const invariant = invariants.find(({ holds, reads }) => holds !== undefined && reads === undefined);
  return invariant && `${invariant.id} does not say what it reads`;
}

/** The stubborn sets of a machine's states. Sets of actions are a bit each, in words of 32. */
export class StubbornSets {
  /** Found last: the enabled actions of the smallest stubborn set, without those taken before. */
  readonly set: Int32Array;
  /** The actions that restore no invariant. */
  readonly #plain: Int32Array;
  /** By action: those that do not commute with it, and those that may enable it. */
  readonly #dependents: Int32Array;
  readonly #enablers: Int32Array;
  /** By action, where its conditions begin in `#needs`, and which they are. */
  readonly #begins: Int32Array;
  readonly #needs: Int32Array;
  /** Four numbers for each condition: word, shift, mask, values allowed. By condition: the actions that may make it. */
  readonly #conditions: Int32Array;
  readonly #makers: Int32Array;
  /** The set being closed, and its actions not yet examined. */
  readonly #closed: Int32Array;
  readonly #stack: Int32Array;

  /** Throws an Error for a machine that cannot be reduced. */
  constructor(machine: PackedMachine) {
    const reason = whyNotReduced(machine);
    if (reason !== undefined) throw new Error(`${machine.name}: ${reason}`);
    const { words, invariants } = machine;
    const actions = machine.actions as readonly Declared[];
    const moves = actions.map((action) => movesOf(words, action));
    const conditions = distinct(actions.flatMap(({ when }) => when));
    const width = Math.ceil(actions.length / 32);
    this.set = new Int32Array(width);
    this.#closed = new Int32Array(width);
    this.#stack = new Int32Array(actions.length);
    const depend = dependentsOf(words, actions);
    const rows = (of: (index: number) => boolean[]) => actions.flatMap((_none, index) => bitsOf(of(index)));
    this.#dependents = Int32Array.from(rows((index) => depend[index] as boolean[]));
    this.#enablers = Int32Array.from(
      rows((index) => actions.map((each) => mayEnable(words, each, actions[index] as Declared))),
    );
    this.#plain = Int32Array.from(
      bitsOf(
        actions.map(
          (action, index) =>
            !invariants.some((each) => mayMend(action, moves[index] as (typeof moves)[number], each)),
        ),
      ),
    );
    const needs = actions.map(({ when }) =>
      when.map((each) => conditions.findIndex((one) => same(one, each))),
    );
    this.#needs = Int32Array.from(needs.flat());
    this.#begins = new Int32Array(actions.length + 1);
    for (const [index, { length }] of needs.entries()) {
      this.#begins[index + 1] = (this.#begins[index] as number) + length;
    }
    this.#conditions = Int32Array.from(
      conditions.flatMap(({ field: { word, shift, mask }, allowed }) => [word, shift, mask, allowed]),
    );
    this.#makers = Int32Array.from(
      conditions.flatMap((condition) => bitsOf(moves.map((each) => mayMake(each, condition)))),
    );
  }

  /** Whether this action never leads from a state in which an invariant is violated to one in which it holds. */
  isPlain(action: number): boolean {
    return isIn(this.#plain, action);
  }

  /**
   * Finds the set that adds the fewest of the actions left, given those enabled in the state. False if no set with a
   * plain action adds fewer than all. The union of two stubborn sets is stubborn, so the actions left may be all
   * enabled ones, or these without sets found before.
   */
  find(state: Int32Array, enabled: Int32Array, leftOver: Int32Array): boolean {
    const closed = this.#closed;
    const { set } = this;
    const plain = this.#plain;
    const all = sizeOf(leftOver);
    let least = all;
    for (let part = 0; part < leftOver.length && least > 1; part++) {
      for (let left = leftOver[part] as number; left !== 0 && least > 1; left &= left - 1) {
        const first = 32 * part + 31 - Math.clz32(left & -left);
        const size = this.#close(first, state, enabled, leftOver, least);
        if (size >= least) continue;
        let some = 0;
        for (let each = 0; each < set.length; each++) {
          some |= (closed[each] as number) & (leftOver[each] as number) & (plain[each] as number);
        }
        if (some === 0) continue;
        for (let each = 0; each < set.length; each++) {
          set[each] = (closed[each] as number) & (leftOver[each] as number);
        }
        least = size;
      }
    }
    return least < all;
  }

  /**
   * Closes a set begun with an action. Returns how many of the actions left are in it; gives up once they are no fewer
   * than the limit.
   */
  #close(first: number, state: Int32Array, enabled: Int32Array, leftOver: Int32Array, fewer: number): number {
    const closed = this.#closed;
    const stack = this.#stack;
    const width = closed.length;
    for (let part = 0; part < width; part++) closed[part] = 0;
    closed[first >>> 5] = 1 << (first & 31);
    stack[0] = first;
    let size = 1;
    for (let depth = 1; depth > 0; ) {
      const action = stack[--depth] as number;
      let rows = this.#dependents;
      let row = action * width;
      if (!isIn(enabled, action)) {
        const condition = this.#cheapest(action, state, enabled);
        rows = condition < 0 ? this.#enablers : this.#makers;
        if (condition >= 0) row = condition * width;
      }
      for (let part = 0; part < width; part++) {
        const added = (rows[row + part] as number) & ~(closed[part] as number);
        if (added === 0) continue;
        closed[part] = (closed[part] as number) | added;
        size += bitCount(added & (leftOver[part] as number));
        if (size >= fewer) return size;
        for (let left = added; left !== 0; left &= left - 1) {
          stack[depth++] = 32 * part + 31 - Math.clz32(left & -left);
        }
      }
    }
    return size;
  }

  /**
   * For a disabled action: the false condition that adds the least to the set, by the actions that may make it true.
   * Negative if the actions that may enable it add less, or if only its guard is false.
   */
  #cheapest(action: number, state: Int32Array, enabled: Int32Array): number {
    const conditions = this.#conditions;
    let best = -1;
    let least = this.#cost(this.#enablers, action, enabled);
    for (
      let at = this.#begins[action] as number;
      at < (this.#begins[action + 1] as number) && least > 0;
      at++
    ) {
      const condition = this.#needs[at] as number;
      const place = 4 * condition;
      const read = (state[conditions[place] as number] as number) >>> (conditions[place + 1] as number);
      const value = read & (conditions[place + 2] as number);
      if (value < 32 && (((conditions[place + 3] as number) >>> value) & 1) === 1) continue;
      const cost = this.#cost(this.#makers, condition, enabled);
      if (cost >= least) continue;
      least = cost;
      best = condition;
    }
    return best;
  }

  /** The cost of a row: enabled actions are to be kept few, and the others may draw some in. */
  #cost(rows: Int32Array, nth: number, enabled: Int32Array): number {
    const closed = this.#closed;
    const width = closed.length;
    let cost = 0;
    for (let part = 0; part < width; part++) {
      const added = (rows[nth * width + part] as number) & ~(closed[part] as number);
      cost += bitCount(added) + 64 * bitCount(added & (enabled[part] as number));
    }
    return cost;
  }
}

/** By action: which others do not commute with it. */
function dependentsOf(words: number, actions: readonly Declared[]): boolean[][] {
  const depend = actions.map(() => actions.map(() => false));
  for (const [one, action] of actions.entries()) {
    for (let other = 0; other < one; other++) {
      const disagree = !commute(words, action, actions[other] as Declared);
      (depend[one] as boolean[])[other] = disagree;
      (depend[other] as boolean[])[one] = disagree;
    }
  }
  return depend;
}

const same = (one: Condition, other: Condition) => one.field === other.field && one.allowed === other.allowed;

function distinct(conditions: readonly Condition[]): Condition[] {
  return conditions.filter((each, nth) => conditions.findIndex((one) => same(one, each)) === nth);
}

function bitsOf(flags: readonly boolean[]): number[] {
  const bits = Array.from({ length: Math.ceil(flags.length / 32) }, () => 0);
  for (const [nth, flag] of flags.entries()) {
    if (flag) bits[nth >>> 5] = (bits[nth >>> 5] as number) | (1 << (nth & 31));
  }
  return bits;
}

function isIn(set: Int32Array, action: number): boolean {
  return (((set[action >>> 5] as number) >>> (action & 31)) & 1) === 1;
}

function sizeOf(set: Int32Array): number {
  let size = 0;
  for (let part = 0; part < set.length; part++) size += bitCount(set[part] as number);
  return size;
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** What the reduction left out, for the receipt. */
export function reductionOf(machine: Pick<PackedMachine, "actions">): string {
  return `partial order: of ${machine.actions.length} actions, those that commute are not taken in every order (stubborn sets); runs are real, and need not be shortest`;
}

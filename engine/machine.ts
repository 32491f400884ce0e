/** A machine of guarded actions on packed states. */
import { type Condition, meets } from "./reduce/conditions.ts";
import type { Field, IndexSet } from "./search/layout.ts";

/** One atomic transition. */
export interface Action {
  readonly name: string;
  /** What must hold of single fields, and beyond that. */
  readonly when: readonly Condition[];
  readonly guard?: (state: Int32Array) => boolean;
  /** All fields on which the guard depends, if they are known: then the guard is looked up as the effect is. */
  readonly guardReads?: readonly Field[];
  /** Changes the state in place; its guard holds. */
  effect(state: Int32Array): void;
  /**
   * All fields on which the effect depends. They are known if the effect is made of operations (operations.ts); then it
   * is looked up instead of called, if these fields are near each other.
   */
  readonly effectReads?: readonly Field[];
  /** Assertions, which must hold where the action is taken. If one fails, the action leads nowhere. */
  readonly asserts?: readonly Assertion[];
  /**
   * The agent that owns the step. An agent that can always take a step takes one eventually (weak fairness). A step
   * without an agent need never be taken, such as the fill of a cache.
   */
  readonly agent?: string;
  /** All fields that its guard, effect and assertions read and write; what `when` names is read anyway. */
  readonly footprint?: Footprint;
}

export interface Footprint {
  readonly reads: readonly Field[];
  readonly writes: readonly Field[];
}

export interface Assertion {
  readonly law: LawStatement;
  /** All fields that it reads. */
  readonly reads?: readonly Field[];
  holds(state: Int32Array): boolean;
}

/** A law as it is printed. */
export type LawStatement = Pick<Invariant, "id" | "says">;

/** A condition that must not last for ever under weak fairness, whatever the order of the agents. */
export interface EventuallyEnds extends LawStatement {
  readonly when: readonly Condition[];
  readonly guard?: (state: Int32Array) => boolean;
}

/** What holds in every state: none of these conjunctions is ever true, and what is asked beyond that is. */
export interface Invariant {
  readonly id: string;
  readonly says: string;
  readonly never?: readonly (readonly Condition[])[];
  readonly holds?: (state: Int32Array) => boolean;
  /** All fields that `holds` reads. If absent, every action counts as relevant to it. */
  readonly reads?: readonly Field[];
}

export interface PackedMachine {
  readonly name: string;
  /** Words in a state. */
  readonly words: number;
  initial(state: Int32Array): void;
  readonly actions: readonly Action[];
  readonly invariants: readonly Invariant[];
  /** The conditions that have to end (liveness). */
  readonly eventuallyEnds?: readonly EventuallyEnds[];
  /**
   * Makes the function that replaces a state by its representative among the states that differ only in interchangeable
   * names. Throws a RangeError where there are too many numberings to try.
   */
  symmetry?(): (state: Int32Array) => void;
  /** The index sets that it renumbers, named in its receipt. */
  readonly interchangeable?: readonly IndexSet[];
}

/** The laws that an action violates when taken in this state. If there is one, the action leads nowhere. */
export function failedIn({ asserts = [] }: Action, state: Int32Array): readonly string[] {
  return asserts.filter(({ holds }) => !holds(state)).map(({ law }) => law.id);
}

/** Whether an action may be taken now. */
export function isEnabled({ when, guard }: Action, state: Int32Array): boolean {
  return meets(state, when) && (guard?.(state) ?? true);
}

/**
 * The explorer by itself: machines of guarded actions on packed states, visited whole, with symmetry, stubborn sets,
 * liveness and checkpoints (docs/api.md has an example).
 */
export { confirmRun, type VisitOptions, visitActions } from "./actions.ts";
export { findLassos, type Liveness } from "./live/liveness.ts";
export type { Action, Assertion, EventuallyEnds, Footprint, Invariant, PackedMachine } from "./machine.ts";
export { isEnabled } from "./machine.ts";
export {
  actionOf,
  adds,
  all,
  any,
  clears,
  compare,
  does,
  excludes,
  type Guard,
  inCase,
  includes,
  isIn,
  not,
  type Operation,
  type Operations,
  onChosen,
  plus,
  replaces,
  sets,
  test,
  value,
  widens,
} from "./operations.ts";
export { type Condition, has, hasNot } from "./reduce/conditions.ts";
export { canonicalForm } from "./reduce/symmetry.ts";
export { explore, exploring } from "./search/explore.ts";
export { Field, type IndexSet, indexOf, Layout, named, setOf } from "./search/layout.ts";
export type { Bounds, Explored, ExploreOptions, ShortestViolation, Visitable } from "./search/visitable.ts";

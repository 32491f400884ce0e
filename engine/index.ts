/**
 * The explorer by itself: machines of guarded actions on packed states, visited whole, with symmetry, stubborn sets,
 * liveness and checkpoints (docs/api.md has an example).
 */
export {
  type Action,
  type Assertion,
  confirmRun,
  type EventuallyEnds,
  type Footprint,
  type Invariant,
  isEnabled,
  type PackedMachine,
  type VisitOptions,
  visitActions,
} from "./actions.ts";
export { findLassos, type Liveness } from "./live/liveness.ts";
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
export {
  type Bounds,
  type Explored,
  type ExploreOptions,
  explore,
  exploring,
  type ShortestBreak,
  type Visitable,
} from "./search/explore.ts";
export { Field, type IndexSet, indexOf, Layout, named, setOf } from "./search/layout.ts";

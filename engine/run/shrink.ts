/**
 * Delta debugging over plain records (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
 * Input", 2002, section 3): first fewer steps, then simpler ones, until neither helps.
 */

export interface Simplifying<Step> {
  /** The history without these steps and those that depend on them. */
  without(history: readonly Step[], dropped: ReadonlySet<number>): Step[];
  /** Simpler forms of a step, the simplest first. */
  simpler(step: Step): Iterable<Step>;
}

export interface Shrinking<Step> extends Simplifying<Step> {
  /** Whether a history still fails in the way that is being shrunk. */
  fails(history: readonly Step[]): boolean;
}

/** A shrinking in turns: each yields a history, and receives whether it still fails. */
type Turns<Step> = Generator<readonly Step[], readonly Step[], boolean>;

/** Pairs are tried in histories of at most this many steps: their number grows with the square. */
const LONGEST_FOR_PAIRS = 60;

/** A history that fails, has no step that can go, and none that can be made simpler. */
export function shrink<Step>(history: readonly Step[], how: Shrinking<Step>): readonly Step[] {
  const turns = shrinking(history, how);
  for (let turn = turns.next(); ; turn = turns.next(how.fails(turn.value))) if (turn.done) return turn.value;
}

/** The same in turns, for callers that do not know at once whether a history fails. */
export function* shrinking<Step>(history: readonly Step[], how: Simplifying<Step>): Turns<Step> {
  let smallest = history;
  for (;;) {
    const fewer = yield* removePairs(yield* removeSteps(smallest, how), how);
    const simpler = yield* simplifySteps(fewer, how);
    if (simpler === smallest) return smallest;
    smallest = simpler;
  }
}

/** Drops ever smaller runs of steps for as long as the history still fails. */
function* removeSteps<Step>(history: readonly Step[], how: Simplifying<Step>): Turns<Step> {
  let current = history;
  for (let run = Math.ceil(current.length / 2); run >= 1; run = run === 1 ? 0 : Math.ceil(run / 2)) {
    for (let end = current.length; end > 0; end -= run) {
      const dropped = new Set<number>();
      for (let index = Math.max(0, end - run); index < end; index++) dropped.add(index);
      const candidate = how.without(current, dropped);
      if (candidate.length < current.length && (yield candidate)) {
        current = candidate;
        end = Math.min(end, current.length + run);
      }
    }
  }
  return current;
}

/** Drops two steps at once where neither can be dropped alone, such as a pair that made room for each other. */
function* removePairs<Step>(history: readonly Step[], how: Simplifying<Step>): Turns<Step> {
  if (history.length > LONGEST_FOR_PAIRS) return history;
  for (let first = 0; first < history.length; first++) {
    for (let second = first + 1; second < history.length; second++) {
      const candidate = how.without(history, new Set([first, second]));
      if (yield candidate) return yield* removePairs(yield* removeSteps(candidate, how), how);
    }
  }
  return history;
}

/** Replaces each step by the simplest form with which the history still fails. */
function* simplifySteps<Step>(history: readonly Step[], how: Simplifying<Step>): Turns<Step> {
  let current = history;
  for (let index = 0; index < current.length; index++) {
    for (const simpler of how.simpler(current[index] as Step)) {
      const candidate = current.with(index, simpler);
      if (!(yield candidate)) continue;
      current = candidate;
      break;
    }
  }
  return current;
}

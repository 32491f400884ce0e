/** Runs a history step by step: names resolved, the machine asked, its answer judged. */
import type { Law, LawId, Setting } from "../../spec/contract.ts";
import { judge } from "../../spec/contract.ts";

/** The outcome of one step. Command and response are undefined if the step did nothing. */
export interface Played<W, Step, C, R> {
  readonly index: number;
  readonly step: Step;
  readonly command: C | undefined;
  readonly response: R | undefined;
  readonly before: W;
  /** Undefined when no world can follow: the history ends here. */
  readonly after: W | undefined;
  readonly violated: readonly Law<W, C, R>[];
}

export interface Stepper<S, W, N, Step, C, R> {
  readonly state: S;
  /** What the steps so far got, noted as they are taken. */
  readonly names: N;
  /** The world now; the last one there was, when the history has ended. */
  world(): W;
  take(step: Step): Played<W, Step, C, R>;
}

/** The judge of a history, without the subject that answers it. */
export type Judging<Scope, W, N, Step, C, R> = Omit<Setting<Scope, never, W, N, Step, C, R>, "machine">;

/** Follows a history as it is answered: each step is named, sent to a subject elsewhere, and then answered. */
export interface Follower<W, N, Step, C, R> {
  /** What the steps so far got. */
  readonly names: N;
  world(): W;
  /** The command that a step means now, or undefined where it does nothing. */
  command(step: Step): C | undefined;
  answer(step: Step, command: C | undefined, response: R | undefined): Played<W, Step, C, R>;
}

export function follow<Scope, W, N, Step, C, R>(
  judging: Judging<Scope, W, N, Step, C, R>,
): Follower<W, N, Step, C, R> {
  const { spec, laws, naming, scope } = judging;
  const names = naming.begin();
  let world = spec.initial(scope);
  let index = -1;
  const answer = (step: Step, command: C | undefined, response: R | undefined): Played<W, Step, C, R> => {
    index += 1;
    const before = world;
    naming.note(names, index, step, response);
    if (command === undefined || response === undefined) {
      return { index, step, command: undefined, response: undefined, before, after: before, violated: [] };
    }
    const verdict = judge(spec, laws, before, command, response);
    if (verdict.world !== undefined) world = verdict.world;
    const violated = verdict.accepted ? [] : verdict.violated;
    return { index, step, command, response, before, after: verdict.world, violated };
  };
  return { names, world: () => world, command: (step) => naming.resolve(names, step), answer };
}

export function begin<Scope, S, W, N, Step, C, R>(
  setting: Setting<Scope, S, W, N, Step, C, R>,
): Stepper<S, W, N, Step, C, R> {
  const { machine, scope } = setting;
  const state = machine.initial(scope);
  const { names, world, command, answer } = follow(setting);
  const take = (step: Step): Played<W, Step, C, R> => {
    const asked = command(step);
    return answer(step, asked, asked === undefined ? undefined : machine.act(state, asked));
  };
  return { state, names, world, take };
}

/**
 * Plays a history up to and including the first violation of a law; `only` names the law that counts. Each step is
 * yielded as it is played and none is kept: a world may be as large as the history is long.
 */
export function* playing<Scope, S, W, N, Step, C, R>(
  setting: Setting<Scope, S, W, N, Step, C, R>,
  history: Iterable<Step>,
  only?: LawId,
): Generator<Played<W, Step, C, R>, void, undefined> {
  const stepper = begin(setting);
  for (const step of history) {
    const now = stepper.take(step);
    yield now;
    const violations =
      only === undefined ? now.violated.length > 0 : now.violated.some((law) => law.id === only);
    if (violations || now.after === undefined) return;
  }
}

/** All steps of `playing`, for short histories: each keeps its world. */
export function replay<Scope, S, W, N, Step, C, R>(
  setting: Setting<Scope, S, W, N, Step, C, R>,
  history: readonly Step[],
  only?: LawId,
): Played<W, Step, C, R>[] {
  return [...playing(setting, history, only)];
}

/** The last step of `playing`. */
export function lastPlayed<Scope, S, W, N, Step, C, R>(
  setting: Setting<Scope, S, W, N, Step, C, R>,
  history: readonly Step[],
  only?: LawId,
): Played<W, Step, C, R> | undefined {
  let last: Played<W, Step, C, R> | undefined;
  for (const now of playing(setting, history, only)) last = now;
  return last;
}

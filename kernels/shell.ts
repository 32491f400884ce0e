/** What every kernel here has in common: a function that answers commands, made into a machine. */
import type { Command, Response } from "../spec/commands.ts";
import type { Dump, Kernel } from "../spec/kernel.ts";
import type { Promises } from "../spec/releases.ts";
import { KernelBug } from "./bug.ts";
import { type Mark, markNames } from "./marks.ts";
import { beginCall, copyState, type Effects, effects, initialState, type State } from "./state.ts";

/** A reply without the effects, which the state has collected. */
export type Result = Response extends infer R ? (R extends unknown ? Omit<R, keyof Effects> : never) : never;

export interface Parts {
  /** The laws and labels it is judged by. */
  readonly release: Promises;
  /** Its name, if it is not simply the release: a release with one step changed. */
  readonly name?: string | undefined;
  /** The marks it can set. */
  readonly paths: readonly Mark[];
  /** Carries out a command in place. May throw a KernelBug. */
  answer(state: State, command: Command): Result;
  dump(state: State): Dump;
}

/** The machine: `act` works in place, and `step` is a copy followed by `act`. */
export function kernelOf({ release, name, paths, answer, dump }: Parts): Kernel<State> {
  const act = (state: State, command: Command): Response => {
    beginCall(state);
    const result = answerOrBug(state, command);
    return { ...effects(state), ...result } as Response;
  };
  const answerOrBug = (state: State, command: Command): Result => {
    try {
      return answer(state, command);
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      return { kind: "bug", text: error.message };
    }
  };
  return {
    name: name ?? (release.labels[0] as string),
    promises: release.laws,
    release,
    initial: initialState,
    copy: copyState,
    act,
    step: (state, command) => {
      const after = copyState(state);
      return [after, act(after, command)];
    },
    dump,
    paths,
    marks: (state) => markNames(state.marks),
  };
}

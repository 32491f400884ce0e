/** What every kernel here has in common: a function that answers commands, made into a machine. */
import type { Command, Response } from "../spec/commands.ts";
import type { Dump, Kernel } from "../spec/kernel.ts";
import type { Promises } from "../spec/releases.ts";
import { KernelBug } from "./bug.ts";
import { type Mark, markNames } from "./marks.ts";
import { pagesOf } from "./page-map.ts";
import { beginCall, copyState, type Effects, initialState, type State } from "./state.ts";

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

const NO_PAGES: readonly number[] = [];

/**
 * The reply: what the call came to, and what it did. Every kind is written out because objects spread into
 * one another have no shape of their own: with this, and no work for what a call does not map or flush, `act`
 * went from a fourteenth to about a third of the bare tree's speed (bench/act.ts).
 */
function replyOf(state: State, result: Result): Response {
  const { flushes, pteSet, pteCleared, rcuCallbacks, lazyPages, usedAfterFree, memory } = state;
  const descriptors = state.areas.descriptors + state.blocks.count;
  const dirtyLines = memory.cache.count === 0 ? NO_PAGES : pagesOf(memory.cache);
  // biome-ignore format: one line a kind
  switch (result.kind) {
    case "placed": {
      const { kind, start, mapStopped } = result;
      return { flushes, pteSet, pteCleared, rcuCallbacks, lazyPages, descriptors, usedAfterFree, dirtyLines, kind, start, mapStopped };
    }
    case "refused": {
      const { kind } = result;
      return { flushes, pteSet, pteCleared, rcuCallbacks, lazyPages, descriptors, usedAfterFree, dirtyLines, kind };
    }
    case "done": {
      const { kind, aliases } = result;
      const done = { flushes, pteSet, pteCleared, rcuCallbacks, lazyPages, descriptors, usedAfterFree, dirtyLines, kind };
      return aliases === undefined ? done : { ...done, aliases };
    }
    case "pinned": {
      const { kind, frame, traps, swept, ptes } = result;
      return { flushes, pteSet, pteCleared, rcuCallbacks, lazyPages, descriptors, usedAfterFree, dirtyLines, kind, frame, traps, swept, ptes };
    }
    case "reached": {
      const { kind, hit, frame } = result;
      return { flushes, pteSet, pteCleared, rcuCallbacks, lazyPages, descriptors, usedAfterFree, dirtyLines, kind, hit, frame };
    }
    case "bug": {
      const { kind, text } = result;
      return { flushes, pteSet, pteCleared, rcuCallbacks, lazyPages, descriptors, usedAfterFree, dirtyLines, kind, text };
    }
  }
}

/** The machine: `act` works in place, and `step` is a copy followed by `act`. */
export function kernelOf({ release, name, paths, answer, dump }: Parts): Kernel<State> {
  const act = (state: State, command: Command): Response => {
    beginCall(state);
    return replyOf(state, answerOrBug(state, command));
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

/** What every kernel here has in common: a function that answers commands, made into a machine. */
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Dump, Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import { pagesOf } from "../hardware/page-map.ts";
import { hasNoArea } from "./areas.ts";
import { KernelBug, NeverReturns } from "./bug.ts";
import { type Mark, markNames } from "./coverage-marks.ts";
import { type AreaSteps, identityOf } from "./fingerprint.ts";
import { assignState, beginCall, copyState, type Effects, type State } from "./state.ts";

/** A reply without the effects, which the state has collected. */
export type Result = Response extends infer R ? (R extends unknown ? Omit<R, keyof Effects> : never) : never;

export interface KernelParts {
  /** The laws and labels it is judged by. */
  readonly release: Promises;
  /** Its name, if it is not simply the release: a release with one step changed. */
  readonly name?: string | undefined;
  /** The marks it can set. */
  readonly paths: readonly Mark[];
  /** Carries out a command in place. May throw a KernelBug, or NeverReturns. */
  answer(state: State, command: Command): Result;
  dump(state: State): Dump;
  /** The state it begins in. */
  initial(scope: Scope): State;
  /** How its states are distinguished. */
  readonly areas: AreaSteps;
}

const NO_PAGES: readonly number[] = [];

/**
 * The reply: the result of the call and its effects, written into the result the call has just made. Each kind of
 * result then has one shape; spreading two objects into a third gives none, and made `act` several times slower
 * (bench/act.ts). Those that an exhaustive search reaches at nearly every transition are written out in full: fields
 * added one by one cost it a tenth of its time.
 */
function replyOf(state: State, result: Result): Response {
  if (result.kind === "placed") return placedReply(state, result.start, result.mapStopped);
  if (result.kind === "refused") return plainReply(state, "refused", undefined);
  if (result.kind === "done" && result.aliases === undefined)
    return plainReply(state, "done", state.wholeFree);
  const reply = result as { -readonly [Field in keyof Effects]: Effects[Field] } & Result;
  reply.flushes = state.flushes;
  reply.pteSet = state.pteSet;
  reply.pteCleared = state.pteCleared;
  reply.rcuCallbacks = state.rcuCallbacks;
  reply.workItems = state.workItems;
  reply.lazyPages = state.lazyPages;
  reply.descriptors = descriptorsOf(state);
  reply.usedAfterFree = state.usedAfterFree;
  reply.usedAbsentCpu = state.usedAbsentCpu;
  reply.dirtyLines = dirtyLinesOf(state);
  reply.warning = state.warning;
  return reply;
}

function placedReply(state: State, start: Vpn, mapStopped: boolean): Response {
  const { flushes, pteSet, pteCleared, rcuCallbacks, workItems, lazyPages, usedAfterFree } = state;
  return {
    kind: "placed",
    start,
    mapStopped,
    flushes,
    pteSet,
    pteCleared,
    rcuCallbacks,
    workItems,
    lazyPages,
    descriptors: descriptorsOf(state),
    usedAfterFree,
    usedAbsentCpu: state.usedAbsentCpu,
    dirtyLines: dirtyLinesOf(state),
    warning: state.warning,
  };
}

function plainReply(
  state: State,
  kind: "done" | "refused",
  wholeFree: State["wholeFree"] | undefined,
): Response {
  const { flushes, pteSet, pteCleared, rcuCallbacks, workItems, lazyPages, usedAfterFree } = state;
  return {
    kind,
    flushes,
    pteSet,
    pteCleared,
    rcuCallbacks,
    workItems,
    lazyPages,
    descriptors: descriptorsOf(state),
    usedAfterFree,
    usedAbsentCpu: state.usedAbsentCpu,
    wholeFree,
    dirtyLines: dirtyLinesOf(state),
    warning: state.warning,
  };
}

function descriptorsOf({ areas, blocks }: State): number {
  return areas.descriptors + blocks.count;
}

function dirtyLinesOf({ memory }: State): readonly Vpn[] {
  return memory.cache.count === 0 ? NO_PAGES : pagesOf(memory.cache);
}

/** The machine: `act` works in place, and `step` is a copy followed by `act`. */
export function kernelOf({ release, name, paths, answer, dump, initial, areas }: KernelParts): Kernel<State> {
  const act = (state: State, command: Command): Response => {
    beginCall(state);
    const result = answerOrBug(state, command);
    if (command.op === "purge") state.wholeFree = couldGiveAll(state);
    return replyOf(state, result);
  };
  /**
   * Where the whole word is requested, after a purge that released something (one that did not leaves what the last one
   * left). A new copy after every purge took up to 19 % of a random run; this takes 2 to 5 %, with the two newest laws.
   */
  let tried: State | undefined;
  const couldGiveAll = (state: State): boolean | undefined => {
    const size = state.word - 2 - release.guard.inside;
    if (size < 1 || (release.freesLazily && state.flushes.length === 0)) return undefined;
    if (!hasNoArea(state.areas)) return false;
    if (tried?.scope !== state.scope) tried = initial(state.scope);
    assignState(tried, state);
    beginCall(tried);
    const request = { op: "alloc", size, align: 1, vstart: 1, vend: state.word - 1, map: false } as const;
    return answerOrBug(tried, request).kind === "placed";
  };
  const answerOrBug = (state: State, command: Command): Result => {
    try {
      return answer(state, command);
    } catch (error) {
      if (error instanceof KernelBug) return { kind: "bug", text: error.message };
      if (error instanceof NeverReturns) return { kind: "hung", text: error.message };
      throw error;
    }
  };
  return {
    name: name ?? (release.labels[0] as string),
    promises: release.laws,
    release,
    initial,
    copy: copyState,
    assign: assignState,
    act,
    step: (state, command) => {
      const after = copyState(state);
      return [after, act(after, command)];
    },
    dump,
    identity: (scope, callers) => identityOf(scope, release.guard, areas, callers),
    paths,
    marks: (state) => markNames(state.marks),
  };
}

/** Compares states that are equal to an explorer with one another, action by action. */
import { serialize } from "node:v8";
import { DISABLED, type InPlaceMachine, visitInPlace } from "../../engine/run/in-place.ts";
import { ENDS, emptyBatch } from "../../engine/search/batch.ts";
import { explore } from "../../engine/search/explore.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { AREA_CALLS } from "../../spec/vmap/commands/command.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Form } from "../../spec/wing.ts";
import { besideReference } from "../explorable.ts";
import type { ExplorableOptions } from "./explorable-kernel.ts";
import { SPACES } from "./spaces.ts";
import { fingerprintOfAreas, type KernelAndWorld } from "./state-fingerprint.ts";
import { commandsTo } from "./workload.ts";

export interface Compared {
  /** The first two replies that differ, as text; undefined if none do. */
  readonly difference: string | undefined;
  readonly states: number;
  readonly forms: number;
}

/** This number of different states of one form is compared, and continued from. */
const ALIKE = 3;

/**
 * Of the states compared, every third lies on a random run of this number of commands: breadth first alone stays
 * shallow.
 */
const WALK = 14;

/**
 * Visits this number of states, and compares each with the first of its form: by its replies, its violations and the
 * form it leads to. They are the states of some random runs, and those one or two commands later.
 */
export function compareAlike(
  kernel: Kernel<State>,
  scope: Scope,
  options: ExplorableOptions,
  most: number,
): Compared {
  const heard = new Hearing(kernel, scope, options);
  const { machine, commands } = heard;
  const known = new Map<string, readonly string[]>();
  const counts = new Map<string, number>();
  const concrete = new Set<string>();
  const queue: KernelAndWorld<State>[] = [machine.initial(), ...randomStates(machine, Math.ceil(most / 3))];
  const after = machine.initial();
  for (let head = 0; head < queue.length && head < most; head++) {
    const both = queue[head] as KernelAndWorld<State>;
    const own = heard.form(both);
    machine.assign(after, both);
    const replies = commands.map((_command, action) => {
      const { reply, follows } = heard.take(after, action);
      if (reply === "") return reply;
      const form = follows ? heard.form(after) : "";
      const alike = counts.get(form) ?? 0;
      if (alike < ALIKE && follows) {
        const key = concreteKey(after.state);
        if (!concrete.has(key)) {
          concrete.add(key);
          counts.set(form, alike + 1);
          queue.push(machine.copy(after));
        }
      }
      machine.assign(after, both);
      return `${reply} then ${form}`;
    });
    const first = known.get(own) ?? replies;
    known.set(own, first);
    const at = replies.findIndex((reply, nth) => reply !== first[nth]);
    if (at >= 0) {
      const difference = `${JSON.stringify(commands[at])}: ${first[at]}, or ${replies[at]}`;
      return { difference, states: head, forms: known.size };
    }
  }
  return { difference: undefined, states: Math.min(most, queue.length), forms: known.size };
}

/** All of a state except what the last call did. */
function concreteKey(state: State): string {
  const {
    marks,
    flushes,
    pteSet,
    pteCleared,
    rcuCallbacks,
    usedAfterFree,
    usedAbsentCpu,
    gaveUpAt,
    ...rest
  } = state;
  return serialize(rest).toString("latin1");
}

/** States on random runs, each begun anew; always the same ones. */
function randomStates(
  machine: InPlaceMachine<KernelAndWorld<State>>,
  count: number,
): KernelAndWorld<State>[] {
  const found: KernelAndWorld<State>[] = [];
  let drawn = 20110106;
  const draw = (below: number) => {
    drawn = (Math.imul(drawn, 1103515245) + 12345) >>> 0;
    return (drawn >>> 8) % below;
  };
  while (found.length < count) {
    const both = machine.initial();
    for (let step = 0; step < WALK; step++) {
      const action = draw(machine.actions.length);
      const before = machine.copy(both);
      const outcome = machine.take(both, action);
      if (outcome === DISABLED) continue;
      if ((outcome & ENDS) !== 0) machine.assign(both, before);
      else found.push(machine.copy(both));
    }
  }
  return found;
}

/** The machine that an explorer visits, with the states of our kernels. */
function liveKernel(
  kernel: Kernel<State>,
  scope: Scope,
  { calls = AREA_CALLS, ...options }: ExplorableOptions,
): InPlaceMachine<KernelAndWorld<State>> {
  const machine = besideReference(SPACES, kernel, { scope, calls }, options);
  return machine as InPlaceMachine<KernelAndWorld<State>>;
}

/** The machine an explorer visits, and what its kernel replied last. */
class Hearing {
  readonly machine: InPlaceMachine<KernelAndWorld<State>>;
  readonly commands: readonly Command[];
  readonly #words: Int32Array;
  #last = "";

  constructor(kernel: Kernel<State>, scope: Scope, options: ExplorableOptions) {
    const heard: Kernel<State> = {
      ...kernel,
      act: (state, command) => {
        const response = kernel.act(state, command);
        this.#last = shown(response);
        return response;
      },
    };
    this.machine = liveKernel(heard, scope, options);
    this.commands = commandsTo(kernel.release, scope, options.calls, options.beyondViolations);
    this.#words = new Int32Array(this.machine.words);
  }

  form(both: KernelAndWorld<State>): string {
    this.machine.form(both, this.#words, 0);
    return this.#words.join();
  }

  /** Takes an action in place: the answer, and its violations; nothing if it cannot be taken. */
  take(both: KernelAndWorld<State>, action: number): { readonly reply: string; readonly follows: boolean } {
    const outcome = this.machine.take(both, action);
    if (outcome === DISABLED) return { reply: "", follows: false };
    return { reply: `${this.#last} violates ${outcome}`, follows: (outcome & ENDS) === 0 };
  }
}

/** What a caller sees of a reply, except frame numbers; a law compares the number of lazy pages. */
function shown(response: Response): string {
  const { flushes, pteSet, pteCleared, usedAfterFree, usedAbsentCpu, dirtyLines, warning } = response;
  const result: unknown[] = [response.kind];
  if (response.kind === "placed") result.push(response.start, response.mapStopped);
  if (response.kind === "found") result.push(response.start);
  if (response.kind === "reached") result.push(response.hit, response.frame === null);
  if (response.kind === "pinned") result.push(response.swept, response.ptes);
  if (response.kind === "done" && response.aliases !== undefined) {
    const { staleTlb, deadTlb, deadPtes } = response.aliases;
    const where = [staleTlb, deadTlb].map((all) => all.map(({ cpu, page }) => [cpu, page]));
    result.push(where, deadPtes);
  }
  return JSON.stringify([
    result,
    flushes,
    pteSet,
    pteCleared,
    usedAfterFree,
    usedAbsentCpu,
    dirtyLines,
    warning,
  ]);
}

/**
 * Visits every state that the whole fingerprint distinguishes, and compares each with the first of its merged
 * fingerprint, by every action: what it violates, and to which merged fingerprint it leads. So no merged states differ
 * later.
 */
export function compareMerged(
  kernel: Kernel<State>,
  scope: Scope,
  merged: Pick<Form<{ readonly state: State }>, "words" | "write"> = fingerprintOfAreas(kernel, scope),
): Compared {
  const plain = liveKernel(kernel, scope, { reduced: false });
  const visited = visitInPlace<KernelAndWorld<State>>({
    ...plain,
    words: plain.words + merged.words,
    form: (both, into, at) => {
      plain.form(both, into, at);
      merged.write(both, into, at + plain.words);
    },
  });
  const { reached, states, ended } = explore(visited, { bounds: ALL, enough: () => false });
  if (ended !== "fixpoint") throw new Error(`${kernel.name}: ended at a bound of ${ended}`);
  const { words, actions } = visited;
  const isOf = (forms: Int32Array, at: number) => forms.slice(at + plain.words, at + words).join();
  const known = new Map<string, readonly string[]>();
  const form = new Int32Array(words);
  const batch = emptyBatch(words, actions.length);
  for (let state = 0; state < states; state++) {
    batch.count = 0;
    visited.expand(state, reached, batch);
    const replies = Array.from(actions, () => "");
    for (let nth = 0; nth < batch.count; nth++) {
      const next = batch.continues[nth] === 1 ? isOf(batch.forms, nth * words) : "ends";
      replies[batch.by[nth] as number] = `violates ${batch.violated[nth]}, then ${next}`;
    }
    reached.read(state, form);
    const own = isOf(form, 0);
    const first = known.get(own);
    if (first === undefined) {
      known.set(own, replies);
      continue;
    }
    const at = replies.findIndex((reply, action) => reply !== first[action]);
    if (at < 0) continue;
    const difference = `${actions[at]} in ${own}: ${first[at]}, or ${replies[at]}`;
    return { difference, states, forms: known.size };
  }
  return { difference: undefined, states, forms: known.size };
}

const ALL = { states: 1e6, bytes: 1e9 };

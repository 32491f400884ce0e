/**
 * Refinement: the step grain compared with the call grain. A protocol in which every call runs from its first phase to
 * its last before the next begins must answer as the kernel model does. Both are walked together, from the initial
 * state to the fixpoint of their product, and both views are compared after every call. Protocols then have the
 * authority of the recordings, to which the kernels conform, in all that one call shows.
 */
import { isEnabled } from "../../../engine/machine.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { type Rules, stepsFrom } from "../../../kernels/vmap/rules.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import { beginCall } from "../../../kernels/vmap/state.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import type { StepAction, StepMachine } from "../../../protocols/program.ts";
import { FINGERPRINT_WORDS, Fingerprint } from "../../../spec/fingerprint.ts";
import type { Command, Response } from "../../../spec/vmap/commands.ts";
import type { Kernel } from "../../../spec/vmap/kernel.ts";
import type { Promises } from "../../../spec/vmap/promises.ts";
import { promisesOf } from "../../../spec/vmap/releases.ts";
import type { Scope } from "../../../spec/vmap/scope.ts";
import type { Vpn } from "../../../spec/vmap/vocabulary.ts";

/** What both have, by name, as text: of a state, or of an answer. */
export type View = Readonly<Record<string, string>>;

/** One step of a call that runs by itself, and the states around it. */
export interface Ran {
  readonly action: StepAction;
  readonly before: Int32Array;
  readonly after: Int32Array;
}

/** The kernel's part of a protocol's call: a command, or a purge that no caller asked for. */
export type Asked = Command | { readonly op: "drain" };

/** What is compared of a reply. */
export interface Answered extends Pick<Response, "kind" | "flushes"> {
  readonly start?: Vpn | null;
}

/** A kernel that can also purge by itself, as a worker makes it do, or a free above the lazy limit. */
interface Subject {
  readonly kernel: Kernel<State>;
  act(state: State, asked: Asked): Answered;
}

/** The kernel of these rules. */
function subjectFrom(release: Promises, rules: Rules): Subject {
  const steps = stepsFrom(rules);
  const kernel = vmapKernel(release, steps);
  return {
    kernel,
    act: (state, asked) => {
      if (asked.op !== "drain") return kernel.act(state, asked);
      beginCall(state);
      steps.purge(state, undefined, "decay");
      return { kind: "done", flushes: state.flushes };
    },
  };
}

/** The common view of a protocol's and a kernel's states: an abstraction function on both sides. */
export interface Abstraction {
  readonly machine: StepMachine;
  readonly scope: Scope;
  /** The rules of a release, except for a number that is scaled to blocks of a few pages. */
  scaled?(rules: Rules): Rules;
  /**
   * The commands that a step from idle stands for, in each possible meaning: a protocol that counts pages does not say
   * which. No command if the kernel has no such call: then its view must not change.
   */
  commandsOf(begin: StepAction, state: State): readonly (readonly Asked[])[];
  /** The answer of the call, from its run and from the last command's reply. */
  answer(run: readonly Ran[]): View;
  reply(response: Answered, run: readonly Ran[]): View;
  /** Whether nothing is compared after the call, because the protocol leaves out what the kernel does there. */
  isCut?(answer: View, reply: View, responses: readonly Answered[], run: readonly Ran[]): boolean;
  /** What callers touch again, so that a CPU translates in the kernel what it translates in the protocol. */
  touched?(state: Int32Array, kernel: State): readonly Command[];
  /** The state between two calls. */
  stateOf(state: Int32Array): View;
  kernelStateOf(state: State, kernel: Kernel<State>): View;
}

export interface Difference {
  /** The calls up to the one that differs, each by its first step. */
  readonly calls: readonly string[];
  readonly what: string;
  readonly protocol: string;
  readonly kernel: string;
}

export interface Compared {
  readonly states: number;
  readonly calls: number;
  /** Calls after which nothing is compared (`isCut`). */
  readonly cut: number;
  /** The first of each kind, by what differs. */
  readonly differences: readonly Difference[];
}

interface Product {
  readonly protocol: Int32Array;
  readonly kernel: State;
  readonly calls: readonly string[];
}

/** Names of views that are not compared, by what a protocol leaves out. */
export type Except = readonly string[];

/**
 * Walks a protocol and the kernel of a version to the fixpoint of their product. Throws an Error if a call of the
 * protocol does not return.
 */
export function compare(abstraction: Abstraction, label: string, except: Except = []): Compared {
  const { machine, scope, scaled } = abstraction;
  const rules = rulesOf(label);
  const subject = subjectFrom(promisesOf(label), scaled?.(rules) ?? rules);
  const { kernel } = subject;
  const initial = new Int32Array(machine.words);
  machine.initial(initial);
  const keyOf = keys(kernel, scope);
  const first: Product = { protocol: initial, kernel: kernel.initial(scope), calls: [] };
  const seen = new Set([keyOf(first)]);
  const queue = [first];
  const callsFrom = rememberedCalls(machine);
  const differences = new Map<string, Difference>();
  let [calls, cut] = [0, 0];
  for (const product of queue) {
    for (const { begin, run } of callsFrom(product.protocol)) {
      for (const commands of abstraction.commandsOf(begin, product.kernel)) {
        calls += 1;
        const outcome = meet(abstraction, subject, product, run, commands, except);
        if (outcome === "cut") cut += 1;
        for (const each of Array.isArray(outcome) ? outcome : [])
          if (!differences.has(each.what)) differences.set(each.what, each);
        if (outcome === "cut" || Array.isArray(outcome)) continue;
        const key = keyOf(outcome);
        if (seen.has(key)) continue;
        seen.add(key);
        queue.push(outcome);
      }
    }
  }
  return { states: seen.size, calls, cut, differences: [...differences.values()] };
}

/** One call on both sides: where it leads, or what differs. */
function meet(
  abstraction: Abstraction,
  { kernel, act }: Subject,
  { kernel: from, calls: before }: Product,
  run: readonly Ran[],
  commands: readonly Asked[],
  except: Except,
): Product | Difference[] | "cut" {
  const state = kernel.copy(from);
  const responses = commands.map((command) => act(state, command));
  const last = responses.at(-1);
  const protocol = (run.at(-1) as Ran).after;
  const answer = abstraction.answer(run);
  const reply = last === undefined ? answer : abstraction.reply(last, run);
  if (abstraction.isCut?.(answer, reply, responses, run)) return "cut";
  for (const touch of abstraction.touched?.(protocol, state) ?? []) kernel.act(state, touch);
  const ours: View = { ...answer, ...abstraction.stateOf(protocol) };
  const theirs: View = { ...reply, ...abstraction.kernelStateOf(state, kernel) };
  const calls = [...before, (run[0] as Ran).action.name];
  const differing = Object.keys(ours).filter((what) => ours[what] !== theirs[what] && !except.includes(what));
  if (differing.length === 0) return { protocol, kernel: state, calls };
  return differing.map((what) => ({
    calls,
    what,
    protocol: ours[what] as string,
    kernel: theirs[what] ?? "nothing",
  }));
}

/**
 * The calls that can be made in a state, each in every way in which it may run. Many states of a kernel share one list.
 */
function rememberedCalls(machine: StepMachine) {
  const known = new Map<string, { begin: StepAction; run: readonly Ran[] }[]>();
  return (state: Int32Array) => {
    const key = state.join();
    const calls =
      known.get(key) ??
      beginnings(machine, state).flatMap((begin) =>
        runsOf(machine, state, begin).map((run) => ({ begin, run })),
      );
    known.set(key, calls);
    return calls;
  };
}

/** A CPU's first step of a call; not a step that a call still owes when it is over. */
function beginnings({ actions }: StepMachine, state: Int32Array): readonly StepAction[] {
  return actions.filter((action) => !isForced(action) && isEnabled(action, state));
}

/** What must happen at last although no CPU is in a call: interrupts, the ends of grace periods, the worker. */
const isForced = ({ agent }: StepAction) => agent !== undefined && !OF_A_CPU.test(agent);
/** The agent of a step that continues a call: one call runs at a time. */
const OF_A_CPU = /^CPU \d+$/;

/** Every way in which the call runs to its end, with forced steps as early as possible. */
function runsOf(machine: StepMachine, from: Int32Array, begin: StepAction): readonly (readonly Ran[])[] {
  const found: (readonly Ran[])[] = [];
  const visit = (run: readonly Ran[]) => {
    if (run.length > 200) throw new Error(`${machine.name}: a call does not return: ${begin.name}`);
    const state = (run.at(-1) as Ran).after;
    const enabled = machine.actions.filter((action) => isEnabled(action, state));
    const forced = enabled.filter(isForced);
    const own = enabled.filter(({ agent }) => agent !== undefined && OF_A_CPU.test(agent));
    const [interrupt] = forced;
    if (interrupt !== undefined && !isWorker(interrupt)) visit([...run, taken(interrupt, state)]);
    else if (own.length > 0) for (const step of own) visit([...run, taken(step, state)]);
    else if (interrupt !== undefined) visit([...run, taken(interrupt, state)]);
    else found.push(run);
  };
  visit([taken(begin, from)]);
  return found;
}

/** It begins when the call that asked for it is over. */
const isWorker = ({ agent }: StepAction) => agent === "the worker";

function taken(action: StepAction, before: Int32Array): Ran {
  // Its assertion may fail, because C7 takes one CPU: the kernel does not stop there either.
  const after = before.slice();
  action.effect(after);
  return { action, before, after };
}

/** Both states as one text. */
function keys(kernel: Kernel<State>, scope: Scope): (product: Product) => string {
  const identity = kernel.identity(scope, { pin: false, areasAlone: false });
  const [to, words] = [new Fingerprint(), new Int32Array(FINGERPRINT_WORDS)];
  return ({ protocol, kernel: state }) => {
    to.begin();
    identity.add(state, to);
    to.write(words, 0);
    return `${protocol.join()}|${words.join()}`;
  };
}

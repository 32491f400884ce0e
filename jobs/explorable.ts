/** What can be explored, by the name a user types: protocols, kernels, and kernels with one step replaced. */
import { formatInterleaving } from "../adapters/interleaving-file.ts";
import type { ItfState, ItfValue } from "../adapters/itf.ts";
import { chart } from "../cli/show/chart.ts";
import { changedFields, variablesOf } from "../cli/show/state.ts";
import { bugCalled } from "../counterexamples/vmap/index.ts";
import { nameInterleaved } from "../counterexamples/vmap/interleavings.ts";
import { confirmRun, failedIn, visitActions } from "../engine/actions.ts";
import type { Reached, ShortestBreak, Visitable } from "../engine/search/explore.ts";
import type { State } from "../kernels/vmap/state.ts";
import type { StepMachine } from "../protocols/program.ts";
import { isConfirmed } from "../protocols/run-steps.ts";
import { PROTOCOLS, type Protocol, STEP_PROTOCOLS, type StepProtocol } from "../protocols/vmap/index.ts";
import type { LawId } from "../spec/contract.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import { kernelMachine } from "./explorable-kernel.ts";
import { findKernel, KERNEL_NAMES, placeOfKernel } from "./names.ts";
import { orNearest } from "./usage-error.ts";

/** A parameter of a machine's scope: what it counts, its usual value, and between which it lies. */
export interface Parameter {
  readonly counts: string;
  readonly usual: number;
  readonly least?: number;
  readonly most: number;
}

export interface Explorable {
  readonly name: string;
  /** What it is, in a sentence. */
  readonly says: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** Whether a break is news to go on from, as in a kernel with known bugs, or ends the search. */
  readonly goesOnAfterBreaks: boolean;
  /**
   * The machine with these parameters, made smaller where that changes no verdict, or not. Throws a RangeError where
   * the scope cannot be packed or merged.
   */
  open(parameters: Readonly<Record<string, number>>, smaller: Smaller): Opened;
  /** Whether actions that accord can be taken in fewer orders: it needs actions that say what they read and write. */
  readonly hasFootprints: boolean;
  /** The protocol itself, if it is one of CPUs that take steps. */
  readonly steps?: StepProtocol;
}

/** What makes a machine smaller. */
export interface Smaller {
  /** States that differ in what makes no difference are one. */
  readonly merged: boolean;
  readonly orders: Orders;
}

/**
 * In which orders actions that accord are taken: in all; steps that matter later are put off (blocks only, quick); or
 * those, and of the rest not every order (stubborn sets: fewer states, and slower).
 */
export type Orders = (typeof ORDERS)[number];
export const ORDERS = ["all", "late", "fewest"] as const;

export interface Opened {
  readonly machine: Visitable;
  /** A break, told and confirmed. Throws an Error if the reference does not confirm it. */
  tell(broken: ShortestBreak): Told;
  /** A state in a few lines, for a graph. */
  label(state: number, reached: Reached): readonly string[];
}

export interface Told {
  /** The run, a line a step. */
  readonly lines: readonly string[];
  /** The run as JSON: an ordinary history, or the actions of a protocol. */
  readonly history: readonly unknown[];
  /** The bug of the catalogue that accounts for it, if any; undefined where there is none, or no catalogue. */
  readonly bug: string | undefined;
  /** Whether the bug's entry says that it breaks this law here; if not, the bug breaks it as well. */
  readonly listed: boolean;
  /** If not, the machine only falls short of an ideal. */
  readonly promised: boolean;
  /** Every state on the way, the initial one first. */
  readonly states: readonly ItfState[];
  /** The run as a file that replay reads; undefined if it cannot take it. */
  readonly file: string | undefined;
}

/** A machine, judged also by the law that is asked for, if one is. */
export function explorableNamed(name: string, law?: LawId): Explorable {
  const find = (word: string) => findExplorable(word, law);
  const known = [...PROTOCOLS.map((each) => each.name), ...KERNEL_NAMES];
  return orNearest("machine", name, find, known, placeOfKernel);
}

function findExplorable(name: string, law: LawId | undefined): Explorable | undefined {
  const protocol = PROTOCOLS.find((each) => each.name === name);
  if (protocol !== undefined) return ofProtocol(protocol);
  const kernel = findKernel(name) ?? releaseWith(name, law);
  return kernel && kernelMachine(kernel, law);
}

/** The first kernel on which a bug breaks this law, or any. */
function releaseWith(bug: string, law: LawId | undefined): Kernel<State> | undefined {
  const on = bugCalled(bug)?.breaks.find((each) => law === undefined || each.law === law)?.on[0];
  return on === undefined ? undefined : findKernel(on);
}

function ofProtocol(protocol: Protocol): Explorable {
  const steps = STEP_PROTOCOLS.find(({ name }) => name === protocol.name);
  return {
    ...protocol,
    goesOnAfterBreaks: false,
    hasFootprints: steps !== undefined,
    ...(steps === undefined ? {} : { steps }),
    open: (parameters, smaller) => {
      const delayed = smaller.orders === "all" ? undefined : steps?.delayed?.(parameters);
      const packed = delayed ?? protocol.machine(parameters);
      const visited = visitActions(packed, {
        symmetry: smaller.merged,
        partialOrder: smaller.orders === "fewest",
      });
      const machine =
        delayed === undefined ? visited : { ...visited, reductions: [...visited.reductions, DELAYED] };
      return {
        machine,
        tell: (broken) => {
          const { law, run } = broken;
          if (!confirmRun(packed, law, run)) {
            throw new Error(`vmapcheck itself is wrong: the run found does not break ${law}`);
          }
          const history = run.map((action) => packed.actions[action]?.name ?? "");
          const lines = isOfSteps(packed) ? chart(packed, run) : history;
          const bug = nameInterleaved(protocol.name, law);
          const found = { protocol: protocol.name, scope: parameters, law, steps: history };
          const isReplayed = steps !== undefined && isConfirmed(steps.machine(parameters), found);
          const file = isReplayed ? formatInterleaving(found) : undefined;
          const listed = bug !== undefined;
          const states = runThrough(packed, run);
          return { lines, history, bug, listed, promised: true, states, file };
        },
        label: (number, reached) => {
          const [state, initial] = [new Int32Array(packed.words), new Int32Array(packed.words)];
          reached.read(number, state);
          packed.initial(initial);
          return changedFields(packed.layout, state, initial);
        },
      };
    },
  };
}

const DELAYED =
  "steps put off: a CPU caches a page when its PTE is about to be cleared, a map begins with its search";

/** Every state on the way, the initial one first. */
function runThrough(packed: Packed, run: readonly number[]): ItfState[] {
  const state = new Int32Array(packed.words);
  packed.initial(state);
  const states = [{ action: "init", variables: stateOf(packed, state) }];
  for (const action of run) {
    const taken = packed.actions[action] as (typeof packed.actions)[number];
    // An action whose assertion fails leads nowhere.
    if (failedIn(taken, state).length > 0) break;
    taken.effect(state);
    states.push({ action: taken.name, variables: stateOf(packed, state) });
  }
  return states;
}

type Packed = ReturnType<Protocol["machine"]>;

/** Whether it is a machine of CPUs that take steps. */
const isOfSteps = (packed: Packed): packed is StepMachine => "draw" in packed;

/** Its fields; of a machine of steps also what a chart shows beside them. */
function stateOf(packed: Packed, state: Int32Array): Record<string, ItfValue> {
  const fields = variablesOf(packed.layout, state);
  return isOfSteps(packed) ? { ...fields, drawn: packed.draw(state) } : fields;
}

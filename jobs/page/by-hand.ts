/** Exploring by hand: the state that a path of actions leads to, and what each further action would violate. */
import { formatInterleaving } from "../../adapters/interleaving-file.ts";
import { formatHistory } from "../../adapters/vmap/history-file.ts";
import { holdsIn, lawsOf } from "../../engine/actions.ts";
import { failedIn, isEnabled as isEnabledAction } from "../../engine/machine.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import { historyOf } from "../../properties/vmap/history-of.ts";
import { isEnabled } from "../../properties/vmap/workload.ts";
import { PROTOCOLS } from "../../protocols/vmap/index.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import { possibleCpus, type Scope } from "../../spec/vmap/scope.ts";
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import { commandText, responseText } from "../command-text.ts";
import { KERNEL_NAMES, toolLine } from "../names.ts";
import { parametersOf, scopeText } from "../parameters.ts";
import { subjectNamed } from "../subject.ts";
import type { KernelInstance, ProtocolInstance } from "../subject-types.ts";
import { UsageError } from "../usage-error.ts";
import type { HandAction, HandState, Machines } from "./documents.ts";
import { cutsOf, ThingsBefore } from "./things.ts";

/** A longer path is refused. */
const MOST_ACTIONS = 2000;

export interface HandOptions {
  readonly machine: string;
  readonly scope?: string | undefined;
  readonly path: readonly number[];
}

export function machines(): Machines {
  return { kind: "machines", kernels: KERNEL_NAMES, protocols: PROTOCOLS.map(({ name }) => name) };
}

export function stateByHand({ machine: name, scope, path }: HandOptions): HandState {
  if (path.length > MOST_ACTIONS) throw new UsageError(`a path has at most ${MOST_ACTIONS} actions`);
  const subject = subjectNamed(name);
  const parameters = parametersOf(subject, scope);
  const instance = subject.open(parameters, { merged: false, orders: "all" });
  const about = { kind: "state", machine: subject.name, scope: scopeText(parameters), path } as const;
  const command = toolLine(`explore ${subject.name} --scope ${about.scope}`);
  return instance.grain === "call"
    ? { ...about, command, ...ofKernel(instance, path) }
    : { ...about, command, ...ofProtocol(subject.name, instance, parameters, path) };
}

type Reached = Omit<HandState, "kind" | "machine" | "scope" | "path" | "command">;

function refuseAction(nth: number): never {
  throw new UsageError(`action ${nth + 1} of the path cannot be taken there`);
}

function ofKernel(
  { kernel, scope, machine: { commands } }: KernelInstance,
  path: readonly number[],
): Reached {
  const spec = vmapSpec(kernel.release);
  const laws = lawsCalled(kernel.promises);
  const violated = (before: ImmutableWorld, command: Command, response: Response, after?: ImmutableWorld) =>
    laws.filter((law) => !law.holds(before, command, response, after)).map(({ id }) => id);
  const state = kernel.initial(scope);
  let world = spec.initial(scope);
  const taken: HandState["taken"][number][] = [];
  const got = new Map<Vpn, number>();
  let ended = false;
  for (const [nth, action] of path.entries()) {
    const command = commands[action];
    if (command === undefined || ended || !isEnabled(world, command)) return refuseAction(nth);
    const response = kernel.act(state, command);
    const after = spec.after(world, command, response);
    taken.push({
      text: commandText(command),
      reply: responseText(response),
      laws: violated(world, command, response, after),
    });
    if (response.kind === "placed") got.set(response.start, nth);
    world = after ?? world;
    ended = after === undefined;
  }
  const things = new ThingsBefore();
  things.changesTo(world, got, kernel.dump(state).cache);
  const actions = ended
    ? []
    : commands.flatMap((command, action): HandAction[] => {
        if (!isEnabled(world, command)) return [];
        const response = kernel.act(kernel.copy(state), command);
        const after = spec.after(world, command, response);
        return [
          {
            action,
            text: commandText(command),
            reply: responseText(response),
            laws: violated(world, command, response, after),
            ends: after === undefined,
          },
        ];
      });
  const law = taken.at(-1)?.laws[0];
  const file = { kernel: kernel.name, law, scope, commands: historyOf(commands, path, kernel, scope) };
  return {
    grain: "call",
    taken,
    things: things.now,
    cuts: cutsOf([...windowsOf(scope), ...things.now], scope.wordPages),
    cpus: possibleCpus(scope),
    fields: [],
    actions,
    laws: laws.map(({ id, says, source }) => ({ id, says, source })),
    file: path.length === 0 ? null : formatHistory(file),
  };
}

/** Each page of the windows that callers use, so that the picture keeps its columns. */
function windowsOf({ windows, vmalloc }: Scope) {
  const all = [...windows, vmalloc].filter(({ vstart, vend }) => vstart < vend);
  const [from, to] = [Math.min(...all.map((each) => each.vstart)), Math.max(...all.map((each) => each.vend))];
  return Array.from({ length: Math.min(64, to - from) }, (_none, nth) => ({
    start: from + nth,
    end: from + nth + 1,
  }));
}

function ofProtocol(
  protocol: string,
  { packed }: ProtocolInstance,
  scope: Readonly<Record<string, number>>,
  path: readonly number[],
): Reached {
  const { words, actions, invariants, layout } = packed;
  const state = new Int32Array(words);
  packed.initial(state);
  const initial = state.slice();
  const violatedBy = (action: (typeof actions)[number], from: Int32Array) => {
    const failed = failedIn(action, from);
    if (failed.length > 0) return { laws: failed, ends: true };
    const after = from.slice();
    action.effect(after);
    return { laws: invariants.filter((each) => !holdsIn(each, after)).map(({ id }) => id), ends: false };
  };
  const taken: HandState["taken"][number][] = [];
  let ended = false;
  for (const [nth, index] of path.entries()) {
    const action = actions[index];
    if (action === undefined || ended || !isEnabledAction(action, state)) return refuseAction(nth);
    const { laws, ends } = violatedBy(action, state);
    taken.push({ text: action.name, reply: "", laws });
    if (!ends) action.effect(state);
    ended = ends;
  }
  const names = path.map((index) => actions[index]?.name ?? "");
  const law = taken.at(-1)?.laws[0] ?? lawsOf(packed)[0]?.id;
  return {
    grain: "step",
    taken,
    things: [],
    cuts: [],
    cpus: [],
    fields: layout.fields
      .filter((field) => field.get(state) !== field.get(initial))
      .map((field) => `${field.name}: ${layout.read(field, state)}`),
    actions: ended
      ? []
      : actions.flatMap((action, index): HandAction[] =>
          isEnabledAction(action, state)
            ? [{ action: index, text: action.name, reply: "", ...violatedBy(action, state) }]
            : [],
        ),
    laws: lawsOf(packed).map(({ id, says }) => ({ id, says, source: "" })),
    file:
      path.length === 0 || law === undefined
        ? null
        : formatInterleaving({ protocol, scope, law, steps: names }),
  };
}

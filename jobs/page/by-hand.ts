/** Exploring by hand: the state that a path of actions leads to, and what each further action would violate. */
import { formatInterleaving } from "../../adapters/interleaving-file.ts";
import { holdsIn, lawsOf } from "../../engine/actions.ts";
import { failedIn, isEnabled as isEnabledAction } from "../../engine/machine.ts";
import { historyOf } from "../../properties/history-of.ts";
import { PROTOCOLS } from "../../protocols/index.ts";
import type { Terms } from "../../spec/wing.ts";
import { toolLine } from "../names.ts";
import { parametersOf, scopeText } from "../parameters.ts";
import { prepare, subjectNamed } from "../subject.ts";
import type { KernelInstance, Parameters, ProtocolInstance } from "../subject-types.ts";
import { UsageError } from "../usage-error.ts";
import { allWings, kernelNames } from "../wings.ts";
import type { HandAction, HandState, Machines } from "./documents.ts";
import { illustrationOf } from "./illustrations.ts";

/** A longer path is refused. */
const MOST_ACTIONS = 2000;

export interface HandOptions {
  readonly machine: string;
  readonly scope?: string | undefined;
  readonly path: readonly number[];
}

export async function machines(): Promise<Machines> {
  const kernels = (await allWings()).flatMap((wing) => kernelNames(wing));
  return { kind: "machines", kernels, protocols: PROTOCOLS.map(({ name }) => name) };
}

export async function stateByHand({ machine: name, scope, path }: HandOptions): Promise<HandState> {
  if (path.length > MOST_ACTIONS) throw new UsageError(`a path has at most ${MOST_ACTIONS} actions`);
  await prepare(name);
  const subject = subjectNamed(name);
  const parameters = parametersOf(subject, scope);
  const instance = subject.open(parameters, { merged: false, orders: "all" });
  const about = { kind: "state", machine: subject.name, scope: scopeText(parameters), path } as const;
  const command = toolLine(`explore ${subject.name} --scope ${about.scope}`);
  return instance.grain === "call"
    ? { ...about, command, ...(await ofKernel(instance, parameters, path)) }
    : { ...about, command, ...ofProtocol(subject.name, instance, parameters, path) };
}

type Reached = Omit<HandState, "kind" | "machine" | "scope" | "path" | "command">;

function refuseAction(nth: number): never {
  throw new UsageError(`action ${nth + 1} of the path cannot be taken there`);
}

async function ofKernel(
  { wing, bench }: KernelInstance,
  parameters: Parameters,
  path: readonly number[],
): Promise<Reached> {
  const { machine: kernel, spec, scope } = bench;
  const { spaces } = await wing.search();
  const place = spaces.place(parameters, [kernel]);
  const { commands, isEnabled } = spaces.workload(kernel, place, { merged: false, beyondViolations: false });
  const drawing = illustrationOf(wing);
  const state = kernel.initial(scope);
  let world = spec.initial(scope);
  /** The outcome of a command in a state, and the world that follows. */
  const answer = (on: unknown, command: Terms["command"]) => {
    const response = kernel.act(on, command);
    const after = spec.after(world, command, response);
    const laws = bench.laws.filter((law) => !law.holds(world, command, response, after)).map(({ id }) => id);
    return { after, shown: { text: drawing.command(command), reply: drawing.response(response), laws } };
  };
  const taken: HandState["taken"][number][] = [];
  let ended = false;
  for (const [nth, action] of path.entries()) {
    const command = commands[action];
    if (command === undefined || ended || !isEnabled(world, command)) return refuseAction(nth);
    const { after, shown } = answer(state, command);
    taken.push(shown);
    world = after ?? world;
    ended = after === undefined;
  }
  const actions = commands.flatMap((command, action): HandAction[] => {
    if (ended || !isEnabled(world, command)) return [];
    const { after, shown } = answer(kernel.copy(state), command);
    return [{ action, ...shown, ends: after === undefined }];
  });
  const drawn = drawing.state(
    bench,
    path.map((action) => commands[action] as Terms["command"]),
  );
  const law = taken.at(-1)?.laws[0];
  const file = { kernel: kernel.name, law, scope, commands: historyOf(bench, commands, path) };
  return {
    grain: "call",
    taken,
    things: drawn.things,
    cuts: drawn.cuts,
    cpus: drawing.cpus(scope),
    fields: drawn.lines,
    actions,
    laws: bench.laws.map(({ id, says, source }) => ({ id, says, source })),
    file: path.length === 0 ? null : wing.files.formatHistory(file),
  };
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

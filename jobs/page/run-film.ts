/** A run at the step grain as swim lanes: who holds which lock, who waits, which interrupts were sent. */

import { INTERLEAVED, interleavedCalled } from "../../counterexamples/interleavings.ts";
import { lawsOf } from "../../engine/actions.ts";
import { failedIn, isEnabled } from "../../engine/machine.ts";
import type { Field } from "../../engine/search/layout.ts";
import { STEP_PROTOCOLS } from "../../protocols/index.ts";
import type { StepAction, StepMachine } from "../../protocols/program.ts";
import { familyOf } from "../interleaved-orders.ts";
import { replayLine } from "../names.ts";
import { scopeText } from "../parameters.ts";
import type { ReplayedRun } from "../replay-run.ts";
import { versionText } from "../versions.ts";
import { bugMeant } from "../wings.ts";
import type { RunFilm, RunStep } from "./documents.ts";
import { bugEntry } from "./film.ts";

export async function filmOfRun(found: ReplayedRun, words: string): Promise<RunFilm> {
  const { target, interleaving, pinned, machine, version, run, loopAt, violations } = found;
  const bug = pinned ?? interleavedCalled(violations[0]?.bug ?? target);
  const called =
    version === undefined ? machine.name : `${machine.name}, which describes ${versionText(version)}`;
  const laws = [...lawsOf(machine), ...(machine.eventuallyEnds ?? [])];
  const state = new Int32Array(machine.words);
  machine.initial(state);
  return {
    kind: "run",
    name: bug?.id ?? target,
    machine: called,
    scope: scopeText(interleaving.scope),
    ...verdictOn(found, called),
    violations: violations.map(({ law }) => ({
      id: law,
      says: laws.find(({ id }) => id === law)?.says ?? "",
    })),
    bug: bug === undefined ? null : bugEntry(bug),
    twin: bug !== undefined && (await bugMeant(bug.id)) !== undefined ? bug.id : null,
    lanes: cpusOf(machine).map((cpu) => `CPU ${cpu}`),
    columns: Object.keys(machine.draw(state)),
    begin: Object.values(machine.draw(state)),
    steps: stepsOf(machine, run),
    loopAt: run.length > loopAt ? loopAt : null,
    legend: machine.legend ?? "",
    kernels: ordersFor(interleaving.protocol),
    command: replayLine(words),
  };
}

const cpusOf = ({ cpus }: StepMachine) => Array.from({ length: cpus }, (_none, cpu) => cpu);

/** The orders of the same family, and those of the bug. */
function ordersFor(protocol: string): readonly string[] {
  const family = familyOf(protocol);
  const named = INTERLEAVED.flatMap(({ violations }) => violations)
    .filter((each) => each.protocol === protocol)
    .flatMap(({ repaired, also = [] }) => [repaired, ...also]);
  const names = STEP_PROTOCOLS.map(({ name }) => name);
  return names.filter(
    (name) =>
      named.includes(name) || (family !== undefined && familyOf(name) === family) || name === protocol,
  );
}

function verdictOn(
  { run, loopAt, violations, stuck, searched, interleaving, accepted }: ReplayedRun,
  called: string,
): Pick<RunFilm, "verdict" | "outcome"> {
  const laws = violations.map(({ law }) => law).join(", ");
  const again = run.length - loopAt;
  const length = `${loopAt} steps${again > 0 ? `, then ${again} again and again` : ""}`;
  if (violations.length > 0)
    return { outcome: "violated", verdict: `${called} violates ${laws} in ${length}` };
  if (searched !== undefined && accepted === true)
    return {
      outcome: "accepted",
      verdict: `Accepted: ${called} keeps ${interleaving.law} in all ${searched.states} states of this scope`,
    };
  if (stuck === undefined)
    return { outcome: "accepted", verdict: `Accepted: ${called} keeps ${interleaving.law} in this run` };
  return {
    outcome: "unknown",
    verdict: `Not comparable: ${called} cannot take step ${stuck.step + 1}. Explore it to learn whether it keeps ${interleaving.law}`,
  };
}

export function stepsOf(machine: StepMachine, run: readonly number[]): readonly RunStep[] {
  const locks = machine.layout.fields.filter(({ name }) => /\block\b/.test(name));
  const state = new Int32Array(machine.words);
  machine.initial(state);
  let pending = pendingIn(machine, state);
  const steps = run.map((index): RunStep & { readonly handles: readonly number[] } => {
    const action = machine.actions[index] as StepAction;
    // A step that fails an assertion leads nowhere.
    if (failedIn(action, state).length === 0) action.effect(state);
    const before = pending;
    pending = pendingIn(machine, state);
    const cpus = cpusOf(machine);
    return {
      cpu: action.cpu,
      text: action.name.replace(`CPU ${action.cpu}, `, ""),
      hardware: action.at === undefined,
      drawn: Object.values(machine.draw(state)),
      holds: cpus.map((cpu) => locks.filter((lock) => lock.get(state) === cpu + 1).map(lockName)),
      waits: cpus.map((cpu) => isWaiting(machine, cpu, state)),
      idle: cpus.map((cpu) => isIdle(machine, cpu, state)),
      sends: pending
        .filter((cpu) => !before.includes(cpu) && cpu !== action.cpu)
        .map((to) => ({ to, step: null })),
      handles: before.filter((cpu) => !pending.includes(cpu)),
    };
  });
  return steps.map(({ handles: _not, ...step }, nth) => ({
    ...step,
    sends: step.sends.map(({ to }) => {
      const at = steps.findIndex(({ handles }, later) => later > nth && handles.includes(to));
      return { to, step: at < 0 ? null : at };
    }),
  }));
}

const lockName = ({ name }: Field) =>
  name.replace(/^lock of /, "").replace(/(queue|block) (\d+)$/, "$1 $2 lock");

const ofCpu = (machine: StepMachine, array: string, cpu: number) =>
  machine.layout.fields.find(({ name, at }) => name.replace(/\[.*/, "") === array && at[0] === cpu);

function isIdle(machine: StepMachine, cpu: number, state: Int32Array): boolean {
  return (ofCpu(machine, "phase", cpu)?.get(state) ?? 0) === 0;
}

/** Whether a CPU is inside a call, and no step of the call can be taken. */
function isWaiting(machine: StepMachine, cpu: number, state: Int32Array): boolean {
  if (isIdle(machine, cpu, state)) return false;
  return !machine.actions.some(
    (action) => action.cpu === cpu && action.at !== undefined && isEnabled(action, state),
  );
}

/** The CPUs that were sent an interrupt to flush, and have not handled it. */
function pendingIn(machine: StepMachine, state: Int32Array): readonly number[] {
  const fields = machine.layout.fields.filter(({ name }) => /^pending\b/.test(name));
  return cpusOf(machine).filter((cpu) =>
    fields.some((field) =>
      field.over.length > 0
        ? field.at[0] === cpu && field.get(state) === 1
        : ((field.get(state) >> cpu) & 1) === 1,
    ),
  );
}

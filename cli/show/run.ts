/** A run at the step grain: as a chart, as JSON, and as a mail. */
import { interleavedCalled } from "../../counterexamples/interleavings.ts";
import { lawsOf } from "../../engine/actions.ts";
import { failedIn } from "../../engine/machine.ts";
import { toolLine } from "../../jobs/names.ts";
import { scopeText } from "../../jobs/parameters.ts";
import type { ReplayedRun, RunViolation } from "../../jobs/replay-run.ts";
import { versionText } from "../../jobs/versions.ts";
import { numbered, withNumber } from "../../jobs/wings.ts";
import { bugsIn } from "../../kernels/versions.ts";
import type { StepAction, StepMachine } from "../../protocols/program.ts";
import { versionOf } from "../../spec/vmap/change.ts";
import { pc } from "../colour.ts";
import { commandLine } from "../output.ts";
import { chart } from "./chart.ts";
import { bugLines, commandLines, item, paragraph } from "./mail.ts";

const stepsIn = ({ steps, loop = [] }: ReplayedRun["interleaving"]) => [...steps, ...loop];

/** The report of a replayed run, every step counted from 1, with the columns of a chart after it. */
export function runJson(found: ReplayedRun) {
  const { target, interleaving, machine, version, run, loopAt, violations, stuck, searched, accepted } =
    found;
  const isViolated = violations.length > 0;
  const ownStep = isViolated ? Math.min(run.length, loopAt) : stuck === undefined ? null : stuck.step + 1;
  const step = searched === undefined ? ownStep : isViolated ? loopAt : null;
  const laws = violations.map(({ law }) => law);
  return {
    history: target,
    kernel: machine.name,
    version: version ?? null,
    accepted: accepted ?? null,
    law: laws[0] ?? null,
    step,
    bug: violations[0]?.bug ?? null,
    ...(searched === undefined ? {} : { states: searched.states }),
    laws,
    steps: statesAlong(machine, run).map(({ action, drawn }, nth) => ({
      step: nth + 1,
      cpu: action.cpu,
      command: action.name,
      again: nth >= loopAt,
      laws: nth === run.length - 1 ? laws : [],
      picture: drawn,
    })),
    scope: interleaving.scope,
  };
}

/** The verdict, the run as a chart, and its violations. */
export function runText(found: ReplayedRun, replay: string): string {
  const { interleaving, pinned, machine, version, run, loopAt, violations, stuck, searched } = found;
  const called =
    version === undefined ? machine.name : `${machine.name}, which describes ${versionText(version)}`;
  const drawn = chart(machine, run.slice(0, loopAt), run.slice(loopAt)).join("\n");
  const names = stepsIn(interleaving);
  const parts = [
    violations.length === 0 ? otherwise(found) : violationLine(found),
    ...(violations.length === 0 ? [] : hiddenLines(found)),
    ...(pinned === undefined
      ? []
      : [`${pc.bold(withNumber(pinned))}\n${pinned.says}\n${pc.dim(pinned.source)}`]),
    `protocol ${pc.bold(called)}, ${scopeText(interleaving.scope)}`,
  ];
  if (searched === undefined) parts.push(drawn);
  else if (stuck !== undefined)
    parts.push(
      `The run pinned on ${interleaving.protocol} cannot be taken: ${lackText(machine, names, stuck)}`,
      ...(run.length === 0 ? [] : [`The shortest run there that violates the same law:\n\n${drawn}`]),
    );
  if (violations.length === 0) return parts.join("\n\n");
  const isMeant = violations.some(({ law }) => law === interleaving.law);
  const lines = [
    ...(isMeant ? [] : [pc.red(`it does not violate ${interleaving.law}, but:`), ""]),
    ...violations.map((each) => violationText(machine, each)),
    commandLine("replay", replay),
  ];
  return `${parts.join("\n\n")}\n\n${lines.join("\n")}`;
}

/** The verdict on a run that violates a law, in one line. */
function violationLine({ machine, run, loopAt, violations }: ReplayedRun): string {
  const again = run.length - loopAt;
  const length = `${loopAt} step${loopAt === 1 ? "" : "s"}${again > 0 ? `, then ${again} for ever` : ""}`;
  const laws = violations.map(({ law }) => law).join(", ");
  const slug = violations[0]?.bug;
  const bug = slug === undefined ? "no bug of the catalogue accounts for it" : numbered(slug);
  return `${pc.red(`${machine.name} violates ${laws}`)} in ${length}: ${bug}`;
}

/** Whether the version has the bug that was asked for, where what was found violates the same law by another. */
function hiddenLines({ pinned, version, violations, machine }: ReplayedRun): string[] {
  const asked = version === undefined ? undefined : versionOf(version);
  if (pinned === undefined || asked === undefined || violations.some(({ bug }) => bug === pinned.id))
    return [];
  const name = pinned.number ?? pinned.id;
  return bugsIn(asked).has.includes(pinned.id)
    ? [`${version} has ${name} too, by its commits: this run is shorter, and hides it (${machine.name})`]
    : [`${version} has not ${name}, by its commits: this is another bug`];
}

function violationText(machine: StepMachine, { law, bug: known }: RunViolation): string {
  const bug = known === undefined ? undefined : interleavedCalled(known);
  const name =
    bug === undefined ? "not known to the catalogue" : `known as ${withNumber(bug)}, fixed: ${bug.fixed}`;
  return `${pc.red(pc.bold(law))}   ${saysIn(machine, law)}\n${name}`;
}

/** The verdict on a run that violates nothing. */
function otherwise({ machine, version, interleaving, stuck, searched }: ReplayedRun): string {
  const { law } = interleaving;
  if (searched !== undefined) {
    const visited = `${searched.states} states of this scope`;
    return searched.isWhole
      ? pc.green(`accepted: ${version} keeps ${law} in all ${visited}`)
      : `Whether ${version} keeps ${law} is not known: ${visited} were visited, and there are more`;
  }
  if (stuck === undefined) return pc.green(`accepted: ${machine.name} keeps ${law} in this run`);
  return [
    pc.red(`not comparable: ${lackText(machine, stepsIn(interleaving), stuck)}`),
    `Whether it keeps ${law} in every run:  ${toolLine(`explore ${machine.name} --law ${law}`)}`,
  ].join("\n");
}

function lackText(
  { name }: StepMachine,
  names: readonly string[],
  { step, reason }: NonNullable<ReplayedRun["stuck"]>,
) {
  const lacks = reason === "no such step" ? "has no" : "cannot take";
  return `${name} ${lacks} step ${step + 1}, ${names[step]}`;
}

interface StepTaken {
  readonly action: StepAction;
  readonly drawn: Readonly<Record<string, string>>;
}

function statesAlong(machine: StepMachine, run: readonly number[]): readonly StepTaken[] {
  const state = new Int32Array(machine.words);
  machine.initial(state);
  return run.map((index) => {
    const action = machine.actions[index] as StepAction;
    // A step that fails an assertion leads nowhere.
    if (failedIn(action, state).length === 0) action.effect(state);
    return { action, drawn: machine.draw(state) };
  });
}

/** The sentence of a law, or the condition that should end. */
function saysIn(machine: StepMachine, law: string): string {
  return [...lawsOf(machine), ...(machine.eventuallyEnds ?? [])].find(({ id }) => id === law)?.says ?? "";
}

export function mailOfRun(found: ReplayedRun, replay: string): string {
  const { machine, interleaving, target, run, loopAt, violations } = found;
  const { scope } = interleaving;
  const bug = interleavedCalled(violations[0]?.bug ?? target);
  const [law, ...others] = violations.map((each) => each.law);
  const again = run.length > loopAt ? `, of which ${run.length - loopAt} are done again and again` : "";
  const head =
    law === undefined
      ? otherwise(found)
          .split("\n")
          .flatMap((line) => paragraph(line))
      : [
          ...paragraph(`${law}: ${saysIn(machine, law)}`),
          ...others.flatMap((each) => paragraph(`${each}: ${saysIn(machine, each)}`)),
          "",
          ...paragraph(`${machine.name} violates this in ${run.length} steps${again}.`),
        ];
  let shown = "";
  const steps = statesAlong(machine, run).flatMap(({ action, drawn }, nth) => {
    const now = Object.entries(drawn)
      .map(([name, value]) => `${name} ${value.trim() || "-"}`)
      .join(", ");
    const name = action.name.replace(/^(CPU \d+), /, "$1: ");
    const lines = [
      ...(nth === loopAt ? ["again and again:"] : []),
      ...item(nth + 1, name),
      ...(now === shown ? [] : paragraph(`[${now}]`, 7)),
    ];
    shown = now;
    return lines;
  });
  return [
    ...head,
    "",
    ...(law === undefined && bug === undefined ? [] : [...bugLines(bug), ""]),
    ...paragraph(`protocol ${machine.name}, ${scopeText(scope)}; in brackets what a step changed`),
    "",
    ...steps,
    "",
    ...(machine.legend === undefined ? [] : [...paragraph(machine.legend), ""]),
    ...commandLines("Replay", replay),
  ].join("\n");
}

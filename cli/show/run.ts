/** A run at the step grain: its steps as JSON, and as a mail has them. */
import { failedIn, lawsOf } from "../../engine/actions.ts";
import { scopeText } from "../../jobs/parameters.ts";
import type { StepAction, StepMachine } from "../../protocols/program.ts";
import { bugLines, commandLines, item, type MailedBug, paragraph } from "./mail.ts";

/** A run that was taken, and what came of it. */
export interface TakenRun {
  readonly machine: StepMachine;
  readonly scope: Readonly<Record<string, number>>;
  readonly run: readonly number[];
  /** Where steps begin that are done again and again; the length of the run if none are. */
  readonly loopAt: number;
  /** The laws that it violates. */
  readonly broken: readonly string[];
}

/** Every step, counted from 1, with what a chart shows after it. */
export function stepsOfRunJson({ machine, run, loopAt, broken }: TakenRun) {
  return statesAlong(machine, run).map(({ action, drawn }, nth) => ({
    step: nth + 1,
    cpu: action.cpu,
    command: action.name,
    again: nth >= loopAt,
    laws: nth === run.length - 1 ? broken : [],
    picture: drawn,
  }));
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

/** What a law says, or what should end at last. */
export function saysIn(machine: StepMachine, law: string): string {
  return [...lawsOf(machine), ...(machine.passing ?? [])].find(({ id }) => id === law)?.says ?? "";
}

export interface MailedRun extends TakenRun {
  /** What came of it where it violates nothing. */
  readonly otherwise: string;
  readonly bug: MailedBug | undefined;
  readonly replay: string;
}

export function mailOfRun(mailed: MailedRun): string {
  const { machine, scope, run, loopAt, broken, bug, otherwise, replay } = mailed;
  const [law, ...others] = broken;
  const again = run.length > loopAt ? `, of which ${run.length - loopAt} are done again and again` : "";
  const head =
    law === undefined
      ? otherwise.split("\n").flatMap((line) => paragraph(line))
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

/** A run at the step grain as a sequence chart: a lane for each CPU, and beside the steps what they work on. */
import { failedIn } from "../../engine/actions.ts";
import type { StepAction, StepMachine } from "../../protocols/program.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";

/** Letters of a lane; what is longer goes on in the next line. */
const LANE = 34;

/** The run, a row a step, numbered from 1. The last step may break a law. A loop is marked where it begins. */
export function chart(machine: StepMachine, run: readonly number[], loop: readonly number[] = []): string[] {
  const state = new Int32Array(machine.words);
  machine.initial(state);
  const names = Object.keys(machine.draw(state));
  const rows = [head(machine, names), rowOf(machine, "", undefined, Object.values(machine.draw(state)))];
  const all = [...run, ...loop];
  for (const [nth, index] of all.entries()) {
    const action = machine.actions[index] as StepAction;
    if (nth === run.length) rows.push(["", pc.dim("again and again:")]);
    if (failedIn(action, state).length === 0) action.effect(state);
    rows.push(rowOf(machine, String(nth + 1), action, Object.values(machine.draw(state))));
  }
  return [...columns(rows).split("\n"), ...(machine.legend === undefined ? [] : [pc.dim(machine.legend)])];
}

const lanes = ({ cpus }: StepMachine) => Array.from({ length: cpus }, (_none, cpu) => cpu);

function head(machine: StepMachine, beside: readonly string[]): string[] {
  return ["", ...lanes(machine).map((cpu) => `CPU ${cpu}`), ...beside].map((word) => pc.dim(word));
}

function rowOf(
  machine: StepMachine,
  step: string,
  action: StepAction | undefined,
  beside: readonly string[],
): string[] {
  const lane = (cpu: number) => (action?.cpu === cpu ? wrapped(laneText(action)) : "");
  return [step, ...lanes(machine).map(lane), ...beside];
}

/** The name of an action without its CPU, which its lane says. */
const laneText = ({ name, cpu }: StepAction) => name.replace(`CPU ${cpu}, `, "");

/** In lines of at most so many letters, but for words that are longer. */
function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) as string;
    if (line === "" || line.length + 1 + word.length <= LANE)
      lines[lines.length - 1] = `${line} ${word}`.trim();
    else lines.push(word);
  }
  return lines.join("\n");
}

/** A run at the step grain as a sequence chart: a lane for each CPU, and beside the steps the state they work on. */
import { failedIn } from "../../engine/actions.ts";
import type { StepAction, StepMachine } from "../../protocols/program.ts";
import { pc } from "../colour.ts";
import { columns, textWidth } from "../output.ts";

/** The width of a lane, if there is room: longer text continues in the next line. */
const WIDEST_LANE = 34;
const NARROWEST_LANE = 14;
/** Between two columns, and before a chart where it is part of a text. */
const SPACE = 2;

/** One step: its action, unless it is the beginning, and the machine's drawing after it. */
interface Row {
  readonly step: string;
  readonly action: StepAction | undefined;
  readonly beside: readonly string[];
}

/** The run, a row a step, numbered from 1. The last step may violate a law. A loop is marked where it begins. */
export function chart(machine: StepMachine, run: readonly number[], loop: readonly number[] = []): string[] {
  const state = new Int32Array(machine.words);
  machine.initial(state);
  const names = Object.keys(machine.draw(state));
  const drawn = () => Object.values(machine.draw(state));
  const rows: Row[] = [{ step: "", action: undefined, beside: drawn() }];
  for (const [nth, index] of [...run, ...loop].entries()) {
    const action = machine.actions[index] as StepAction;
    if (failedIn(action, state).length === 0) action.effect(state);
    rows.push({ step: String(nth + 1), action, beside: drawn() });
  }
  const lane = laneWidth(machine, names, rows);
  const cells = rows.map((row) => cellsOf(machine, row, lane));
  if (loop.length > 0) cells.splice(run.length + 1, 0, ["", pc.dim("again and again:")]);
  const text = columns([head(machine, names), ...cells], textWidth() - SPACE);
  return [...text.split("\n"), ...(machine.legend === undefined ? [] : [pc.dim(machine.legend)])];
}

/** As wide as the columns beside the lanes allow. */
function laneWidth({ cpus }: StepMachine, names: readonly string[], rows: readonly Row[]): number {
  const besideWidth = names.reduce((sum, name, column) => {
    const widest = Math.max(name.length, ...rows.map(({ beside }) => beside[column]?.length ?? 0));
    return sum + widest + SPACE;
  }, 0);
  const room = textWidth() - SPACE - String(rows.length - 1).length - besideWidth;
  return Math.max(NARROWEST_LANE, Math.min(WIDEST_LANE, Math.floor(room / cpus) - SPACE));
}

const lanes = ({ cpus }: StepMachine) => Array.from({ length: cpus }, (_none, cpu) => cpu);

function head(machine: StepMachine, beside: readonly string[]): string[] {
  return ["", ...lanes(machine).map((cpu) => `CPU ${cpu}`), ...beside].map((word) => pc.dim(word));
}

function cellsOf(machine: StepMachine, { step, action, beside }: Row, width: number): string[] {
  const lane = (cpu: number) => (action?.cpu === cpu ? wrapped(laneText(action), width) : "");
  return [step, ...lanes(machine).map(lane), ...beside];
}

/** The name of an action without its CPU, which its lane says. */
const laneText = ({ name, cpu }: StepAction) => name.replace(`CPU ${cpu}, `, "");

/** In lines of at most `width` letters, except for longer words. */
function wrapped(text: string, width: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) as string;
    if (line === "" || line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`.trim();
    else lines.push(word);
  }
  return lines.join("\n");
}

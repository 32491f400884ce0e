/** A run at the step grain as a sequence chart: a lane for each CPU, and beside the steps the state they work on. */
import { failedIn } from "../../engine/machine.ts";
import type { StepAction, StepMachine } from "../../protocols/program.ts";
import { pc } from "../colour.ts";
import { columns, textWidth } from "../output.ts";

/** The width of a lane, if there is room: longer text continues in the next line. */
const WIDEST_LANE = 34;
const NARROWEST_LANE = 14;
/** Between two columns, and before a chart where it is part of a text. */
const SPACE = 2;

/** One step: in which lane what was done, unless it is the beginning, and what is drawn after it. */
export interface ChartRow {
  readonly step: string;
  readonly lane?: number | undefined;
  readonly text?: string | undefined;
  readonly beside: readonly string[];
}

/** The run, a row a step, numbered from 1. The last step may violate a law. A loop is marked where it begins. */
export function chart(machine: StepMachine, run: readonly number[], loop: readonly number[] = []): string[] {
  const state = new Int32Array(machine.words);
  machine.initial(state);
  const names = Object.keys(machine.draw(state));
  const drawn = () => Object.values(machine.draw(state));
  const rows: ChartRow[] = [{ step: "", beside: drawn() }];
  for (const [nth, index] of [...run, ...loop].entries()) {
    const action = machine.actions[index] as StepAction;
    if (failedIn(action, state).length === 0) action.effect(state);
    rows.push({ step: String(nth + 1), lane: action.cpu, text: laneText(action), beside: drawn() });
  }
  const { lanes } = machine;
  return drawChart({
    lanes,
    names,
    rows,
    loopAt: loop.length > 0 ? run.length : undefined,
    legend: machine.legend,
  });
}

/** Lanes by their names, the columns beside them by theirs, and the rows, of which the first is the beginning. */
export interface Chart {
  readonly lanes: readonly string[];
  readonly names: readonly string[];
  readonly rows: readonly ChartRow[];
  /** After how many steps a loop begins, if one does. */
  readonly loopAt?: number | undefined;
  readonly legend?: string | undefined;
}

export function drawChart(drawn: Chart): string[] {
  const { lanes, names, rows, loopAt, legend } = drawn;
  const width = laneWidth(drawn);
  const cells = rows.map(({ step, lane: at, text = "", beside }) => [
    step,
    ...lanes.map((_name, lane) => (lane === at ? wrapped(text, width) : "")),
    ...beside,
  ]);
  if (loopAt !== undefined) cells.splice(loopAt + 1, 0, ["", pc.dim("again and again:")]);
  const head = ["", ...lanes, ...names].map((word) => pc.dim(word));
  const text = columns([head, ...cells], textWidth() - SPACE);
  return [...text.split("\n"), ...(legend === undefined ? [] : [pc.dim(legend)])];
}

/** As wide as the columns beside the lanes allow. */
function laneWidth({ lanes, names, rows }: Chart): number {
  const besideWidth = names.reduce((sum, name, column) => {
    const widest = Math.max(name.length, ...rows.map(({ beside }) => beside[column]?.length ?? 0));
    return sum + widest + SPACE;
  }, 0);
  const room = textWidth() - SPACE - String(rows.length - 1).length - besideWidth;
  return Math.max(NARROWEST_LANE, Math.min(WIDEST_LANE, Math.floor(room / lanes.length) - SPACE));
}

/** The name of an action without its CPU, which its lane says. */
const laneText = ({ name, lane }: StepAction) => name.replace(`${lane}, `, "");

/** In lines of at most `width` letters, except for longer words. */
function wrapped(text: string, width: number): string {
  return text
    .split("\n")
    .flatMap((each) => wrappedLine(each, width))
    .join("\n");
}

function wrappedLine(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) as string;
    if (line === "" || line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`.trim();
    else lines.push(word);
  }
  return lines;
}

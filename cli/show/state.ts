/** A state in words: of a protocol by its fields, of a kernel by what its wing draws. For graphs, and runs written as ITF. */
import type { ItfState, ItfValue } from "../../adapters/itf.ts";
import { failedIn } from "../../engine/machine.ts";
import { actionsTo } from "../../engine/search/explore.ts";
import { type Field, type Layout, memberText } from "../../engine/search/layout.ts";
import type { Reached } from "../../engine/search/visitable.ts";
import { extentText } from "../../jobs/command-text.ts";
import type { KernelInstance, ProtocolInstance, Report, SubjectInstance } from "../../jobs/subject-types.ts";
import type { Explorable } from "../../properties/explorable.ts";
import type { StepMachine } from "../../protocols/program.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import { chart } from "./chart.ts";
import { mapsOf, type State, stepLine } from "./drawing.ts";
import { drawingOf } from "./drawings.ts";

/** The run into a violation, a line a step. */
export function linesOf(instance: SubjectInstance, { law, run, history, played }: Report): readonly string[] {
  if (instance.grain === "call") {
    const drawing = drawingOf(instance.wing);
    const lines = played.map((step) => stepLine(drawing, step, played.length));
    return [
      ...lines,
      ...(mapsOf(drawing, played, { violation: { law, index: played.length - 1 } }).at(-1) ?? []),
    ];
  }
  return isOfSteps(instance.packed) ? chart(instance.packed, run) : history.map(String);
}

/** Every state on the way of a run, the initial one first. */
export function statesOf(instance: SubjectInstance, run: readonly number[]): ItfState[] {
  if (instance.grain === "step") return statesOfProtocol(instance, run);
  return Array.from(statesAfter(instance, run), ({ action, variables }) => ({ action, variables }));
}

/** A state in a few lines, for a graph. */
export function labelOf(instance: SubjectInstance, number: number, reached: Reached): readonly string[] {
  if (instance.grain === "call") {
    return [...statesAfter(instance, actionsTo(reached, number))].at(-1)?.lines ?? [];
  }
  const { packed } = instance;
  const [state, initial] = [new Int32Array(packed.words), new Int32Array(packed.words)];
  reached.read(number, state);
  packed.initial(initial);
  return changedFields(packed.layout, state, initial);
}

function statesOfProtocol({ packed }: ProtocolInstance, run: readonly number[]): ItfState[] {
  const state = new Int32Array(packed.words);
  packed.initial(state);
  const states = [{ action: "init", variables: fieldsOf(packed, state) }];
  for (const action of run) {
    const taken = packed.actions[action] as (typeof packed.actions)[number];
    // An action whose assertion fails leads nowhere.
    if (failedIn(taken, state).length > 0) break;
    taken.effect(state);
    states.push({ action: taken.name, variables: fieldsOf(packed, state) });
  }
  return states;
}

/** Whether it is a machine of CPUs that take steps. */
const isOfSteps = (packed: ProtocolInstance["packed"]): packed is StepMachine => "draw" in packed;

/** Its fields; of a machine of steps also what a chart shows beside them. */
function fieldsOf(packed: ProtocolInstance["packed"], state: Int32Array): Record<string, ItfValue> {
  const fields = variablesOf(packed.layout, state);
  return isOfSteps(packed) ? { ...fields, drawn: packed.draw(state) } : fields;
}

function statesAfter({ wing, bench, machine }: KernelInstance, run: readonly number[]): Iterable<State> {
  const commands = run.map((action) => machine.commands[action] as Explorable["commands"][number]);
  return drawingOf(wing).states(bench, commands);
}

/** The fields by the names of their arrays: values by name, lists, and lists of lists. */
export function variablesOf(layout: Layout, state: Int32Array): Record<string, ItfValue> {
  const variables: Record<string, ItfValue> = {};
  for (const { name, over } of layout.fields) {
    const array = arrayName(name);
    if (array in variables) continue;
    const values = layout.fields
      .filter((each) => arrayName(each.name) === array)
      .map((each) => layout.read(each, state));
    const [rows, columns] = over;
    if (rows === undefined) variables[array] = values[0] as ItfValue;
    else variables[array] = columns === undefined ? values : inRows(values, columns.size);
  }
  return variables;
}

const arrayName = (field: string) => field.replace(/\[.*/, "");

function inRows<T>(values: readonly T[], columns: number): T[][] {
  const rows: T[][] = [];
  for (let at = 0; at < values.length; at += columns) rows.push(values.slice(at, at + columns));
  return rows;
}

/** A line for each field that differs from the initial state; one line for adjacent pages with the same value. */
export function changedFields(layout: Layout, state: Int32Array, initial: Int32Array): string[] {
  const changed = layout.fields.filter((field) => field.get(state) !== field.get(initial));
  const lines: { of: string; pages: Extent | undefined; value: string }[] = [];
  for (const field of changed) {
    const line = { of: fieldName(field), pages: pagesOf(field), value: String(layout.read(field, state)) };
    const last = lines.at(-1);
    const isSame = last?.of === line.of && last.value === line.value;
    if (isSame && last.pages !== undefined && last.pages.end === line.pages?.start)
      last.pages = { start: last.pages.start, end: line.pages.end };
    else lines.push(line);
  }
  if (lines.length === 0) return ["as at the beginning"];
  return lines.map(
    ({ of, pages, value }) => `${of}${pages === undefined ? "" : ` ${extentText(pages)}`}: ${value}`,
  );
}

/** The page of a field that is declared over pages alone. */
function pagesOf({ over: [set, other], at: [page = 0] }: Field): Extent | undefined {
  return set?.name === "pages" && other === undefined ? { start: page, end: page + 1 } : undefined;
}

/** `tlb of CPU 0, page 1`. */
function fieldName(field: Field): string {
  const { name, over, at } = field;
  if (over.length === 0 || pagesOf(field) !== undefined) return arrayName(name);
  const members = over.map((set, nth) => memberText(set, at[nth] as number));
  return `${arrayName(name)} of ${members.join(", ")}`;
}

/** What random histories saw of a space that was visited whole. */
import type { Coverage } from "../../properties/coverage.ts";
import { EXPLORED_SCOPE, type ExploredKernel } from "../check-explored.ts";
import type { KernelReport } from "../check-kernel.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";

export function exploredJson({ states, edges, ended, breaks, coverage }: ExploredKernel) {
  return {
    scope: EXPLORED_SCOPE,
    states,
    edges,
    ended,
    breaks: breaks.map(({ law, history, bug }) => ({ law, bug: bug ?? null, commands: history.length })),
    coverage: coverage.map(({ drawing, commands, states, edges, missed }) => ({
      drawing: drawing.name,
      histories: drawing.histories,
      commands,
      states,
      edges,
      missed,
    })),
  };
}

/** A row a kernel, and one for each further way to draw; empty if nothing was explored. */
export function exploredWhole(reports: readonly KernelReport[]): string {
  const rows = reports.flatMap(({ kernel, explored }) =>
    explored === undefined ? [] : rowsOf(kernel.name, explored),
  );
  if (rows.length === 0) return "";
  const histories = reports.find(({ explored }) => explored)?.explored?.coverage[0]?.drawing.histories ?? 0;
  const title = `Every state of ${EXPLORED_SCOPE}, and what ${histories} random histories saw of them`;
  const head = [
    "kernel",
    "states",
    "edges",
    "broken",
    "histories drawn",
    "states seen",
    "edges seen",
    "most missed behind",
  ];
  return `${pc.bold(title)}\n${columns([head, ...rows])}`;
}

function rowsOf(kernel: string, { states, edges, ended, breaks, coverage }: ExploredKernel): string[][] {
  const broken =
    breaks.length === 0 ? "nothing" : [...new Set(breaks.map(({ bug }) => bug ?? "unknown"))].join(", ");
  const first = [kernel, ended === "fixpoint" ? String(states) : `${states} of more`, String(edges), broken];
  if (coverage.length === 0) return [[...first, "none", "", "", ""]];
  return coverage.map((each, nth) => [...(nth === 0 ? first : ["", "", "", ""]), ...seenBy(each)]);
}

function seenBy({ drawing, states, edges, missed }: Coverage): string[] {
  const most = missed.slice(0, 2).map(({ action }) => action);
  return [drawing.name, percent(states), percent(edges), most.length === 0 ? "none" : most.join("; ")];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** Every state of a small space, and the part that random histories visit. */

import type { ExploredKernel } from "../../jobs/check/explored.ts";
import type { KernelReport } from "../../jobs/check/kernel.ts";
import type { Coverage } from "../../properties/coverage.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";

export function exploredJson({ space, states, edges, ended, violations, coverage }: ExploredKernel) {
  return {
    scope: space,
    states,
    edges,
    ended,
    breaks: violations.map(({ law, history, bug }) => ({ law, bug: bug ?? null, commands: history.length })),
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

/** The space that was visited: one for all kernels of a wing. */
const spacesIn = (reports: readonly KernelReport[]) =>
  reports.flatMap(({ explored }) => (explored === undefined ? [] : [explored.space]));

/** A row for each kernel of a wing: its violations in the space; empty if nothing was visited. */
export function visitedText(reports: readonly KernelReport[]): string {
  const rows = reports.flatMap(({ kernel, explored }) => {
    if (explored === undefined) return [];
    const { states, edges, ended, violations } = explored;
    const bugs = [...new Set(violations.map(({ bug }) => bug ?? pc.red("unknown")))].join(", ");
    const all = ended === "fixpoint" ? String(states) : `${states} of more`;
    return [[kernel.name, all, String(edges), bugs === "" ? "nothing" : bugs]];
  });
  const [space] = spacesIn(reports);
  if (space === undefined) return "";
  const head = ["kernel", "states", "edges", "violated by"].map((word) => pc.dim(word));
  return `${pc.bold(`Every state of ${space}`)}\n${columns([head, ...rows])}`;
}

/** A row for each way to draw histories; empty if nothing was compared. */
export function coverageText(reports: readonly KernelReport[]): string {
  const rows = reports.flatMap(({ kernel, explored }) =>
    (explored?.coverage ?? []).map((each, nth) => [nth === 0 ? kernel.name : "", ...seenBy(each)]),
  );
  const [space] = spacesIn(reports);
  if (space === undefined || rows.length === 0) return "";
  const head = ["kernel", "histories", "drawn", "states", "edges", "most missed after"];
  const title = `What random histories saw of every state of ${space}`;
  return `${pc.bold(title)}\n${columns([head.map((word) => pc.dim(word)), ...rows])}`;
}

function seenBy({ drawing, states, edges, missed }: Coverage): string[] {
  const most = missed.slice(0, 2).map(({ action }) => action);
  const shares = [percent(states), percent(edges)];
  return [String(drawing.histories), drawing.name, ...shares, most.length === 0 ? "none" : most.join("; ")];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

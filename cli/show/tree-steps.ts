/** Interleavings of a tree's own code: what was covered, and each violation as a chart with function and line. */

import { interleavedCalled } from "../../counterexamples/interleavings.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { actText } from "../../jobs/trees/acts.ts";
import type { ReplayedTreeRun } from "../../jobs/trees/run.ts";
import { type Attribution, isUnknown } from "../../jobs/trees/situations.ts";
import {
  laneName,
  PAGES_LEGEND,
  pagesTextOf,
  stepName,
  type TreeRun,
  type TreeSteps,
  type TreeStepsFound,
} from "../../jobs/trees/steps.ts";
import type { DrawnFound } from "../../jobs/trees/steps-drawn.ts";
import { STEP_LAWS } from "../../jobs/trees/steps-judge.ts";
import { withNumber } from "../../jobs/wings.ts";
import type { LawId } from "../../spec/contract.ts";
import { WORKER } from "../../trees/vmap/calls.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { drawChart } from "./chart.ts";
import { ENDED } from "./explored.ts";
import { counted } from "./text.ts";

const EXACT = "states are memory and stacks, compared by 128 bits of hash";

export function treeStepsJson(found: TreeStepsFound) {
  const { states, steps, depth, ended, seconds, reports, ends, stuck, bytes } = found;
  const [first] = reports;
  return {
    ...aboutJson(found),
    states,
    edges: steps,
    depth,
    verdict: first !== undefined ? "broken" : ended === "fixpoint" ? "holds" : "bounded",
    law: first?.law ?? null,
    history: first?.run.steps.map(stepName) ?? null,
    exact: EXACT,
    reductions: [],
    seconds,
    ended,
    laws: STEP_LAWS.map(({ id }) => {
      const report = reports.find((each) => each.law === id);
      const own = reports.find((each) => each.law === id && each.bug !== undefined);
      return {
        id,
        verdict: report !== undefined ? "broken" : ended === "fixpoint" ? "kept" : "unbroken",
        bug: report?.bug ?? null,
        alike: report?.alike ?? null,
        why: report?.why ?? null,
        commands: report?.run.steps.length ?? null,
        own: own === undefined ? null : { bug: own.bug, commands: own.run.steps.length },
        times: report?.times ?? 0,
        steps: report === undefined ? null : stepsJson(report.run),
      };
    }),
    ends,
    stuck,
    bytes,
  };
}

const aboutJson = ({ tree, calls, scope, grain }: TreeSteps) => ({
  machine: `tree:${tree.directory}`,
  version: tree.version ?? null,
  calls: calls.text,
  scope: scopeText({ ...scope }),
  grain,
});

const stepsJson = ({ steps }: TreeRun) =>
  steps.map(({ lane, acts, laws, pages }, nth) => ({
    step: nth + 1,
    cpu: lane === WORKER ? null : lane,
    acts: acts.map(({ says, at }) => ({
      says,
      file: at?.file ?? null,
      function: at?.function ?? null,
      line: at?.line ?? null,
    })),
    laws,
    picture: pages,
  }));

/** Violations by what is known of them; those that nothing was compared with only if there are any. */
function countsOf(reports: readonly Attribution[]): readonly string[] {
  const [known, unknown] = [reports.filter(({ bug }) => bug !== undefined), reports.filter(isUnknown)];
  const rest = reports.length - known.length - unknown.length;
  const notCompared = rest === 0 ? [] : [`${rest} not compared`];
  return [`${counted(known.length, "violation")} known`, ...notCompared, `${unknown.length} unknown`];
}

export function treeStepsText(found: TreeStepsFound): string {
  const { tree, states, steps, seconds, reports, ended } = found;
  const unknown = reports.filter(isUnknown).length;
  const verdict = reports.length > 0 ? "Violated" : ended === "fixpoint" ? "Holds" : "No violation so far";
  const colour = unknown > 0 ? pc.red : reports.length === 0 && ended !== "fixpoint" ? pc.yellow : pc.green;
  const head = [
    `tree:${tree.directory}`,
    `${STEP_LAWS.length} laws`,
    ...countsOf(reports),
    `${states} states`,
    `${seconds.toFixed(1)} s`,
  ].join(", ");
  return [
    `${colour(verdict)}: ${head}`,
    aboutText(found),
    ...reports.map(({ law, run, times, ...known }) =>
      [
        `${pc.red(`${law} is violated`)} in ${run.steps.length}, shortest; ${counted(times, "step")} violate${times === 1 ? "s" : ""} it.`,
        saysOf(law),
        chartOf(run)
          .map((line) => `  ${line}`)
          .join("\n"),
        attributedText(known),
      ].join("\n"),
    ),
    columns([
      ["states", `${states}, of ${steps} steps; ended ${ENDED[ended]}`],
      ["exact", EXACT],
      ["all calls returned", `in ${found.ends} states`],
    ]),
  ].join("\n\n");
}

export function drawnJson({
  tree,
  drawn,
  scope,
  grain,
  all,
  skipped,
  explored,
  whole,
  states,
  steps,
  seconds,
  reports,
}: DrawnFound) {
  return {
    machine: `tree:${tree.directory}`,
    version: tree.version ?? null,
    calls: drawn,
    scope: scopeText({ ...scope }),
    grain,
    ...{ all, skipped, explored, whole, states, edges: steps, seconds },
    verdict: reports.length > 0 ? "broken" : whole === all ? "holds" : "bounded",
    laws: reports.map(({ law, bug, alike, why, among, run, found }) => ({
      ...{ id: law, verdict: "broken", bug: bug ?? null, alike: alike ?? null, why: why ?? null },
      ...{ among, calls: found.calls.text },
      commands: run.steps.length,
      history: run.steps.map(stepName),
      steps: stepsJson(run),
    })),
  };
}

export function drawnText({
  tree,
  drawn,
  scope,
  grain,
  all,
  skipped,
  explored,
  whole,
  states,
  seconds,
  reports,
}: DrawnFound): string {
  const unknown = reports.filter(isUnknown).length;
  const holds = `Holds in these ${all} ${drawn}`;
  const verdict = reports.length > 0 ? "Violated" : whole === all ? holds : "No violation so far";
  const next = skipped + explored;
  return [
    `${unknown > 0 ? pc.red(verdict) : pc.green(verdict)}: tree:${tree.directory}, ${drawn} of calls on two CPUs, ${countsOf(reports).join(", ")}, ${states} states, ${seconds.toFixed(1)} s`,
    `${pc.bold(tree.version ?? "unknown version")}, ${scopeText({ ...scope })}, steps at ${grain}\n${explored} of ${all} explored, ${whole} to the fixpoint${skipped > 0 ? `; the first ${skipped} left out` : ""}${next < all ? `; the rest: --skip ${next}` : ""}\n${notTried(drawn, scope, grain)}`,
    ...reports.map(({ law, among, run, found, ...known }) =>
      [
        `${pc.red(`${law} is violated`)} by ${among} of them; shortest in ${run.steps.length}:`,
        found.calls.text,
        ...chartOf(run).map((line) => `  ${line}`),
        attributedText(known),
      ].join("\n"),
    ),
  ].join("\n\n");
}

/** What calls that are drawn leave out: the verdict says nothing about it. */
function notTried(drawn: DrawnFound["drawn"], { block, map }: TreeSteps["scope"], grain: string): string {
  const longer = drawn.endsWith("pairs")
    ? `longer calls (${drawn.replace("pairs", "triples")})`
    : "longer calls";
  return `not tried: ${[
    longer,
    "a third CPU (--calls with calls of your own)",
    ...(drawn.startsWith("actor-") ? [] : ["reclaim and readers beside (actor-pairs)"]),
    `blocks but of ${block} pages with maps of ${map} (--scope)`,
    ...(grain === "locks" ? ["READ_ONCE and WRITE_ONCE as steps (--grain once)"] : []),
  ].join(", ")}`;
}

const aboutText = ({ tree, calls, scope, grain }: TreeSteps) =>
  `${pc.bold(tree.version ?? "unknown version")}, ${calls.cpus} CPU${calls.cpus === 1 ? "" : "s"}, ${scopeText({ ...scope })}, steps at ${grain}\ncalls ${calls.text}`;

const saysOf = (law: LawId) => STEP_LAWS.find(({ id }) => id === law)?.says ?? "";

const nameOf = (id: string) => withNumber(interleavedCalled(id) ?? { id });

/** In a word or two. */
function verdictOf(known: Attribution): string {
  if (known.bug !== undefined) return nameOf(known.bug);
  return isUnknown(known) ? "unexpected" : "not compared";
}

function attributedText({ bug, alike, why, isCompared }: Attribution): string {
  if (bug !== undefined) return `violated by ${nameOf(bug)}, as in the protocol of this version`;
  if (alike === undefined) return pc.red("unexpected: not known to the catalogue of this version");
  const also = `also violated by known bug ${nameOf(alike)} of this version`;
  return isCompared ? pc.red(`unexpected: ${also}, but ${why}`) : pc.yellow(`${also}; ${why}`);
}

function chartOf(run: TreeRun): string[] {
  const { begin, steps } = run;
  const lanes = [...new Set(steps.map(({ lane }) => lane))].sort((a, b) => a - b);
  const pagesText = pagesTextOf(run);
  return drawChart({
    lanes: lanes.map(laneName),
    names: ["pages"],
    rows: [
      { step: "", beside: [pagesText(begin)] },
      ...steps.map(({ lane, acts, pages }, nth) => ({
        step: String(nth + 1),
        lane: lanes.indexOf(lane),
        text: acts.map(actText).join("\n"),
        beside: [pagesText(pages)],
      })),
    ],
    legend: `${PAGES_LEGEND}; vb_free():9 is line 9 of mm/vmalloc.c`,
  });
}

export function treeRunJson(found: ReplayedTreeRun) {
  const { target, run, laws, how, searched, accepted } = found;
  const known = run.steps.at(-1)?.known;
  return {
    history: target,
    kernel: aboutJson(found).machine,
    ...aboutJson(found),
    accepted: accepted ?? null,
    law: laws[0] ?? null,
    ...{ bug: known?.bug ?? null, alike: known?.alike ?? null, why: known?.why ?? null },
    step: laws.length > 0 ? run.steps.length : null,
    how,
    ...(searched === undefined ? {} : { states: searched.states, ended: searched.ended }),
    laws,
    steps: stepsJson(run),
  };
}

export function treeRunText(found: ReplayedTreeRun): string {
  const { target, file, run, laws, how, searched, tree } = found;
  const name = `tree:${tree.directory}`;
  const known = run.steps.at(-1)?.known;
  const verdict = known
    ? pc.red(`${name} violates ${laws.join(", ")} in ${run.steps.length} steps: ${verdictOf(known)}`)
    : found.accepted === true
      ? pc.green(
          `accepted: ${name} keeps ${file.law} ${searched === undefined ? "in this run" : `in all ${searched.states} states of these calls`}`,
        )
      : `Whether ${name} keeps ${file.law} is not known: ${searched?.states} states were visited, and there are more`;
  const HOW = {
    exactly: "each step does what the file says",
    aligned: "what the file says is done in its order, with other steps in between",
    searched: "this tree cannot take the run of the file; all others were searched",
  };
  return [
    verdict,
    aboutText(found),
    `${target}: ${HOW[how]}`,
    ...(run.steps.length > 0 ? [chartOf(run).join("\n")] : []),
    ...laws.map((law) => `${pc.red(pc.bold(law))}   ${saysOf(law)}`),
    ...(known === undefined ? [] : [attributedText(known)]),
  ].join("\n\n");
}

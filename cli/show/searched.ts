/** What a search of a protocol found that visits no fixpoint: liveness, random walks, swarms. As text, and as JSON. */

import { type LivenessReport, namesOfSteps } from "../../jobs/explore/liveness.ts";
import type { RandomReport } from "../../jobs/explore/random.ts";
import type { SwarmReport } from "../../jobs/explore/swarm.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { numbered } from "../../jobs/wings.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { chart } from "./chart.ts";
import { linesOf } from "./state.ts";
import { counted } from "./text.ts";

export function lastingJson({ name, scope, machine, result, lasted }: LivenessReport) {
  const { states, verdict, ended, seconds } = result;
  const names = (run: readonly number[] | undefined) =>
    run === undefined ? null : namesOfSteps(machine, run);
  return {
    machine: name,
    scope: scopeText(scope),
    states,
    verdict,
    ended,
    liveness: lasted.map(({ id, verdict, bug = null, lasso }) => ({
      id,
      verdict,
      bug,
      stem: names(lasso?.stem),
      loop: names(lasso?.loop),
    })),
    seconds,
  };
}

export function lastingText({ name, says, scope, machine, result, lasted }: LivenessReport): string {
  const { states, ended, seconds } = result;
  const saysOf = (id: string) => machine.eventuallyEnds?.find((each) => each.id === id)?.says ?? "";
  const broken = lasted.flatMap((each) => {
    if (each.lasso === undefined) return [];
    const { stem, loop } = each.lasso;
    const { bug } = each;
    const head = `${pc.red(`${each.id} is violated`)}: ${stem.length} steps, then ${loop.length === 0 ? "nothing more" : `${loop.length} for ever`}.\n${saysOf(each.id)}`;
    return [
      [head, ...chart(machine, stem, loop), ...(bug === undefined ? [] : [`known as ${numbered(bug)}`])].join(
        "\n",
      ),
    ];
  });
  const verdicts = lasted.map(({ id, verdict }) => [
    id,
    verdict === "holds" ? pc.green(verdict) : verdict === "broken" ? "violated" : verdict,
    pc.dim(saysOf(id)),
  ]);
  const receipt = [
    ["states", String(states)],
    [
      "ended",
      ended === "fixpoint"
        ? "at the fixpoint: nothing is left to visit"
        : `at a bound (${ended}): what lies beyond is not known`,
    ],
    ["fairness", "weak: a CPU that can always continue does so eventually"],
    ["seconds", seconds.toFixed(2)],
  ];
  const violated = lasted.filter(({ lasso }) => lasso !== undefined);
  const unknown = violated.filter(({ bug }) => bug === undefined).length;
  const word = violated.length > 0 ? "Violated" : ended === "fixpoint" ? "Holds" : "No violation so far";
  const count = violated.length - unknown;
  const facts = `${name}, ${lasted.length} laws, ${count} violation${count === 1 ? "" : "s"} known, ${unknown} unknown, ${states} states, ${seconds.toFixed(1)} s`;
  return [
    `${(unknown > 0 ? pc.red : pc.green)(word)}: ${facts}`,
    `${pc.bold(name)} ${scopeText(scope)}\n${says}`,
    ...broken,
    columns(verdicts),
    columns(receipt),
  ].join("\n\n");
}

// What random runs of a protocol met: as text, and as JSON.

export function walkedJson({ name, scope, machine, seed, result, reports, seconds }: RandomReport) {
  const { runs, steps, violating, violations } = result;
  return {
    machine: name,
    scope: scopeText(scope),
    runs,
    steps,
    violating,
    seed,
    violations: violations.map(({ law, run }, nth) => ({
      law,
      bug: reports[nth]?.bug ?? null,
      history: namesOfSteps(machine, run),
    })),
    seconds,
  };
}

export function walkedText({
  name,
  says,
  scope,
  machine,
  seed,
  result,
  reports,
  seconds,
}: RandomReport): string {
  const { runs, steps, violating, violations, fired } = result;
  const saysOf = (law: string) =>
    machine.actions.flatMap(({ asserts = [] }) => asserts).find((each) => each.law.id === law)?.law.says ??
    machine.invariants.find(({ id }) => id === law)?.says ??
    "";
  const shown = violations.map(({ law, run }, nth) => {
    const bug = reports[nth]?.bug;
    const head = `${pc.red(`${law} is violated`)} in ${run.length}, perhaps not shortest.\n${saysOf(law)}`;
    return [
      head,
      ...chart(machine, run, []),
      ...(bug === undefined ? [] : [`known as ${numbered(bug)}`]),
    ].join("\n");
  });
  const unknown = reports.filter(({ bug }) => bug === undefined).length;
  const colour = unknown > 0 ? pc.red : violations.length > 0 ? pc.green : pc.yellow;
  const word = violations.length > 0 ? "Violated" : "No violation so far";
  return [
    `${colour(word)}: ${name}, ${counted(violations.length - unknown, "violation")} known, ${unknown} unknown, ${runs} random runs, ${seconds.toFixed(1)} s`,
    `${pc.bold(name)} ${scopeText(scope)}\n${says}`,
    ...shown,
    columns([
      ["runs", `${runs}, of which ${violating} violated a law`],
      ["steps", `${steps}, by ${fired} of ${machine.actions.length} actions`],
      ["a second", `${Math.round(runs / Math.max(seconds, 0.001))} runs`],
      ["seed", String(seed)],
    ]),
  ].join("\n\n");
}

// What a swarm of searches found: as text, and as JSON.

export function swarmJson({ subject, parameters, seed, searches, coverage, reports }: SwarmReport) {
  return {
    machine: subject.name,
    scope: scopeText(parameters),
    seed,
    searches: searches.map(({ sample: _, ...each }) => each),
    coverage: coverage ?? null,
    violations: reports.map(({ law, bug, promised, history }) => ({
      ...{ law, bug: bug ?? null, promised, commands: history.length, history },
    })),
  };
}

export function swarmText(report: SwarmReport): string {
  const { subject, instance, parameters, seed, states, depth, searches, coverage, reports } = report;
  const unknown = reports.filter(({ bug, promised }) => promised && bug === undefined).length;
  const seconds = searches.reduce((sum, each) => sum + each.seconds, 0);
  const whole = searches.find(({ ended }) => ended === "fixpoint");
  const colour = unknown > 0 ? pc.red : reports.length > 0 || whole ? pc.green : pc.yellow;
  const word = reports.length > 0 ? "Violated" : whole ? "Holds" : "No violation so far";
  const shown = reports.map(({ law, bug, history, ...rest }) => {
    const head = `${pc.red(`${law} is violated`)} in ${history.length}, perhaps not shortest.`;
    const lines = linesOf(instance, { law, bug, history, ...rest }).map((line) => `  ${line}`);
    return [head, ...lines, ...(bug === undefined ? [] : [`known as ${bug}`])].join("\n");
  });
  return [
    `${colour(word)}: ${subject.name}, ${counted(reports.length - unknown, "violation")} known, ${unknown} unknown, ${searches.length} searches, ${seconds.toFixed(1)} s`,
    `${pc.bold(subject.name)} ${scopeText(parameters)}\n${subject.says}`,
    ...shown,
    columns([
      [
        "searches",
        `${searches.length}, each of up to ${states} states and ${depth} steps, seeds from ${seed}`,
      ],
      ...(whole === undefined ? [] : [["all states", `${whole.states}: a search visited every one`]]),
      ...(coverage === undefined || whole !== undefined ? [] : coverageRows(coverage)),
    ]),
  ].join("\n\n");
}

function coverageRows({ found, once, estimate }: NonNullable<SwarmReport["coverage"]>): string[][] {
  return [
    ["states found", `about ${found}, of which ${once} by one search alone`],
    ["states there are", `at least ${estimate}, as estimated: ${share(found, estimate)} of them were found`],
  ];
}

export const share = (found: number, estimate: number): string =>
  `${((100 * found) / Math.max(1, estimate)).toFixed(0)} %`;

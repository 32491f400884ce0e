/** What a swarm of searches found: as text, and as JSON. */

import type { SwarmReport } from "../../jobs/explore/swarm.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { linesOf } from "./state.ts";
import { counted } from "./text.ts";

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

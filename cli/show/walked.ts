/** What random runs of a protocol met: as text, and as JSON. */

import { namesOfSteps } from "../../jobs/explore/liveness.ts";
import type { RandomReport } from "../../jobs/explore/random.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { numbered } from "../../jobs/wings.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { chart } from "./chart.ts";
import { counted } from "./text.ts";

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

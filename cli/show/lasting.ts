/** The conditions that have to end, and their verdicts: as text, and as JSON. */
import { type LivenessReport, namesOfSteps } from "../../jobs/explore/liveness.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { numbered } from "../../jobs/wings.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { chart } from "./chart.ts";

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

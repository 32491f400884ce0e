/** `check`: every kernel against every law it promises. The main job. */

import { bugCalled } from "../../counterexamples/index.ts";
import { KERNELS } from "../../kernels/index.ts";
import { lineageOf } from "../../spec/releases.ts";
import { checkInterleaved, type InterleavedReport } from "../check-interleaved.ts";
import {
  type Cell,
  type CheckOptions,
  checkKernel,
  type KernelReport,
  type Surprise,
} from "../check-kernel.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { checkedFor, lawNamed } from "../names.ts";
import { columns, interruptible, progress } from "../output.ts";
import { exploredJson, exploredWhole } from "../show/coverage.ts";
import { failureText } from "../show/failure.ts";
import { interleavedJson, interleavedText } from "../show/interleaved.ts";
import { LEGEND, matrix } from "../show/matrix.ts";
import { STEP_LEGEND, stepBreaks, stepMatrix } from "../show/step-matrix.ts";
import { protocolsFor, type StepColumn, stepColumns } from "../step-columns.ts";
import { factsText, shortName, type VersionFacts } from "../versions.ts";

export interface CheckArguments {
  readonly seed: number;
  readonly runs: number;
  readonly law?: string;
  readonly coverage: boolean;
  readonly json: boolean;
}

export async function checkVerb(names: readonly string[], options: CheckArguments): Promise<number> {
  const asked = names.map((name) => ({ name, ...checkedFor(name) }));
  const kernels = names.length === 0 ? KERNELS : [...new Set(asked.flatMap((each) => each.kernels))];
  const facts = asked.flatMap((each) => each.facts ?? []);
  const law = options.law === undefined ? undefined : lawNamed(options.law);
  const started = Date.now();
  const spinner = progress();
  const work = interruptible();
  const how: CheckOptions = {
    seed: options.seed,
    runs: options.runs,
    law,
    compare: options.coverage,
    say: (text) => spinner.say(text),
    interrupted: () => work.interrupted,
  };
  const reports: KernelReport[] = [];
  for (const kernel of kernels) {
    if (work.interrupted) break;
    reports.push(await checkKernel(kernel, how));
  }
  const protocols = names.length === 0 ? undefined : protocolsFor(names, law);
  // Asked for one law of every kernel, it leaves the interleavings out.
  const steps =
    protocols !== undefined || law === undefined
      ? await checkInterleaved({
          ...(protocols === undefined ? {} : { protocols }),
          say: (text) => spinner.say(text),
          turn: () => interruptedAfterTurn(work),
        })
      : undefined;
  const releases = names.length === 0 ? KERNELS.map(({ name }) => name) : [...new Set(names)];
  const interleaved = steps === undefined ? [] : stepColumns(releases, steps, law);
  spinner.stop();
  const surprises = reports.flatMap((report) => report.surprises);
  const seconds = (Date.now() - started) / 1000;
  const byName = names.length > 0;
  const { seed } = options;
  const complete = !work.interrupted;
  const checked = { reports, facts, byName, surprises, steps, interleaved, seed, seconds, complete };
  if (options.json) console.log(JSON.stringify(asJson(checked)));
  else print(checked);
  if (work.interrupted) {
    if (!options.json) console.log(`Interrupted in kernel ${reports.length} of ${kernels.length}.`);
    return INTERRUPTED;
  }
  return unexpected({ surprises, steps }) > 0 ? UNEXPECTED : AS_EXPECTED;
}

async function interruptedAfterTurn(work: ReturnType<typeof interruptible>): Promise<boolean> {
  await work.turn();
  return work.interrupted;
}

/** All that was found. */
interface Checked {
  readonly reports: readonly KernelReport[];
  /** What is known of the versions asked for of which there is no model. */
  readonly facts: readonly VersionFacts[];
  /** Its kernels were asked for by their names. */
  readonly byName: boolean;
  readonly surprises: readonly Surprise[];
  /** The step grain: of the releases asked for, or of all; undefined where one law of all was asked for. */
  readonly steps: InterleavedReport | undefined;
  /** The same, a column for each release. */
  readonly interleaved: readonly StepColumn[];
  readonly seed: number;
  readonly seconds: number;
  readonly complete: boolean;
}

const unexpected = ({ surprises, steps }: Pick<Checked, "surprises" | "steps">) =>
  surprises.length + (steps?.surprises.length ?? 0);

function asJson(checked: Checked) {
  const { reports, facts, surprises, steps, interleaved, seed, seconds, complete } = checked;
  const kernels = reports.map(({ kernel, cells, histories, commands, seen, explored, gone }) => ({
    label: kernel.name,
    labels: kernel.release.labels,
    like: kernel.release.like ?? null,
    gone,
    laws: cells.map(({ law: id, ...rest }) => ({ id, ...rest })),
    histories,
    commands,
    witnesses: Object.fromEntries([...seen].sort()),
    explored: explored === undefined ? null : exploredJson(explored),
  }));
  return {
    kernels,
    versions: facts,
    interleaved: interleaved.map(({ cells, ...rest }) => ({
      ...rest,
      laws: cells.map(({ law: id, ...cell }) => ({ id, ...cell })),
    })),
    interleavings: steps === undefined ? null : interleavedJson(steps),
    unexpected: unexpected({ surprises, steps }),
    surprises,
    seed,
    seconds,
    complete,
  };
}

function print(checked: Checked): void {
  const { reports, facts, byName, surprises, steps, interleaved, seed, seconds, complete } = checked;
  for (const each of facts) console.log(`${factsText(each)}\n`);
  console.log(`${matrix(reports)}\n\n${pc.dim(LEGEND)}\n`);
  const interleavings = interleavedPart(interleaved);
  if (interleavings !== "") console.log(`${interleavings}\n`);
  for (const { kernel, gone } of reports.filter((each) => each.gone.length > 0))
    console.log(
      `${kernel.name} was derived from ${lineageOf(kernel.release).slice(1).join(", ")}, and has not: ${gone.map(shortName).join(", ")}\n`,
    );
  const bugs = breaksAs(reports, "broken");
  if (bugs.length > 0) console.log(`${pc.bold("Broken, as the catalogue has it")}\n${columns(bugs)}\n`);
  const short = breaksAs(reports, "not-promised");
  if (short.length > 0)
    console.log(
      `${pc.bold("Falls short of what is not promised, as the catalogue has it")}\n${columns(short)}\n`,
    );
  const paths = exercised(reports);
  if (paths.length > 0) console.log(`${pc.bold("Exercised at random")}\n${columns(paths)}\n`);
  const whole = exploredWhole(reports);
  if (whole !== "") console.log(`${whole}\n`);
  if (steps !== undefined && !byName) console.log(`${interleavedText(steps)}\n`);
  else for (const line of steps?.surprises ?? []) console.log(`${pc.red("unexpected")}  ${line}\n`);
  for (const surprise of surprises) console.log(`${failureText(surprise)}\n`);
  const histories = reports.reduce((sum, each) => sum + each.histories, 0);
  const commands = reports.reduce((sum, each) => sum + each.commands, 0);
  const mean = histories === 0 ? 0 : commands / histories;
  console.log(
    `${reports.length} kernel${reports.length === 1 ? "" : "s"}, every pinned history, ${histories} random histories (${commands} commands, ${mean.toFixed(0)} in each on average), seed ${seed}, ${seconds.toFixed(0)} s`,
  );
  const verdict =
    unexpected(checked) === 0
      ? pc.green(complete ? "Nothing unexpected." : "Nothing unexpected so far.")
      : pc.red(`${unexpected(checked)} unexpected.`);
  console.log(verdict);
}

/** The matrix of calls that interleave, what breaks in it, and what it cannot show; "" where nothing is asked. */
function interleavedPart(all: readonly StepColumn[]): string {
  const table = stepMatrix(all);
  const breaks = stepBreaks(all);
  const unseen = all.flatMap(({ without }) => without);
  return [
    ...(table === "" ? [] : [`${pc.bold("When calls interleave")}\n${table}\n\n${pc.dim(STEP_LEGEND)}`]),
    ...(breaks.length === 0 ? [] : [columns(breaks)]),
    ...(unseen.length === 0 ? [] : [unseen.join("\n")]),
  ].join("\n\n");
}

/** How often each witness was reached, three to a line. */
function exercised(reports: readonly KernelReport[]): string[][] {
  const totals = new Map<string, number>();
  for (const { seen } of reports)
    for (const [id, times] of seen) totals.set(id, (totals.get(id) ?? 0) + times);
  const cells = [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, times]) => [id, String(times)]);
  const rows: string[][] = [];
  for (let at = 0; at < cells.length; at += 3) rows.push(cells.slice(at, at + 3).flat());
  return rows;
}

/** One row a bug and law of this verdict: its shortest history here, where, and the line that replays it. */
function breaksAs(reports: readonly KernelReport[], wanted: Cell["verdict"]): string[][] {
  const rows = new Map<
    string,
    { law: string; least: number; most: number; replay: string | null; kernels: Set<string> }
  >();
  for (const { kernel, cells } of reports) {
    for (const { law, verdict, bugs } of cells) {
      if (verdict !== wanted) continue;
      for (const { bug, commands, replay } of bugs) {
        const key = `${bug} ${law}`;
        const row = rows.get(key) ?? { law, least: commands, most: commands, replay, kernels: new Set() };
        row.least = Math.min(row.least, commands);
        row.most = Math.max(row.most, commands);
        row.kernels.add(kernel.name);
        rows.set(key, row);
      }
    }
  }
  return [...rows].map(([key, { law, least, most, replay, kernels }]) => {
    const id = key.split(" ")[0] as string;
    const on = kernels.size > 2 ? `${kernels.size} kernels` : [...kernels].join(", ");
    const number = bugCalled(id)?.number ?? "*";
    const length = least === most ? `in ${least}` : `in ${least} to ${most}`;
    return [number, id, law, length, on, pc.dim(replay ?? "met at random")];
  });
}

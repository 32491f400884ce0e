/** `explore --liveness`: whether what has to end does, however CPUs take turns, as long as each gets its turn. */
import { formatInterleaving } from "../../adapters/interleaving-file.ts";
import { nameInterleaved } from "../../counterexamples/vmap/interleavings.ts";
import { findingLassos, type Lasted, type Liveness } from "../../engine/live/liveness.ts";
import type { Explorable } from "../../jobs/explorable.ts";
import { memoryBounds } from "../../jobs/memory.ts";
import { replayLine } from "../../jobs/names.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import type { StepMachine } from "../../protocols/program.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, BAD_INPUT, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import {
  type Content,
  filesNamed,
  lackOfViolation,
  refuseUnwritable,
  reportUnwritten,
  writeFiles,
} from "../files.ts";
import { columns, commandLine, interruptible, print, progress, timeUp } from "../output.ts";
import { chart } from "../show/chart.ts";
import { progressText } from "../show/explored.ts";
import type { ExploreArguments } from "./explore.ts";

export async function exploreLiveness(
  { name, says, steps }: Explorable,
  scope: Readonly<Record<string, number>>,
  options: ExploreArguments,
): Promise<number> {
  refuseOthers(options);
  const machine = steps?.machine(scope);
  if (machine?.passing === undefined || machine.passing.length === 0) {
    throw new UsageError(`--liveness: nothing has to end in ${name}`);
  }
  await refuseUnwritable(filesNamed({ "--out": options.out }));
  const work = interruptible();
  const result = await inTurns(machine, options, work);
  const bugOf = (each: Lasted) => (each.lasso === undefined ? undefined : nameInterleaved(name, each.id));
  const written = await writeFiles(
    filesNamed({ "--out": options.out }).map((file) => ({ ...file, ...runOf(name, scope, machine, result) })),
  );
  const files = written.map(({ option, path, why }) => ({ option, path, written: why === undefined }));
  if (options.json) console.log(JSON.stringify({ ...asJson(name, scope, machine, result, bugOf), files }));
  else print(asText({ name, says, scope }, machine, result, bugOf));
  const isLacking = reportUnwritten(written);
  if (options.out !== undefined && !isLacking && !options.json)
    print(`\n${commandLine("replay", replayLine(options.out))}`);
  if (work.interrupted) return INTERRUPTED;
  const unknown = result.lasted.some((each) => each.lasso !== undefined && bugOf(each) === undefined);
  if (unknown) return UNEXPECTED;
  return isLacking ? BAD_INPUT : AS_EXPECTED;
}

/** Throws a UsageError for options that are of the search for breaks. */
function refuseOthers({
  law,
  actions,
  compact,
  workers,
  checkpoint,
  every,
  resume,
  dot,
  itf,
  partialOrder,
  symmetry,
}: ExploreArguments): void {
  const given = { law, checkpoint, every, resume, dot, itf, "partial-order": partialOrder, symmetry };
  const flags = { actions, compact, workers: workers > 1 };
  const other =
    Object.entries(given).find(([, value]) => value !== undefined) ??
    Object.entries(flags).find(([, value]) => value);
  if (other !== undefined)
    throw new UsageError(`--liveness looks at all states and orders: --${other[0]} is not for it`);
}

async function inTurns(
  machine: StepMachine,
  options: ExploreArguments,
  work: ReturnType<typeof interruptible>,
): Promise<Liveness> {
  const bounds = {
    states: options.states,
    ...memoryBounds(options.megabytes),
  };
  const spinner = progress();
  const started = performance.now();
  const late = timeUp(options.seconds);
  const turns = findingLassos(machine, bounds);
  let turn = turns.next(false);
  while (!turn.done) {
    spinner.say(progressText(turn.value, (performance.now() - started) / 1000));
    await work.turn();
    turn = turns.next(work.interrupted || late());
  }
  spinner.stop();
  return turn.value;
}

/** The first run that never ends, as a file that replay reads. */
function runOf(
  protocol: string,
  scope: Readonly<Record<string, number>>,
  machine: StepMachine,
  { lasted }: Liveness,
): Content {
  const found = lasted.find(({ lasso }) => lasso !== undefined);
  if (found?.lasso === undefined) return lackOfViolation();
  const [steps, loop] = [namesIn(machine, found.lasso.stem), namesIn(machine, found.lasso.loop)];
  const run = { protocol, scope, law: found.id, steps: steps ?? [], loop: loop ?? [] };
  return { text: formatInterleaving(run) };
}

const namesIn = (machine: StepMachine, run: readonly number[] | undefined) =>
  run?.map((action) => machine.actions[action]?.name ?? "") ?? null;

function asJson(
  machine: string,
  scope: Readonly<Record<string, number>>,
  packed: StepMachine,
  { states, verdict, ended, lasted, seconds }: Liveness,
  bugOf: (each: Lasted) => string | undefined,
) {
  return {
    machine,
    scope: scopeText(scope),
    states,
    verdict,
    ended,
    liveness: lasted.map((each) => ({
      id: each.id,
      verdict: each.verdict,
      bug: bugOf(each) ?? null,
      stem: namesIn(packed, each.lasso?.stem),
      loop: namesIn(packed, each.lasso?.loop),
    })),
    seconds,
  };
}

function asText(
  { name, says, scope }: { name: string; says: string; scope: Readonly<Record<string, number>> },
  machine: StepMachine,
  { states, ended, lasted, seconds }: Liveness,
  bugOf: (each: Lasted) => string | undefined,
): string {
  const saysOf = (id: string) => machine.passing?.find((each) => each.id === id)?.says ?? "";
  const broken = lasted.flatMap((each) => {
    if (each.lasso === undefined) return [];
    const { stem, loop } = each.lasso;
    const bug = bugOf(each);
    const head = `${pc.red(`${each.id} is violated`)}: ${stem.length} steps, then ${loop.length === 0 ? "nothing more" : `${loop.length} for ever`}.\n${saysOf(each.id)}`;
    return [
      [head, ...chart(machine, stem, loop), ...(bug === undefined ? [] : [`known as ${bug}`])].join("\n"),
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
    ["fairness", "weak: a CPU that can always go on does at last"],
    ["seconds", seconds.toFixed(2)],
  ];
  const violated = lasted.filter(({ lasso }) => lasso !== undefined);
  const unknown = violated.filter((each) => bugOf(each) === undefined).length;
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

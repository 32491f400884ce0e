/** `hunt`: rediscovers catalogue bugs at random from a fresh seed, and says how short and how soon. */

import type { Bug } from "../../counterexamples/bug.ts";
import { BUGS } from "../../counterexamples/index.ts";
import { type HuntResult, hunt } from "../../properties/hunt.ts";
import type { LawId } from "../../spec/contract.ts";
import { bugQuarry } from "../bug-quarry.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED, UsageError } from "../exit.ts";
import { bugNamed, lawNamed } from "../names.ts";
import { columns, interruptible, progress } from "../output.ts";

export interface HuntOptions {
  readonly seed: number;
  /** Histories drawn for each law at most, until something is caught. */
  readonly runs?: number;
  readonly law?: string;
  readonly json: boolean;
}

/** The engine's name in the output; an exhaustive one will stand beside it. */
const ENGINE = "random";
/** For each law a bug breaks. */
const LIMIT_MS = 10_000;

interface LawCaught {
  readonly law: LawId;
  readonly result: HuntResult;
}

interface BugHunted {
  readonly bug: Bug;
  readonly laws: readonly LawCaught[];
}

export async function huntVerb(names: readonly string[], options: HuntOptions): Promise<number> {
  const bugs = names.length === 0 ? BUGS : names.map(bugNamed);
  const only = options.law === undefined ? undefined : lawNamed(options.law);
  for (const bug of names.length === 0 ? [] : bugs) {
    if (only === undefined || lawsOf(bug).includes(only)) continue;
    throw new UsageError(`${bug.id} does not break ${only}; it breaks ${lawsOf(bug).join(", ")}`);
  }
  const spinner = progress();
  const work = interruptible();
  const hunted: BugHunted[] = [];
  for (const bug of bugs) {
    const laws: LawCaught[] = [];
    for (const law of lawsOf(bug)) {
      if (work.interrupted || (only !== undefined && law !== only)) continue;
      spinner.say(`${bug.id}: ${law}`);
      await work.turn();
      laws.push({
        law,
        result: hunt(bugQuarry(bug, law), options.seed, {
          milliseconds: LIMIT_MS,
          runs: options.runs ?? Number.POSITIVE_INFINITY,
        }),
      });
    }
    if (laws.length > 0) hunted.push({ bug, laws });
  }
  spinner.stop();
  if (options.json) console.log(JSON.stringify({ seed: options.seed, bugs: hunted.map(asJson) }));
  else print(hunted, options.seed);
  if (work.interrupted) return INTERRUPTED;
  const missed = hunted.some(({ laws }) => laws.some(({ result }) => result.caught === undefined));
  return missed ? UNEXPECTED : AS_EXPECTED;
}

/** The laws a bug breaks, each once, in the catalogue's order. */
function lawsOf(bug: Bug): readonly LawId[] {
  return [...new Set(bug.breaks.map(({ law }) => law))];
}

/** One entry a bug: the first law that was caught stands for it, and each law is told beside it. */
function asJson({ bug, laws }: BugHunted) {
  const told = laws.map(({ law, result }) => ({
    law,
    found: result.caught !== undefined,
    commands: result.caught?.history.length ?? null,
    history: result.caught?.history ?? null,
    scope: result.caught?.scope.name ?? null,
    runs: result.runs,
    seconds: result.seconds,
  }));
  const first = told.find(({ found }) => found) ?? told[0];
  const seconds = told.reduce((sum, each) => sum + each.seconds, 0);
  const found = told.every((each) => each.found);
  return {
    id: bug.id,
    number: bug.number ?? null,
    engine: ENGINE,
    found,
    law: first?.law,
    commands: first?.commands,
    seconds,
    laws: told,
  };
}

function print(hunted: readonly BugHunted[], seed: number): void {
  const head = ["bug", "", "law", "commands", "histories", "seconds"].map((word) => pc.dim(word));
  const rows = hunted.flatMap(({ bug, laws }) =>
    laws.map(({ law, result }) => [
      bug.id,
      bug.number ?? "",
      law,
      result.caught === undefined ? pc.red("not found") : String(result.caught.history.length),
      String(result.runs),
      result.seconds.toFixed(2),
    ]),
  );
  console.log(columns([head, ...rows]));
  console.log(pc.dim(`\nengine ${ENGINE}, seed ${seed}`));
}

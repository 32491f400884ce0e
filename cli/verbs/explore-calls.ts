/** `explore tree:DIR --calls`: every interleaving of the calls of several CPUs on a tree's own code. */
import { replayLine } from "../../jobs/names.ts";
import { isUnknown } from "../../jobs/trees/situations.ts";
import { exploreTreeSteps, treeStepsAsked } from "../../jobs/trees/steps.ts";
import { type Drawn, exploreDrawn, isDrawn } from "../../jobs/trees/steps-drawn.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { AS_EXPECTED, BAD_INPUT, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { filesNamed, lackOfViolation, refuseUnwritable, reportUnwritten, writeFiles } from "../files.ts";
import { commandLine, print, watched } from "../output.ts";
import { drawnJson, drawnText, treeStepsJson, treeStepsText } from "../show/tree-steps.ts";
import { type ExploreArguments, SKIPS } from "./explore.ts";

const PREFIX = "tree:";

/** If not given. */
const MOST_STATES = 50_000_000;

export async function exploreCallsVerb(name: string | undefined, options: ExploreArguments): Promise<number> {
  const { calls = "", scope, grain, law, states = MOST_STATES, seconds, megabytes, out, json } = options;
  if (name?.startsWith(PREFIX) !== true)
    throw new UsageError("--calls is for the code of a tree: explore tree:DIR --calls ...");
  refuseOthers(options);
  await refuseUnwritable(filesNamed({ "--out": out }));
  if (isDrawn(calls)) return exploreDrawnVerb(name.slice(PREFIX.length), calls, options);
  if (options.skip !== undefined) throw new UsageError(SKIPS);
  const asked = treeStepsAsked(name.slice(PREFIX.length), { calls, scope, grain });
  const found = await watched((watch) =>
    exploreTreeSteps(asked, { law, states, seconds, megabytes, ...watch }),
  );
  const meant = law === undefined ? found.reports[0] : found.reports.find((each) => each.law === law);
  const content = meant === undefined ? lackOfViolation(law) : { text: meant.file };
  const written = await writeFiles(filesNamed({ "--out": out }).map((file) => ({ ...file, ...content })));
  const files = written.map(({ option, path, why }) => ({ option, path, written: why === undefined }));
  if (json) console.log(JSON.stringify({ ...treeStepsJson(found), files }));
  else print(treeStepsText(found));
  const isLacking = reportUnwritten(written);
  if (out !== undefined && !isLacking && !json)
    print(`\n${commandLine("replay", replayLine(`${out} --tree ${asked.tree.directory}`))}`);
  if (found.interrupted) return INTERRUPTED;
  if (found.reports.some(isUnknown)) return UNEXPECTED;
  return isLacking ? BAD_INPUT : AS_EXPECTED;
}

async function exploreDrawnVerb(directory: string, drawn: Drawn, options: ExploreArguments): Promise<number> {
  const { scope, grain, skip, law, states = MOST_STATES, seconds, megabytes, out, json } = options;
  const found = await watched((watch) =>
    exploreDrawn(directory, drawn, { scope, grain, skip, law, states, seconds, megabytes, ...watch }),
  );
  const [first] = found.reports;
  const content = first === undefined ? lackOfViolation() : { text: first.file };
  const written = await writeFiles(filesNamed({ "--out": out }).map((file) => ({ ...file, ...content })));
  if (json) console.log(JSON.stringify(drawnJson(found)));
  else print(drawnText(found));
  const isLacking = reportUnwritten(written);
  if (found.interrupted) return INTERRUPTED;
  if (found.reports.some(isUnknown)) return UNEXPECTED;
  return isLacking ? BAD_INPUT : AS_EXPECTED;
}

/** Throws a UsageError for options that mean nothing here. */
function refuseOthers(options: ExploreArguments): void {
  const { symmetry, partialOrder, checkpoint, every, resume, dot, itf, liveness, compact, actions, workers } =
    options;
  const given = { symmetry, "partial-order": partialOrder, checkpoint, every, resume, dot, itf };
  const flags = { liveness, whole: options.whole === true, compact, actions, workers: workers > 1 };
  const other =
    Object.entries(given).find(([, value]) => value !== undefined) ??
    Object.entries(flags).find(([, value]) => value);
  if (other !== undefined)
    throw new UsageError(`--calls runs a tree's own code: --${other[0]} is not for it`);
}

/** `pin`: shrinks a history that violates a law, or cuts a recording, names it, and files it unless it is pinned. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readJson } from "../../adapters/json-file.ts";
import { lastPlayed } from "../../engine/run/stepper.ts";
import { bringDown } from "../../properties/bring-down.ts";
import type { LawId } from "../../spec/contract.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import {
  type HistoryFile,
  type JudgedReply,
  judgedAlsoBy,
  type Kernel,
  type OpenWing,
  type Terms,
} from "../../spec/wing.ts";
import { namesOf } from "../hunt-target.ts";
import { type Chosen, chooseTrace, isRecording, namesIn, refuseTrace } from "../recorded.ts";
import {
  chooseHistory,
  type On,
  onKernel,
  type ReplayedHistory,
  refuseUnmodelled,
  replay,
  replayHistory,
} from "../replay.ts";
import type { ReplayedRun } from "../replay-run.ts";
import { isTreeName } from "../trees/trees.ts";
import { UsageError } from "../usage-error.ts";
import { OPEN_VMAP } from "../vmap/open-wing.ts";
import { bugMeant, bugOf, lawOf, recordedIn, writtenIn } from "../wings.ts";
import { filingOf, type Pinned, pinnedFor, type Shrunk } from "./files.ts";
import { readHistory } from "./pinned.ts";

export interface PinOptions {
  readonly kernel?: string | undefined;
  readonly law?: string | undefined;
  /** For a recording: the line of the trace. */
  readonly trace?: number | undefined;
  /** For a recording: the label whose promises judge it. */
  readonly as?: string | undefined;
}

/** The pinned violation, and its place. */
export interface PinReport {
  /** The file it was written to, or that has it already. */
  readonly path: string;
  /** The subject that answered: a kernel, or a recorded allocator. */
  readonly subject: string;
  readonly law: LawId;
  /** The slug of the bug that explains it, if any. */
  readonly bug: string | undefined;
  /** Commands that are left, and those there were up to the violation. */
  readonly shrunk: number;
  readonly from: number;
  /** Pinned before, as short or shorter: nothing was filed then. */
  readonly already: Pinned | undefined;
  /** The longer history that it replaced. */
  readonly replaces: Pinned | undefined;
  /** Further entries that the catalogue's tests need. */
  readonly needs: readonly string[];
  /** Whether a recording's commands were run again on a model. */
  readonly rerun: boolean;
  /** For a cut recording: the steps left. */
  readonly cut: Cut | undefined;
}

export interface Cut {
  readonly trace: number;
  readonly of: number;
  /** The steps that are left, from 1. */
  readonly steps: readonly number[];
  /** Whether none of them can be left out. */
  readonly minimal: boolean;
}

/** No law is violated: the subject, and the laws it keeps. */
export interface NothingToPin {
  readonly keeps: string;
}

const FOLDER_OF_CUTS = join(".vmapcheck", "pinned");

export async function pin(file: string, options: PinOptions = {}): Promise<PinReport | NothingToPin> {
  refuseTrace(file, options.trace);
  await refuseBug(file);
  const wing = await (isRecording(file) ? recordedIn(file) : writtenIn(await readJson(file)));
  const law = options.law === undefined ? undefined : lawOf(wing, options.law);
  if (isRecording(file) && options.kernel === undefined) return pinRecording(wing, file, options, law);
  if (options.as !== undefined)
    throw new UsageError("--as is for the replies of a recording; --kernel runs our model");
  return pinHistory(wing, file, options, law);
}

/** A bug of the catalogue is pinned already. */
async function refuseBug(word: string): Promise<void> {
  const meant = existsSync(word) ? undefined : await bugMeant(word);
  if (meant === undefined) return;
  const laws = [...new Set(meant.bug.violations.map(({ law }) => law))].join(", ");
  throw new UsageError(
    `${word} is a bug of the catalogue, pinned already (${laws}): replay ${word} shows it; pin takes a file`,
  );
}

/** The catalogue lists releases: a tree is on its user's disk alone. */
async function refuseTree(wing: OpenWing, file: string, asked: string | undefined): Promise<void> {
  const kernel = asked ?? (await readHistory(wing, file)).kernel;
  if (!isTreeName(kernel)) return;
  throw new UsageError(
    `${file}: the catalogue has no place for a history of ${kernel}: use replay FILE or pin FILE --reproducer, or pin it by --kernel LABEL on a model that violates that too`,
  );
}

async function pinHistory(
  wing: OpenWing,
  file: string,
  options: PinOptions,
  only: LawId | undefined,
): Promise<PinReport | NothingToPin> {
  await refuseTree(wing, file, options.kernel);
  const found = await shrinkHistory(
    wing,
    file,
    { ...options, ...(await onKernel(wing, options.kernel)) },
    only,
  );
  if ("keeps" in found) return found;
  const { shrunk, from } = found;
  const { already, path, replaces, needs } = await filingOf(wing, shrunk);
  if (already === undefined) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, wing.files.formatHistory(shrunk.history), {
      flag: replaces === undefined ? "wx" : "w",
    });
  }
  return {
    path,
    subject: shrunk.kernel.name,
    law: shrunk.law,
    bug: shrunk.bug?.id,
    shrunk: shrunk.history.commands.length,
    from,
    already,
    replaces,
    needs,
    rerun: isRecording(file),
    cut: undefined,
  };
}

/** A violation by a file's commands, shrunk; `from`: as many commands as it has. */
async function shrinkHistory<T extends Terms>(
  wing: OpenWing<T>,
  file: string,
  { kernel: asked, called, trace }: On<T> & Pick<PinOptions, "trace">,
  only: LawId | undefined,
): Promise<{ readonly shrunk: Shrunk<T>; readonly from: number } | NothingToPin> {
  const chosen = await chooseHistory(wing, file, { kernel: asked, called, trace, law: only });
  const { history } = chosen;
  const meant = only ?? history.law;
  const kernel = meant === undefined ? chosen.kernel : judgedAlsoBy(chosen.kernel, meant);
  refuseUnmodelled(wing, file, history, kernel);
  const found = firstViolation(wing, kernel, history, meant);
  if (found === undefined)
    return { keeps: `${kernel.name} keeps ${only ?? "every law it promises"} in this history` };
  const { law, known } = found;
  const commands = bringDown(
    wing.bench(kernel, history.scope),
    law,
    (step, steps) =>
      namesOf(wing, kernel, step, { scope: history.scope, commands: steps }).some(
        (each) => each.law === law && each.known === known,
      ),
    history.commands,
  );
  const bug = known === undefined ? undefined : bugOf(wing, known);
  const shrunk = { kernel, law, bug, history: { ...history, kernel: kernel.name, law, commands } };
  return { shrunk, from: history.commands.length };
}

/** The first requested law that the history violates on this kernel, and the bug that explains it. */
function firstViolation<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  { scope, commands }: HistoryFile<T>,
  law: LawId | undefined,
) {
  const last = lastPlayed(wing.bench(kernel, scope), commands, law);
  return (
    last &&
    namesOf(wing, kernel, last, { scope, commands }).find((each) => law === undefined || each.law === law)
  );
}

/** Cuts a trace to the steps that the violation needs, and files those as a recording of their own. */
async function pinRecording(
  wing: OpenWing,
  file: string,
  options: PinOptions,
  only: LawId | undefined,
): Promise<PinReport | NothingToPin> {
  const chosen = await chooseTrace(wing, file, { ...options, law: only });
  if ("traces" in chosen || chosen.violating === undefined)
    return { keeps: `${only ?? "every law asked"} is kept` };
  const { trace, violating, judging } = chosen;
  const { law, bug } = meantIn(wing, chosen, violating);
  const found = wing.cut(trace, judging, violating, law);
  if (found === undefined)
    throw new UsageError(
      `${file}: a recording of ${wing.name} is not cut: --kernel says on which kernel to run it anew`,
    );
  const { steps, minimal, line } = found;
  const own = join(FOLDER_OF_CUTS, `${trace.label.replaceAll(/[^\w-]+/g, "_")}.${law}.jsonl`);
  const pinned = [
    ...(bug === undefined ? [] : await pinnedFor(wing, bug, law, judging.release as string)),
    ...(await cutIn(wing, own)),
  ];
  const already = pinned.find((each) => each.commands <= steps.length);
  if (already === undefined) {
    await mkdir(FOLDER_OF_CUTS, { recursive: true });
    await writeFile(own, `${JSON.stringify(line)}\n`);
  }
  const cut = { trace: trace.line, of: trace.exchanges.length, steps: steps.map((at) => at + 1), minimal };
  return {
    path: already?.path ?? own,
    subject: trace.label,
    law,
    bug: bug?.id,
    shrunk: steps.length,
    from: violating.index + 1,
    already,
    replaces: undefined,
    needs: [],
    rerun: false,
    cut,
  };
}

function meantIn(wing: OpenWing, { judging, law }: Chosen, violating: JudgedReply) {
  const names = namesIn(wing, judging, violating);
  return names.find((each) => each.law === law) ?? (names[0] as (typeof names)[number]);
}

/** The file of an earlier cut. */
async function cutIn({ files }: OpenWing, path: string): Promise<readonly Pinned[]> {
  if (!existsSync(path)) return [];
  const found: Pinned[] = [];
  for await (const { exchanges } of files.recordings(path)) found.push({ path, commands: exchanges.length });
  return found;
}

export interface ReproduceOptions extends PinOptions {
  /** Of a bug that has both: its history of calls (by itself), or its interleaving. */
  readonly grain?: string | undefined;
}

/** The violation that a reproducer is to show: a bug's pinned one, an interleaving, or a history, which is shrunk. */
export async function violationToReproduce(
  target: string,
  options: ReproduceOptions = {},
): Promise<ReplayedHistory<VmapTerms> | ReplayedRun | NothingToPin> {
  const found = await replay(target, options);
  if (found.kind === "recording")
    throw new UsageError(
      `${target}: a reproducer takes calls that were run: --kernel or --tree says on what to run them anew`,
    );
  if (found.kind === "tree run" || found.kind === "watched call")
    throw new UsageError(
      `${target}: calls on a tree's own code; a reproducer is made of a history, or of a run of a protocol`,
    );
  if (found.violations.length === 0)
    return {
      keeps: `${found.kind === "run" ? found.machine.name : found.called} violates nothing in this run`,
    };
  if (found.kind === "run") return found;
  if (found.wing.name !== OPEN_VMAP.name)
    throw new UsageError(
      `${target}: a reproducer makes calls of vmap, and this is a history of ${found.wing.name}`,
    );
  const on = { ...options, ...(await onKernel(OPEN_VMAP, options.kernel)) };
  const chosen = await chooseHistory(OPEN_VMAP, target, on);
  if (found.bug !== undefined) return replayHistory(OPEN_VMAP, chosen, on);
  const law = options.law === undefined ? undefined : lawOf(OPEN_VMAP, options.law);
  const shorter = await shrinkHistory(OPEN_VMAP, target, on, law);
  if ("keeps" in shorter) return replayHistory(OPEN_VMAP, chosen, on);
  const { kernel, history } = shorter.shrunk;
  return replayHistory(OPEN_VMAP, { ...chosen, history, kernel }, on);
}

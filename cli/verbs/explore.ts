/** `explore`: visits every state of a small machine, and says what was covered. */

import { dotText, MOST_DRAWN } from "../../adapters/dot.ts";
import { itfText } from "../../adapters/itf.ts";
import { OutOfMemory } from "../../engine/out-of-memory.ts";
import { besideCheckpoint } from "../../engine/search/checkpoint.ts";
import { COMPACT_WORDS } from "../../engine/search/compact-table.ts";
import { type Explored, exploring, isOfHashes, type Visitable } from "../../engine/search/explore.ts";
import { exploringTogether } from "../../engine/search/parallel.ts";
import {
  type Explorable,
  explorableNamed,
  type Opened,
  type Orders,
  type Told,
} from "../../jobs/explorable.ts";
import { memoryBounds } from "../../jobs/memory.ts";
import { replayLine } from "../../jobs/names.ts";
import { parametersOf, scopeText } from "../../jobs/parameters.ts";
import {
  orNotOfMachine,
  readSearch,
  refuseOtherMachine,
  type SavedSearch,
  savingTo,
} from "../../jobs/saved-search.ts";
import { orNearest, UsageError } from "../../jobs/usage-error.ts";
import { labelAlike } from "../../jobs/versions.ts";
import { type Named, sourceByName } from "../../jobs/visitable-by-name.ts";
import { AS_EXPECTED, BAD_INPUT, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import {
  type Content,
  filesNamed,
  lackOfViolation,
  type Product,
  refuseReplaced,
  refuseSameFile,
  refuseUnwritable,
  reportUnwritten,
  writeFiles,
} from "../files.ts";
import { commandLine, interruptible, print, progress, timeUp } from "../output.ts";
import { ENDED, exploredJson, exploredText, progressText } from "../show/explored.ts";
import { exploreLiveness } from "./explore-liveness.ts";

export interface ExploreArguments {
  readonly scope?: string;
  readonly symmetry?: string;
  readonly partialOrder?: string;
  readonly liveness: boolean;
  readonly law?: string;
  readonly compact: boolean;
  readonly actions: boolean;
  readonly states: number;
  readonly seconds: number;
  readonly megabytes?: number;
  readonly workers: number;
  readonly checkpoint?: string;
  readonly every?: number;
  readonly resume?: string;
  readonly dot?: string;
  readonly itf?: string;
  readonly out?: string;
  readonly json: boolean;
}

/** With the memory that a search may take, looked at before the first begins. */
type Bounded = ExploreArguments & { readonly memory: ReturnType<typeof memoryBounds> };

/** Between two checkpoints. */
const USUAL_SECONDS = 30;

export async function exploreVerb(name: string | undefined, options: ExploreArguments): Promise<number> {
  const saved = options.resume === undefined ? undefined : readSearch(options.resume);
  const named = saved === undefined ? asked(name, options) : sameAsked(saved, name, options);
  const explorable = explorableNamed(named.machine, named.law);
  if (options.liveness) return exploreLiveness(explorable, named.parameters, options);
  const opened = open(explorable, named);
  refuseWhatCannotBe(opened.machine, saved, options);
  await refuseFiles(options);
  const work = interruptible();
  const how = { ...options, memory: memoryBounds(options.megabytes) };
  const found = await orNotOfMachine(saved, () =>
    exploreInTurns(explorable, opened, named, saved, how, work),
  );
  const search = work.interrupted ? undefined : await inAllOrders(explorable, named, found, how, work);
  const { result, opened: from } = search ?? { result: found, opened };
  const told = await orNotOfMachine(saved, () =>
    result.breaks.map((broken) => ({ law: broken.law, ...from.tell(broken) })),
  );
  const isStoodFor = labelAlike(named.machine) !== undefined && explorable.name !== named.machine;
  const report = {
    explorable,
    asked: isStoodFor ? named.machine : undefined,
    machine: from.machine,
    scope: scopeText(named.parameters),
    workers: options.workers,
    resumed: saved?.checkpoint.saved.table.parents.length,
    searchedAgain: search !== undefined,
    fewerOrders: named.orders !== "all" && search === undefined,
    result,
    told,
  };
  const written = await writeFiles(productsAsked(named.machine, from, result, told, options));
  const files = written.map(({ option, path, why }) => ({ option, path, written: why === undefined }));
  if (options.json) console.log(JSON.stringify({ ...exploredJson(report), files }));
  else print(exploredText(report, options.actions));
  const isLacking = reportUnwritten(written);
  const replayable = files.find(({ option, written }) => option === "--out" && written);
  if (replayable !== undefined && !options.json)
    print(`\n${commandLine("replay", replayLine(replayable.path))}`);
  if (work.interrupted) return INTERRUPTED;
  if (told.some(({ bug, promised }) => bug === undefined && promised)) return UNEXPECTED;
  return isLacking ? BAD_INPUT : AS_EXPECTED;
}

/** What breaks in fewer orders is looked for in all, within the same bounds: only there is a run a shortest one. */
async function inAllOrders(
  explorable: Explorable,
  named: Named,
  { breaks }: Explored,
  options: Bounded,
  work: ReturnType<typeof interruptible>,
): Promise<{ readonly result: Explored; readonly opened: Opened } | undefined> {
  if (named.orders === "all" || breaks.length === 0) return undefined;
  const all: Named = { ...named, orders: "all" };
  const opened = open(explorable, all);
  const { checkpoint: _none, ...rest } = options;
  const result = await exploreInTurns(explorable, opened, all, undefined, rest, work);
  return result.breaks.length > 0 ? { result, opened } : undefined;
}

/** What is to be explored, as it was typed. */
function asked(name: string | undefined, options: ExploreArguments): Named {
  const { scope, symmetry = "on", law } = options;
  if (name === undefined) throw new UsageError("explore takes a machine, or --resume FILE");
  const explorable = explorableNamed(name, law);
  const parameters = parametersOf(explorable, scope);
  const orders = ordersAsked(explorable, options);
  return { machine: name, law, parameters, merged: onOrOff("--symmetry", symmetry), orders };
}

/**
 * In which orders: in fewer where that leaves out much, unless something is asked of all. Threads number states in an
 * order of their own, which the proviso of stubborn sets does not know.
 */
function ordersAsked(
  { hasFootprints, steps, name }: Explorable,
  { partialOrder, actions, dot, workers }: ExploreArguments,
): Orders {
  const canDelay = steps?.delayed !== undefined;
  if (partialOrder === undefined) {
    if (!canDelay || actions || dot !== undefined) return "all";
    return workers === 1 ? "fewest" : "late";
  }
  const orders = ordersNamed(partialOrder);
  const cannot =
    orders === "late" && !canDelay
      ? `no step of ${name} can be put off`
      : orders === "fewest" && !hasFootprints
        ? `the actions of ${name} do not say what they read and write`
        : orders === "fewest" && workers > 1
          ? "it is for one thread; late is for several"
          : orders !== "all" && (actions || dot !== undefined)
            ? "--actions and --dot ask for all orders"
            : undefined;
  if (cannot !== undefined) throw new UsageError(`--partial-order ${partialOrder}: ${cannot}`);
  return orders;
}

const NAMES_OF_ORDERS: Readonly<Record<string, Orders>> = { off: "all", late: "late", on: "fewest" };

function ordersNamed(word: string): Orders {
  const orders = Object.hasOwn(NAMES_OF_ORDERS, word) ? NAMES_OF_ORDERS[word] : undefined;
  if (orders === undefined)
    throw new UsageError(`--partial-order takes on, late or off, not ${JSON.stringify(word)}`);
  return orders;
}

/** What was saved: what is typed beside that must say the same. */
function sameAsked(
  { path, named, checkpoint }: SavedSearch,
  name: string | undefined,
  { scope, symmetry, partialOrder, compact, workers }: ExploreArguments,
): Named {
  const explorable = explorableNamed(named.machine, named.law);
  const refuse = (what: string) => {
    throw new UsageError(`--resume ${path}: it is a search of ${what}`);
  };
  if (name !== undefined && explorableNamed(name, named.law).name !== explorable.name) refuse(named.machine);
  const saved = scopeText(named.parameters);
  if (scope !== undefined && scopeText(parametersOf(explorable, scope)) !== saved) refuse(`scope ${saved}`);
  if (symmetry !== undefined && onOrOff("--symmetry", symmetry) !== named.merged) {
    refuse(named.merged ? "merged states" : "states that are not merged");
  }
  if (partialOrder !== undefined && ordersNamed(partialOrder) !== named.orders) {
    refuse(`${named.orders} orders of actions`);
  }
  if (named.orders === "fewest" && workers > 1)
    refuse("the fewest orders of actions, which one thread can go on with");
  const { waiting, words } = checkpoint.saved.table;
  if (compact && waiting === undefined && words > COMPACT_WORDS) refuse("whole states, not of hashes");
  return named;
}

/** Throws a UsageError for what was asked and cannot be done together. */
function refuseWhatCannotBe(
  machine: Visitable,
  saved: SavedSearch | undefined,
  { compact, workers, every, checkpoint, dot }: ExploreArguments,
): void {
  if (every !== undefined && checkpoint === undefined)
    throw new UsageError("--every is for --checkpoint FILE");
  if (saved !== undefined) refuseOtherMachine(saved, machine);
  if (compact && machine.words <= COMPACT_WORDS)
    throw new UsageError(
      "--compact: a state of this machine is kept in no more words than its hash would be",
    );
  const isHashed =
    saved === undefined ? compact && machine.words > COMPACT_WORDS : isOfHashes(saved.checkpoint.saved.table);
  if (isHashed && workers > 1) {
    throw new UsageError("--workers: hashes of states (--compact) are kept by one thread only");
  }
  if (isHashed && dot !== undefined)
    throw new UsageError("--dot draws states, of which --compact keeps hashes only");
}

/** Explores until it ends by itself, at a bound, or by Ctrl-C. */
async function exploreInTurns(
  { goesOnAfterBreaks }: Explorable,
  { machine }: Opened,
  named: Named,
  saved: SavedSearch | undefined,
  options: Bounded,
  work: ReturnType<typeof interruptible>,
): Promise<Explored> {
  const law = lawAsked(machine.laws, options.law);
  const { workers, checkpoint, every = USUAL_SECONDS } = options;
  const given = {
    bounds: {
      states: options.states,
      ...options.memory,
    },
    enough: (broken: readonly string[]) => (law === undefined ? !goesOnAfterBreaks : broken.includes(law)),
    resume: saved?.checkpoint.saved,
    saving: checkpoint === undefined ? undefined : savingTo(checkpoint, every, machine, named),
  };
  const turns =
    workers === 1
      ? exploring(machine, { ...given, compact: options.compact })
      : exploringTogether(machine, sourceByName(named), { ...given, workers });
  const spinner = progress();
  const late = timeUp(options.seconds);
  const started = performance.now() - (given.resume?.seconds ?? 0) * 1000;
  try {
    let turn = await turns.next(false);
    while (!turn.done) {
      spinner.say(progressText(turn.value, (performance.now() - started) / 1000));
      await work.turn();
      turn = await turns.next(work.interrupted || late());
    }
    return turn.value;
  } catch (error) {
    if (!(error instanceof OutOfMemory)) throw error;
    throw new UsageError("--megabytes: there is not so much memory");
  } finally {
    spinner.stop();
  }
}

function lawAsked(laws: readonly { readonly id: string }[], id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  const ids = laws.map((law) => law.id);
  return orNearest("law of this machine", id, (word) => ids.find((known) => known === word), ids);
}

function open(explorable: Explorable, { parameters, ...smaller }: Named): Opened {
  try {
    return explorable.open(parameters, smaller);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`--scope ${scopeText(parameters)}: ${error.message}`);
  }
}

function onOrOff(option: string, word: string): boolean {
  if (word !== "on" && word !== "off")
    throw new UsageError(`${option} takes on or off, not ${JSON.stringify(word)}`);
  return word === "on";
}

/** The files asked for, each with its text or why there is none. */
function productsAsked(
  name: string,
  opened: Opened,
  result: Explored,
  told: readonly (Told & { readonly law: string })[],
  { dot, itf, out, law }: ExploreArguments,
): readonly Product[] {
  const graph = () => {
    if (result.ended !== "fixpoint")
      return {
        lack: `only what was explored to the fixpoint is drawn, and this ended ${ENDED[result.ended]}`,
      };
    if (result.states > MOST_DRAWN)
      return { lack: `at most ${MOST_DRAWN} states are drawn, not ${result.states}` };
    return { text: dotText(opened.machine, result, (state) => opened.label(state, result.reached)) };
  };
  const trace = () => {
    const meant = told.find((each) => each.law === law) ?? told[0];
    if (meant === undefined) return lackOfViolation();
    return { text: itfText(name, `a shortest run that violates ${meant.law}`, meant.states) };
  };
  const history = (): Content => {
    const meant = law === undefined ? told[0] : told.find((each) => each.law === law);
    if (meant === undefined) return lackOfViolation(law);
    if (meant.file !== undefined) return { text: meant.file };
    return { lack: "replay cannot take this run; one of all orders it can: --partial-order off" };
  };
  return [
    ...(out === undefined ? [] : [{ option: "--out", path: out, ...history() }]),
    ...(dot === undefined ? [] : [{ option: "--dot", path: dot, ...graph() }]),
    ...(itf === undefined ? [] : [{ option: "--itf", path: itf, ...trace() }]),
  ];
}

/** Asked before long work. A search that is resumed may be saved where it came from, and nothing else may go there. */
async function refuseFiles({ dot, itf, out, checkpoint, resume }: ExploreArguments): Promise<void> {
  const drawn = filesNamed({ "--out": out, "--dot": dot, "--itf": itf });
  const written = [...drawn, ...filesNamed({ "--checkpoint": checkpoint })];
  await refuseUnwritable(written);
  if (checkpoint !== undefined)
    await refuseReplaced("--checkpoint", checkpoint, besideCheckpoint(checkpoint));
  await refuseSameFile(written);
  await refuseSameFile([...filesNamed({ "--resume": resume }), ...drawn]);
}

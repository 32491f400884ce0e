/** `explore`: visits every state of a small machine, and says what was covered. */
import { access, constants, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname } from "node:path";
import { COMPACT_WORDS } from "../../engine/compact-table.ts";
import { dotText, MOST_DRAWN } from "../../engine/dot.ts";
import { type Explored, exploring, isOfHashes, type Visitable } from "../../engine/explore.ts";
import { itfText } from "../../engine/itf.ts";
import { exploringTogether } from "../../engine/parallel.ts";
import { OutOfMemory } from "../../engine/state-table.ts";
import { AS_EXPECTED, INTERRUPTED, orNearest, UNEXPECTED, UsageError } from "../exit.ts";
import { type Explorable, explorableNamed, type Opened, type Told } from "../explorable.ts";
import { interruptible, progress } from "../output.ts";
import { readSearch, refuseOtherMachine, type SavedSearch, savingTo } from "../saved-search.ts";
import { exploredJson, exploredText, progressText } from "../show/explored.ts";
import { type Named, sourceByName } from "../visitable-by-name.ts";
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
  readonly json: boolean;
}

const MEGABYTE = 2 ** 20;
/** Between two checkpoints. */
const USUAL_SECONDS = 30;

export async function exploreVerb(name: string | undefined, options: ExploreArguments): Promise<number> {
  const saved = options.resume === undefined ? undefined : readSearch(options.resume);
  const named = saved === undefined ? asked(name, options) : sameAsked(saved, name, options);
  const explorable = explorableNamed(named.machine);
  if (options.liveness) return exploreLiveness(explorable, named.parameters, options);
  const opened = open(explorable, named);
  refuseWhatCannotBe(opened.machine, saved, options);
  await askForFolders(options);
  const work = interruptible();
  const result = await exploreInTurns(explorable, opened, named, saved, options, work);
  const told = result.breaks.map((broken) => ({ law: broken.law, ...opened.tell(broken) }));
  const report = {
    explorable,
    machine: opened.machine,
    scope: scopeText(named.parameters),
    workers: options.workers,
    resumed: saved?.checkpoint.saved.table.parents.length,
    result,
    told,
  };
  if (options.json) console.log(JSON.stringify(exploredJson(report)));
  else console.log(exploredText(report, options.actions));
  await writeAll(filesAsked(named.machine, opened, result, told, options));
  if (work.interrupted) return INTERRUPTED;
  return told.some(({ bug }) => bug === undefined) ? UNEXPECTED : AS_EXPECTED;
}

/** What is to be explored, as it was typed. */
function asked(name: string | undefined, options: ExploreArguments): Named {
  const { scope = "", symmetry = "on" } = options;
  if (name === undefined) throw new UsageError("explore takes a machine, or --resume FILE");
  const explorable = explorableNamed(name);
  const parameters = parametersOf(explorable, scope);
  const partialOrder = isInFewerOrders(explorable, options);
  return { machine: name, parameters, merged: onOrOff("--symmetry", symmetry), partialOrder };
}

/**
 * Whether actions that accord are taken in fewer orders: where that can be, unless something is asked of all orders.
 * Threads number states in an order of their own, which the reduction's proviso does not know.
 */
function isInFewerOrders(
  { hasFootprints, name }: Explorable,
  { partialOrder, actions, dot, workers }: ExploreArguments,
): boolean {
  if (partialOrder === undefined) return hasFootprints && !actions && dot === undefined && workers === 1;
  const on = onOrOff("--partial-order", partialOrder);
  if (!on) return false;
  const reason = !hasFootprints
    ? `the actions of ${name} do not say what they read and write`
    : workers > 1
      ? "it is for one thread"
      : actions || dot !== undefined
        ? "--actions and --dot ask for all orders"
        : undefined;
  if (reason !== undefined) throw new UsageError(`--partial-order on: ${reason}`);
  return true;
}

/** What was saved: what is typed beside that must say the same. */
function sameAsked(
  { path, named, checkpoint }: SavedSearch,
  name: string | undefined,
  { scope, symmetry, partialOrder, compact, workers }: ExploreArguments,
): Named {
  const explorable = explorableNamed(named.machine);
  const refuse = (what: string) => {
    throw new UsageError(`--resume ${path}: it is a search of ${what}`);
  };
  if (name !== undefined && explorableNamed(name).name !== explorable.name) refuse(named.machine);
  const saved = scopeText(named.parameters);
  if (scope !== undefined && scopeText(parametersOf(explorable, scope)) !== saved) refuse(`scope ${saved}`);
  if (symmetry !== undefined && onOrOff("--symmetry", symmetry) !== named.merged) {
    refuse(named.merged ? "merged states" : "states that are not merged");
  }
  if (partialOrder !== undefined && onOrOff("--partial-order", partialOrder) !== named.partialOrder) {
    refuse(named.partialOrder ? "some orders of actions" : "all orders of actions");
  }
  if (named.partialOrder && workers > 1) refuse("some orders of actions, which one thread can go on with");
  const { waiting, words } = checkpoint.saved.table;
  if (compact && waiting === undefined && words > COMPACT_WORDS) refuse("whole states, not of hashes");
  return named;
}

/** Throws a UsageError for what was asked and cannot be done together. */
function refuseWhatCannotBe(
  machine: Visitable,
  saved: SavedSearch | undefined,
  { compact, workers, every, checkpoint }: ExploreArguments,
): void {
  if (every !== undefined && checkpoint === undefined)
    throw new UsageError("--every is for --checkpoint FILE");
  if (saved !== undefined) refuseOtherMachine(saved, machine);
  const isHashed =
    saved === undefined ? compact && machine.words > COMPACT_WORDS : isOfHashes(saved.checkpoint.saved.table);
  if (isHashed && workers > 1) {
    throw new UsageError("--workers: hashes of states (--compact) are kept by one thread only");
  }
}

/** Explores until it ends by itself, at a bound, or by Ctrl-C. */
async function exploreInTurns(
  { goesOnAfterBreaks }: Explorable,
  { machine }: Opened,
  named: Named,
  saved: SavedSearch | undefined,
  options: ExploreArguments,
  work: ReturnType<typeof interruptible>,
): Promise<Explored> {
  const law = lawAsked(machine.laws, options.law);
  const { workers, checkpoint, every = USUAL_SECONDS } = options;
  const given = {
    bounds: {
      states: options.states,
      milliseconds: options.seconds * 1000,
      bytes: megabytes(options.megabytes) * MEGABYTE,
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
  const started = performance.now() - (given.resume?.seconds ?? 0) * 1000;
  try {
    let turn = await turns.next(false);
    while (!turn.done) {
      spinner.say(progressText(turn.value, (performance.now() - started) / 1000));
      await work.turn();
      turn = await turns.next(work.interrupted);
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

/** `V=3,F=2` over the usual values. Throws a UsageError for an unknown name or a value that cannot be. */
export function parametersOf(
  { name, parameters }: Pick<Explorable, "name" | "parameters">,
  scope: string,
): Record<string, number> {
  const chosen = Object.fromEntries(Object.entries(parameters).map(([key, { usual }]) => [key, usual]));
  const given = new Set<string>();
  for (const part of scope.split(",").filter((text) => text !== "")) {
    const [, key = "", digits = ""] = /^(\w+)=(\d+)$/.exec(part) ?? [];
    const parameter = Object.hasOwn(parameters, key) ? parameters[key] : undefined;
    if (parameter === undefined) {
      const form = Object.keys(parameters).map((each) => `${each}=N`);
      throw new UsageError(`--scope of ${name} takes ${form.join(",")}, not ${JSON.stringify(part)}`);
    }
    if (given.has(key)) throw new UsageError(`--scope gives ${key} twice`);
    given.add(key);
    const { counts, least = 1, most } = parameter;
    const value = Number(digits);
    if (value < least || value > most) {
      throw new UsageError(`--scope: ${key} (${counts}) is from ${least} to ${most}, not ${digits}`);
    }
    chosen[key] = value;
  }
  return chosen;
}

export function scopeText(parameters: Readonly<Record<string, number>>): string {
  return Object.entries(parameters)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function onOrOff(option: string, word: string): boolean {
  if (word !== "on" && word !== "off")
    throw new UsageError(`${option} takes on or off, not ${JSON.stringify(word)}`);
  return word === "on";
}

/** The memory that may be used: by itself, a quarter of what there is. */
export function megabytes(asked: number | undefined): number {
  const all = Math.floor(totalmem() / MEGABYTE);
  if (asked === undefined) return Math.ceil(all / 4);
  if (asked > all) throw new UsageError(`--megabytes ${asked}: this machine has ${all}`);
  return asked;
}

/** A file that was asked for: by which option, where, and what goes into it. */
interface Asked {
  readonly option: string;
  readonly path: string;
  text(): string;
}

/** The files asked for. Their texts throw a UsageError where there is nothing to write. */
function filesAsked(
  name: string,
  opened: Opened,
  result: Explored,
  told: readonly (Told & { readonly law: string })[],
  { dot, itf, law }: ExploreArguments,
): readonly Asked[] {
  const graph = (): string => {
    if (result.ended !== "fixpoint" || !result.exact) {
      throw new UsageError("--dot draws what was explored exactly and to the fixpoint, and this was not");
    }
    if (result.states > MOST_DRAWN) {
      throw new UsageError(`--dot draws at most ${MOST_DRAWN} states, not ${result.states}`);
    }
    return dotText(opened.machine, result, (state) => opened.label(state, result.reached));
  };
  const trace = (): string => {
    const meant = told.find((each) => each.law === law) ?? told[0];
    if (meant === undefined) throw new UsageError("--itf writes a run into a break, and there was none");
    return itfText(name, `a shortest run that breaks ${meant.law}`, meant.states);
  };
  return [
    ...(dot === undefined ? [] : [{ option: "--dot", path: dot, text: graph }]),
    ...(itf === undefined ? [] : [{ option: "--itf", path: itf, text: trace }]),
  ];
}

/** Writes all or, where there is nothing to write for one, none. */
async function writeAll(files: readonly Asked[]): Promise<void> {
  const texts = files.map(({ text }) => text());
  for (const [nth, { option, path }] of files.entries()) {
    await orUsageError(`${option} ${path}`, () => writeFile(path, texts[nth] as string));
  }
}

/** Asked before long work: whether the folders of these files are there and may be written to. */
async function askForFolders({ dot, itf, checkpoint }: ExploreArguments): Promise<void> {
  const files = { "--dot": dot, "--itf": itf, "--checkpoint": checkpoint };
  for (const [option, path] of Object.entries(files)) {
    if (path === undefined) continue;
    await orUsageError(`${option} ${path}`, () => access(dirname(path), constants.W_OK));
  }
}

async function orUsageError(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new UsageError(`${what}: ${(error as Error).message}`);
  }
}

/** `explore`: visits every state of a small machine, and reports what is violated and what was covered. */
import { OutOfMemory } from "../../engine/out-of-memory.ts";
import { COMPACT_WORDS } from "../../engine/search/compact-table.ts";
import { exploring, isOfHashes } from "../../engine/search/explore.ts";
import { exploringTogether } from "../../engine/search/parallel.ts";
import type { Explored, Progress, Visitable } from "../../engine/search/visitable.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { orderCalled } from "../interleaved-orders.ts";
import { parametersOf, scopeText } from "../parameters.ts";
import {
  bugUnseen,
  lawThatShows,
  ownSubject,
  prepare,
  type SubjectRef,
  sourceOf,
  subjectNamed,
} from "../subject.ts";
import type { Orders, Parameters, Reductions, Report, Subject, SubjectInstance } from "../subject-types.ts";
import { orNearest, UsageError } from "../usage-error.ts";
import { labelTakenFor } from "../versions.ts";
import { type Watch, Work } from "../work.ts";
import { memoryBounds } from "./memory.ts";
import {
  orNotOfMachine,
  readSearch,
  refuseOtherMachine,
  type SavedSearch,
  savingTo,
} from "./saved-search.ts";

export interface ExploreOptions extends Watch {
  /** Parameters as they are typed, such as `pages=5,windows=1`, over the usual ones. */
  readonly scope?: string | undefined;
  /** End as soon as this law is violated. */
  readonly law?: string | undefined;
  /** Whether a protocol is visited beyond its first violation. */
  readonly whole?: boolean | undefined;
  /** Whether equivalent states are merged; by default they are. */
  readonly symmetry?: "on" | "off" | undefined;
  /** Whether actions that commute are taken in fewer orders; by default where that saves much. */
  readonly partialOrder?: "on" | "late" | "off" | undefined;
  /** Whether the output needs all orders: the actions that violate a law, or the graph. */
  readonly allOrders?: boolean | undefined;
  /** Keep 64 bits of hash of a state instead of the state. */
  readonly compact?: boolean | undefined;
  /** Whether the graph is drawn, which needs whole states. */
  readonly draws?: boolean | undefined;
  readonly states?: number | undefined;
  readonly megabytes?: number | undefined;
  /** Threads that visit states. */
  readonly workers?: number | undefined;
  /** The file that the search is saved to, and how often, in seconds. */
  readonly checkpoint?: string | undefined;
  readonly every?: number | undefined;
  /** A file to continue from. */
  readonly resume?: string | undefined;
  /** The address of a Redis server that has the states, and others that share them, `HOST:PORT,HOST:PORT`. */
  readonly queue?: string | undefined;
  readonly shards?: string | undefined;
}

export interface Exploration {
  readonly subject: Subject;
  readonly instance: SubjectInstance;
  /** The requested name, and whether it resolves to a release of another name. */
  readonly asked: string;
  readonly isStoodFor: boolean;
  readonly parameters: Parameters;
  /** Whether a violation in fewer orders was searched for again in all. */
  readonly searchedAgain: boolean;
  /** Whether not all orders of actions were taken, so that no run is known to be a shortest one. */
  readonly fewerOrders: boolean;
  readonly result: Explored;
  readonly workers: number;
  /** States found before it was resumed; undefined if it was not. */
  readonly resumed: number | undefined;
  /** One for each violation of the result. */
  readonly reports: readonly Report[];
  /** The requested bug, if it did not show. */
  readonly unseen: string | undefined;
  readonly interrupted: boolean;
}

const USUAL_STATES = 50_000_000;
/** Threads that share a table. */
const MOST_THREADS = 4;
/** Between two checkpoints. */
const USUAL_SECONDS = 30;

/** The subject, and how it was requested. */
interface Search {
  readonly subject: Subject;
  readonly ref: SubjectRef;
  readonly instance: SubjectInstance;
  readonly saved: SavedSearch | undefined;
}

type Bounded = ExploreOptions & { readonly memory: ReturnType<typeof memoryBounds> };

/** A machine by its name, or a custom kernel; none if a saved search is resumed. */
export async function explore(
  machine: string | Kernel | undefined,
  given: ExploreOptions = {},
): Promise<Exploration> {
  const { workers = 1, resume } = given;
  const options = await prepared(machine, given);
  const saved = resume === undefined ? undefined : await readSearch(resume);
  const ref = saved === undefined ? asked(machine, options) : sameAsked(saved, nameOf(machine), options);
  const subject = subjectOf(machine, ref);
  const first: Search = { subject, ref, instance: open(subject, ref), saved };
  await refuseWhatCannotBe(first, options, typeof machine === "object");
  const bounded = { ...options, memory: memoryBounds(options.megabytes) };
  const work = new Work(options);
  const found = await orNotOfMachine(saved, () => searchInTurns(first, bounded, work));
  const again = work.interrupted ? undefined : await inAllOrders(first, found, bounded, work);
  const { result, instance } = again ?? { result: found, instance: first.instance };
  const reports = await orNotOfMachine(saved, () => result.violations.map((each) => instance.explain(each)));
  return {
    subject,
    instance,
    asked: ref.machine,
    isStoodFor:
      subject.name !== ref.machine &&
      (labelTakenFor(ref.machine) !== undefined || orderCalled(ref.machine) === subject.name),
    parameters: ref.parameters,
    searchedAgain: again !== undefined,
    fewerOrders: ref.orders !== "all" && again === undefined,
    result,
    workers,
    resumed: saved?.checkpoint.saved.table.parents.length,
    reports,
    unseen: bugUnseen(ref.machine, reports),
    interrupted: work.interrupted,
  };
}

/** Loads what a name may mean. A bug whose laws the usual scope does not judge is explored for one of them. */
export async function prepared<O extends ExploreOptions>(
  machine: string | Kernel | undefined,
  options: O,
): Promise<O> {
  if (typeof machine !== "string") return options;
  await prepare(machine);
  const { law, scope, resume, whole = false } = options;
  return (law ?? scope ?? resume) !== undefined || whole
    ? options
    : { ...options, law: lawThatShows(machine) };
}

const nameOf = (machine: string | Kernel | undefined) =>
  typeof machine === "object" ? machine.name : machine;

export function subjectOf(machine: string | Kernel | undefined, { machine: name, law }: SubjectRef): Subject {
  return typeof machine === "object" ? ownSubject(machine, law) : subjectNamed(name, law);
}

export function progressText({ states, depth, queue, bytes, left }: Progress, seconds: number): string {
  const rate = Math.round(states / Math.max(0.001, seconds));
  const rest = left === undefined ? "" : `, about ${left} more to meet`;
  const memory = Math.ceil(bytes / 2 ** 20);
  return `${states} states, ${rate}/s, depth ${depth}, ${queue} to visit${rest}, ${memory} MB`;
}

/**
 * A violation in fewer orders is searched for again in all orders, within the same bounds: only there is a run a
 * shortest one.
 */
async function inAllOrders(
  { subject, ref }: Search,
  { violations }: Explored,
  options: Bounded,
  work: Work,
): Promise<{ readonly result: Explored; readonly instance: SubjectInstance } | undefined> {
  if (ref.orders === "all" || violations.length === 0) return undefined;
  const all: SubjectRef = { ...ref, orders: "all" };
  const instance = open(subject, all);
  const { checkpoint: _none, ...rest } = options;
  const result = await searchInTurns({ subject, ref: all, instance, saved: undefined }, rest, work);
  return result.violations.length > 0 ? { result, instance } : undefined;
}

/** Removes what an explore by these options left on its servers. Returns how many states it had. */
export async function forgetExplored(name: string | undefined, given: ExploreOptions): Promise<number> {
  const { queue, shards } = given;
  if (queue === undefined) throw new UsageError("--forget is for --queue");
  const options = await prepared(name, given);
  const ref = asked(name, options);
  const refs: readonly SubjectRef[] = ref.orders === "all" ? [ref] : [ref, { ...ref, orders: "all" }];
  const { forgetShared } = await import("../campaign/shared-exploration.ts");
  return forgetShared(
    refs.map((each) => [each, open(subjectOf(name, each), each).machine]),
    { queue, shards },
  );
}

/** The subject to explore, as typed. */
export function asked(machine: string | Kernel | undefined, options: ExploreOptions): SubjectRef {
  const { scope, symmetry = "on", law } = options;
  const name = nameOf(machine);
  if (name === undefined) throw new UsageError("explore takes a machine, or --resume FILE");
  const subject = typeof machine === "object" ? ownSubject(machine, law) : subjectNamed(name, law);
  const parameters = parametersOf(subject, scope);
  const orders = ordersAsked(subject, options);
  return { machine: name, law, parameters, merged: symmetry === "on", orders };
}

/**
 * The orders to take: fewer where that saves much, unless the output needs all. Threads number states in an order of
 * their own, which does not meet the proviso of stubborn sets.
 */
function ordersAsked(
  { hasFootprints, steps, name }: Subject,
  { partialOrder, allOrders = false, workers = 1, queue }: ExploreOptions,
): Orders {
  const isAlone = workers === 1 && queue === undefined;
  const canDelay = steps?.delayed !== undefined;
  if (partialOrder === undefined) {
    if (!canDelay || allOrders) return "all";
    return isAlone ? "fewest" : "late";
  }
  const orders = ORDERS_BY_NAME[partialOrder];
  const cannot =
    orders === "late" && !canDelay
      ? `no step of ${name} can be delayed`
      : orders === "fewest" && !hasFootprints
        ? `the actions of ${name} do not say what they read and write`
        : orders === "fewest" && !isAlone
          ? "it is for one thread; late is for several"
          : orders !== "all" && allOrders
            ? "--actions and --dot ask for all orders"
            : undefined;
  if (cannot !== undefined) throw new UsageError(`--partial-order ${partialOrder}: ${cannot}`);
  return orders;
}

const ORDERS_BY_NAME = { off: "all", late: "late", on: "fewest" } as const;

/** The saved search: typed options must agree with it. */
function sameAsked(
  { path, named, checkpoint }: SavedSearch,
  name: string | undefined,
  { scope, symmetry, partialOrder, compact = false, workers = 1 }: ExploreOptions,
): SubjectRef {
  const subject = subjectNamed(named.machine, named.law);
  const refuse = (what: string) => {
    throw new UsageError(`--resume ${path}: it is a search of ${what}`);
  };
  if (name !== undefined && subjectNamed(name, named.law).name !== subject.name) refuse(named.machine);
  const saved = scopeText(named.parameters);
  if (scope !== undefined && scopeText(parametersOf(subject, scope)) !== saved) refuse(`scope ${saved}`);
  if (symmetry !== undefined && (symmetry === "on") !== named.merged)
    refuse(named.merged ? "merged states" : "states that are not merged");
  if (partialOrder !== undefined && ORDERS_BY_NAME[partialOrder] !== named.orders)
    refuse(`${named.orders} orders of actions`);
  if (named.orders === "fewest" && workers > 1)
    refuse("the fewest orders of actions, which one thread can continue");
  const { waiting, words } = checkpoint.saved.table;
  if (compact && waiting === undefined && words > COMPACT_WORDS) refuse("whole states, not of hashes");
  return named;
}

/** Throws a UsageError for options that exclude each other. */
async function refuseWhatCannotBe(
  { instance: { machine }, saved }: Search,
  { compact = false, workers = 1, every, checkpoint, resume, draws = false, queue, shards }: ExploreOptions,
  isOwn: boolean,
): Promise<void> {
  if (shards !== undefined && queue === undefined) throw new UsageError("--shards is for --queue");
  if (queue !== undefined) {
    const other = Object.entries({ compact, checkpoint, resume, dot: draws }).find(([, given]) => given);
    if (other !== undefined)
      throw new UsageError(`--${other[0]} is not for --queue: its servers have the states`);
    if (isOwn) throw new UsageError("a kernel of one's own is explored by one thread");
  } else if (workers < 1 || workers > MOST_THREADS) {
    throw new UsageError(`--workers takes a whole number from 1 to ${MOST_THREADS} without --queue`);
  }
  if (every !== undefined && checkpoint === undefined)
    throw new UsageError("--every is for --checkpoint FILE");
  if (isOwn && (workers > 1 || checkpoint !== undefined))
    throw new UsageError("a kernel of one's own is explored by one thread, and not saved");
  if (saved !== undefined) await refuseOtherMachine(saved, machine);
  if (compact && machine.words <= COMPACT_WORDS)
    throw new UsageError(
      "--compact: a state of this machine is kept in no more words than its hash would be",
    );
  const isHashed =
    saved === undefined ? compact && machine.words > COMPACT_WORDS : isOfHashes(saved.checkpoint.saved.table);
  if (isHashed && workers > 1)
    throw new UsageError("--workers: hashes of states (--compact) are kept by one thread only");
  if (isHashed && draws) throw new UsageError("--dot draws states, of which --compact keeps hashes only");
}

/** Explores to the end, to a bound, or until it is stopped. */
async function searchInTurns(
  { subject, instance: { machine }, ref, saved }: Search,
  options: Bounded,
  work: Work,
): Promise<Explored> {
  const law = lawAsked(machine.laws, options.law);
  const { workers = 1, checkpoint, every = USUAL_SECONDS, compact = false, states = USUAL_STATES } = options;
  if (law !== undefined && options.whole)
    throw new UsageError("--whole continues after a violation, and --law ends at one");
  const continues = subject.continuesAfterViolation || options.whole === true;
  const given = {
    bounds: { states, ...options.memory },
    enough: (broken: readonly string[]) => (law === undefined ? !continues : broken.includes(law)),
    resume: saved?.checkpoint.saved,
    saving: checkpoint === undefined ? undefined : savingTo(checkpoint, every, machine, ref, options.warn),
  };
  if (options.queue !== undefined) {
    const { exploreShared } = await import("../campaign/shared-exploration.ts");
    const index = machine.laws.findIndex(({ id }) => id === law);
    const ends = law === undefined ? (continues ? "never" : "any") : String(index);
    const { queue, shards, memory } = options;
    return exploreShared(machine, ref, { queue, shards, workers, states, ends, bytes: memory.bytes }, work);
  }
  const turns =
    workers === 1
      ? exploring(machine, { ...given, compact })
      : exploringTogether(machine, sourceOf(ref), { ...given, workers });
  const started = performance.now() - (given.resume?.seconds ?? 0) * 1000;
  try {
    return await work.through(turns, (now) => progressText(now, (performance.now() - started) / 1000));
  } catch (error) {
    if (!(error instanceof OutOfMemory)) throw error;
    throw new UsageError("--megabytes: there is not so much memory");
  }
}

function lawAsked(laws: Visitable["laws"], id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  const ids = laws.map((law) => law.id);
  return orNearest("law of this machine", id, (word) => ids.find((known) => known === word), ids);
}

function open(
  subject: Subject,
  { parameters, ...reductions }: Reductions & { readonly parameters: Parameters },
) {
  try {
    return subject.open(parameters, reductions);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`--scope ${scopeText(parameters)}: ${error.message}`);
  }
}

/**
 * The same exploration by several threads: level by level, each thread taking some states of the level at a time and
 * putting what follows into one shared table. All states that a level leads to are found before the first of them is
 * visited, so a state's parent is in the level before, and runs into violations are shortest ones.
 *
 * At a fixpoint states, edges, depth, deadlocks, witnesses, how often actions fired and which laws are violated in how
 * many steps are those of one thread. The run by which a state is found, of several shortest ones, depends on which
 * thread was faster: so a violation's run is always as long as with one thread, and not always the same; and where a
 * law is one of states, not of actions, so is which actions are said to violate it. A violation ends the exploration at
 * the end of its level, so that all violations of that length are reported, and counts are then those of whole levels.
 */
import { endedBy, isBounded } from "./explore.ts";
import { type Crew, startCrew } from "./parallel-crew.ts";
import { HEAD, type Order, type Reply, STOP } from "./parallel-visit.ts";
import type { MachineSource } from "./parallel-worker.ts";
import {
  addInitial,
  batchFor,
  beginLevel,
  depthOf,
  noFindings,
  progressOf,
  refuse,
  savedFrom,
  signature,
  startOf,
  summary,
  violatedIn,
  witnessesOf,
} from "./search.ts";
import { SharedTable, sharedMemory } from "./shared-table.ts";
import type {
  Explored,
  ExploreOptions,
  Findings,
  First,
  Progress,
  Saved,
  Search,
  Stop,
  Visitable,
} from "./visitable.ts";

/** How the work is divided, in transitions: approximate, as states of a level have more or fewer of them. */
export interface Grain {
  /** The work that a thread takes at a time. */
  readonly taken: number;
  /** A smaller level is visited by one thread, as is the next if it is smaller, too. */
  readonly narrow: number;
}
const USUAL_GRAIN: Grain = { taken: 4096, narrow: 8192 };
/** Parts of a level for each thread, at least, so that none waits long for the others at its end. */
const PARTS = 8;
/** Between two turns. */
const LOOK_MS = 100;

export interface ParallelOptions extends Omit<ExploreOptions, "compact"> {
  readonly workers: number;
  readonly grain?: Grain;
}

/** A search by several threads, as the one that coordinates them sees it. */
interface Joint extends Search {
  readonly reached: SharedTable;
  readonly crew: Crew;
  readonly grain: Grain;
  readonly workers: number;
  /** The findings from before these threads began. */
  readonly found: Findings;
  /** The last reply of each thread, with all of the thread's findings. */
  readonly replies: (Reply | undefined)[];
}

/**
 * Yields several times a second; stopped, it ends once all threads have ended. They build their machine by the source:
 * it must be the same machine. Rejects with the error of a thread that fails, and with OutOfMemory where the memory it
 * may use cannot be reserved.
 */
export async function* exploringTogether(
  machine: Visitable,
  source: MachineSource,
  { bounds, workers, enough = () => true, resume, saving, grain = USUAL_GRAIN }: ParallelOptions,
): AsyncGenerator<Progress, Explored, Stop> {
  refuse(machine);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const memory = sharedMemory(machine.words, bounds.bytes, resume?.table.parents.length);
  const reached = new SharedTable(memory);
  const begun = resume === undefined ? begin(machine, reached) : goOn(reached, resume);
  const crew = startCrew(workers, { source, memory });
  const joint = { crew, grain, workers, found: begun.findings, replies: [] };
  const search: Joint = { machine, reached, hashBits: machine.hashBits, ...begun, ...joint };
  const saved = () => savedFrom(search, reached.save(), seconds(), seenBy(search));
  try {
    await greet(search);
    let ended: Explored["ended"] | undefined;
    if (search.findings.violated.length > 0 && enough(violatedIn(search))) ended = "break";
    while (ended === undefined) {
      const room = await makeRoom(search, bounds.bytes);
      if (room === undefined) {
        ended = "memory";
        break;
      }
      const round = visitRound(search, Math.min(room, bounds.states + 1));
      let isOver = false;
      while (!isOver) {
        isOver = await within(round, LOOK_MS);
        const stop = yield progressOf(search, Math.min(search.levelEnd, reached.control[HEAD] as number));
        ended ??= endedBy(stop) ?? (bounds.isFull?.() ? "memory" : undefined);
        if (ended !== undefined || saving?.due()) Atomics.store(reached.control, STOP, 1);
      }
      settle(search, await round);
      ended = endOfRound(search, enough) ?? ended ?? (reached.count > bounds.states ? "states" : undefined);
      if (ended === undefined && saving?.due()) saving.save(saved());
    }
    if (isBounded(ended)) saving?.save(saved());
    return summary(search, ended, seconds(), seenBy(search));
  } finally {
    await crew.end();
  }
}

type Begun = Pick<Search, "findings" | "levels" | "head" | "levelEnd" | "before">;

function begin(machine: Visitable, reached: SharedTable): Begun {
  const findings = noFindings(machine);
  addInitial(machine, reached, batchFor(machine), findings);
  reached.closeUp([reached.unused()]);
  return { findings, levels: [1], head: 0, levelEnd: 1, before: { seconds: 0, witnesses: new Map() } };
}

function goOn(reached: SharedTable, resume: Saved): Begun {
  reached.restore(resume.table);
  return startOf(resume);
}

/** Throws an Error where a thread has built another machine. */
async function greet({ machine, crew }: Joint): Promise<void> {
  const own = signature(machine);
  const others = await crew.greeting();
  if (others.some((each) => each !== own)) {
    throw new Error(`${machine.name}: a thread built another machine from what it was given`);
  }
}

/** States that a thread takes at a time. */
function chunkOf({ findings, grain, head, levelEnd, workers }: Joint): number {
  const average = Math.max(1, findings.edges / Math.max(1, head));
  return Math.max(
    1,
    Math.min(Math.round(grain.taken / average), Math.ceil((levelEnd - head) / workers / PARTS)),
  );
}

/**
 * The number of states up to which threads may continue. Each thread may take one chunk more, and every action may lead
 * from each of its states to a new one; these need room beyond. If there is none, slots grow. Undefined where there is
 * no memory for that.
 */
async function makeRoom(search: Joint, bytes: number): Promise<number | undefined> {
  const { reached, crew, workers, machine } = search;
  const margin = workers * reached.mostTaken(chunkOf(search) * machine.actions.length);
  const room = () => reached.mostIn(bytes) - margin;
  if (reached.count < room()) return room();
  if (!reached.growSlots(reached.count + margin + 1, bytes)) return undefined;
  const part = (nth: number) => Math.floor((reached.count * nth) / workers);
  await crew.ask(
    Array.from({ length: workers }, (_none, nth) => ({ does: "move", first: part(nth), end: part(nth + 1) })),
  );
  return reached.count < room() ? room() : undefined;
}

/** Has the rest of the level visited, by one thread or by all. */
function visitRound(search: Joint, most: number): Promise<readonly Reply[]> {
  const { reached, crew, grain, workers, findings, head, levelEnd } = search;
  const narrow = (grain.narrow * Math.max(1, head)) / Math.max(1, findings.edges);
  const isNarrow = levelEnd - head < narrow;
  const order: Order = {
    does: "visit",
    depth: depthOf(search),
    levelEnd,
    chunk: chunkOf(search),
    most,
    narrow: isNarrow ? narrow : 0,
  };
  reached.control[HEAD] = head;
  reached.control[STOP] = 0;
  return crew.ask(Array.from({ length: isNarrow ? 1 : workers }, () => order));
}

/** Waits for a round at most this long. Returns whether it is over. */
async function within(round: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  try {
    return await Promise.race([round.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** All threads have stopped: takes over what they found. Numbers are without gaps then. */
function settle(search: Joint, replies: readonly Reply[]): void {
  const { reached, levels } = search;
  reached.closeUp(replies.map(({ unused }) => unused));
  for (const [nth, reply] of replies.entries()) search.replies[nth] = reply;
  for (const end of replies[0]?.levelEnds ?? []) {
    levels.push(end - search.levelEnd);
    search.levelEnd = end;
  }
  search.head = Math.min(search.levelEnd, reached.control[HEAD] as number);
  const found = search.replies.flatMap((reply) => (reply === undefined ? [] : [reply.findings]));
  search.findings = merged([search.found, ...found]);
}

/** Once a level is visited: begins the next, or says what ended the search with it. */
function endOfRound(
  search: Joint,
  enough: (violated: readonly string[]) => boolean,
): Explored["ended"] | undefined {
  if (search.head < search.levelEnd) return undefined;
  if (search.findings.violated.length > 0 && enough(violatedIn(search))) return "break";
  if (search.reached.count === search.levelEnd) return "fixpoint";
  beginLevel(search);
  return undefined;
}

function seenBy(search: Joint): ReadonlyMap<string, number> {
  return witnessesOf(
    search,
    search.replies.map((reply) => reply?.witnesses),
  );
}

/** What several found, of each law the nearest violation. */
function merged(all: readonly Findings[]): Findings {
  const [some] = all as [Findings];
  const sum = (of: (findings: Findings) => number) => all.reduce((total, each) => total + of(each), 0);
  const first = some.first.map((_none, law) => all.map((each) => each.first[law]).reduce(nearer));
  const lengthOf = (law: number) => (first[law] as First).length;
  return {
    edges: sum(({ edges }) => edges),
    deadlocks: sum(({ deadlocks }) => deadlocks),
    fired: some.fired.map((_none, action) => sum(({ fired }) => fired[action] as number)),
    violated: [...first.keys()]
      .filter((law) => first[law] !== undefined)
      .sort((a, b) => lengthOf(a) - lengthOf(b) || a - b),
    first,
    shortest: some.shortest.map((lengths, law) =>
      lengths.map((_none, action) =>
        all.map(({ shortest }) => shortest[law]?.[action] as number).reduce(shorter),
      ),
    ),
  };
}

function nearer(some: First | undefined, other: First | undefined): First | undefined {
  if (some === undefined || other === undefined) return some ?? other;
  return (other.length - some.length || other.action - some.action) < 0 ? other : some;
}

/** Of two lengths, where 0 is none. */
function shorter(some: number, other: number): number {
  if (some === 0 || other === 0) return some + other;
  return Math.min(some, other);
}

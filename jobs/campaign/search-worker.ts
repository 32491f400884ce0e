/** What a worker of a shared search does: it takes tasks until none is left. */
import { Expander, Mirror, MOST_CHUNK, Partition } from "../../engine/search/partitions.ts";
import { noFindings } from "../../engine/search/search.ts";
import type { Findings, Visitable } from "../../engine/search/visitable.ts";
import type { SharedSearch } from "./open-search.ts";
import { LostStates, type SearchStates } from "./search-states.ts";
import { type SearchTasks, type TaskFindings, WrongTask } from "./search-tasks.ts";

/** Transitions of a task, about. */
const TAKEN = 100_000;
/** The wait for a task where none is left of a phase. */
const WAIT_MS = 3;

export interface SearchWorkerOptions {
  readonly partitions: number;
  /** For how long a task is this worker's, if it says nothing more. */
  readonly leaseMs: number;
  /** Bytes of partitions that it keeps, beside the one in work. */
  readonly bytes: number;
  readonly worker: string;
  /** Called around each task, to measure it. */
  readonly around?: (task: string, work: () => Promise<TaskFindings>) => Promise<TaskFindings>;
}

/** As search-scripts.ts says. */
interface Expand {
  readonly level: number;
  readonly partition: number;
  /** The round in which the partition took the states, and the index of the first of them. */
  readonly added: number;
  readonly start: number;
  readonly from: number;
  readonly to: number;
  /** The round in which partitions take what is found. */
  readonly round: number;
}
interface Merge {
  readonly level: number;
  readonly round: number;
  readonly partition: number;
  /** How often something was put where the partition takes it. */
  readonly found: number;
  /** States that it has. */
  readonly size: number;
}

const IS_TASK = /^(e(:\d{1,10}){7}|m(:\d{1,10}){5})$/;

/** A task's work; undefined for what is no task. */
function workOf(task: string): Expand | Merge | undefined {
  if (!IS_TASK.test(task)) return undefined;
  const [level = 0, ...rest] = task.split(":").slice(1).map(Number);
  if (task.startsWith("e")) {
    const [partition = 0, added = 0, start = 0, from = 0, to = 0, round = 0] = rest;
    return { level, partition, added, start, from, to, round };
  }
  const [round = 0, partition = 0, found = 0, size = 0] = rest;
  return { level, round, partition, found, size };
}

type Ended = "done" | "paused" | "gone";

/** Works for a search until it is done, or paused. */
export async function workForSearch(
  search: SharedSearch,
  machine: Visitable,
  options: SearchWorkerOptions,
): Promise<Ended> {
  const { leaseMs, around = (_task, work) => work() } = options;
  const { tasks } = search;
  const run = (await tasks.status())?.run ?? "";
  const worker = new SearchWorker(search, run, machine, options);
  let task = await tasks.take(options.worker, leaseMs, run);
  for (;;) {
    if (task === "done" || task === "paused" || task === "gone") return task;
    if (task === "wait") {
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      task = await tasks.take(options.worker, leaseMs, run);
      continue;
    }
    const current = task;
    const found = await around(current, () => worker.run(current));
    // Both in one go.
    [, task] = await Promise.all([
      tasks.finish(current, found, run),
      tasks.take(options.worker, leaseMs, run),
    ]);
  }
}

class SearchWorker {
  readonly #tasks: SearchTasks;
  readonly #states: SearchStates;
  /** What it has kept is of this run alone. */
  readonly #run: string;
  readonly #machine: Visitable;
  readonly #options: SearchWorkerOptions;
  readonly #expander: Expander;
  /** The partitions kept, the one used last at the end. */
  readonly #kept = new Map<number, Kept>();
  readonly #mirror: Mirror | undefined;
  /** The round up to which it has origins. */
  #mirrored = -1;
  #edges = 0;
  #expanded = 0;

  constructor(
    { tasks, states }: SharedSearch,
    run: string,
    machine: Visitable,
    options: SearchWorkerOptions,
  ) {
    this.#run = run;
    this.#tasks = tasks;
    this.#states = states;
    this.#machine = machine;
    this.#options = options;
    this.#expander = new Expander(machine, options.partitions);
    this.#mirror = machine.restoresByRun === true ? new Mirror(options.partitions) : undefined;
  }

  run(task: string): Promise<TaskFindings> {
    const work = workOf(task);
    // Others may write to the server.
    if (work === undefined || work.partition >= this.#options.partitions)
      throw new WrongTask(
        `search ${this.#tasks.id} on the server has a task that is none, ${JSON.stringify(task.slice(0, 60))}: explore --forget removes it`,
      );
    return "added" in work ? this.#expand(work) : this.#merge(task, work);
  }

  async #expand({ level, partition, added, start, from, to, round }: Expand): Promise<TaskFindings> {
    const { words } = this.#machine;
    if (this.#mirror !== undefined) await this.#readOrigins(this.#mirror, added);
    const forms = await this.#states.forms(partition, added, words, from - start, to - start);
    const chunk = { partition, from, forms };
    const { findings, found } = this.#expander.expand(chunk, level, this.#mirror);
    this.#edges += findings.edges;
    this.#expanded += to - from;
    const pushed = [...found.entries()].filter(([, rows]) => rows.length > 0);
    await Promise.all(pushed.map(([into, rows]) => this.#states.push(into, round, rows, this.#run)));
    const witnesses = [...(this.#machine.witnesses?.() ?? [])].filter(([, times]) => times > 0);
    return {
      ...asSent(findings),
      seen: witnesses.map(([id]) => id),
      found: pushed.map(([into]) => [into, 1]),
      bytes: pushed.reduce((sum, [, rows]) => sum + rows.byteLength, 0),
      next: [],
    };
  }

  /** Once states of a round are expanded, the partitions have all of it. */
  async #readOrigins(mirror: Mirror, round: number): Promise<void> {
    for (; this.#mirrored < round; this.#mirrored++) {
      for (let partition = 0; partition < this.#options.partitions; partition++)
        mirror.add(partition, await this.#states.origins(partition, this.#mirrored + 1));
    }
  }

  async #merge(task: string, work: Merge): Promise<TaskFindings> {
    const { level, round, partition, size } = work;
    const known = this.#states;
    let says = await known.saysOf(partition, round);
    try {
      says ??= await this.#add(task, work);
    } catch (error) {
      // Another worker may have been faster, so that nothing is there to be added.
      if (error instanceof LostStates) says = await known.saysOf(partition, round);
      if (says === undefined) {
        // Of a task that was done long ago nothing is counted.
        if (error instanceof LostStates && (await known.isBeyond(partition, round))) return NOTHING;
        throw error;
      }
    }
    const said = JSON.parse(says) as { size: number } & ReturnType<typeof asSent>;
    return {
      counts: said.counts,
      first: said.first,
      shortest: said.shortest,
      seen: [],
      found: [],
      bytes: 0,
      next: this.#tasksOf(level, round, partition, size, said.size),
      merged: { partition, new: said.size - size, size: said.size, worker: this.#options.worker },
    };
  }

  /** Adds what was found for a partition. Returns what is said of it. */
  async #add(task: string, { level, round, partition, found, size }: Merge): Promise<string> {
    const states = await this.#partition(partition, round, size);
    const findings = noFindings(this.#machine);
    for await (const some of this.#states.found(partition, round, found)) {
      for (const each of some) states.add(each, level, findings);
      await this.#tasks.keep(task, this.#options.leaseMs);
    }
    const own = JSON.stringify({ size: states.count, ...asSent(findings) });
    const says = await this.#states.apply(partition, round, size, states.since(size), own, this.#run);
    if (JSON.parse(says).size === states.count) this.#keep(partition, { states, rounds: round + 1 });
    return says;
  }

  /** The states that a partition took in a round, in tasks that take about as long as one another. */
  #tasksOf(level: number, round: number, partition: number, from: number, to: number): string[] {
    const average = this.#expanded === 0 ? this.#machine.actions.length : this.#edges / this.#expanded;
    const most = Math.min(MOST_CHUNK, Math.max(1, Math.round(TAKEN / Math.max(1, average))));
    const parts = Math.ceil((to - from) / most);
    const at = (part: number) => from + Math.floor(((to - from) * part) / parts);
    return Array.from(
      { length: parts },
      (_none, part) => `e:${level}:${partition}:${round}:${from}:${at(part)}:${at(part + 1)}`,
    );
  }

  /** A partition with all states before this round: it reads what it has not kept. */
  async #partition(partition: number, round: number, size: number): Promise<Partition> {
    const kept = this.#kept.get(partition);
    this.#kept.delete(partition);
    const { states, rounds } = kept ?? {
      states: new Partition(this.#machine, this.#options.partitions),
      rounds: 0,
    };
    for (let each = rounds; each < round; each++)
      states.addKnown(await this.#states.allForms(partition, each));
    if (states.count !== size) throw this.#states.lost(partition);
    return states;
  }

  #keep(partition: number, kept: Kept): void {
    this.#kept.set(partition, kept);
    let bytes = 0;
    for (const { states } of this.#kept.values()) bytes += states.bytes;
    for (const [oldest, { states }] of this.#kept) {
      if (bytes <= this.#options.bytes) break;
      this.#kept.delete(oldest);
      bytes -= states.bytes;
    }
  }
}

/** Of a task that found nothing. */
export const NOTHING: TaskFindings = {
  counts: [],
  first: [],
  shortest: [],
  seen: [],
  found: [],
  bytes: 0,
  next: [],
};

/** A partition with the states of its first rounds. */
interface Kept {
  readonly states: Partition;
  readonly rounds: number;
}

/** Findings as they are sent. */
function asSent(findings: Findings): Pick<TaskFindings, "counts" | "first" | "shortest"> {
  const { edges, deadlocks, fired, first, shortest } = findings;
  return {
    counts: [
      ["edges", edges] as const,
      ["deadlocks", deadlocks] as const,
      ...[...fired].map((times, action) => [`fired:${action}`, times] as const),
    ].filter(([, times]) => times > 0),
    first: first.flatMap((each, law) =>
      each === undefined ? [] : [[law, each.length, each.action, each.from] as const],
    ),
    shortest: shortest.flatMap((lengths, law) =>
      [...lengths].flatMap((length, action) => (length === 0 ? [] : [[`${law}:${action}`, length] as const])),
    ),
  };
}

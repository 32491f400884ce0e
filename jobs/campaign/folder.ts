/** The results and the examples of campaigns on one machine: files below .vmapcheck in the working directory. */
import { appendFile, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  type Finding,
  findingIn,
  type Plan,
  readPlan,
  resultIn,
  type TaskResult,
} from "../../adapters/campaign-file.ts";
import { inputError } from "../../adapters/input-error.ts";
import { orNearest, UsageError } from "../usage-error.ts";
import { fingerprintOf } from "./tasks.ts";

/** Where results lie: each is recorded once, however often its task ran. */
export interface Results {
  /** Whether it was recorded: not if one of its id is there. */
  record(result: TaskResult): Promise<boolean>;
  all(): Promise<readonly TaskResult[]>;
}

/** What failed anywhere, each history once: by its fingerprint. */
export interface Examples {
  add(finding: Finding): Promise<void>;
  all(): Promise<readonly Finding[]>;
}

const FOLDER = ".vmapcheck";

const campaignFolder = (name: string): string => join(FOLDER, "campaigns", name);

/** Lines of JSON in a file, by key. What a process left half written at the end is left out. */
class Journal<T> {
  readonly #path: string;
  readonly #form: (path: string, json: unknown) => T;
  readonly #keyOf: (entry: T) => string;
  readonly #entries = new Map<string, T>();
  #read: Promise<void> | undefined;

  constructor(path: string, form: (path: string, json: unknown) => T, keyOf: (entry: T) => string) {
    this.#path = path;
    this.#form = form;
    this.#keyOf = keyOf;
  }

  async add(entry: T): Promise<boolean> {
    await this.#ready();
    const key = this.#keyOf(entry);
    if (this.#entries.has(key)) return false;
    this.#entries.set(key, entry);
    await appendFile(this.#path, `${JSON.stringify(entry)}\n`);
    return true;
  }

  async all(): Promise<readonly T[]> {
    await this.#ready();
    return [...this.#entries.values()];
  }

  #ready(): Promise<void> {
    this.#read ??= this.#load();
    return this.#read;
  }

  async #load(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const text = await textOrNothing(this.#path);
    const ended = text.slice(0, text.lastIndexOf("\n") + 1);
    for (const [nth, line] of ended.split("\n").entries()) {
      if (line === "") continue;
      const entry = this.#form(this.#path, parsed(line, this.#path, nth + 1));
      this.#entries.set(this.#keyOf(entry), entry);
    }
    // The last line of a process that was killed while it wrote is cut off.
    if (ended.length < text.length) await writeFile(this.#path, ended);
  }
}

async function textOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function parsed(line: string, path: string, nth: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw inputError(path, nth, `is not JSON: ${(error as Error).message}`);
  }
}

const planPath = (name: string) => join(campaignFolder(name), "plan.json");

export async function keepPlan(plan: Plan): Promise<void> {
  await mkdir(campaignFolder(plan.name), { recursive: true });
  await writeFile(planPath(plan.name), `${JSON.stringify({ vmapcheck: 1, ...plan }, undefined, 2)}\n`);
}

/** The plan of a campaign that ran here. Throws a UsageError if none of this name did. */
export async function folderPlan(name: string): Promise<Plan> {
  const all = await campaignNames();
  if (all.length === 0) throw new UsageError("no campaign ran in this folder: see campaign run --help");
  return readPlan(planPath(orNearest("campaign", name, (word) => all.find((each) => each === word), all)));
}

async function campaignNames(): Promise<readonly string[]> {
  try {
    return (await readdir(join(FOLDER, "campaigns"))).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

const resultsPath = (name: string) => join(campaignFolder(name), "results.jsonl");

export function folderResults(name: string): Results {
  const journal = new Journal<TaskResult>(resultsPath(name), resultIn, ({ id }) => id);
  return { record: (result) => journal.add(result), all: () => journal.all() };
}

/**
 * Moves the results of an earlier run out of the way, to a file of their own: they may be hours of work. Returns how
 * many there are, and the file; undefined if there are none.
 */
export async function setResultsAside(
  name: string,
): Promise<{ readonly results: number; readonly file: string } | undefined> {
  const path = resultsPath(name);
  const text = await textOrNothing(path);
  if (text === "") return undefined;
  const there = await readdir(dirname(path));
  let file = `${path}.before`;
  for (let nth = 2; there.includes(basename(file)); nth += 1) file = `${path}.before-${nth}`;
  await rename(path, file);
  return { results: text.split("\n").length - 1, file };
}

export function folderExamples(): Examples {
  const journal = new Journal<Finding>(join(FOLDER, "examples.jsonl"), findingIn, fingerprintOf);
  return {
    add: async (finding) => {
      if (finding.file !== null) await journal.add(finding);
    },
    all: () => journal.all(),
  };
}

/** The documents of a campaign: its plan as a file, and what machines that share a queue write for each other. */
import { z } from "zod";
import { checked } from "./complaint.ts";
import { inputError } from "./input-error.ts";
import { readJson } from "./json-file.ts";

/** The format's version; a file of another one is refused. */
const VERSION = 1;

/** A label, a bug, a law or a machine: it is printed as it is. */
const word = z
  .string()
  .max(200)
  .regex(/^[\w.:/+-]+$/, { error: "expected a name of letters, digits, and . : / + - _" });
const scope = z
  .string()
  .max(500)
  .regex(/^[\w=,.-]*$/, { error: "expected parameters such as pages=5,cpus=2" });
/** A file of the machine that runs the task. */
const path = z
  .string()
  .max(1000)
  .regex(/^[^\p{Cc}]+$/u, { error: "expected the path of a file" });
const seeds = z.int().min(1).max(100_000).optional();
const runs = z.int().min(0).max(10_000_000).optional();
const states = z.int().min(1).max(1_000_000_000).optional();

const job = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("check"), subject: word, runs, seeds }),
  z.strictObject({ kind: z.literal("hunt"), bug: word, runs, seeds }),
  z.strictObject({ kind: z.literal("explore"), machine: word, scope: scope.optional(), states }),
  z.strictObject({
    kind: z.literal("swarm"),
    machine: word,
    scope: scope.optional(),
    states,
    depth: z.int().min(1).max(60_000).optional(),
    seeds,
  }),
  z.strictObject({ kind: z.literal("diff"), one: word, other: word, runs, seeds }),
  z.strictObject({
    kind: z.literal("validate"),
    log: path,
    vmallocinfo: path.optional(),
    release: word.optional(),
  }),
]);

/** The most tasks of a plan: each has an entry in memory, or on the server. */
const MOST_TASKS = 1_000_000;
const tasksIn = (jobs: readonly z.output<typeof job>[]) =>
  jobs.reduce((sum, each) => sum + (("seeds" in each ? each.seeds : undefined) ?? 1), 0);

const format = z.strictObject({
  vmapcheck: z.literal(VERSION),
  /** Letters, digits and dashes: it names the folder or the queue. */
  name: z.string().regex(/^[\w-]{1,60}$/, { error: "expected 1 to 60 letters, digits and dashes" }),
  /** The first of all seeds. */
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  jobs: z
    .array(job)
    .min(1)
    .max(10_000)
    .refine((jobs) => tasksIn(jobs) <= MOST_TASKS, {
      error: `expected ${MOST_TASKS} tasks at most, a job counted for each of its seeds`,
    }),
});

export type Plan = Omit<z.output<typeof format>, "vmapcheck">;
export type PlannedJob = z.output<typeof job>;

/** A planned job with one of its seeds. Its id says all of it: equal tasks have equal ids. */
export type Task = z.output<typeof task>;
/** Something that a task found. */
export type Finding = z.output<typeof finding>;
/** What came of a task. Everything but its time depends on the task, and on the examples that it was given. */
export type TaskResult = z.output<typeof result>;

/** Text that others wrote: it is printed in one line. */
const text = (most: number) => z.string().max(most);
const count = z.number().nonnegative();

const task = z.strictObject({
  id: text(1000),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  job,
});

const finding = z.strictObject({
  law: word,
  subject: text(500),
  /** The bug of the catalogue that explains it; null if none does. */
  bug: word.nullable(),
  /** Commands or steps of the shortest history found. */
  commands: count.nullable(),
  /** The history as a file that replay reads; null where there is none to write. */
  file: text(16 * 2 ** 20).nullable(),
});

const result = z.strictObject({
  id: text(1000),
  kind: z.enum(["check", "hunt", "explore", "swarm", "diff", "validate"]),
  /**
   * `unexpected`: an unknown violation, or a bug that was not found. `refused`: the task asks for what is not there.
   * `set aside`: its process died three times.
   */
  outcome: z.enum(["as expected", "unexpected", "refused", "set aside"]),
  says: text(10_000),
  findings: z.array(finding).max(1000),
  /** Random histories. */
  histories: count,
  states: count,
  seconds: count,
  /** Hashes of some of the states that a search of a swarm found: of one in this many. */
  sample: z
    .strictObject({ of: text(1000), every: z.int().positive(), hashes: z.array(count).max(100_000) })
    .optional(),
});

/** Reads a plan. Throws an InputError that says what is wrong and where. */
export async function readPlan(path: string): Promise<Plan> {
  return planIn(path, await readJson(path));
}

/** The plan in a document read from there. */
export function planIn(path: string, json: unknown): Plan {
  const { vmapcheck: _version, ...plan } = formed(format, path, json);
  return plan;
}

export const taskIn = (from: string, json: unknown): Task => formed(task, from, json);
export const resultIn = (from: string, json: unknown): TaskResult => formed(result, from, json);
export const findingIn = (from: string, json: unknown): Finding => formed(finding, from, json);

function formed<F extends z.ZodType>(form: F, from: string, json: unknown): z.output<F> {
  return checked(form, json, "", (says) => inputError(from, undefined, says));
}

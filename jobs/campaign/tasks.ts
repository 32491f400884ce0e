/** The tasks of a campaign: what its plan asks, one seed each, and how one is run. */
import { createHash } from "node:crypto";
import type { Finding, Plan, PlannedJob, Task, TaskResult } from "../../adapters/campaign-file.ts";
import { check, unexpected } from "../check/check.ts";
import type { KernelReport, Surprise } from "../check/kernel.ts";
import { diff, fileOf } from "../diff.ts";
import { explore } from "../explore/explore.ts";
import { exploreSwarm, type OneSearch } from "../explore/swarm.ts";
import { hunt } from "../hunt.ts";
import { validate } from "../logs/validate.ts";
import type { Report } from "../subject-types.ts";
import { isTreeName, TREE_PREFIX } from "../trees/trees.ts";

/** The most that a result names. */
const MOST_FINDINGS = 1000;

type Outcome = Omit<TaskResult, "id" | "kind" | "seconds">;

/** The tasks of a plan, in its order. Equal ones are one task. */
export function tasksOf({ seed: first, jobs }: Plan): readonly Task[] {
  const tasks = new Map<string, Task>();
  for (const job of jobs) {
    const seeds = "seeds" in job ? (job.seeds ?? 1) : 1;
    for (let nth = 0; nth < seeds; nth++) {
      const seed = (first + nth) % 2 ** 31;
      const id = idOf(job, seed);
      tasks.set(id, { id, seed, job });
    }
  }
  return [...tasks.values()];
}

function idOf(job: PlannedJob, seed: number): string {
  switch (job.kind) {
    case "check":
      return `check ${job.subject} runs=${job.runs ?? "usual"} seed=${seed}`;
    case "hunt":
      return `hunt ${job.bug} runs=${job.runs ?? "usual"} seed=${seed}`;
    case "explore":
      return `explore ${job.machine} ${job.scope ?? "usual"} states=${job.states ?? "usual"}`;
    case "diff":
      return `diff ${job.one} ${job.other} runs=${job.runs ?? "usual"} seed=${seed}`;
    case "swarm":
      return `swarm ${job.machine} ${swarmBounds(job)} seed=${seed}`;
    case "validate":
      return `validate ${job.log} ${job.vmallocinfo ?? "alone"} as ${job.release ?? "recorded"}`;
  }
}

/**
 * Runs a task.
 * @param examples Histories that failed anywhere, as files: a check tries them first.
 * @throws What its job throws: a UsageError or an InputError for a task that asks for what is not there.
 */
export async function runTask(
  { id, seed, job }: Task,
  examples: readonly string[] = [],
): Promise<TaskResult> {
  const started = performance.now();
  const outcome = await outcomeOf(job, seed, examples);
  return { id, kind: job.kind, ...outcome, seconds: (performance.now() - started) / 1000 };
}

function outcomeOf(job: PlannedJob, seed: number, examples: readonly string[]): Promise<Outcome> {
  switch (job.kind) {
    case "check":
      return checked(job, seed, examples);
    case "hunt":
      return hunted(job, seed);
    case "explore":
      return explored(job);
    case "diff":
      return compared(job, seed);
    case "swarm":
      return searchedInSwarm(job, seed);
    case "validate":
      return validated(job);
  }
}

async function checked(
  job: PlannedJob & { kind: "check" },
  seed: number,
  examples: readonly string[],
): Promise<Outcome> {
  const { subject, runs } = job;
  const what = isTreeName(subject)
    ? { tree: { directory: subject.slice(TREE_PREFIX.length) } }
    : { kernels: [subject] };
  const found = await check({ ...what, runs, seed, examples });
  const findings = found.reports.flatMap(({ wing, surprises }) =>
    surprises.filter(({ kind }) => kind === "unknown").map((surprise) => findingOf(wing, surprise)),
  );
  const count = unexpected(found);
  return {
    outcome: count > 0 ? "unexpected" : "as expected",
    says:
      count === 0
        ? "nothing unexpected"
        : `${count} unexpected: ${found.surprises.map(({ what }) => what).join("; ")}`,
    findings,
    histories: found.reports.reduce((sum, { histories }) => sum + histories, 0),
    states: found.reports.reduce((sum, { explored }) => sum + (explored?.states ?? 0), 0),
  };
}

function findingOf({ files }: KernelReport["wing"], { kernel, law, history, scope }: Surprise): Finding {
  const about = { law: law ?? "", subject: kernel, bug: null, commands: history?.length ?? null };
  if (history === null || scope === null || law === null) return { ...about, file: null };
  return { ...about, file: files.formatHistory({ kernel, law, scope, commands: history }) };
}

async function hunted({ bug, runs }: PlannedJob & { kind: "hunt" }, seed: number): Promise<Outcome> {
  const found = await hunt({ bugs: [bug], seed, runs });
  const laws = found.bugs.flatMap((each) => each.laws.map((law) => ({ id: each.bug.id, ...law })));
  const missed = laws.filter((each) => !each.found).map(({ law }) => law);
  return {
    outcome: missed.length > 0 ? "unexpected" : "as expected",
    says: missed.length > 0 ? `not found: ${missed.join(", ")}` : "found",
    findings: laws
      .filter((each) => each.found)
      .map(({ id, law, commands }) => ({ law, subject: bug, bug: id, commands, file: null })),
    histories: laws.reduce((sum, each) => sum + (each.runs ?? 0), 0),
    states: laws.reduce((sum, each) => sum + (each.states ?? 0), 0),
  };
}

async function explored({ machine, scope, states }: PlannedJob & { kind: "explore" }): Promise<Outcome> {
  const { reports, result } = await explore(machine, { scope, states });
  const findings = reports.filter(({ promised }) => promised).map((each) => findingIn(machine, each));
  const unknown = findings.filter(({ bug }) => bug === null);
  const extent = result.ended === "fixpoint" ? "every state" : `ended by ${result.ended}`;
  return {
    outcome: unknown.length > 0 ? "unexpected" : "as expected",
    says:
      unknown.length > 0 ? `${extent}; no bug explains ${unknown.map(({ law }) => law).join(", ")}` : extent,
    findings,
    histories: 0,
    states: result.states,
  };
}

const findingIn = (subject: string, { law, bug, history, file }: Report): Finding => ({
  ...{ law, subject, bug: bug ?? null, commands: history.length, file: file ?? null },
});

async function compared(job: PlannedJob & { kind: "diff" }, seed: number): Promise<Outcome> {
  const { one, other, runs } = job;
  const report = await diff(one, other, { runs, seed });
  const { difference, visited, drawn } = report.compared;
  const kinds = difference?.kinds.join(", ");
  return {
    outcome: "as expected",
    says:
      difference === undefined ? "no difference found" : `differ in ${difference.history.length}: ${kinds}`,
    findings:
      difference === undefined
        ? []
        : [
            {
              law: "difference",
              subject: `${one} ${other}`,
              bug: null,
              commands: difference.history.length,
              file: fileOf(report) ?? null,
            },
          ],
    histories: drawn,
    states: visited.reduce((sum, { states }) => sum + states, 0),
  };
}

type SwarmJob = PlannedJob & { kind: "swarm" };

const swarmBounds = ({ scope = "usual", states, depth }: SwarmJob): string =>
  `${scope} states=${states ?? "usual"} depth=${depth ?? "usual"}`;

/** One search of a swarm: the report puts the samples of all its seeds side by side. */
async function searchedInSwarm(job: SwarmJob, seed: number): Promise<Outcome> {
  const { machine, scope, states, depth } = job;
  const { searches, every, reports } = await exploreSwarm(machine, { scope, states, depth, seed, swarm: 1 });
  const [search] = searches as [OneSearch];
  const findings = reports.filter(({ promised }) => promised).map((each) => findingIn(machine, each));
  const unknown = findings.filter(({ bug }) => bug === null).map(({ law }) => law);
  const extent = `${search.states} states, up to ${search.depth} steps`;
  return {
    outcome: unknown.length > 0 ? "unexpected" : "as expected",
    says: unknown.length > 0 ? `${extent}; no bug explains ${unknown.join(", ")}` : extent,
    findings,
    histories: 0,
    states: search.states,
    sample: { of: `${machine} ${swarmBounds(job)}`, every, hashes: [...search.sample] },
  };
}

async function validated({ log, ...options }: PlannedJob & { kind: "validate" }): Promise<Outcome> {
  const { violated, violations, laws, mismatch } = await validate(log, options);
  const judged = laws.reduce((sum, each) => sum + each.judged, 0);
  const findings = violations
    .slice(0, MOST_FINDINGS)
    .map(({ law }) => ({ law, subject: log, bug: null, commands: null, file: null }));
  return {
    outcome: violated > 0 || mismatch !== null ? "unexpected" : "as expected",
    says:
      violated === 0
        ? (mismatch ?? `nothing violated, judged ${judged} times`)
        : `${violated} violations, the first in line ${violations[0]?.line}: ${violations[0]?.says}`,
    findings,
    histories: 0,
    states: 0,
  };
}

/** The same history under the same law has the same fingerprint, wherever it was found. */
export function fingerprintOf({ law, file }: Finding): string {
  const { kernel: _, ...history } = JSON.parse(file ?? "{}") as Record<string, unknown>;
  return createHash("sha256")
    .update(JSON.stringify([law, history]))
    .digest("hex")
    .slice(0, 32);
}

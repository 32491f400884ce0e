/** A run of a tree's own code as swim lanes: as its file has it, or as a tree that was given takes it. */
import type { TreeRunFile } from "../../adapters/tree-run-file.ts";
import type { LawId } from "../../spec/contract.ts";
import { replayLine } from "../names.ts";
import { scopeText } from "../parameters.ts";
import { type Act, actText } from "../trees/acts.ts";
import type { ReplayedTreeRun } from "../trees/run.ts";
import { laneName, PAGES_LEGEND, pagesTextOf } from "../trees/steps.ts";
import { STEP_LAWS } from "../trees/steps-judge.ts";
import type { RunFilm, RunStep } from "./documents.ts";

/** A step: whose it is, what it did, and the pages after it where they are known. */
interface Taken {
  readonly lane: string;
  readonly acts: readonly Act[];
  readonly drawn: readonly string[];
}

/** Nothing is run: the file says what each step did, and not which pages had a PTE. */
export function filmOfTreeRunFile(path: string, file: TreeRunFile): RunFilm {
  const taken = file.steps.map((step): Taken => {
    const [lane = "", acts = ""] = step.split(/: (.*)/s);
    return { lane, acts: acts.split("; ").map((says) => ({ says })), drawn: [] };
  });
  return {
    ...filmOf(path, file, taken),
    machine: `the code of Linux ${file.tree}, as the file has it`,
    outcome: "unknown",
    verdict: `By its file this run violates ${file.law} in ${taken.length} steps, on Linux ${file.tree}. Nothing was run: --tree DIR takes it on a tree`,
    legend: `${file.law}: ${saysOf(file.law)}`,
    command: replayLine(`${path} --tree DIR`),
  };
}

export function filmOfTreeRun(found: ReplayedTreeRun): RunFilm {
  const { target, file, run, laws, tree, accepted, how } = found;
  const pagesText = pagesTextOf(run);
  const taken = run.steps.map(
    ({ lane, acts, pages }): Taken => ({ lane: laneName(lane), acts, drawn: [pagesText(pages)] }),
  );
  const name = `tree:${tree.directory}`;
  const isViolated = laws.length > 0;
  const HOW = {
    exactly: "Each step does what the file says.",
    aligned: "What the file says is done in its order, with other steps in between.",
    searched: "This tree cannot take the run of the file: all others of these calls were searched.",
  };
  return {
    ...filmOf(target, file, taken),
    machine: `${name}${tree.version === undefined ? "" : `, ${tree.version}`}`,
    outcome: isViolated ? "violated" : accepted === true ? "accepted" : "unknown",
    verdict: isViolated
      ? `${name} violates ${laws.join(", ")} in ${taken.length} steps`
      : accepted === true
        ? `Accepted: ${name} keeps ${file.law}`
        : `Whether ${name} keeps ${file.law} is not known: the search ended before all states were visited`,
    violations: laws.map((id) => ({ id, says: saysOf(id) })),
    columns: ["pages"],
    begin: [pagesText(run.begin)],
    legend: `${HOW[how]} ${PAGES_LEGEND}`,
    command: replayLine(`${target} --tree ${tree.directory}`),
  };
}

const saysOf = (law: LawId) => STEP_LAWS.find(({ id }) => id === law)?.says ?? "";

type Rest = "machine" | "outcome" | "verdict" | "legend" | "command";

function filmOf(path: string, { calls, scope, grain }: TreeRunFile, taken: readonly Taken[]) {
  const lanes = [...new Set(taken.map(({ lane }) => lane))].sort();
  const film: Omit<RunFilm, Rest> = {
    kind: "run",
    name: path,
    scope: `${calls}; ${scopeText(scope)}, steps at ${grain}`,
    violations: [],
    bug: null,
    twin: null,
    lanes,
    columns: [],
    begin: [],
    steps: stepsOf(lanes, taken),
    loopAt: null,
    kernels: [],
  };
  return film;
}

function stepsOf(lanes: readonly string[], taken: readonly Taken[]): readonly RunStep[] {
  const held = new Map(lanes.map((lane) => [lane, new Set<string>()]));
  const inCall = new Set<string>();
  return taken.map(({ lane, acts, drawn }) => {
    for (const { says } of acts) {
      follow(held.get(lane) as Set<string>, says);
      if (says.endsWith(": begins")) inCall.add(lane);
      if (says.endsWith(": returns")) inCall.delete(lane);
    }
    return {
      cpu: lanes.indexOf(lane),
      text: acts.map(actText).join("; "),
      hardware: false,
      drawn,
      holds: lanes.map((each) => [...(held.get(each) as Set<string>)]),
      waits: lanes.map(() => false),
      idle: lanes.map((each) => !inCall.has(each)),
      sends: [],
    };
  });
}

/** What is held after an act. Whether a trylock got its lock is not said: it is left out. */
function follow(held: Set<string>, says: string): void {
  const [, what, lock] = /^(lock|unlock) (.+)$/.exec(says) ?? [];
  if (lock !== undefined && what === "lock") held.add(lock);
  if (lock !== undefined && what === "unlock") held.delete(lock);
  if (says === "rcu_read_lock") held.add("RCU read side");
  if (says === "rcu_read_unlock") held.delete("RCU read side");
}

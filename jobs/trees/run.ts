/**
 * Replays a run of a tree's own code, on that tree or another: step by step as the file says; else what it says in its
 * order, whatever else a CPU has to do in between; else all runs of the same calls are searched.
 */
import type { TreeRunFile } from "../../adapters/tree-run-file.ts";
import type { LawId } from "../../spec/contract.ts";
import { WORKER } from "../../trees/vmap/calls.ts";
import { StepChild } from "../../trees/vmap/step-child.ts";
import { scopeText } from "../parameters.ts";
import type { Watch } from "../work.ts";
import { actsIn, PLAIN } from "./acts.ts";
import {
  exploreTreeSteps,
  type TakenOnLane,
  type TreeRun,
  type TreeSteps,
  type TreeStepsFound,
  treeSteps,
  treeStepsAsked,
} from "./steps.ts";
import { lawViolated } from "./steps-judge.ts";

export interface ReplayedTreeRun extends TreeSteps {
  readonly kind: "tree run";
  readonly target: string;
  readonly file: TreeRunFile;
  readonly how: "exactly" | "aligned" | "searched";
  readonly run: TreeRun;
  /** What its last step violates. */
  readonly laws: readonly LawId[];
  readonly searched: Pick<TreeStepsFound, "states" | "ended"> | undefined;
  /** Undefined where it is not known. */
  readonly accepted: boolean | undefined;
}

export async function replayTreeRun(
  target: string,
  file: TreeRunFile,
  directory: string,
  watch: Watch = {},
): Promise<ReplayedTreeRun> {
  const asked = treeStepsAsked(directory, { ...file, scope: scopeText(file.scope) });
  const about = { ...asked, kind: "tree run", target, file } as const;
  const wanted = file.steps.map(stepNamed);
  const child = await StepChild.start(asked.tree, asked.calls, asked.scope, asked.grain);
  try {
    for (const how of ["exactly", "aligned"] as const) {
      const begin = await child.restart();
      const taken = await (how === "exactly" ? takeExactly : takeAligned)(child, asked, wanted);
      if (taken === undefined) continue;
      const run = { begin, steps: treeSteps(child.program, asked, taken) };
      const laws = run.steps.at(-1)?.laws ?? [];
      // A run that had to be aligned and violates nothing says little of this tree.
      if (how === "aligned" && laws.length === 0) continue;
      return { ...about, how, run, laws, searched: undefined, accepted: laws.length === 0 };
    }
  } finally {
    await child.end();
  }
  const found = await exploreTreeSteps(asked, { ...watch, law: file.law });
  const report = found.reports.find(({ law }) => law === file.law);
  const isWhole = found.ended === "fixpoint";
  return {
    ...about,
    how: "searched",
    run: report?.run ?? { begin: { ptes: 0, stale: 0 }, steps: [] },
    laws: report === undefined ? [] : [report.law],
    searched: found,
    accepted: report !== undefined ? false : isWhole ? true : undefined,
  };
}

/** A step of a file: whose it is, and what it did. */
interface Wanted {
  readonly lane: number;
  readonly acts: readonly string[];
}

function stepNamed(name: string): Wanted {
  const [, worker, cpu, acts = ""] = /^(?:(worker)|CPU (\d)): (.*)$/.exec(name) ?? [];
  return { lane: worker === undefined ? Number(cpu) : WORKER, acts: acts.split("; ") };
}

const saidBy = ({ calls }: TreeSteps, acts: readonly string[]) => actsIn(acts, calls, new Map());

function violates({ calls, scope }: TreeSteps, { seen }: TakenOnLane): boolean {
  return seen.some((text) => lawViolated(text, calls, scope) !== undefined);
}

/** Up to the first violation; undefined where a step cannot be taken, or does something else. */
async function takeExactly(child: StepChild, asked: TreeSteps, wanted: readonly Wanted[]) {
  const taken: TakenOnLane[] = [];
  for (const { lane, acts } of wanted) {
    const step = await child.step(lane);
    if ("cannot" in step) return undefined;
    const did = saidBy(asked, step.acts).map(({ says }) => says);
    if (did.join("; ") !== acts.join("; ")) return undefined;
    taken.push({ lane, ...step });
    if (violates(asked, taken.at(-1) as TakenOnLane)) return taken;
  }
  return taken;
}

/** Each CPU continues until it has done what is wanted of it next; undefined where it cannot. */
async function takeAligned(child: StepChild, asked: TreeSteps, wanted: readonly Wanted[]) {
  const taken: TakenOnLane[] = [];
  /** What each lane did that was not wanted yet. */
  const did = new Map<number, string[]>();
  for (const { lane, acts } of wanted) {
    for (const act of acts.filter((each) => each !== PLAIN)) {
      const done = did.get(lane) ?? [];
      while (!done.includes(act)) {
        const step = await child.step(lane);
        if ("cannot" in step) return undefined;
        taken.push({ lane, ...step });
        if (violates(asked, taken.at(-1) as TakenOnLane)) return taken;
        done.push(...saidBy(asked, step.acts).map(({ says }) => says));
      }
      did.set(lane, done.slice(done.indexOf(act) + 1));
    }
  }
  return taken;
}

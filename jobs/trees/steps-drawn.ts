/** Every pair or triple of calls on two CPUs of a tree, from a few setups: what is violated anywhere, and where shortest. */
import { readTree, type SourceTree } from "../../trees/source-tree.ts";
import { UsageError } from "../usage-error.ts";
import { Work } from "../work.ts";
import {
  exploreTreeSteps,
  type TreeSteps,
  type TreeStepsFound,
  type TreeStepsOptions,
  type TreeStepsReport,
  treeStepsAsked,
} from "./steps.ts";

/** What is there before: a block with all pages mapped; one on each CPU with a page left; one with a page given back. */
const SETUPS = [
  "x = map 1; y = map 1; a = alloc 1; v = vmap 1",
  "x = map 1; on 1 y = map 1; a = alloc 1; v = vmap 1",
  "x = map 1; on 1 y = map 1; on 1 map 1; on 1 unmap; b = map 1; a = alloc 1; v = vmap 1; alloc 1; free; unmap b",
];
const CALLS = [
  "map 1",
  "map 2",
  "unmap x",
  "unmap y",
  "alloc 1",
  "free a",
  "vmap 1",
  "vunmap v",
  "aliases",
  "purge",
];

/** Who acts beside callers: reclaim, and readers of /proc/vmallocinfo and /proc/kcore. */
const ACTORS = ["shrink", "show", "read"];
/**
 * What is there before, with lazy=0: two extents in a pool of CPU 0's node, and one in that of CPU 1's; or, with a larger
 * limit, all lazy. Then areas on both nodes to free, and a block with all pages mapped.
 */
const ACTORS_SETUPS = [
  "p = alloc 1; q = alloc 1; x = map 1; y = map 1; a = alloc 1; v = vmap 1; free p; free q",
  "p = alloc 1; on 1 q = alloc 1; on 1 x = map 1; y = map 1; a = alloc 1; on 1 v = vmap 1; on 1 free q; free p",
];

export const DRAWN = ["pairs", "triples", "actor-pairs", "actor-triples"] as const;
export type Drawn = (typeof DRAWN)[number];

export const isDrawn = (word: string): word is Drawn => DRAWN.some((each) => each === word);

/** The calls as they are typed. What is taken twice is left out. */
export function drawnCalls(drawn: Drawn): readonly string[] {
  const hasActors = drawn.startsWith("actor-");
  const calls = hasActors ? [...CALLS, ...ACTORS] : CALLS;
  const firsts = drawn.endsWith("pairs")
    ? calls.map((call) => [call])
    : calls.flatMap((one) => calls.map((two) => [one, two]));
  return (hasActors ? ACTORS_SETUPS : SETUPS)
    .flatMap((setup) =>
      firsts
        .flatMap((first) => calls.map((second) => [...first, second]))
        .flatMap((all) => {
          if (drawn === "actor-triples" && !all.some((call) => ACTORS.includes(call))) return [];
          const taken = all.filter((call) => /^(unmap|free|vunmap) /.test(call));
          if (new Set(taken).size < taken.length) return [];
          return [0, 1].map((alone) => {
            const lanes = [all.slice(0, -1).join("; "), all.at(-1) as string];
            return `${setup} : ${(alone === 1 ? lanes : lanes.reverse()).join(" | ")}`;
          });
        }),
    )
    .filter((text, nth, all) => all.indexOf(text) === nth);
}

/** A law that some calls violate. */
export interface DrawnReport extends TreeStepsReport {
  /** Where the run is shortest. */
  readonly found: TreeSteps;
  /** How many of the calls violate it. */
  readonly among: number;
}

export interface DrawnFound {
  readonly tree: SourceTree;
  readonly drawn: Drawn;
  readonly scope: TreeSteps["scope"];
  readonly grain: TreeSteps["grain"];
  /** Calls to be explored, those that were, and those of them that were to the fixpoint. */
  readonly all: number;
  /** Of all, those left out at the beginning, since an earlier exploration has them. */
  readonly skipped: number;
  readonly explored: number;
  readonly whole: number;
  readonly states: number;
  readonly steps: number;
  readonly seconds: number;
  readonly reports: readonly DrawnReport[];
  readonly interrupted: boolean;
}

export interface DrawnOptions extends Omit<TreeStepsOptions, "calls"> {
  /** Calls to leave out at the beginning. */
  readonly skip?: number | undefined;
}

export async function exploreDrawn(
  directory: string,
  drawn: Drawn,
  { seconds, signal, say, warn, skip = 0, ...options }: DrawnOptions,
): Promise<DrawnFound> {
  const tree = readTree(directory);
  const texts = drawnCalls(drawn);
  if (skip >= texts.length)
    throw new UsageError(`--skip: ${drawn} are ${texts.length}; at most ${texts.length - 1} are left out`);
  const asked = (calls: string) => ({ ...treeStepsAsked(directory, { ...options, calls }), tree });
  const { scope, grain } = asked(texts[0] as string);
  const work = new Work({ seconds, signal, say, warn });
  const started = performance.now();
  const reports = new Map<string, DrawnReport>();
  let [explored, whole, states, steps] = [0, 0, 0, 0];
  for (const text of texts.slice(skip)) {
    if (await work.turn(`${skip + explored} of ${texts.length} calls, ${states} states`)) break;
    const found: TreeStepsFound = await exploreTreeSteps(asked(text), { ...options, signal });
    explored += 1;
    whole += found.ended === "fixpoint" ? 1 : 0;
    states += found.states;
    steps += found.steps;
    for (const report of found.reports) {
      const key = `${report.law} ${report.bug}`;
      const before = reports.get(key);
      const among = (before?.among ?? 0) + 1;
      const isShorter = before === undefined || report.run.steps.length < before.run.steps.length;
      reports.set(key, isShorter ? { ...report, found, among } : { ...before, among });
    }
  }
  return {
    ...{ tree, drawn, scope, grain, all: texts.length, skipped: skip, explored, whole, states, steps },
    seconds: (performance.now() - started) / 1000,
    reports: [...reports.values()].sort((a, b) => Number(a.bug !== undefined) - Number(b.bug !== undefined)),
    interrupted: work.interrupted,
  };
}

/**
 * The explorer by two threads: against the same code with one, and against the search of one thread that shares
 * nothing (`explore`). Each run is a process of its own, the first run in it, its start and that of its threads
 * included; contestants take turns in an order that rotates, and ratios are medians over the rounds.
 *
 * Two searches of one thread at the same time say how much of a second core there is to gain from: beside noisy
 * neighbours less than 2. The table says how far apart one contestant's times lie.
 *
 *   npx tsx bench/parallel.ts [rounds [V,F,C ...]]
 */
import { spawn } from "node:child_process";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { explore } from "../engine/search/explore.ts";
import { exploringTogether } from "../engine/search/parallel.ts";
import type { Explored } from "../engine/search/visitable.ts";
import type { LazyUnmapScope } from "../protocols/vmap/lazy-unmap.ts";
import { lazyUnmapWhole } from "./parallel-machine.ts";
import { printTable, times, whole } from "./print.ts";
import { median } from "./race.ts";

const BOUNDS = { states: 2e8, bytes: 4e9 };
const SHARES_NOTHING = 0;

interface Run {
  readonly states: number;
  readonly edges: number;
  readonly seconds: number;
}

/** One run in this process, by this many threads. */
async function once(workers: number, scope: LazyUnmapScope): Promise<Explored> {
  const machine = lazyUnmapWhole(scope);
  if (workers === SHARES_NOTHING) return explore(machine, { bounds: BOUNDS });
  const module = new URL("./parallel-machine.ts", import.meta.url).href;
  const source = { module, name: lazyUnmapWhole.name, given: scope };
  const turns = exploringTogether(machine, source, { bounds: BOUNDS, workers });
  for (;;) {
    const { done, value } = await turns.next(false);
    if (done) return value;
  }
}

/** The same in a process of its own. */
function apart(workers: number, { V, F, C }: LazyUnmapScope): Promise<Run> {
  const words = ["--import", "tsx", fileURLToPath(import.meta.url), "--once", `${workers}`, `${V},${F},${C}`];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (text) => {
    out += text;
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`exit ${code}`))));
  });
}

/** Two at a time: the time in which one of them would be done, if both cores were only theirs. */
async function twoAtATime(scope: LazyUnmapScope): Promise<Run> {
  const [some, other] = await Promise.all([apart(SHARES_NOTHING, scope), apart(SHARES_NOTHING, scope)]);
  return { ...some, seconds: (some.seconds + other.seconds) / 4 };
}

const CONTESTANTS = {
  "shares nothing": (scope: LazyUnmapScope) => apart(SHARES_NOTHING, scope),
  "one thread": (scope: LazyUnmapScope) => apart(1, scope),
  "two threads": (scope: LazyUnmapScope) => apart(2, scope),
  "two searches": twoAtATime,
} as const;
type Name = keyof typeof CONTESTANTS;
const NAMES = Object.keys(CONTESTANTS) as Name[];

async function race(scope: LazyUnmapScope, rounds: number): Promise<Readonly<Record<Name, readonly Run[]>>> {
  const runs: Record<Name, Run[]> = {
    "shares nothing": [],
    "one thread": [],
    "two threads": [],
    "two searches": [],
  };
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < NAMES.length; turn++) {
      const name = NAMES[(turn + round) % NAMES.length] as Name;
      runs[name].push(await CONTESTANTS[name](scope));
    }
  }
  return runs;
}

async function compare(scope: LazyUnmapScope, rounds: number): Promise<string[]> {
  const runs = await race(scope, rounds);
  const seconds = (name: Name) => runs[name].map((run) => run.seconds);
  const ratio = (slow: Name, fast: Name) =>
    times(median(seconds(slow).map((each, round) => each / (seconds(fast)[round] as number))));
  const spread = (name: Name) => times(Math.max(...seconds(name)) / Math.min(...seconds(name)));
  const [first] = runs["shares nothing"] as [Run];
  const isSame = Object.values(runs)
    .flat()
    .every(({ states, edges }) => states === first.states && edges === first.edges);
  return [
    `${scope.V},${scope.F},${scope.C}`,
    whole(first.states),
    whole(first.edges),
    isSame ? "equal" : "DIFFERENT",
    median(seconds("two threads")).toFixed(1),
    ratio("one thread", "two threads"),
    ratio("shares nothing", "two threads"),
    ratio("shares nothing", "one thread"),
    ratio("shares nothing", "two searches"),
    NAMES.map(spread).join(" "),
  ];
}

function scopeOf(text: string): LazyUnmapScope {
  const [V, F, C] = text.split(",").map(Number) as [number, number, number];
  return { V, F, C };
}

const [first = "5", ...rest] = process.argv.slice(2);
if (first === "--once") {
  const [workers, scope] = rest as [string, string];
  const { states, edges, seconds } = await once(Number(workers), scopeOf(scope));
  console.log(JSON.stringify({ states, edges, seconds }));
} else {
  console.log(`load before: ${loadavg()[0]?.toFixed(1)} (idle is 0; above 0.5 the machine is busy)`);
  const rows: string[][] = [];
  for (const scope of rest.length > 0 ? rest : ["3,3,3", "3,2,4"]) {
    rows.push(await compare(scopeOf(scope), Number(first)));
  }
  printTable(
    [
      "V,F,C",
      "states",
      "edges",
      "counts",
      "s, two threads",
      "one/two threads",
      "shares nothing/two",
      "shares nothing/one",
      "a second core is worth",
      "spread of each",
    ],
    rows,
  );
}

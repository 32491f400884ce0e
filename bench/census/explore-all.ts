/**
 * `npm run explore:all`: every machine of the census again, to the fixpoint, two at a time, each in a process of its
 * own; then the counts side by side. With `--write` the census is replaced by the new counts; `--test` visits only
 * those that tests visit, `--long` also those marked so, which take too long otherwise.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { pc } from "../../cli/colour.ts";
import { columns } from "../../cli/output.ts";
import { CENSUS_FILE, type Census, formatCensus, readCensus } from "./census.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
/** Processes at a time. */
const AT_A_TIME = 2;
const SECONDS = 1800;

interface Counted {
  readonly entry: Census;
  readonly counted: Census | undefined;
  /** The error, if the run did not reach its fixpoint. */
  readonly wrong: string | undefined;
  readonly seconds: number;
  readonly bytesAState: number;
}

const write = process.argv.includes("--write");
const started = Date.now();
const all = await readCensus();
const census = all.filter((entry) => wanted().includes(entry.in));
// The longest first, so that none is left alone at the end.
const waiting = census.toSorted((a, b) => b.edges - a.edges);
const results = new Map<Census, Counted>();
/** One write after another, as the two workers end at any time. */
let writing = Promise.resolve();
await Promise.all(Array.from({ length: AT_A_TIME }, worker));
await writing;
report();

/** Which entries of the census are visited. */
function wanted(): readonly Census["in"][] {
  if (process.argv.includes("--test")) return ["test"];
  return process.argv.includes("--long") ? ["test", "all", "long"] : ["test", "all"];
}

async function worker(): Promise<void> {
  for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
    const result = await count(entry);
    results.set(entry, result);
    if (write) writing = writing.then(writeCensus);
    process.stderr.write(
      `${results.size} of ${census.length}: ${entry.machine} ${entry.scope}, ${result.seconds.toFixed(0)} s\n`,
    );
  }
}

async function count(entry: Census): Promise<Counted> {
  const { machine, scope, symmetry } = entry;
  const { status, stdout, stderr } = await explore([
    machine,
    ...["--scope", scope, "--symmetry", symmetry],
    ...["--seconds", String(SECONDS), "--whole", "--json"],
  ]);
  const nothing = { entry, counted: undefined, seconds: 0, bytesAState: 0 };
  if (status !== 0)
    return { ...nothing, wrong: `exit ${status}: ${stderr.trim() || "a violation is unknown"}` };
  const { states, edges, depth, laws, ended, seconds, bytes } = JSON.parse(stdout);
  const broken: Record<string, number> = {};
  for (const { id, commands } of laws) if (commands !== null) broken[id] = commands;
  const counted = { ...entry, states, edges, depth, broken };
  const wrong = ended === "fixpoint" ? difference(entry, counted) : `ended at a bound (${ended})`;
  return { entry, counted, wrong, seconds, bytesAState: bytes / states };
}

function difference(pinned: Census, counted: Census): string | undefined {
  const [before, now] = [formatCensus([pinned]), formatCensus([counted])];
  return before === now ? undefined : `the census has ${before.trimEnd()}`;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function explore(words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [...process.execArgv, MAIN, "explore", ...words]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

function report(): void {
  const rows = census.map((entry) => results.get(entry) as Counted).map(rowOf);
  console.log(
    columns([["machine", "scope", "states", "edges", "depth", "broken", "B/state", "s", ""], ...rows]),
  );
  const wrong = [...results.values()].filter((each) => each.wrong !== undefined).length;
  const minutes = ((Date.now() - started) / 60_000).toFixed(1);
  console.log(
    `\n${census.length} machines, ${minutes} minutes, ${AT_A_TIME} at a time: ${wrong === 0 ? pc.green("all as the census has them") : pc.red(`${wrong} differ`)}`,
  );
  if (wrong > 0 && !write) process.exitCode = 1;
}

/** The new counts so far, and the rest unchanged. */
async function writeCensus(): Promise<void> {
  const counted = all.map((entry) => results.get(entry)?.counted ?? entry);
  await writeFile(CENSUS_FILE, formatCensus(counted));
}

function rowOf({ entry, counted, wrong, seconds, bytesAState }: Counted): string[] {
  const { states, edges, depth, broken } = counted ?? entry;
  const laws = Object.entries(broken).map(([law, commands]) => `${law} in ${commands}`);
  return [
    entry.machine,
    `${entry.scope}${entry.symmetry === "off" ? ", unmerged" : ""}`,
    ...[states, edges, depth].map(String),
    laws.length === 0 ? "nothing" : laws.join(", "),
    bytesAState.toFixed(0),
    seconds.toFixed(1),
    wrong ?? "as pinned",
  ];
}

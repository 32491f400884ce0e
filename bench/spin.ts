/**
 * The explorer against Spin on the lazy-unmap protocol: the same transitions and assertions, equal counts, exact
 * and without reductions; then the verdict with our symmetry reduction against Spin's without.
 *
 * Spin is Debian's package `spin`, compiled with gcc: -O3 -DSAFETY -DNOREDUCE and the best of three hash tables
 * (-w). Its transitions are one more than ours, the start of its one process. Compared are states per second of the
 * processes' own CPU time, and memory.
 *
 *   npx tsx bench/spin.ts [V,F,C ...]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { visitActions } from "../engine/actions.ts";
import { explore } from "../engine/search/explore.ts";
import { type LazyUnmapScope, lazyUnmap } from "../protocols/vmap/lazy-unmap.ts";
import { printTable, times, whole } from "./print.ts";

// The lazy-unmap protocol in Promela, every transition written out.

const upTo = (count: number) => Array.from({ length: count }, (_none, at) => at);

/** One process that loops over all transitions; each is one d_step, so that a state is one turn of the loop. */
function promela({ V, F, C }: LazyUnmapScope): string {
  const pages = upTo(V);
  const cpus = upTo(C);
  const frames = upTo(F).map((at) => at + 1);
  const entry = (cpu: number, page: number) => `tlb[${cpu * V + page}]`;
  const eachPage = (write: (page: number) => string) => pages.map(write).join(" ");
  const begin = (by: number) =>
    `${eachPage((v) => `if :: area[${v}] == 2 -> pte[${v}] = 0; area[${v}] = 3 :: else fi;`)} pending = ${2 ** C - 1}; purger = ${by}`;
  const release = `${eachPage((v) => `if :: area[${v}] == 3 -> area[${v}] = 0 :: else fi;`)} purger = 0`;
  const anyLazy = pages.map((v) => `area[${v}] == 2`).join(" || ");
  const maps = (number: string) =>
    [
      ...pages.map((v) => `pte[${v}] == ${number}`),
      ...cpus.flatMap((c) => pages.map((v) => `${entry(c, v)} == ${number}`)),
    ].join(" || ");
  const others = (v: number) =>
    pages
      .filter((other) => other !== v)
      .map((other) => `(area[${other}] == 1 && pte[${other}] == pte[${v}])`)
      .join(" || ") || "false";
  const steps = [
    ...pages.flatMap((v) =>
      frames.map((f) => [
        `area[${v}] == 0 && frame[${f - 1}] <= 1`,
        `area[${v}] = 1; pte[${v}] = ${f}; frame[${f - 1}] = 1`,
      ]),
    ),
    ...pages.map((v) => [
      `area[${v}] == 1`,
      `if :: ${others(v)} -> frame[pte[${v}] - 1] = 1 :: else -> frame[pte[${v}] - 1] = 0 fi; area[${v}] = 2`,
    ]),
    [`purger == 0 && (${anyLazy})`, begin(1)],
    ["purger == 1 && pending == 0", release],
    ...frames.map((f) => [
      `phase == 0 && frame[${f - 1}] == 0`,
      `frame[${f - 1}] = 2; wanted = ${f}; phase = 1`,
    ]),
    ["phase == 1 && purger == 0", `${begin(2)}; phase = 2`],
    ["purger == 2 && pending == 0", `${release}; phase = 3`],
    ["phase == 3", `assert(!(${maps("wanted")})); frame[wanted - 1] = 3; wanted = 0; phase = 0`],
    ...frames.map((f) => [`frame[${f - 1}] == 3`, `frame[${f - 1}] = 0`]),
    ...cpus.flatMap((c) =>
      pages.map((v) => [`pte[${v}] != 0 && ${entry(c, v)} == 0`, `${entry(c, v)} = pte[${v}]`]),
    ),
    ...cpus.map((c) => [
      `(pending & ${1 << c}) != 0`,
      `${eachPage((v) => `if :: area[${v}] == 3 -> ${entry(c, v)} = 0 :: else fi;`)} pending = pending & ${2 ** C - 1 - (1 << c)}`,
    ]),
  ];
  const invariant = [
    ...pages.map(
      (v) =>
        `(area[${v}] != 0 || (pte[${v}] == 0 && ${cpus.map((c) => `${entry(c, v)} == 0`).join(" && ")}))`,
    ),
    ...pages.map(
      (v) =>
        `(area[${v}] != 1 || (pte[${v}] != 0 && ${cpus.map((c) => `(${entry(c, v)} == 0 || ${entry(c, v)} == pte[${v}])`).join(" && ")}))`,
    ),
    ...frames.map((f) => `(frame[${f - 1}] != 3 || !(${maps(String(f))}))`),
  ].join(" && ");
  return [
    `byte area[${V}]; byte pte[${V}]; byte tlb[${V * C}]; byte frame[${F}];`,
    "byte pending; byte purger; byte wanted; byte phase;",
    "active proctype all() {",
    "  do",
    ...steps.map(([guard, effect]) => `  :: d_step { ${guard} -> ${effect}; assert(${invariant}) }`),
    "  od",
    "}",
    "",
  ].join("\n");
}

interface Run {
  readonly states: number;
  readonly edges: number;
  readonly seconds: number;
  readonly bytes: number;
}

const BOUNDS = { states: 2e8, bytes: 12e9 };

function ours(scope: LazyUnmapScope, symmetry: boolean): Run {
  const before = process.cpuUsage();
  const { states, edges, bytes } = explore(visitActions(lazyUnmap(scope), { symmetry }), {
    bounds: BOUNDS,
  });
  const { user, system } = process.cpuUsage(before);
  return { states, edges, bytes, seconds: (user + system) / 1e6 };
}

/** Sizes of Spin's table, as powers of two: its fastest time counts, and its least memory. */
const TABLES = [21, 24, 26];

/** Builds and runs Spin's verifier; its report has its counts. */
function spin(scope: LazyUnmapScope): Run {
  const folder = mkdtempSync(join(tmpdir(), "vmapcheck-spin-"));
  try {
    writeFileSync(join(folder, "lazy.pml"), promela(scope));
    execFileSync("spin", ["-a", "lazy.pml"], { cwd: folder });
    execFileSync("gcc", ["-O3", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"], { cwd: folder });
    const runs = TABLES.map((table) => pan(folder, table));
    const fastest = runs.toSorted((a, b) => a.seconds - b.seconds)[0] as Run;
    return { ...fastest, bytes: Math.min(...runs.map(({ bytes }) => bytes)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function pan(folder: string, table: number): Run {
  const script = `TIMEFORMAT='cpu %U %S'; time ./pan -w${table} -m1000000`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script], { cwd: folder, encoding: "utf8" });
  const number = (pattern: RegExp, text: string) => Number(pattern.exec(text)?.[1]);
  if (!/errors: 0/.test(stdout)) throw new Error(`Spin's run did not end well:\n${stdout}`);
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  return {
    states: number(/(\d+) states, stored/, stdout),
    edges: number(/(\d+) transitions/, stdout),
    seconds: Number(user) + Number(system),
    bytes: number(/([\d.]+)\s+total actual memory usage/, stdout) * 2 ** 20,
  };
}

function scopes(): LazyUnmapScope[] {
  const asked = process.argv.slice(2);
  return (asked.length > 0 ? asked : ["3,3,3", "3,2,3"]).map((text) => {
    const [V, F, C] = text.split(",").map(Number) as [number, number, number];
    return { V, F, C };
  });
}

if (spawnSync("spin", ["-V"]).status !== 0 || spawnSync("gcc", ["--version"]).status !== 0) {
  console.log("spin and gcc are wanted here (Debian's packages of these names), and one is missing: skipped");
} else {
  const rows = scopes().map((scope) => {
    const theirs = spin(scope);
    // First, before the JIT has compiled anything: a verdict is usually needed once.
    const reduced = ours(scope, true);
    const exact = ours(scope, false);
    return [
      `${scope.V},${scope.F},${scope.C}`,
      whole(exact.states),
      exact.states === theirs.states && exact.edges === theirs.edges - 1
        ? "equal"
        : `Spin ${theirs.states}, ${theirs.edges}`,
      times(exact.states / exact.seconds / (theirs.states / theirs.seconds)),
      (exact.bytes / exact.states).toFixed(1),
      times(exact.bytes / theirs.bytes),
      whole(reduced.states),
      times(theirs.seconds / reduced.seconds),
    ];
  });
  printTable(
    [
      "V,F,C",
      "states",
      "counts",
      "states/s, ours/Spin",
      "bytes a state",
      "memory, ours/Spin",
      "with symmetry",
      "verdict sooner",
    ],
    rows,
  );
}

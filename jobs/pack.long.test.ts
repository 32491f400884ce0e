/** The package as it is installed: an empty folder, the tarball, and a program that imports it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { KERNELS } from "../kernels/vmap/index.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vmapcheck-pack-"));
const run = (command: string, ...words: string[]) =>
  execFileSync(command, words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const vmapcheck = (...words: string[]) => run("node_modules/.bin/vmapcheck", ...words);

/** The program of docs/api.md. */
const PAGE = readFileSync(join(ROOT, "docs/api.md"), "utf8");
const OWN = /```ts\n(import \{ check, defineKernel \}[\s\S]*?)```/.exec(PAGE)?.[1] as string;
/** The same with a planted bug: it forgets the alignment. */
const PLANTED = OWN.replace("Math.ceil(page / pages) * pages", "page");

beforeAll(() => {
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: ROOT });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  run("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", `./${tarball}`);
});

/** Type-checks the program and runs it as JavaScript. Returns its output, line by line. */
function runs(name: string, program: string): string[] {
  writeFileSync(join(folder, `${name}.ts`), `${program}\n`);
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const how = "--module nodenext --target es2023 --strict --skipLibCheck --types node".split(" ");
  const types = ["--typeRoots", join(ROOT, "node_modules/@types")];
  run(process.execPath, tsc, ...how, ...types, "--outDir", "built", `${name}.ts`);
  return run(process.execPath, `built/${name}.js`).trimEnd().split("\n");
}

test("an allocator of one's own is checked by a program in an empty folder, and a planted bug is caught", () => {
  const kept = runs("own", OWN);
  expect(kept).toContain("aligned kept null");
  expect(kept.filter((line) => line.includes(" broken "))).toEqual([]);
  expect(PLANTED).not.toBe(OWN);
  expect(runs("planted", PLANTED).filter((line) => line.includes(" broken "))).toEqual(["aligned broken 1"]);
});

test("the engine and the contract are imported by themselves, and nothing else of the package is", () => {
  const program = `
import { explore, has, Layout, named, visitActions } from "vmapcheck/engine";
import { judge } from "vmapcheck/contract";
const layout = new Layout();
const light = layout.field("light", named("red", "green"));
const machine = {
  name: "light",
  words: layout.words,
  initial: (state: Int32Array) => void state.fill(0),
  actions: [{ name: "change", when: [has(light, 0)], effect: (state: Int32Array) => light.set(state, 1) }],
  invariants: [{ id: "stays-red", says: "It is never green.", never: [[has(light, 1)]] }],
};
const { states, violations } = explore(visitActions(machine, { symmetry: false }), { bounds: { states: 10, bytes: 1e9 } });
console.log(states, violations[0]?.law, violations[0]?.run.length, typeof judge);`;
  expect(runs("engine", program)).toEqual(["2 stays-red 1 function"]);
  writeFileSync(join(folder, "deep.js"), 'await import("vmapcheck/dist/jobs/check.js");');
  expect(() => run(process.execPath, "deep.js")).toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
});

test("the command is installed beside it, and names itself as it is typed there", () => {
  expect(vmapcheck("list", "C7")).toContain("  replay:  vmapcheck replay vb-full-block-stale");
});

test("list loads a few chunks, not a file for each source", () => {
  const coverage = join(folder, "coverage");
  const env = { ...process.env, NODE_V8_COVERAGE: coverage };
  execFileSync("node_modules/.bin/vmapcheck", ["list"], { cwd: folder, env });
  const [file] = readdirSync(coverage);
  const loaded: { url: string }[] = JSON.parse(readFileSync(join(coverage, file as string), "utf8")).result;
  const own = loaded.map(({ url }) => url).filter((url) => url.includes("/vmapcheck/dist/"));
  expect(own.length).toBeGreaterThan(1);
  expect(own.length).toBeLessThan(60);
});

test("threads check every release there", () => {
  const { kernels } = JSON.parse(vmapcheck("check", "--law", "init-order", "--runs", "0", "--json"));
  expect(kernels.map(({ label }: { label: string }) => label)).toEqual(KERNELS.map(({ name }) => name));
});

test("threads explore there, with the counts of one", () => {
  const explored = (...words: string[]) => {
    const { states, edges, verdict } = JSON.parse(vmapcheck("explore", "lazy-unmap", "--json", ...words));
    return { states, edges, verdict };
  };
  expect(explored("--workers", "2")).toEqual(explored());
});

test("processes run the tasks of a campaign there", () => {
  const check = { kind: "check", subject: "2.6.28", runs: 2 };
  const plan = { vmapcheck: 1, name: "packed", seed: 1, jobs: [check] };
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
  expect(vmapcheck("campaign", "run", "plan.json")).toContain("As expected: campaign packed, 1 of 1 tasks");
});

test("the C by which trees are compiled is there", async () => {
  const { keyOf } = await import(join(folder, "node_modules/vmapcheck/dist/trees/build.js"));
  expect(keyOf({ files: new Map() }, {})).toMatch(/^[0-9a-f]{40}$/);
});

test("a reproducer is written with the C that is there", () => {
  vmapcheck("pin", "A9", "--reproducer", "--out", "a9.c");
  expect(readFileSync(join(folder, "a9.c"), "utf8")).toContain("kunit");
});

test("the page is in the package: it is written as one file without a build", () => {
  const { bytes, documents } = JSON.parse(vmapcheck("view", "C7", "--out", "c7.html", "--json"));
  expect(documents).toBeGreaterThan(3);
  expect(bytes).toBeGreaterThan(40_000);
});

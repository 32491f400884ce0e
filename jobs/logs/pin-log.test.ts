/**
 * A violated log becomes a recording that is judged, and a history that runs on a model, and on a tree: VMAPCHECK_TREES
 * names trees, with a colon between two.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileOf } from "../../adapters/complaints.testing.ts";
import { hasWebAssemblyCompiler } from "../../trees/compiler.ts";
import { canRunTrees, changedTree, TREES } from "../../trees/given-trees.testing.ts";
import { judge } from "../judge.ts";
import { type ReplayedHistory, replay } from "../replay.ts";
import { type PinnedLog, pinLog } from "./pin-log.ts";
import { CleanLog, Draw, type Fault } from "./planted-faults.testing.ts";
import { validate } from "./validate.ts";

const before = process.cwd();
beforeEach(() => process.chdir(mkdtempSync(join(tmpdir(), "vmapcheck-"))));
afterEach(() => process.chdir(before));

const WINDOW = "vstart=0xffffd58480000000 vend=0xfffff5847fffffff";
const at = (line: number, body: string) => `task-100 [000] ..... 1.00000${line}: ${body}`;
const alloc = (page: number, size = 1) =>
  `alloc_vmap_area: va_start: ${0xffffd58480000000n + BigInt(page) * 4096n} size=${size * 4096} align=1 ${WINDOW} failed=0`;
const hex = (page: number) => `0x${(0xffffd58480000000n + BigInt(page) * 4096n).toString(16)}`;
const free = (page: number) => `free_vmap_area_noflush: va_start=${hex(page)} nr_lazy=4 nr_lazy_max=8192`;
const purge = (from: number, to: number) =>
  `purge_vmap_area_lazy: start=${hex(from)} end=${hex(to)} num_purged=1`;

async function pinned(lines: readonly string[]) {
  const file = fileOf(`${lines.join("\n")}\n`, ".txt");
  const { violations } = await validate(file);
  return pinLog(file, violations);
}

test("flush-before-reuse is pinned in three calls, judged as recorded, and accepted by the model of 6.12", async () => {
  const filed = await pinned([
    at(1, alloc(0, 4)),
    at(2, alloc(8, 4)),
    at(3, free(0)),
    at(4, alloc(0, 2)),
    at(5, purge(20, 21)),
    at(6, alloc(9)),
  ]);
  const found = filed.find(({ law }) => law === "flush-before-reuse");
  expect(found).toMatchObject({ calls: 3, line: 4 });
  const { path } = found as { readonly path: string };
  expect(readFileSync(path, "utf8")).toContain("alloc_vmap_area");
  const judged = await judge([path]);
  expect(judged.files[0]?.broken.map(({ law }) => law)).toEqual(["flush-before-reuse"]);
  await expect(replay(path, { kernel: "6.12", trace: 1 })).resolves.toMatchObject({ violations: [] });
});

test("in-window is pinned in one call", async () => {
  const outside = alloc(0).replace(String(0xffffd58480000000n), String(0xffffd58480000000n - 4096n));
  const filed = await pinned([at(1, alloc(0)), at(2, outside), at(3, alloc(9))]);
  expect(filed).toMatchObject([{ law: "in-window", calls: 1 }]);
});

test("argument-domain is pinned as a second free", async () => {
  const filed = await pinned([at(1, alloc(0)), at(2, free(0)), at(3, free(0)), at(4, alloc(9))]);
  expect(filed.find(({ law }) => law === "argument-domain")).toMatchObject({ calls: 3 });
});

test("purge-takes-all is about the log, and says so", async () => {
  const none = "purge_vmap_area_lazy: start=0xffffffffffffffff end=0x0 num_purged=0";
  const filed = await pinned([
    at(1, alloc(0)),
    at(2, none),
    at(3, free(0)),
    at(4, none),
    at(5, none),
    at(6, alloc(9)),
  ]);
  expect(filed).toMatchObject([{ law: "purge-takes-all", why: expect.stringMatching(/about the log/) }]);
});

const FIXTURES = join(import.meta.dirname, "../../adapters/vmap/logs/fixtures");

/** What is pinned for this law of a real log with a fault, by the first seed that violates it. */
async function pinnedFault(name: string, fault: Fault, law: string): Promise<PinnedLog> {
  const text = gunzipSync(readFileSync(join(FIXTURES, `${name}.trace.txt.gz`))).toString();
  const clean = await CleanLog.read(fileOf(text, ".txt"), text);
  for (let seed = 1; seed <= 8; seed++) {
    const edited = clean.plant(fault, new Draw(seed));
    if (edited === undefined) continue;
    const file = fileOf(edited.text, ".txt");
    const filed = (await pinLog(file, (await validate(file)).violations)).find((each) => each.law === law);
    if (filed !== undefined && "path" in filed) return filed;
  }
  throw new Error(`no ${fault} planted in ${name} violates ${law}`);
}

const on = async (path: string, kernel: string) => {
  const { violations, last } = (await replay(path, { kernel })) as ReplayedHistory;
  return { laws: violations.map(({ law }) => law), steps: last + 1 };
};

const CAN_RUN = canRunTrees("pinned logs on real trees", hasWebAssemblyCompiler);

describe.each([
  ["6.12-smp4", "reuse before a flush", "flush-before-reuse", 3],
  ["6.12-smp1", "overlap", "no-overlap", 2],
  ["6.1-686", "reuse before a flush", "flush-before-reuse", 3],
] as const)("%s with a fault (%s) that violates %s", (name, fault, law, calls) => {
  test("is pinned in the calls that matter, which the model accepts", async () => {
    const filed = await pinnedFault(name, fault, law);
    expect(filed.calls).toBe(calls);
    expect(await on(filed.path, "6.12")).toEqual({ laws: [], steps: calls });
  });

  test.skipIf(!CAN_RUN).each(TREES)("is accepted by %s, in the same calls", async (directory) => {
    const { path } = await pinnedFault(name, fault, law);
    expect(await on(path, `tree:${directory}`)).toEqual({ laws: [], steps: calls });
  });
});

test.skipIf(!CAN_RUN).each(TREES.slice(-1))(
  "flush-before-reuse: %s with a free that counts what is lazy and releases it at once violates it in the calls pinned for a log",
  async (tree) => {
    const { path } = await pinnedFault("6.12-smp4", "reuse before a flush", "flush-before-reuse");
    const changed = changedTree(tree, [
      /(static void free_unmap_vmap_area[\s\S]*?)free_vmap_area_noflush\(va\);/,
      "$1atomic_long_add(va_size(va) >> PAGE_SHIFT, &vmap_lazy_nr); free_vmap_area(va);",
    ]);
    expect(await on(path, `tree:${changed}`)).toEqual({
      laws: expect.arrayContaining(["flush-before-reuse"]),
      steps: 3,
    });
  },
);

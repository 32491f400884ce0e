/** A violated log becomes a recording that is judged, and a history that runs on a model. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileOf } from "../adapters/complaints.testing.ts";
import { judge } from "./judge.ts";
import { pinLog } from "./pin-log.ts";
import { replay } from "./replay.ts";
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

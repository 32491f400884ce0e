import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { linux6_1 } from "../kernels/vmap/linux-6.1.ts";
import { linux6_12 } from "../kernels/vmap/linux-6.12.ts";
import { conform } from "./conform.ts";
import { recordings } from "./record.ts";

const SEED = 20110106;

async function conforming(kernel: typeof linux6_1, label: string) {
  const folder = mkdtempSync(join(tmpdir(), "vmapcheck-record-"));
  try {
    const file = join(folder, "recorded.jsonl");
    writeFileSync(file, [...recordings(kernel, label, SEED, 10)].join("\n"));
    return (await conform([file])).files[0];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.each([
  ["6.1", linux6_1],
  ["6.12", linux6_12],
])("What is recorded of our model of %s is what it answers", async (label, kernel) => {
  const found = await conforming(kernel, label);
  expect(found?.traces).toBeGreaterThan(10);
  expect(found?.replies).toBeGreaterThan(100);
  expect(found?.conforming).toBe(found?.traces);
});

test("What is recorded of 6.1 is not what 6.12 answers: the dumps show the pools", async () => {
  const found = await conforming(linux6_1, "6.12");
  expect(found?.differing).toBeGreaterThan(0);
  expect(found?.first?.difference.fields.map(({ field }) => field)).toContain("pool");
});

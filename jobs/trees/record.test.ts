import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kernelCalled } from "../../kernels/vmap/index.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { conform } from "../conform.ts";
import { recordings } from "./record.ts";

const SEED = 20110106;

async function conforming(model: string, label: string) {
  const kernel = kernelCalled(model) as Kernel;
  const folder = mkdtempSync(join(tmpdir(), "vmapcheck-record-"));
  try {
    const file = join(folder, "recorded.jsonl");
    writeFileSync(file, [...recordings(kernel, label, SEED, 10)].join("\n"));
    return (await conform([file])).files[0];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.each(["6.1", "6.12"])("A recording of our model of %s has the model's own replies", async (label) => {
  const found = await conforming(label, label);
  expect(found?.traces).toBeGreaterThan(10);
  expect(found?.replies).toBeGreaterThan(100);
  expect(found?.conforming).toBe(found?.traces);
});

test("A recording of 6.1 differs from the replies of 6.12: the dumps show the pools", async () => {
  const found = await conforming("6.1", "6.12");
  expect(found?.differing).toBeGreaterThan(0);
  expect(found?.first?.difference.fields.map(({ field }) => field)).toContain("pool");
});

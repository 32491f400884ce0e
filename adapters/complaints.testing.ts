/** What a person reads about a bad file: for the tests of what comes from outside. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { InputError } from "./input-error.ts";
import { readRecording } from "./vmap/recording.ts";

export const folder = mkdtempSync(join(tmpdir(), "vmapcheck-"));
let files = 0;

export function fileOf(contents: string | Buffer, ending = ".jsonl"): string {
  const path = join(folder, `${files++}${ending}`);
  writeFileSync(path, contents);
  return path;
}

/** The one line a person sees for a recording with this text. */
export async function complaint(contents: string | Buffer, ending?: string): Promise<string> {
  const path = fileOf(contents, ending);
  return complaintOf(async () => {
    for await (const _ of readRecording(path));
  }, path);
}

/** The one line with which reading this path fails; the path itself is written as FILE. */
export async function complaintOf(read: () => Promise<unknown>, path: string): Promise<string> {
  try {
    await read();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    const { message } = error as InputError;
    expect(message).not.toContain("\n");
    return message.replace(path, "FILE");
  }
  return "no complaint";
}

export const CONFIG = {
  cpus: 2,
  vmalloc_start: "0x1000",
  vmalloc_end: "0x100000",
  lazy_max_pages: null,
  lazy_max_pages_effective: 16384,
  bbmap_bits: 128,
};
export const ALLOC = {
  op: "alloc_vmap_area",
  size: "0x1000",
  align: "0x1000",
  vstart: "0x1000",
  vend: "0x9000",
};
export const PLACED = { addr: "0x1000", flush: [], pte_set: 0, pte_clr: 0 };
export const DONE = { ok: true, flush: [], pte_set: 0, pte_clr: 0 };

/** A recording of one trace. */
export const trace = (ops: unknown, more: object = {}): string =>
  JSON.stringify({ version: "3.16", class: "short", seed: 0, config: CONFIG, ops, ...more });

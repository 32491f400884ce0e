/**
 * The local database of failing examples: histories that violated a law in a way the catalogue does not know. They lie
 * in .vmapcheck/failures below the working directory, are tried first in the next run, and are removed once they no
 * longer fail.
 */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LawId } from "../spec/contract.ts";
import type { HistoryFile, OpenWing, Terms } from "../spec/wing.ts";
import { readHistory } from "./pin/pinned.ts";

const FOLDER = join(".vmapcheck", "failures");

export interface KeptFailure<T extends Terms> {
  /** Undefined for one that is no file here. */
  readonly path: string | undefined;
  readonly history: HistoryFile<T>;
}

/** The failures that earlier runs kept for this kernel. Throws an InputError if a file is damaged. */
export async function keptFailures<T extends Terms>(
  wing: OpenWing<T>,
  kernel: string,
): Promise<readonly KeptFailure<T>[]> {
  let names: string[];
  try {
    names = await readdir(FOLDER);
  } catch {
    return [];
  }
  const kept: KeptFailure<T>[] = [];
  for (const name of names
    .filter((each) => each.startsWith(`${fileName(kernel)}.`) && each.endsWith(".json"))
    .sort()) {
    const path = join(FOLDER, name);
    const history = await readHistory(wing, path);
    if (history.kernel === kernel) kept.push({ path, history });
  }
  return kept;
}

/** A kernel's name as the beginning of a file's: that of a tree has its directory in it. */
export const fileName = (kernel: string): string => kernel.replaceAll(/[^\w.-]/g, "_");

/** Keeps a failing history and returns where. */
export async function keepFailure<T extends Terms>(
  { files }: OpenWing<T>,
  history: HistoryFile<T> & { readonly law: LawId },
): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const path = join(FOLDER, `${fileName(history.kernel)}.${history.law}.json`);
  await writeFile(path, files.formatHistory(history));
  return path;
}

/** Keeps a call on a tree that violated a law of contexts, and returns where. */
export async function keepCall(kernel: string, law: LawId, nth: number, text: string): Promise<string> {
  const folder = join(".vmapcheck", "calls");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${fileName(kernel)}.${law}.${nth + 1}.json`);
  await writeFile(path, text);
  return path;
}

export async function dropFailure(path: string): Promise<void> {
  await rm(path, { force: true });
}

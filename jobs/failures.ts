/**
 * The local database of failing examples: histories that violated a law in a way the catalogue does not know. They lie
 * in .vmapcheck/failures below the working directory, are tried first in the next run, and are removed once they no
 * longer fail.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InputError } from "../adapters/input-error.ts";
import { readJson } from "../adapters/json-file.ts";
import { watchedCallIn } from "../adapters/watched-call-file.ts";
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
  const kept: KeptFailure<T>[] = [];
  for (const path of await filesIn(FOLDER)) {
    if (!basename(path).startsWith(`${fileName(kernel)}.`)) continue;
    const history = await readHistory(wing, path);
    if (history.kernel === kernel) kept.push({ path, history });
  }
  return kept;
}

/** A kernel's name as the beginning of a file's: that of a tree has its directory in it. */
const fileName = (kernel: string): string => kernel.replaceAll(/[^\w.-]/g, "_");

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

const CALLS = join(".vmapcheck", "calls");

/** Drops kept calls of this tree, of trees that are gone, and of versions whose files are not read any more. */
export async function dropStaleCalls(directory: string): Promise<void> {
  for (const path of await filesIn(CALLS)) {
    const from = await directoryOf(path);
    if (from === undefined || resolve(from) === resolve(directory) || !existsSync(from))
      await dropFailure(path);
  }
}

/** The tree of a kept call; undefined if it does not say, or is no such file. */
async function directoryOf(path: string): Promise<string | undefined> {
  try {
    return watchedCallIn(path, await readJson(path)).directory;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The documents in a folder, in order; none where there is no such folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(folder, name));
}

/** Keeps a call on a tree that violated a law of contexts, and returns where. */
export async function keepCall(kernel: string, law: LawId, nth: number, text: string): Promise<string> {
  await mkdir(CALLS, { recursive: true });
  const path = join(CALLS, `${fileName(kernel)}.${law}.${nth + 1}.json`);
  await writeFile(path, text);
  return path;
}

export async function dropFailure(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** The files that a person asks for: what can be said against them is said before long work. */
import { access, constants, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UsageError } from "./exit.ts";

/** By option: where it writes, if it was given. */
type Files = Readonly<Record<string, string | undefined>>;

/**
 * Throws a UsageError for two options with one file, be one of them only read, for a folder, and for what may not be
 * written to.
 */
export async function refuseFiles(files: Files, read: Files = {}): Promise<void> {
  const taken = new Map<string, string>();
  for (const [option, path] of Object.entries({ ...read, ...files })) {
    if (path === undefined) continue;
    if (!Object.hasOwn(read, option)) await orUsageError(`${option} ${path}`, () => canWrite(path));
    const other = taken.get(resolve(path));
    if (other !== undefined) throw new UsageError(`${option} ${path}: ${other} names the same file`);
    taken.set(resolve(path), option);
  }
}

async function canWrite(path: string): Promise<void> {
  if (path === "") throw new Error("expected the name of a file");
  const about = await orMissing(path);
  if (about?.isDirectory()) throw new Error("it is a folder, and a file was expected");
  await access(about === undefined ? dirname(path) : path, constants.W_OK);
}

/**
 * The same of a file that is put in the place of another, whole: that must be a file itself, and so must the one
 * beside it that is written first.
 */
export async function refuseReplaced(option: string, path: string, beside: string): Promise<void> {
  await refuseFiles({ [option]: path });
  await orUsageError(`${option} ${path}`, async () => {
    for (const each of [path, beside]) {
      const about = await orMissing(each);
      if (about !== undefined && !about.isFile()) throw new Error(`${each} is there, and is no regular file`);
    }
    await access(dirname(path), constants.W_OK);
  });
}

export async function writeFor(option: string, path: string, text: string): Promise<void> {
  await orUsageError(`${option} ${path}`, () => writeFile(path, text));
}

async function orMissing(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function orUsageError(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new UsageError(`${what}: ${(error as Error).message}`);
  }
}

/** Files that options name for output: a file that cannot be written is refused before long work. */
import { access, constants, link, mkdir, realpath, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../jobs/usage-error.ts";
import { complain } from "./output.ts";

/** A file by the option that names it. */
export interface Named {
  readonly option: string;
  readonly path: string;
}

/** The contents of a file, or the reason why there are none. */
export type Content = { readonly text: string } | { readonly lack: string };

export type Product = Named & Content;

/** For a file that takes a run into a violation, of this law or any. */
export function lackOfViolation(law?: string): Content {
  return {
    lack: `it takes a run into a violation${law === undefined ? "" : ` of ${law}`}, and there was none`,
  };
}

/** The result for a file: why it was not written, if it was not; whether another one was there. */
export interface Written extends Named {
  readonly why: string | undefined;
  readonly replaced: boolean;
}

/** The files of the given options. */
export function filesNamed(options: Readonly<Record<string, string | undefined>>): readonly Named[] {
  return Object.entries(options).flatMap(([option, path]) => (path === undefined ? [] : [{ option, path }]));
}

/** Checked before long work. Throws a UsageError for a file that cannot be written. */
export async function refuseUnwritable(files: readonly Named[]): Promise<void> {
  for (const { option, path } of files) {
    try {
      await askWhetherWritable(path);
    } catch (error) {
      throw new UsageError(`${option} ${path}: ${(error as Error).message}`);
    }
  }
}

/** Makes a folder in another, if it is not there. Not one in the other: below /proc Node never ends with that. */
export async function makeFolder({ option, path }: Named): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const isThere = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isThere) throw new UsageError(`${option} ${path}: ${(error as Error).message}`);
  }
}

/** Throws a UsageError if two options name one file: the last one written would replace the other. */
export async function refuseSameFile(files: readonly Named[]): Promise<void> {
  const uses = new Map<string, Named>();
  for (const file of files) {
    const place = await placeOf(file.path);
    if (place === undefined) continue;
    const other = uses.get(place);
    if (other !== undefined)
      throw new UsageError(`${other.option} and ${file.option} name the same file, ${file.path}`);
    uses.set(place, file);
  }
}

/**
 * The same for a file that is replaced by renaming: it must be a regular file, and so must the one beside it that is
 * written first.
 */
export async function refuseReplaced(option: string, path: string, beside: string): Promise<void> {
  for (const each of [path, beside]) {
    const there = await statOf(each);
    if (there !== undefined && !there.isFile())
      throw new UsageError(`${option} ${path}: ${each} is there, and is no regular file`);
  }
  await refuseUnwritable([{ option, path: beside }]);
}

async function askWhetherWritable(path: string): Promise<void> {
  if (path === "") throw new Error("expected the name of a file");
  if (path === "-") throw new Error("expected the name of a file; /dev/stdout is one");
  const there = await statOf(path);
  if (there?.isDirectory()) throw new Error("it is a directory");
  await access(there === undefined ? dirname(path) : path, constants.W_OK);
  if (there === undefined && !(await stat(dirname(path))).isDirectory())
    throw new Error(`${dirname(path)} is not a directory`);
}

/** The identity of a file under any of its names; undefined for a device, which keeps nothing. */
async function placeOf(path: string): Promise<string | undefined> {
  const there = await statOf(path);
  if (there === undefined) return join(await realpath(dirname(path)), basename(path));
  return there.isFile() ? `${there.dev}:${there.ino}` : undefined;
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes all files that can be written: a failure of one does not lose another. */
export async function writeFiles(files: readonly Product[]): Promise<readonly Written[]> {
  const written: Written[] = [];
  for (const file of files) {
    const { option, path } = file;
    const replaced = (await statOf(path))?.isFile() === true;
    const why = "lack" in file ? file.lack : await write(path, file.text);
    written.push({ option, path, why, replaced });
  }
  return written;
}

async function write(path: string, text: string): Promise<string | undefined> {
  try {
    await writeFile(path, text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What was written, in a few words. */
export function writtenText({ path, replaced }: Written, bytes: number): string {
  return `${path}: ${Math.ceil(bytes / 1024)} kB${replaced ? ", in place of the file that was there" : ""}`;
}

/** Reports each file that was not written, with the reason, in a line on stderr. Returns whether there is one. */
export function reportUnwritten(written: readonly Written[]): boolean {
  const lacking = written.filter(({ why }) => why !== undefined);
  for (const { option, path, why } of lacking) complain(`${option} ${path} was not written: ${why}`);
  return lacking.length > 0;
}

/** Writes a file that must not be there yet: whole, or not at all. Throws a UsageError where that cannot be. */
export async function writeNew(option: string, path: string, text: string): Promise<void> {
  await refuseUnwritable([{ option, path }]);
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(beside, text, { flag: "wx" });
    await link(beside, path);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    const why = isThere ? "it is there already, and is not replaced" : (error as Error).message;
    throw new UsageError(`${option} ${path}: ${why}`);
  } finally {
    await rm(beside, { force: true });
  }
}

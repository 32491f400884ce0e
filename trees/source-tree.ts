/** The files of a kernel tree that are compiled, and the version in its Makefile. */
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { InputError } from "../adapters/input-error.ts";

export interface SourceTree {
  readonly directory: string;
  /** Such as 6.12.117, with what EXTRAVERSION adds; undefined if there is no such Makefile. */
  readonly version: string | undefined;
  /** By their paths in the tree. */
  readonly files: ReadonlyMap<string, Buffer>;
}

export const ALLOCATOR = "mm/vmalloc.c";
/** The headers that hold the allocator's own data structures. Every other one is empty. */
const HEADERS = ["vmalloc", "list", "llist", "rbtree", "rbtree_types", "rbtree_augmented", "poison"];
const NEEDED = [
  ALLOCATOR,
  "lib/rbtree.c",
  "lib/llist.c",
  ...HEADERS.map((name) => `include/linux/${name}.h`),
];
/** rbtree_types.h exists from 5.15 on, llist.c from 3.1. */
const OPTIONAL = ["include/linux/rbtree_types.h", "lib/llist.c"];
const MOST_BYTES = 4 << 20;

/** Throws an InputError that names what is missing. */
export function readTree(directory: string): SourceTree {
  const at = resolve(directory);
  if (!isDirectory(at)) throw new InputError(`${directory}: expected the directory of a kernel tree`);
  if (read(join(at, ALLOCATOR)) === undefined)
    throw new InputError(`${directory}: expected a kernel tree, but it has no ${ALLOCATOR}`);
  const files = new Map<string, Buffer>();
  for (const path of NEEDED) {
    const text = read(join(at, path));
    if (text !== undefined) files.set(path, text);
    else if (!OPTIONAL.includes(path))
      throw new InputError(`${join(directory, path)}: expected this file as well`);
  }
  return { directory, version: versionOf(read(join(at, "Makefile"))?.toString("utf8") ?? ""), files };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function read(path: string): Buffer | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) return undefined;
  if (found.size > MOST_BYTES) throw new InputError(`${path}: expected at most ${MOST_BYTES} bytes`);
  return readFileSync(path);
}

function versionOf(makefile: string): string | undefined {
  const value = (name: string) => new RegExp(`^${name}[ \\t]*=[ \\t]*(\\S*)`, "m").exec(makefile)?.[1] ?? "";
  const [version, patch, sub] = [value("VERSION"), value("PATCHLEVEL"), value("SUBLEVEL")];
  if (version === "" || patch === "") return undefined;
  return `${version}.${patch}${sub === "" ? "" : `.${sub}`}${value("EXTRAVERSION")}`;
}

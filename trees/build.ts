/**
 * Compiles a tree's unmodified mm/vmalloc.c with the shim around it. Headers that are not on the short list of
 * source-tree.ts are empty; an undefined function is an import of the module, and reports its name if it is called. A
 * build is kept, under a key made of all its inputs.
 *
 * An endless loop of the tree's code has to end, at the same step in every run. The compiler's own instrumentation for
 * coverage calls a function at each branch, and that counts a budget down (shim/webassembly.c). A deadline in a worker
 * would need no instrumentation, but its verdict depends on the clock, and a machine in another thread cannot be asked
 * and copied synchronously.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError, oneLine } from "../adapters/input-error.ts";
import { type Compiler, run, webAssemblyCompiler } from "./compiler.ts";
import { ALLOCATOR, type SourceTree } from "./source-tree.ts";
import { OLDEST, PROBES, type Probe } from "./vmap/probes.ts";
import { WASM, type WasmModule } from "./wasm-api.ts";

/** The constants of a build. */
export interface Constants {
  /** BITS_PER_LONG for the allocator: the most pages that a map takes in a block. */
  readonly mapLimit: number;
  /** VMAP_BBMAP_BITS. */
  readonly blockPages: number;
}

/** The facts on a tree found by its build. */
export interface BuiltFacts {
  /** The probes that hold, by their macros. */
  readonly holds: readonly string[];
  /** Undefined functions: if reached, they report their names. */
  readonly stubs: readonly string[];
}

export interface Built {
  readonly module: WasmModule;
  readonly facts: BuiltFacts;
}

const HERE = dirname(fileURLToPath(import.meta.url));
export const GLUE = join(HERE, "vmap/glue.c");
export const SHIM = join(HERE, "shim");
const SHIM_SOURCES = ["shim.c", "webassembly.c"];
const MODULE = "drive.wasm";
/** Written last. */
export const FACTS = "facts.json";

/** Where builds are kept. */
function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "vmapcheck");
}

/** Throws an InputError that says where in the tree what was expected. */
export function build(tree: SourceTree, constants: Constants): Built {
  const folder = kept(keyOf(tree, constants), (making) => compile(tree, constants, making));
  const facts = JSON.parse(readFileSync(join(folder, FACTS), "utf8")) as BuiltFacts;
  return { facts, module: new WASM.Module(readFileSync(join(folder, MODULE))) };
}

/** The folder of the build with this key; it is made if missing. */
export function kept(key: string, make: (folder: string) => void): string {
  const folder = join(cacheFolder(), key);
  if (existsSync(join(folder, FACTS))) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const making = mkdtempSync(`${folder}-`);
  try {
    make(making);
    if (!existsSync(folder)) renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return folder;
}

/** The key of all inputs of a build. */
export function keyOf({ files }: SourceTree, constants: object): string {
  const hash = createHash("sha256").update(JSON.stringify([constants, PROBES]));
  const own = [
    GLUE,
    ...readdirSync(SHIM)
      .sort()
      .map((name) => join(SHIM, name)),
    fileURLToPath(import.meta.url),
  ];
  for (const path of own) hash.update(readFileSync(path)).update("\0");
  for (const [path, text] of files) hash.update(path).update("\0").update(text).update("\0");
  return hash.digest("hex").slice(0, 40);
}

function compile(tree: SourceTree, { mapLimit, blockPages }: Constants, folder: string): void {
  const { cc, linker } = webAssemblyCompiler();
  const flags = [
    ...[
      "--target=wasm32",
      "-mbulk-memory",
      "-O2",
      "-flto",
      "-std=gnu11",
      "-ffreestanding",
      "-Wno-everything",
    ],
    // The compiler's own headers, and no others of the host.
    "-nostdlibinc",
    ...["-include", join(SHIM, "kernel.h"), `-I${folder}`, `-I${SHIM}`],
    ...[`-DDRIVE_MAP_LIMIT=${mapLimit}`, `-DDRIVE_BLOCK_PAGES=${blockPages}`],
  ];
  const at = { tree, folder, cc, flags };
  const sources = layOut(at);
  const holds = probe(at);
  const counting = ["-fsanitize-coverage=edge,no-prune,trace-pc"];
  const defines = holds.map((name) => `-D${name}`);
  const objects = [
    object(at, GLUE, [...counting, ...defines]),
    ...sources.filter((path) => !path.endsWith(ALLOCATOR)).map((path) => object(at, path, counting)),
    ...SHIM_SOURCES.map((name) => object(at, join(SHIM, name), [])),
  ];
  const module = join(folder, MODULE);
  // The stack lies lowest: one that overflows traps.
  const placed = ["--stack-first", "-z", "stack-size=131072"];
  const linked = run(linker, ["--no-entry", "--allow-undefined", ...placed, ...objects, "-o", module]);
  if (!linked.ok) throw new InputError(`${tree.directory}: it does not link: ${firstLine(linked.stderr)}`);
  const stubs = WASM.Module.imports(new WASM.Module(readFileSync(module))).map(({ name }) => name);
  // A header may declare what the file does not define.
  refuseAbsent(
    tree,
    PROBES.find(({ name, required }) => required && stubs.includes(name)),
  );
  writeFileSync(join(folder, FACTS), JSON.stringify({ holds, stubs: stubs.sort() }));
}

/** Where a tree is compiled, by which compiler, and how. */
export interface Place extends Pick<Compiler, "cc"> {
  readonly tree: SourceTree;
  readonly folder: string;
  readonly flags: readonly string[];
}

/** Copies the tree's files there, with empty headers for all others; the paths of what is to be compiled. */
export function layOut(at: Place): readonly string[] {
  const { tree, folder } = at;
  for (const [path, text] of tree.files) writeFile(join(folder, path.replace(/^include\//, "")), text);
  const sources = [...tree.files.keys()]
    .filter((path) => path.endsWith(".c"))
    .map((path) => join(folder, path));
  addEmptyHeaders(at, sources);
  return sources;
}

function writeFile(path: string, text: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The compiler names missing headers: empty ones are made, until none is missing. */
function addEmptyHeaders({ tree, folder, cc, flags }: Place, sources: readonly string[]): void {
  const { ok, stdout, stderr } = run(cc, [...flags, "-M", "-MG", ...sources]);
  if (!ok) throw new InputError(`${tree.directory}: ${firstLine(stderr)}`);
  const named = stdout.split(/[\s\\]+/).filter((word) => word.endsWith(".h") && !word.startsWith("/"));
  for (const name of new Set(named)) {
    if (name.split("/").includes(".."))
      throw new InputError(`${tree.directory}: it includes ${oneLine(name)}`);
    writeFile(join(folder, name), "");
  }
}

/** Compiles every probe in one run: for messages, each is in a file of its own. */
export function probe(at: Place): readonly string[] {
  const lines = PROBES.map(
    ({ name, expression }, nth) =>
      `#line 1 "probe:${name}:"\nstatic void drive_probe_${nth}(void) { (void)(${expression}); }\n`,
  );
  const source = join(at.folder, "probes.c");
  writeFileSync(source, `#include "${ALLOCATOR}"\n${lines.join("")}`);
  const { stderr } = run(at.cc, [...at.flags, "-fsyntax-only", "-fmax-errors=0", source]);
  const errors = errorsIn(stderr);
  const missing = new Set(errors.map(({ file }) => /^probe:(\w+):$/.exec(file)?.[1]));
  refuseAbsent(
    at.tree,
    PROBES.find(({ name }) => name === OLDEST && missing.has(name)),
  );
  const inTree = errors.find(({ file }) => !file.startsWith("probe:"));
  if (inTree !== undefined) refuse(at, inTree);
  const absent = PROBES.find(({ name, required }) => required && missing.has(name));
  refuseAbsent(at.tree, absent);
  return PROBES.filter(({ name, required }) => !required && !missing.has(name)).map(({ name }) => name);
}

function refuseAbsent({ directory }: SourceTree, absent: Probe | undefined): void {
  if (absent === undefined) return;
  throw new InputError(
    `${join(directory, ALLOCATOR)}: expected ${absent.says} in it, as every release from 5.2 on has it`,
  );
}

export function object(at: Place, source: string, more: readonly string[]): string {
  const path = join(at.folder, `${source.replaceAll(/[^a-z0-9]/gi, "_").slice(-40)}.o`);
  const { ok, stderr } = run(at.cc, [...at.flags, ...more, "-c", source, "-o", path]);
  if (ok) return path;
  const [first] = errorsIn(stderr);
  if (first !== undefined) refuse(at, first);
  throw new InputError(`${at.tree.directory}: ${at.cc} fails: ${firstLine(stderr)}`);
}

interface CompileError {
  readonly file: string;
  readonly line: number;
  readonly says: string;
}

function errorsIn(stderr: string): CompileError[] {
  return [...stderr.matchAll(/^(.+?):(\d+):\d+: (?:fatal )?error: (.*)$/gm)].map(([, file, line, says]) => ({
    file: file as string,
    line: Number(line),
    says: says as string,
  }));
}

/** Names the place in the user's tree, not that of our copy. */
function refuse({ tree, folder }: Place, { file, line, says }: CompileError): never {
  const inFolder = relative(folder, file);
  const own = inFolder.startsWith("..");
  const path = own
    ? relative(HERE, file)
    : join(tree.directory, inFolder.replace(/^linux\//, "include/linux/"));
  const where = own ? `${tree.directory}: trees/${path}:${line}, which reads it,` : `${path}:${line}`;
  throw new InputError(`${where} does not compile: ${oneLine(says).slice(0, 300)}`);
}

export function firstLine(text: string): string {
  return oneLine(text.split("\n").find((line) => line.trim() !== "") ?? "it says nothing").slice(0, 300);
}

/**
 * Compiles a tree for a process of its own (shim/child.c), with the host's own compiler: words of 64 bits, and
 * sanitizers on request. Headers, probes and the cache are those of build.ts.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../adapters/input-error.ts";
import { type Constants, FACTS, firstLine, GLUE, kept, keyOf, layOut, object, probe, SHIM } from "./build.ts";
import { run } from "./compiler.ts";
import { ALLOCATOR, type SourceTree } from "./source-tree.ts";

const PROGRAM = "child";
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/** The program that answers for the tree. Throws an InputError that says where in the tree what was expected. */
export function buildChild(tree: SourceTree, constants: Constants, sanitize: boolean): string {
  const key = keyOf(tree, { ...constants, sanitize, child: true });
  return join(
    kept(key, (folder) => compile(tree, constants, sanitize, folder)),
    PROGRAM,
  );
}

function compile(
  tree: SourceTree,
  { mapLimit, blockPages }: Constants,
  sanitize: boolean,
  folder: string,
): void {
  const { cc, headers } = hostCompiler();
  const sanitizers = sanitize ? SANITIZERS : [];
  const flags = [
    // An undeclared function is no error: the linker names the undefined ones.
    ...["-O1", "-g", "-std=gnu11", "-w", "-fpermissive", "-ffreestanding", "-fno-strict-aliasing"],
    ...["-nostdinc", "-isystem", headers, "-include", join(SHIM, "kernel.h"), `-I${folder}`, `-I${SHIM}`],
    ...[`-DDRIVE_MAP_LIMIT=${mapLimit}`, `-DDRIVE_BLOCK_PAGES=${blockPages}`],
  ];
  const at = { tree, folder, cc, flags };
  const sources = layOut(at);
  const defines = probe(at).map((name) => `-D${name}`);
  const objects = [
    object(at, GLUE, [...sanitizers, ...defines]),
    ...sources.filter((path) => !path.endsWith(ALLOCATOR)).map((path) => object(at, path, sanitizers)),
    object(at, join(SHIM, "shim.c"), sanitizers),
    object({ ...at, flags: ["-O1", "-g", `-I${SHIM}`] }, join(SHIM, "child.c"), sanitizers),
  ];
  const link = (more: readonly string[]) =>
    run(cc, [...sanitizers, ...objects, ...more, "-o", join(folder, PROGRAM)]);
  const stubs = missing(link([]).stderr);
  const source = join(folder, "stubs.c");
  writeFileSync(source, `${BUG}${stubs.map(stub).join("")}`);
  const linked = link([object({ ...at, flags: ["-fno-builtin", "-w"] }, source, [])]);
  if (!linked.ok) throw new InputError(`${tree.directory}: it does not link: ${firstLine(linked.stderr)}`);
  writeFileSync(join(folder, FACTS), JSON.stringify({ stubs }));
}

/** Undefined functions. */
function missing(stderr: string): readonly string[] {
  return [
    ...new Set([...stderr.matchAll(/undefined reference to [`'](\w+)'/g)].map(([, name]) => name as string)),
  ].sort();
}

const BUG = "_Noreturn void drive_bug(const char *file, int line, const char *condition);\n";

/** If reached, it reports its name, and the machine stops. */
function stub(name: string): string {
  return `long ${name}(void) { drive_bug("the shim", 0, "${name} is not supplied"); }\n`;
}

interface HostCompiler {
  readonly cc: string;
  /** The folder of the headers that are the compiler's own. */
  readonly headers: string;
}

let found: HostCompiler | undefined;

/** gcc, or clang where there is none. Throws an InputError. */
function hostCompiler(): HostCompiler {
  found ??= ["gcc", "clang"].map(tried).find((each) => each !== undefined);
  if (found === undefined)
    throw new InputError(
      "no compiler: a tree's child process is compiled by gcc or clang; on Debian, apt install gcc libc6-dev",
    );
  return found;
}

function tried(cc: string): HostCompiler | undefined {
  const asked = cc === "gcc" ? ["-print-file-name=include"] : ["-print-resource-dir"];
  const { ok, stdout } = run(cc, asked);
  return ok ? { cc, headers: cc === "gcc" ? stdout.trim() : join(stdout.trim(), "include") } : undefined;
}

/** Whether there is a compiler for the host. */
export function hasHostCompiler(): boolean {
  try {
    return hostCompiler() !== undefined;
  } catch {
    return false;
  }
}

/**
 * Compiles a tree for a process of its own, with the host's own compiler: words of 64 bits, calls one by one (shim/child.c),
 * with sanitizers if they are asked for, or calls of several CPUs at once (shim/steps.c). Headers, probes and the cache are
 * those of build.ts.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../adapters/input-error.ts";
import { type Constants, FACTS, firstLine, GLUE, kept, keyOf, layOut, object, probe, SHIM } from "./build.ts";
import { run } from "./compiler.ts";
import { ALLOCATOR, type SourceTree } from "./source-tree.ts";

const PROGRAM = "child";
// The end of an llist is found by container_of of NULL: the kernel's own UBSan does not ask for offsets either.
const UNDEFINED = ["-fsanitize=address,undefined", "-fno-sanitize=pointer-overflow"];
const SANITIZERS = [...UNDEFINED, "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/** A program around the tree's code. */
interface Kind {
  readonly name: string;
  /** Files of shim/ beside shim.c: those that stand on the kernel's side, and those on the host's. */
  readonly kernelSide: readonly string[];
  readonly hostSide: readonly string[];
  /** Of all that stands on the kernel's side. */
  readonly defines: readonly string[];
  /** Of the tree's own code alone; and of everything. */
  readonly instrumented: readonly string[];
  readonly everywhere: readonly string[];
}

const CHILD: Kind = {
  ...{ name: "child", kernelSide: [], hostSide: ["child.c"], defines: [], instrumented: [], everywhere: [] },
};
const SANITIZED: Kind = { ...CHILD, name: "sanitized child", everywhere: SANITIZERS };

/** In which steps calls interleave: between what is marked in shim/sync.h, or at READ_ONCE and WRITE_ONCE too. */
export type Grain = "locks" | "once";

const stepsKind = (grain: Grain, cc: string): Kind => ({
  name: `steps at ${grain}`,
  kernelSide: ["lanes.c", "points.c"],
  hostSide: ["steps.c", "states.c"],
  defines: ["-DDRIVE_POINTS", "-DDRIVE_EVENTS=64", ...(grain === "once" ? ["-DDRIVE_FINE_POINTS"] : [])],
  // Each access calls a function of lanes.c, which knows what is freed.
  instrumented: [
    "-fsanitize=kernel-address",
    ...(cc === "gcc" ? GCC_CALLS : CLANG_CALLS).flatMap((each) => [
      cc === "gcc" ? "--param" : "-mllvm",
      each,
    ]),
  ],
  // Stacks are switched under the compiler's eyes.
  everywhere: ["-fno-stack-protector", "-fcf-protection=none", "-fno-pie"],
});
const GCC_CALLS = ["asan-instrumentation-with-call-threshold=0", "asan-stack=0", "asan-globals=0"];
const CLANG_CALLS = [...["-asan-instrumentation-with-call-threshold=0", "-asan-stack=0", "-asan-globals=0"]];

/** The program that answers for the tree. Throws an InputError that says where in the tree what was expected. */
export function buildChild(tree: SourceTree, constants: Constants, sanitize: boolean): string {
  return buildKind(tree, constants, sanitize ? SANITIZED : CHILD);
}

/** The program that takes calls of several CPUs step by step. Throws an InputError likewise. */
export function buildSteps(tree: SourceTree, constants: Constants, grain: Grain): string {
  return buildKind(tree, constants, stepsKind(grain, hostCompiler().cc));
}

function buildKind(tree: SourceTree, constants: Constants, kind: Kind): string {
  const key = keyOf(tree, { ...constants, kind });
  return join(
    kept(key, (folder) => compile(tree, constants, kind, folder)),
    PROGRAM,
  );
}

function compile(tree: SourceTree, { mapLimit, blockPages }: Constants, kind: Kind, folder: string): void {
  const { cc, headers } = hostCompiler();
  const { kernelSide, hostSide, instrumented, everywhere } = kind;
  const flags = [
    // An undeclared function is no error: the linker names the undefined ones.
    ...["-O1", "-g", "-std=gnu11", "-w", "-fpermissive", "-ffreestanding", "-fno-strict-aliasing"],
    ...["-nostdinc", "-isystem", headers, "-include", join(SHIM, "kernel.h"), `-I${folder}`, `-I${SHIM}`],
    ...[`-DDRIVE_MAP_LIMIT=${mapLimit}`, `-DDRIVE_BLOCK_PAGES=${blockPages}`],
    ...kind.defines,
  ];
  const at = { tree, folder, cc, flags };
  const sources = layOut(at);
  const defines = probe(at).map((name) => `-D${name}`);
  const own = [...instrumented, ...everywhere];
  const objects = [
    object(at, GLUE, [...own, ...defines]),
    ...sources.filter((path) => !path.endsWith(ALLOCATOR)).map((path) => object(at, path, own)),
    ...["shim.c", ...kernelSide].map((name) => object(at, join(SHIM, name), everywhere)),
    ...hostSide.map((name) =>
      object({ ...at, flags: ["-O1", "-g", `-I${SHIM}`] }, join(SHIM, name), everywhere),
    ),
  ];
  const placed = everywhere.includes("-fno-pie") ? ["-no-pie", "-Wl,-z,now"] : everywhere;
  const link = (more: readonly string[]) =>
    run(cc, [...placed, ...objects, ...more, "-o", join(folder, PROGRAM)]);
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

/** Finds a compiler by trying it, and runs it: without a shell, bounded in time and in output. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "../adapters/input-error.ts";

export interface Ran {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Compiler {
  readonly cc: string;
  readonly linker: string;
}

/** A compiler that ends does so within seconds, on a loaded machine within minutes: the bound is for one that hangs. */
const MOST_SECONDS = 600;
const MOST_BYTES = 8 << 20;

/** Runs a program to its end. Messages are in English in any locale. */
export function run(program: string, args: readonly string[]): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    timeout: MOST_SECONDS * 1000,
    maxBuffer: MOST_BYTES,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === "ETIMEDOUT")
    throw new InputError(`${program} did not end within ${MOST_SECONDS} s`);
  return { ok: error === undefined && status === 0, stdout: stdout ?? "", stderr: stderr ?? "" };
}

/** Clang's versions to try, the newest first. */
const VERSIONS = Array.from({ length: 14 }, (_none, nth) => `-${25 - nth}`);

let found: Compiler | undefined;

/** A clang that compiles for wasm32, and its linker. */
export function webAssemblyCompiler(): Compiler {
  found ??= ["", ...VERSIONS].map(tried).find((each) => each !== undefined);
  if (found === undefined)
    throw new InputError(
      "no compiler: a tree is compiled by clang (14 or later) for wasm32 and linked by wasm-ld; on Debian, apt install clang lld",
    );
  return found;
}

/** Whether there is one. */
export function hasWebAssemblyCompiler(): boolean {
  try {
    webAssemblyCompiler();
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** Whether this version compiles and links three lines. */
function tried(suffix: string): Compiler | undefined {
  const cc = `clang${suffix}`;
  const named = run(cc, ["-print-prog-name=wasm-ld"]);
  if (!named.ok) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "vmapcheck-"));
  try {
    const [source, object] = [join(folder, "try.c"), join(folder, "try.o")];
    writeFileSync(source, "int f(void);\nint main(void)\n{ return f(); }\n");
    if (!run(cc, ["--target=wasm32", "-c", source, "-o", object]).ok) return undefined;
    const linkers = [named.stdout.trim(), `wasm-ld${suffix}`, "wasm-ld"];
    const linker = linkers.find(
      (each) => run(each, ["--no-entry", "--allow-undefined", object, "-o", join(folder, "try.wasm")]).ok,
    );
    return linker === undefined ? undefined : { cc, linker };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The command line as a user runs it: in a folder of its own, no terminal, no colour. */
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { vi } from "vitest";
import { BUILT } from "./build.testing.ts";

export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));
const TSX = pathToFileURL(join(ROOT, "node_modules/tsx/dist/esm/index.mjs")).href;
export const FROM_SOURCE: readonly string[] = ["--import", TSX, join(ROOT, "cli/main.ts")];
/**
 * The words by which Node runs the command line: as built, where the whole suite has built it (build.testing.ts).
 * From source each process, and each of its threads, takes 0.6 s of CPU more to start.
 */
export const MAIN: readonly string[] =
  process.env.VMAPCHECK_TESTS === "all" ? [join(BUILT, "cli/main.js")] : FROM_SOURCE;
export const elsewhere: string = mkdtempSync(join(tmpdir(), "vmapcheck-cli-"));

export interface Ended {
  readonly code: number;
  readonly out: string;
  /** Without lines of progress: their number depends on the load of the machine. */
  readonly err: string;
}

const PROGRESS = /^vmapcheck: \d+ s: .*\n/gm;

/** No option for colour, and CI set as on build machines: that alone requests none. */
export const env: NodeJS.ProcessEnv = { ...process.env, CI: "true" };
for (const wish of ["FORCE_COLOR", "NO_COLOR"]) delete env[wish];

export function vmapcheck(...words: string[]): Promise<Ended> {
  return vmapcheckAt(elsewhere, ...words);
}

/** The same in this folder. */
export const vmapcheckAt = (cwd: string, ...words: string[]): Promise<Ended> => run(MAIN, cwd, words);

export const vmapcheckFromSource = (...words: string[]): Promise<Ended> => run(FROM_SOURCE, elsewhere, words);

function run(main: readonly string[], cwd: string, words: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, [...main, ...words], { cwd, env, maxBuffer: 2 ** 26 }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code), out, err: err.replace(PROGRESS, "") }),
    );
  });
}

/** The same with --json: its exit code and its document. */
export const json = async (
  ...words: string[]
): Promise<{ code: number; document: ReturnType<typeof JSON.parse> }> => {
  const { code, out } = await vmapcheck(...words, "--json");
  return { code, document: JSON.parse(out) };
};

/** The exit code of a verb that is called in this process, and what it prints: without colours, which may be forced. */
export async function printedBy(
  verb: () => number | Promise<number>,
): Promise<{ code: number; out: string }> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    const code = await verb();
    return { code, out: stripVTControlCharacters(log.mock.calls.map(([line]) => line).join("\n")) };
  } finally {
    log.mockRestore();
  }
}

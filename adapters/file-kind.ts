/** What a file looks like, by its first lines: for the error of a verb that takes another kind. */
import { lines } from "./lines.ts";

export type FileKind = "history" | "recording" | "log" | "reading";

/** Lines that are looked at: a log begins with comments, a report of perf with a table. */
const MOST_LINES = 40;
const LONGEST = { name: "a text", expected: "a text", longest: 64 * 1024 * 1024 };

const KINDS: readonly (readonly [FileKind, RegExp])[] = [
  ["log", /^# tracer: |\b(alloc_vmap_area|purge_vmap_area_lazy|free_vmap_area_noflush|k_(alloc|free)): /],
  ["reading", /^(0x)?[0-9a-f]{8,16}-(0x)?[0-9a-f]{8,16}\s+\d+\b/],
  ["recording", /^\s*\{.*"ops"\s*:/],
  ["history", /"vmapcheck"\s*:\s*\d/],
];

/** Undefined for a file that looks like none of them, or cannot be read. */
export async function kindOf(file: string): Promise<FileKind | undefined> {
  let read = 0;
  try {
    for await (const { text } of lines(file, LONGEST)) {
      const found = KINDS.find(([, pattern]) => pattern.test(text));
      if (found !== undefined) return found[0];
      read += 1;
      if (read === MOST_LINES) return undefined;
    }
  } catch {
    return undefined;
  }
  return undefined;
}

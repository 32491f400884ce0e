/**
 * The machines whose every state was visited, with the counts: `npm run explore:all` visits them again, and a test
 * the small ones. A count that changes means that a machine, a law or the explorer changed.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const count = z.int().nonnegative();
const entry = z.strictObject({
  machine: z.string(),
  /** As `explore --scope` takes it. */
  scope: z.string(),
  symmetry: z.enum(["on", "off"]),
  /** When it is visited: in `npm test`, in `npm run explore:all` as well, or only with `--long`. */
  in: z.enum(["test", "all", "long"]),
  states: count,
  edges: count,
  depth: count,
  /** The violated laws, and the least number of commands; all others are kept in every state. */
  broken: z.record(z.string(), count),
});
export type Census = z.infer<typeof entry>;

export const CENSUS_FILE: string = fileURLToPath(new URL("census.jsonl", import.meta.url));

export async function readCensus(): Promise<readonly Census[]> {
  const lines = (await readFile(CENSUS_FILE, "utf8")).trimEnd().split("\n");
  return lines.map((line) => entry.parse(JSON.parse(line)));
}

/** One entry a line. */
export function formatCensus(all: readonly Census[]): string {
  return all.map((each) => `${JSON.stringify(each)}\n`).join("");
}

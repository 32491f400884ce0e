/** What steps of a tree's own code did, in words: from what shim/lanes.c writes down. */
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { ALLOCATOR } from "../../trees/source-tree.ts";
import type { Calls } from "../../trees/vmap/calls.ts";
import type { Source } from "../../trees/vmap/step-child.ts";

export interface Act {
  readonly says: string;
  /** Where in the tree; undefined of a call that begins or returns. Of a plain access it is all that is known. */
  readonly at?: Source | undefined;
}

/** What a page fault, a BUG and the like are called. */
const STOPS: Readonly<Record<string, string>> = {
  freed: "that memory is freed",
  crash: "crashes",
  hung: "does not end",
  deadlock: "nothing can continue",
};

/** The addresses of code that are in these lines: of plain accesses. */
export const addressesIn = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => /^access (\w+)$/.exec(line)?.[1] ?? []);

/** The acts of a step, given where the addresses lie in the tree. */
export function actsIn(
  lines: readonly string[],
  { calls }: Calls,
  sources: ReadonlyMap<string, Source | undefined>,
): readonly Act[] {
  const acts: Act[] = [];
  for (const line of lines) {
    const [what = "", file = "", name = "", number] = line.split("\t");
    const [kind = "", first = "", ...more] = line.split(" ");
    if (number !== undefined) acts.push({ says: what, at: { file, function: name, line: Number(number) } });
    else if (kind === "access") acts.push({ says: "reads or writes", at: sources.get(first) });
    else if (kind === "event") noteEvent(acts, first, more);
    else if (kind === "stop") acts.push({ says: STOPS[first] ?? `BUG: ${more.join(" ")}` });
    else {
      const call = first === "worker" ? "queued work" : (calls[Number(first)]?.says ?? "");
      acts.push({ says: `${call}: ${kind === "begin" ? "begins" : "returns"}` });
    }
  }
  return acts;
}

/** An event says of which page the act before it was, or is an act by itself. */
function noteEvent(acts: Act[], event: string, words: readonly string[]): void {
  const [start = 0, end = 0] = words.map((word) => Number.parseInt(word.slice(-8), 16) / PAGE_SIZE);
  const [says, more] =
    event === "warn"
      ? ["WARN", words.join(" ")]
      : event === "flush"
        ? ["flush TLBs", end - start === 1 ? `of page ${start}` : `of pages ${start} to ${end - 1}`]
        : [`${event} PTE`, `of page ${start}`];
  const last = acts.at(-1);
  if (last?.says === says) acts.pop();
  acts.push({ ...(last?.says === says ? last : {}), says: `${says} ${more}` });
}

/** With function and line; of another file than the allocator's its name too. */
export function actText({ says, at }: Act): string {
  if (at === undefined) return says;
  const name = at.file.replace(/^.*\//, "");
  const where = ALLOCATOR.endsWith(`/${name}`) ? "" : `${name}:`;
  return `${says} (${at.function} ${where}${at.line})`;
}

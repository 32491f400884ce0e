/** What steps of a tree's own code did, in words: from what shim/lanes.c writes down. */
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { ALLOCATOR } from "../../trees/source-tree.ts";
import type { Calls } from "../../trees/vmap/calls.ts";
import type { Source } from "../../trees/vmap/step-child.ts";

export interface Act {
  readonly says: string;
  /** Where in the tree; undefined of a call that begins or returns. Of a plain access it is all that is known. */
  readonly at?: Source | undefined;
  /** Of an access that crashes: its address. */
  readonly address?: string | undefined;
}

/** An access that is no point of the shim's own: where a compiler puts one may differ. */
export const PLAIN = "reads or writes";

/** What a page fault, a BUG and the like are called. */
const STOPS: Readonly<Record<string, string>> = {
  freed: "that memory is freed",
  crash: "crashes",
  hung: "does not end",
  deadlock: "nothing can continue",
};

/** The addresses of code that are in these lines: of plain accesses. */
export const addressesIn = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => /^access (\w+)/.exec(line)?.[1] ?? []);

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
    else if (kind === "access") acts.push({ says: PLAIN, at: sources.get(first), address: more[0] });
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

/** As a sentence without its subject, with function and line; of another file than the allocator's its name too. */
export function actText({ says, at, address }: Act): string {
  const text = sentence(says, address);
  if (at === undefined) return text;
  const name = at.file.replace(/^.*\//, "");
  const where = ALLOCATOR.endsWith(`/${name}`) ? "" : ` ${name}`;
  return `${text} (${at.function}()${where}:${at.line})`;
}

/** What an act is called at its point in the shim (trees/shim/sync.h and beside), and what is printed for it. */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^(lock|unlock|trylock|read|write|set|clear|add|subtract|insert|erase)\b/, "$1s"],
  [/^trylocks/, "tries to lock"],
  [/^load of/, "looks up in"],
  [/^next of/, "takes the next of"],
  [/^flush TLBs of/, "flushes TLBs of"],
  [/^(sets|clears) PTE/, "$1 the PTE"],
  [/ &(?=[\w(])/g, " "],
];

function sentence(says: string, address: string | undefined): string {
  if (says === PLAIN)
    return address === undefined ? "reads or writes memory" : `reads or writes at 0x${address}`;
  return SENTENCES.reduce((text, [from, to]) => text.replace(from, to), says);
}

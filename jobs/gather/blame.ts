/** Why a reply of a gather violates a law, in a sentence, and the removals that show it. */
import type { Command } from "../../spec/gather/commands.ts";
import type { Response } from "../../spec/gather/response.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import { PAGE } from "../../spec/gather/vocabulary.ts";
import type { Removal, World } from "../../spec/gather/world.ts";
import type { Blame, Extent } from "../page/documents.ts";
import type { JudgedOf } from "../page/illustration.ts";
import { hex } from "./lines.ts";

/** The end of all there is. */
export const LAST = 2 ** 52;

/** In pages, at least one. */
export const pages = (start: number, end: number): Extent => ({
  start: Math.floor(start / PAGE),
  end: Math.max(Math.floor(start / PAGE) + 1, Math.min(LAST, Math.ceil(end / PAGE))),
});

/** Undefined where the law itself says all there is to say. */
export function blameFor(
  law: string,
  { command, response, before, after }: JudgedOf<GatherTerms>,
): Blame | undefined {
  if (command === undefined || response === undefined) return undefined;
  const said = reasonFor(law, command, response, before, after ?? before);
  const [first, ...more] = said;
  if (first === undefined) return undefined;
  const marks = said.flatMap(({ text, at }) =>
    at === undefined ? [] : [{ row: "removed" as const, ...pages(at.addr, at.end), says: text }],
  );
  const text = `${first.text}${more.length === 0 ? "" : ` There ${more.length === 1 ? "is" : "are"} ${more.length} more.`}`;
  return { text, marks };
}

/** A sentence, and the removal that it is about. */
interface Reason {
  readonly text: string;
  readonly at?: Removal;
}

const range = ({ addr, end }: Pick<Removal, "addr" | "end">) => `${hex(addr)} to ${hex(end)}`;
const NOT_COVERED = "no flush has covered";

function reasonFor(
  law: string,
  command: Command,
  { reached }: Response,
  { walkers, freed }: World,
  { reply }: World,
): readonly Reason[] {
  const { early, earlyTables, twice, missed, wrongLevels, walked, lost, stale, idle } = reply;
  const each = <R extends Removal>(removals: readonly R[], text: (removal: R) => string): Reason[] =>
    removals.map((at) => ({ text: text(at), at }));
  switch (law) {
    case "page-after-flush":
      return each(early, (at) => `Frame ${at.pfn} was freed, and ${NOT_COVERED} ${range(at)} since.`);
    case "table-after-flush":
      return each(
        earlyTables,
        (at) => `Table ${at.id} was freed ${at.how}, and ${NOT_COVERED} ${range(at)} since.`,
      );
    case "table-after-walkers":
      return [...walkers]
        .filter(([, table]) => walked.includes(table))
        .map(([cpu, table]) => ({ text: `Table ${table} was freed while CPU ${cpu} walks it.` }));
    case "freed-once":
      return [{ text: `Freed, and did not wait: ${twice.join(", ")}.` }];
    case "nothing-lost":
      return [{ text: `Nothing will free ${lost.join(", ")}.` }];
    case "flush-covers":
      return missed.length > 0 || !wrongLevels
        ? each(missed, (at) => `The flush did not cover ${range(at)}.`)
        : [{ text: "The levels or the stride of the flush are not those of what was removed." }];
    case "flush-only-removed":
      return [{ text: `It flushed ${idle === 1 ? "once" : `${idle} times`} with nothing to flush.` }];
    case "freed-not-reached":
      if (reached?.frame === undefined) return [];
      return [
        { text: `Frame ${reached.frame} was reached by ${reached.by}: it is ${freed.get(reached.frame)}.` },
      ];
    case "freed-table-not-walked":
      return [{ text: "The CPU went through a page table that was freed." }];
    case "one-hash-entry":
      return each(stale, (at) => `The hash table still has an entry for ${range(at)}.`);
    case "hash-empty-outside-lazy":
      return each(stale, (at) => `Still in the batch after ${command.op}: ${range(at)}.`);
    default:
      return each(stale, (at) => `A CPU may still translate ${range(at)}.`);
  }
}

/** mmu_gather on the page: the mm by address, what each gather took out of it, and what a flush covered. */

import { hex } from "../../spec/gather/commands/command.ts";
import { type Command, replyText, says } from "../../spec/gather/commands.ts";
import type { Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import { PAGE } from "../../spec/gather/vocabulary.ts";
import type { Removal, World } from "../../spec/gather/world.ts";
import type { Blame, Change, Extent, Thing } from "../page/documents.ts";
import type { Illustration, JudgedOf } from "../page/illustration.ts";
import { cutsOf } from "../page/illustration.ts";
import { linesOf } from "./lines.ts";

export const GATHER_ILLUSTRATION: Illustration<GatherTerms> = {
  command: says,
  response: (response) => replyText(response) || "nothing",
  idle: says,
  facts: ({ arch, cpus, pages: mapped }) => [
    ["architecture", arch],
    [
      "machine",
      `${cpus} ${cpus === 1 ? "CPU" : "CPUs"}, an mm of ${mapped.length} ${mapped.length === 1 ? "page" : "pages"}`,
    ],
  ],
  guard: () => ({ inside: 0, after: 0, before: 0 }),
  cpus: () => [],
  follow: (_kernel, scope) => {
    let before: ReadonlyMap<string, Thing> = new Map();
    return {
      next: (now) => {
        const world = now.after ?? now.before;
        const things = thingsOf(world, scope);
        const changes: Change[] = [];
        for (const [key, thing] of things)
          if (JSON.stringify(before.get(key)) !== JSON.stringify(thing)) changes.push([key, thing]);
        for (const key of before.keys()) if (!things.has(key)) changes.push([key, null]);
        before = things;
        return {
          changes,
          flushes: flushesIn(now.response, scope),
          lazyPages: null,
          focus: [],
          window: null,
          lines: linesOf(world).map((line) => line.trim()),
        };
      },
    };
  },
  cuts: (steps, scope) => {
    const drawn = steps.flatMap(({ changes }) => changes.flatMap(([, thing]) => thing ?? []));
    return cutsOf([...pagesOf(scope), ...drawn], LAST);
  },
  blame: blameFor,
  state: ({ machine, spec, scope }, commands) => {
    const state = machine.initial(scope);
    let world = spec.initial(scope);
    for (const command of commands) world = spec.after(world, command, machine.act(state, command)) ?? world;
    const things = [...thingsOf(world, scope).values()];
    return {
      things,
      cuts: cutsOf([...pagesOf(scope), ...things], LAST),
      lines: linesOf(world).map((line) => line.trim()),
    };
  },
};

const pagesOf = (scope: Scope): readonly Extent[] => scope.pages.map((addr) => pages(addr, addr + PAGE));

function thingsOf({ ptes, uncovered, gathers, waiting, tables }: World, scope: Scope): Map<string, Thing> {
  const things = new Map<string, Thing>();
  for (const [addr, frame] of ptes) {
    things.set(`entry ${addr}`, { kind: "entry", ...pages(addr, addr + PAGE), frame });
  }
  for (const [number, { addr, end, g, table }] of uncovered) {
    const text = table === undefined ? "" : `table ${table}, `;
    things.set(`removed ${number}`, { kind: "removed", ...pages(addr, end), text: `${text}gather ${g}` });
  }
  const extent = spanOf(scope);
  for (const { g, start, end, fullmm } of gathers.values()) {
    const count = [...waiting.values(), ...tables.values()].filter((each) => each.g === g).length;
    const isEmpty = start >= end && !fullmm;
    const range = fullmm || start >= end ? extent : pages(start, end);
    const what = fullmm ? "the whole mm" : isEmpty ? "no range" : `${hex(start)} to ${hex(end)}`;
    things.set(`gather ${g}`, {
      kind: "gather",
      ...range,
      g,
      text: `${what}; ${count} wait`,
      empty: isEmpty,
    });
  }
  return things;
}

function spanOf(scope: Scope): Extent {
  const all = pagesOf(scope);
  return { start: Math.min(...all.map(({ start }) => start)), end: Math.max(...all.map(({ end }) => end)) };
}

/** What the flushes of a reply cover. */
function flushesIn(response: Response | undefined, scope: Scope): readonly Extent[] {
  return (response?.events ?? []).flatMap((event): Extent[] => {
    if (event.kind !== "flush") return [];
    const { what, start, end } = event;
    if (what === "mm" || start === undefined || end === undefined || start >= end) return [spanOf(scope)];
    return [pages(start, end)];
  });
}

/** The end of all there is. */
const LAST = 2 ** 52;

/** In pages, at least one. */
const pages = (start: number, end: number): Extent => ({
  start: Math.floor(start / PAGE),
  end: Math.max(Math.floor(start / PAGE) + 1, Math.min(LAST, Math.ceil(end / PAGE))),
});

/** Undefined where the law itself says all there is to say. */
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
        (at) => `Table ${at.table} was freed ${at.freed}, and ${NOT_COVERED} ${range(at)} since.`,
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

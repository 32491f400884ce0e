/** The laws of the specification, asked of what a step of a tree's own code came to: the text that shim/lanes.c reports. */
import { aliasesLeft, done, type Known, pagesIn, worldThatKnows } from "../../protocols/call-assertions.ts";
import type { Law, LawId } from "../../spec/contract.ts";
import { answers, noCrash } from "../../spec/process.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { callsReturn, noBug, nothingLeaks, noUseAfterFree } from "../../spec/vmap/laws/integrity.ts";
import { noOverlap } from "../../spec/vmap/laws/placement.ts";
import { flushBeforeReuse, flushWellFormed, lazyBounded, lazyCount } from "../../spec/vmap/laws/purging.ts";
import { noAliasAfterUnmapAliases } from "../../spec/vmap/laws/translation.ts";
import { extentInOnePlace, poolsCounted, type Space } from "../../spec/vmap/step-laws.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import type { World } from "../../spec/vmap/world.ts";
import { type Calls, commandOf } from "../../trees/vmap/calls.ts";
import type { StepScope } from "../../trees/vmap/step-child.ts";

type StepResponse = Response & { readonly space?: Space };
type StepLaw = Law<World, Command, StepResponse>;

/** In the order in which one is meant where a reply violates several. */
export const STEP_LAWS: readonly StepLaw[] = [
  noBug,
  noUseAfterFree,
  noCrash as StepLaw,
  answers as StepLaw,
  callsReturn,
  noOverlap,
  flushBeforeReuse,
  flushWellFormed,
  noAliasAfterUnmapAliases,
  nothingLeaks,
  extentInOnePlace,
  poolsCounted,
  lazyCount,
  lazyBounded,
];

interface Reply {
  readonly command: Command;
  readonly response: StepResponse;
  readonly before: Known;
  readonly after?: Known;
}

/** The law that a step violates, by what it reported of itself; undefined if none. */
export function lawViolated(text: string, calls: Calls, scope: StepScope): StepLaw | undefined {
  const { command, response, before, after } = replyIn(text, calls, scope);
  const [known, then] = [worldThatKnows(before), after && worldThatKnows(after)];
  return STEP_LAWS.find((law) => !law.holds(known, command, response, then));
}

/** How a run ended: violating a law in a call; or what is lazy, which pages have PTEs, and what each call flushed. */
export type Outcome =
  | { readonly law: LawId; readonly call: number }
  | { readonly lazy: number; readonly ptes: number; readonly flushed: readonly number[] };

/** What a text says of the end of a run; undefined if it is about no end. */
export function outcomeIn(text: string, law: LawId | undefined): Outcome | undefined {
  const [kind, ...words] = text.split(" ");
  if (law !== undefined) return { law, call: kind === "return" ? hex(words[0] as string) : -1 };
  if (kind !== "outcome") return undefined;
  const [lazy, ptes, ...flushed] = words.map(hex) as [number, number, ...number[]];
  return { lazy, ptes, flushed };
}

/** As C writes it: a number below 0 as what is missing to 2^64. */
const hex = (word: string): number => Number(BigInt.asIntN(64, BigInt(`0x${word}`)));

/** What every call is asked of the world before it: the calls are all legal. */
const LEGAL: Known = {
  initialised: true,
  releasedUnflushed: 0,
  promises: { guard: { inside: 0 }, freesLazily: true },
  areasIn: () => [],
  busyAt: (start: number) => ({ start, end: start + 1 }),
  holdsMap: () => true,
  leakedDescriptors: 0,
  fragmentedBlocks: () => 0,
  blockHasLeft: () => false,
  lazyPages: 0,
  scope: { lazyMaxPages: 0 },
};

function replyIn(text: string, { calls }: Calls, scope: StepScope): Reply {
  const { pages, lazy } = scope;
  const [kind = "", ...words] = text.split(" ");
  const window = { vmalloc: { vstart: 0, vend: pages } };
  const quiet: Command = { op: "purge" };
  if (kind === "flush") {
    const [start, end] = words.map((word) => hex(word) / PAGE_SIZE) as [number, number];
    return { command: quiet, response: { ...done, flushes: [{ start, end }] }, before: LEGAL };
  }
  if (kind === "lost") return nextMap(words, scope);
  if (kind === "space") return spaceIn(words.map(hex));
  if (kind === "lazy") {
    const [lazyPages, counted] = words.map(hex) as [number, number];
    const after: Known = { ...LEGAL, lazyPages, scope: { lazyMaxPages: lazy } };
    return { command: quiet, response: { ...done, lazyPages: counted }, before: LEGAL, after };
  }
  if (kind === "outcome") return { command: quiet, response: done, before: LEGAL };
  if (kind === "stop") return { command: quiet, response: stopIn(words), before: LEGAL };
  const [at, how, value, ...sets] = words as [string, string, string, ...string[]];
  const [reused, overlapping, owed, ptes] = sets.map(hex) as [...[number, number, number, number]];
  const call = calls[hex(at)];
  if (kind !== "return" || call === undefined) throw new RangeError(`what is ${JSON.stringify(text)}`);
  const command = commandOf(call, 0, window);
  if (call.verb === "aliases") {
    const { response, before } = aliasesLeft(owed | ptes, ptes, [owed]);
    return { command, response, before: { ...LEGAL, ...before } };
  }
  if (command.op !== "alloc") return { command, response: done, before: LEGAL };
  if (hex(how) !== PLACED) return { command, response: { ...done, kind: "refused" }, before: LEGAL };
  const start = hex(value) / PAGE_SIZE;
  return {
    command,
    response: { ...done, kind: "placed", start, mapStopped: false },
    before: { ...LEGAL, areasIn: () => pagesIn(overlapping).map(areaOf) },
    after: { ...LEGAL, unflushedIn: () => reused !== 0 },
  };
}

/**
 * All calls have returned, and a block has pages to give to which no queue leads: the next map is given a new block,
 * though this one would have served.
 */
function nextMap([start = "", free = ""]: readonly string[], { block, map, pages }: StepScope): Reply {
  return {
    command: { op: "mapRam", cpu: 0, count: 1 },
    response: { ...done, kind: "placed", start: pages, mapStopped: false },
    before: {
      ...LEGAL,
      scope: { bitsPerLong: map, blockPages: block, vmalloc: { vstart: 0, vend: pages } },
      promises: { guard: { inside: 0 }, fragments: "purged" },
      blockHasLeft: (_cpu, count) => hex(free) >= count && start !== "",
      blockCanGive: () => false,
    },
    after: { ...LEGAL, unflushedIn: () => false },
  };
}

/** All calls have returned: where the pages of the window lie. */
function spaceIn(words: readonly number[]): Reply {
  const [lost, twice, miscounted] = words as [number, number, number];
  return {
    command: { op: "purge" },
    response: { ...done, space: { lost, twice, miscounted } },
    before: LEGAL,
  };
}

/** DRIVE_PLACED of shim/drive.h. */
const PLACED = 2;

const areaOf = (page: number) =>
  ({ start: page, end: page + 1, life: "busy", block: undefined, vmapped: 0 }) as const;

function stopIn([kind = "", ...text]: readonly string[]): Response {
  switch (kind) {
    case "bug":
      return { ...done, kind: "bug", text: text.join(" ") };
    case "freed":
      return { ...done, usedAfterFree: true };
    case "crash":
      return { ...done, kind: "crashed", text: "a signal" };
    default:
      return {
        ...done,
        kind: "hung",
        text: kind === "deadlock" ? "no CPU can continue" : "a loop without end",
      };
  }
}

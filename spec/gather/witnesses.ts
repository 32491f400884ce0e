/** What must be seen in a meaningful run. A witness that is never reached fails the run. */
import type { Witness } from "../contract.ts";
import type { Command } from "./commands.ts";
import type { Promises } from "./releases.ts";
import type { Event, Response } from "./response.ts";
import type { World } from "./world.ts";

export type GatherWitness = Witness<World, Command, Response>;

interface Described extends GatherWitness {
  /** Whether a release can show it. */
  readonly on: (promises: Promises) => boolean;
}

const chains = ({ perCpu, has }: Promises) => !perCpu && has.pages;
const anyRelease = () => true;

const has = (response: Response, ...kinds: readonly Event["kind"][]) =>
  kinds.every((kind) => response.events.some((event) => event.kind === kind));

const WITNESSES: readonly Described[] = [
  {
    id: "one-flush-many-pages",
    says: "One flush serves several pages, which are freed after it.",
    on: ({ perCpu, has: { pages, hash } }) => pages && !(perCpu && hash),
    seen: (before, _command, response) =>
      before.waiting.size > 1 &&
      has(response, "pages") &&
      response.events.filter(({ kind }) => kind === "flush").length < 2,
  },
  {
    id: "full-gather",
    says: "A gather is full in the middle of a zap, which flushes.",
    on: ({ has: { pages } }) => pages,
    seen: (_before, { op }, response) => op === "zap" && has(response, "pages"),
  },
  {
    id: "failed-batch",
    says: "A batch page cannot be allocated, and the gather flushes.",
    on: chains,
    seen: (_before, { op }, response) => op === "zap" && has(response, "allocFail", "pages"),
  },
  {
    id: "table-batch",
    says: "A batch of page tables goes to RCU.",
    on: ({ perCpu, has: { hash } }) => !perCpu || hash,
    seen: (_before, _command, response) => has(response, "callRcu"),
  },
  {
    id: "table-batch-full",
    says: "A batch of page tables is full.",
    on: ({ perCpu, has: { hash } }) => !perCpu || hash,
    seen: (_before, { op }, response) => op === "freeTable" && has(response, "callRcu"),
  },
  {
    id: "ipi-fallback",
    says: "A table batch cannot be allocated: all CPUs are interrupted.",
    on: ({ perCpu, has: { hash } }) => !perCpu || hash,
    seen: (_before, { op }, response) => op === "freeTable" && has(response, "ipi"),
  },
  {
    id: "grace-period",
    says: "A callback frees page tables.",
    on: ({ perCpu, has: { hash } }) => !perCpu || hash,
    seen: (_before, { op }, response) => op === "rcuRun" && has(response, "tableFree"),
  },
  {
    id: "callback-before-flush",
    says: "A callback frees a page table before a flush covers it.",
    on: ({ perCpu, invalidates, has: { pages, hash } }) => !perCpu && !invalidates && pages && !hash,
    seen: (_before, { op }, _response, after) =>
      op === "rcuRun" && (after?.reply.earlyTables.length ?? 0) > 0,
  },
  {
    id: "nested-finish",
    says: "A gather finishes while another has not flushed what it removed in the same range.",
    on: ({ perCpu, has: { pages, hash } }) => !perCpu && pages && !hash,
    seen: ({ gathers, uncovered }, command) =>
      command.op === "finish" &&
      gathers.size > 1 &&
      [...uncovered.values()].some(({ g }) => g !== command.g && g >= 0),
  },
  {
    id: "page-size-change",
    says: "A change of page size flushes.",
    on: ({ levels, has: { pages } }) => levels && pages,
    seen: (_before, { op }, response) => op === "pageSize" && has(response, "flush"),
  },
  {
    id: "delayed-rmap",
    says: "The rmap of dirty pages is removed after the flush.",
    on: ({ has: { folios } }) => folios,
    seen: (_before, _command, response) => has(response, "rmap"),
  },
  {
    id: "stale-translation",
    says: "A CPU reaches a page through its TLB although its entry is clear: nothing has flushed yet, and nothing was freed.",
    on: ({ perCpu, has: { pages, hash } }) => !perCpu && pages && !hash,
    seen: ({ ptes, freed }, command, { reached }) =>
      command.op === "touch" &&
      reached?.by === "tlb" &&
      !ptes.has(command.addr) &&
      !freed.has(reached.frame ?? -1),
  },
  {
    id: "walker-waited-for",
    says: "A grace period does not end while a walker is there.",
    on: ({ perCpu, has: { hash } }) => !perCpu || hash,
    seen: ({ tables }, command) =>
      command.op === "walk" &&
      command.table === undefined &&
      [...tables.values()].some(({ queued }) => queued),
  },
  {
    id: "hash-batch-full",
    says: "The hash batch is full and is flushed in lazy mode.",
    on: ({ has: { hash } }) => hash,
    seen: (_before, { op }, response) => op === "hpte" && has(response, "hashRange"),
  },
  {
    id: "fault-after-flush",
    says: "A fault maps a page where the entry of the hash table was flushed.",
    on: ({ has: { hash } }) => hash,
    seen: (_before, { op }) => op === "insert",
  },
  {
    id: "something-finished",
    says: "A gather finishes.",
    on: anyRelease,
    seen: (_before, { op }) => op === "finish",
  },
];

export function witnessesFor(promises: Promises): readonly GatherWitness[] {
  return WITNESSES.filter(({ on }) => on(promises));
}

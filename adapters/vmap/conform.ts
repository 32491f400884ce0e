/** Conformance: our model of a kernel gets a recording's commands, and must answer as the real kernel did. */
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Dump, Kernel } from "../../spec/vmap/kernel.ts";
import type { FieldDifference } from "../../spec/wing.ts";
import type { Exchange, Trace } from "./recording.ts";
import type { RecordedReply } from "./recording-format.ts";

export interface Difference {
  /** Index of the command in its trace. */
  readonly index: number;
  readonly fields: readonly FieldDifference[];
  /** The areas before that command, as our kernel had them. */
  readonly before: Dump;
  /** What our kernel answered. */
  readonly response: Response;
}

export interface Conformance {
  readonly difference: Difference | undefined;
}

/** Runs one trace to its first difference or to its end. */
export function conform<S>(kernel: Kernel<S>, trace: Trace): Conformance {
  const state = kernel.initial(trace.scope);
  let before = kernel.dump(state);
  for (const [index, exchange] of trace.exchanges.entries()) {
    const response = kernel.act(state, exchange.command);
    const after = response.kind === "bug" ? before : kernel.dump(state);
    const fields = compareReply(exchange, response, after);
    if (fields.length > 0) return { difference: { index, fields, before, response } };
    before = after;
  }
  return { difference: undefined };
}

/** Every field of a recorded reply beside what was answered, and a dump beside the recorded one. */
export function compareReply(exchange: Exchange, ours: Response, dump: Dump): FieldDifference[] {
  const { recorded, response: theirs } = exchange;
  const pairs: [field: string, recorded: unknown, ours: unknown][] = [
    ["result", resultOf(theirs), resultOf(ours)],
    ["flush", theirs.flushes, ours.flushes],
    ["pte_set", theirs.pteSet, ours.pteSet],
    ["pte_clr", theirs.pteCleared, ours.pteCleared],
  ];
  if (theirs.kind !== "bug") {
    pairs.push(["rcu", theirs.rcuCallbacks, ours.rcuCallbacks]);
    pairs.push(["work", theirs.workItems, ours.workItems]);
    pairs.push(["ev", eventsOfRecorded(recorded, ours), eventsOf(exchange.command, ours)]);
  }
  if (theirs.kind === "done" && theirs.aliases !== undefined) {
    const aliases = ours.kind === "done" ? ours.aliases : undefined;
    pairs.push(["stale_tlb", theirs.aliases.staleTlb, aliases?.staleTlb]);
    pairs.push(["dead_tlb", theirs.aliases.deadTlb, aliases?.deadTlb]);
    pairs.push(["dead_ptes", theirs.aliases.deadPtes, aliases?.deadPtes]);
  }
  if (exchange.dump !== undefined) {
    pairs.push(["areas", exchange.dump.areas, dump.areas]);
    pairs.push(["lazy_nr", exchange.dump.lazyPages, dump.lazyPages]);
    pairs.push(["cache", exchange.dump.cache, dump.cache]);
    pairs.push(["free", exchange.dump.free, dump.free]);
    pairs.push(["purge", exchange.dump.purge, dump.purge]);
    pairs.push(["pool", exchange.dump.pool, dump.pool]);
    if (recorded.blocks !== undefined) pairs.push(["blocks", exchange.dump.blocks, dump.blocks]);
    if (recorded.free_lists !== undefined)
      pairs.push(["free_lists", exchange.dump.freeLists, dump.freeLists]);
  }
  return pairs
    .filter(([, a, b]) => !same(a, b))
    .map(([field, recorded, ours]) => ({ field, recorded, ours }));
}

/** What kind of reply it is, and its value. A bug is a bug, whatever its text. */
function resultOf(response: Response): unknown {
  switch (response.kind) {
    case "placed":
      return { addr: response.start, maperr: response.mapStopped };
    case "refused":
      return "refused";
    case "reached":
      return { hit: response.hit, pfn: response.frame };
    case "pinned":
      return { pfn: response.frame };
    case "bug":
    case "hung":
    case "crashed":
    case "silent":
      return response.kind;
    case "done":
      return "ok";
  }
}

/** The warnings that come with a reply. A caller that cannot wait is refused without one. */
function eventsOf(command: Command, response: Response): string[] {
  if (response.kind === "refused") return command.op === "alloc" && command.noblock ? [] : ["printk"];
  if (response.kind === "placed" && response.mapStopped) return ["WARN page-table:0 !pte_none(*pte)"];
  return response.warning === undefined ? [] : [`WARN ${response.warning}`];
}

/** A warning of a call outside its domain is a warning, whatever its text. */
function eventsOfRecorded({ ev = [] }: RecordedReply, { warning }: Response): readonly string[] {
  if (warning === undefined) return ev;
  return ev.map((event) => (event.startsWith("WARN ") ? `WARN ${warning}` : event));
}

/** Equality of plain data: numbers, strings, arrays and records. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

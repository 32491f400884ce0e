/** Reads recordings of real kernels: traces of commands and replies, in the spec's terms. */
import type { LawId } from "../../spec/contract.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Dump } from "../../spec/vmap/kernel.ts";
import { promisesOfOwn } from "../../spec/vmap/own-promises.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { findRelease } from "../../spec/vmap/releases.ts";
import { BLOCKS64, MOST_MAPPED, type Scope, WORD64 } from "../../spec/vmap/scope.ts";
import { checked } from "../complaint.ts";
import { inputError } from "../input-error.ts";
import { tracesIn } from "../lines.ts";
import {
  ALIGNED_TO_A_PAGE,
  type Cut,
  type Envelope,
  envelope,
  exchange,
  NOTHING_DONE,
  type OwnEnvelope,
  ownEnvelope,
  type RecordedReply,
} from "./recording-format.ts";

/** A command with what the real kernel answered. */
export interface Exchange {
  readonly command: Command;
  readonly response: Response;
  /** What the dump showed, where one was asked for. */
  readonly dump: Dump | undefined;
  readonly recorded: RecordedReply;
}

export interface Trace {
  readonly file: string;
  /** Line number, from 1. */
  readonly line: number;
  /** Its `version`: a label of a release here, or the name of any other allocator. */
  readonly label: string;
  /** What the line says that it promises. */
  readonly promises: Promises | undefined;
  readonly seed: number;
  /** Of a directed trace. */
  readonly name: string | undefined;
  readonly scope: Scope;
  readonly exchanges: readonly Exchange[];
  /** Of a trace of which only some steps are left. */
  readonly cut: Cut | undefined;
  /** The line as it is written, and each request in it. */
  readonly written: Written;
  readonly requests: readonly object[];
}

/** A line of a recording as JSON has it: each request with its reply, and whatever is said of them all. */
export interface Written {
  readonly [field: string]: unknown;
  readonly ops: readonly (readonly [request: object, reply: object])[];
}

/** Every trace of a recording, gzipped or plain. Throws an InputError at the first line that is not one. */
export function readRecording(file: string): AsyncGenerator<Trace> {
  return tracesIn(file, readTrace);
}

function readTrace(file: string, line: number, text: string): Trace {
  const { own, read, written } = readEnvelope(file, line, text);
  const { version, seed, name, config, cut, ops } = read;
  const promised = "promises" in read ? read.promises : undefined;
  const scope: Scope = {
    name: "recording",
    wordPages: WORD64,
    cpus: config.cpus,
    lazyMaxPages: config.lazy_max_pages ?? (promised && (config.lazy_max_pages_effective ?? WORD64)) ?? null,
    vmalloc: { vstart: config.vmalloc_start, vend: config.vmalloc_end },
    blockPages: config.bbmap_bits,
    bitsPerLong: BLOCKS64.bitsPerLong,
    beforeInit: false,
    counts: [],
    sizes: [],
    aligns: [],
    windows: [],
    congruent: [],
  };
  const blocks = config.bbmap_bits === 0 ? ({ blocks: "no blocks" } as const) : {};
  const promises = promised && promisesOfOwn(version, { ...promised, ...blocks });
  const exchanges = readExchanges(file, line, own ? ops.map(filledIn) : ops, config);
  const requests = written.ops.map(([request]) => request);
  return { file, line, label: version, promises, seed, name, scope, exchanges, cut, written, requests };
}

/** What the line says of a release here, or of any other allocator. */
function readEnvelope(
  file: string,
  line: number,
  text: string,
): { readonly own: boolean; readonly read: Envelope | OwnEnvelope; readonly written: Written } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw inputError(file, line, `is not a JSON object (truncated?): ${(error as Error).message}`);
  }
  const own = isOfOwn(json);
  const read = checked(own ? ownEnvelope : envelope, json, "", (says) => inputError(file, line, says));
  return { own, read, written: json as Written };
}

/** Whether a line is of an allocator that is no release here, or says itself what it promises. */
function isOfOwn(json: unknown): boolean {
  if (typeof json !== "object" || json === null) return false;
  const { version } = json as { version?: unknown };
  return "promises" in json || (typeof version === "string" && findRelease(version) === undefined);
}

/** The fields that were omitted, with their meaning. */
function filledIn([request, reply]: Envelope["ops"][number]): Envelope["ops"][number] {
  const asked = request.op === "alloc_vmap_area" && !("ioremap" in request);
  return [asked ? { ...ALIGNED_TO_A_PAGE, ...request } : request, { ...NOTHING_DONE, ...reply }];
}

/** What judges a trace by default: its own promises, or those of its release. */
export function promisesOf({ file, line, label, promises }: Trace): Promises {
  const found = promises ?? findRelease(label);
  if (found !== undefined) return found;
  throw inputError(
    file,
    line,
    `version: no kernel here is called ${JSON.stringify(label)}: say --as LABEL for the promises of one (list has them), or let the line say its own, such as "promises": {"frees": "eager", "placement": "lowest-fit"} (docs/recordings.md)`,
  );
}

/** Laws about a call that no recording has, or about a value that no field of a reply has. */
export const UNOBSERVABLE: readonly LawId[] = [
  "guard-between-vmaps",
  "highest-congruent-fit",
  "calls-return",
  "pinned-is-unaliased",
  "cache-flushed-before-unmap",
  "space-returns",
  "no-use-after-free",
  "finds-areas",
  "init-order",
];

/**
 * Whether a trace can show a violation of this law. Of leaks only blocks are seen; lazy pages only if they are counted.
 */
export function isObservable({ scope, exchanges }: Pick<Trace, "scope" | "exchanges">, law: LawId): boolean {
  if (law === "lazy-count") return exchanges.some(({ response }) => response.lazyPages !== undefined);
  if (law === "nothing-leaks") return scope.blockPages > 0;
  return !UNOBSERVABLE.includes(law);
}

function readExchanges(
  file: string,
  line: number,
  ops: Envelope["ops"],
  config: Pick<Envelope["config"], "cpus" | "bbmap_bits">,
): Exchange[] {
  let cpu = 0;
  return ops.map((op, index) => {
    const wrong = (part: string, says: string) => inputError(file, line, `ops[${index}]${part}: ${says}`);
    const [request, recorded] = checked(exchange, op, `ops[${index}]`, (says) =>
      inputError(file, line, says),
    );
    if ((request.cpu ?? 0) >= config.cpus) {
      throw wrong("[0].cpu", `CPU ${request.cpu}, but config.cpus is ${config.cpus}`);
    }
    if (recorded.bug !== undefined && index !== ops.length - 1) {
      throw wrong("[1].bug", "a trace ends where the kernel stopped, but more follows");
    }
    cpu = request.cpu ?? cpu;
    const asked = request.command;
    const command = asked.op === "alloc" && cpu > 0 ? { ...asked, cpu } : asked;
    if (command.op === "alloc" && command.map && command.size > MOST_MAPPED) {
      throw wrong("[0].size", `maps ${command.size} pages; expected at most ${MOST_MAPPED} where map is 1`);
    }
    if (command.op === "mapRam" && config.bbmap_bits === 0) {
      throw wrong("[0].op", "maps through a block, but config.bbmap_bits is 0");
    }
    return { command, response: responseOf(recorded), dump: dumpOf(recorded), recorded };
  });
}

function responseOf(recorded: RecordedReply): Response {
  const effects = {
    flushes: recorded.flush,
    pteSet: recorded.pte_set,
    pteCleared: recorded.pte_clr,
    rcuCallbacks: recorded.rcu ?? 0,
    workItems: recorded.work ?? 0,
    ...(recorded.lazy_nr === undefined ? {} : { lazyPages: recorded.lazy_nr }),
    ...warningOf(recorded),
  };
  if (recorded.addr !== undefined) {
    return { ...effects, kind: "placed", start: recorded.addr, mapStopped: recorded.maperr !== undefined };
  }
  if (recorded.err !== undefined) return { ...effects, kind: "refused" };
  if (recorded.bug !== undefined) return { ...effects, kind: "bug", text: recorded.bug };
  if (recorded.hit !== undefined) {
    return { ...effects, kind: "reached", hit: recorded.hit, frame: recorded.pfn ?? null };
  }
  const { stale_tlb, dead_tlb, dead_ptes } = recorded;
  if (stale_tlb === undefined || dead_tlb === undefined || dead_ptes === undefined) {
    return { ...effects, kind: "done" };
  }
  return {
    ...effects,
    kind: "done",
    aliases: { staleTlb: stale_tlb, deadTlb: dead_tlb, deadPtes: dead_ptes },
  };
}

const WARN = "WARN ";

function warningOf({ ev = [] }: RecordedReply): { readonly warning?: string } {
  const first = ev.find((event) => event.startsWith(WARN));
  return first === undefined ? {} : { warning: first.slice(WARN.length) };
}

function dumpOf(recorded: RecordedReply): Dump | undefined {
  if (recorded.areas === undefined) return undefined;
  const { areas, lazy_nr, cache, free, purge, pool, blocks = [], free_lists = [] } = recorded;
  return { areas, lazyPages: lazy_nr, cache, free, purge, pool, blocks, freeLists: free_lists };
}

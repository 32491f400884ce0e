/** Reads recordings of real gathers: traces of commands and replies, in the spec's terms. */
import type { z } from "zod";
import { PREFIX } from "../../spec/gather/bibliography.ts";
import type { Command } from "../../spec/gather/commands.ts";
import type { Dump, Event, Response } from "../../spec/gather/response.ts";
import { type Limits, type Scope, SMALL, STD } from "../../spec/gather/scope.ts";
import { checked } from "../complaint.ts";
import { inputError } from "../input-error.ts";
import { tracesIn } from "../lines.ts";
import {
  type Cut,
  EVENT_NAMES,
  envelope,
  eventForm,
  type InitReply,
  initForm,
  initReply,
  OPS,
  type Reply,
  reply,
  requestForm,
} from "./recording-format.ts";

/** A command with what the real gather answered. */
export interface Exchange {
  readonly command: Command;
  readonly response: Response;
  readonly dump: Dump | undefined;
}

export interface Trace {
  readonly file: string;
  /** Line number, from 1. */
  readonly line: number;
  /** A release, with its architecture if that is s390 or ppc64. */
  readonly label: string;
  readonly seed: number;
  readonly name: string | undefined;
  /** Whether its caller keeps the rules. */
  readonly protocol: boolean;
  readonly scope: Scope;
  /** What the harness said first: the limits, and an empty dump. */
  readonly init: { readonly limits: InitReply; readonly dump: Dump | undefined };
  readonly exchanges: readonly Exchange[];
  readonly cut: Cut | undefined;
  /** The line as it is written: `ops` begins with that of init. */
  readonly written: Written;
}

interface Written {
  readonly ops: readonly (readonly [object, object])[];
}

/** Every trace of a recording, gzipped or plain. Throws an InputError at the first line that is not one. */
export function readRecording(file: string): AsyncGenerator<Trace> {
  return tracesIn(file, readTrace);
}

export function readTrace(file: string, line: number, text: string): Trace {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw inputError(file, line, `is not a JSON object (truncated?): ${(error as Error).message}`);
  }
  const wrong = (says: string) => inputError(file, line, says);
  const form = <F extends z.ZodType>(each: F, document: unknown, where: string) =>
    checked(each, document, where, wrong);
  const { version, arch, caps, seed, name, protocol = true, config, cut, ops } = form(envelope, json, "");
  const [[asked, said], ...others] = ops as [(typeof ops)[number], ...typeof ops];
  if (asked.op !== "init") throw wrong(`ops[0][0].op: expected "init", which says how the machine begins`);
  const init = form(initForm, asked, "ops[0][0]");
  if (init.cpus !== config.cpus || init.tables !== config.tables)
    throw wrong(`ops[0][0]: expected the CPUs and tables of config`);
  const limits = form(initReply, said, "ops[0][1]");
  const scope: Scope = {
    name: "recording",
    arch,
    cpus: config.cpus,
    tables: config.tables,
    limits: limitsOf(caps === "std" ? STD : SMALL, limits),
    pages: [],
    frames: [],
    tableIds: [],
    slots: 4,
    calls: [],
  };
  const label = arch === "s390" || arch === "ppc64" ? `${PREFIX}${version}-${arch}` : PREFIX + version;
  const exchanges = others.map(([command, answer], index): Exchange => {
    const where = `ops[${index + 1}]`;
    const request = requestForm(command.op);
    if (request === undefined) throw wrong(`${where}[0].op: expected one of ${OPS.join(", ")}`);
    const read = form(reply, answer, `${where}[1]`);
    // Nothing is done by what is refused.
    if (read.ev === undefined && read.err === undefined) throw wrong(`${where}[1].ev is missing`);
    const events = (read.ev ?? []).map((event, nth) => {
      const kind = eventForm(event);
      const at = `${where}[1].ev[${nth}]`;
      if (kind === undefined) throw wrong(`${at}: expected an event: ${EVENT_NAMES.join(", ")}`);
      return form(kind, event, at) as Event;
    });
    return {
      command: form(request, command, `${where}[0]`),
      response: responseOf(read, events),
      dump: dumpOf(read),
    };
  });
  return {
    file,
    line,
    label,
    seed,
    name,
    protocol,
    scope,
    init: { limits, dump: dumpOf(limits) },
    exchanges,
    cut,
    written: json as Written,
  };
}

/** The limits that the harness said, the others as they are by default. */
function limitsOf(usual: Limits, said: InitReply): Limits {
  const count = said.max_gather_batch_count;
  return {
    array: said.free_pte_nr ?? said.tlb_nr_ptrs ?? usual.array,
    bundle: said.bundle ?? usual.bundle,
    batch: said.max_gather_batch ?? usual.batch,
    batches: count === undefined || count < 0 ? usual.batches : count,
    tables: said.max_table_batch ?? said.pte_freelist_size ?? usual.tables,
    // 3.1 has no limit of its own for the hash batch in its reply: it is that of `std`.
    hash: said.hash_batch ?? STD.hash,
  };
}

function responseOf({ ret, full, force_flushes, ran, err }: Reply, events: readonly Event[]): Response {
  return {
    events,
    ...(ret === undefined ? {} : { ret }),
    ...(full === undefined ? {} : { full: full === 1 }),
    ...(force_flushes === undefined ? {} : { forceFlushes: force_flushes }),
    ...(ran === undefined ? {} : { ran }),
    ...(err === undefined ? {} : { refused: err }),
  };
}

function dumpOf(
  fields: Pick<Reply, "gathers" | "alloc_pages" | "rcu_queued" | "users" | "pending">,
): Dump | undefined {
  const { gathers, alloc_pages = 0, rcu_queued = 0, users = 0, pending } = fields;
  if (gathers === undefined) return undefined;
  return {
    gathers,
    allocPages: alloc_pages,
    rcuQueued: rcu_queued,
    users,
    ...(pending === undefined ? {} : { pending }),
  };
}

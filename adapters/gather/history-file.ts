/** A history as a file: JSON, one command a line. A step names addresses, frames and tables of its scope. */
import { z } from "zod";
import type { CommandRecord, Field } from "../../spec/gather/commands/command.ts";
import { type HistoryStep, RECORDS, recordOf } from "../../spec/gather/commands.ts";
import { LAWS } from "../../spec/gather/laws/index.ts";
import { CALLS, type Scope } from "../../spec/gather/scope.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import { ARCHES, TOP } from "../../spec/gather/vocabulary.ts";
import type { HistoryFile } from "../../spec/wing.ts";
import { checked } from "../complaint.ts";
import { HISTORY_VERSION, historyText } from "../history-text.ts";
import { inputError } from "../input-error.ts";

/** More than any recording or scope has. */
const MOST_CPUS = 64;
const MOST_LISTED = 1024;
const MOST_SLOTS = 4;
const MOST_PAGES = 65_536;

const number = z.int().nonnegative();
const addr = z
  .number()
  .nonnegative()
  .max(TOP)
  .refine(Number.isInteger, { error: "expected an address in bytes" });
const most = (limit: number) => number.max(limit);
const list = most(MOST_LISTED).min(1);

const scope = z
  .strictObject({
    name: z.string().default("history"),
    arch: z.enum(ARCHES),
    cpus: most(MOST_CPUS).min(1),
    tables: z.enum(["rcu", "page"]),
    limits: z.strictObject({
      ...{ array: list, bundle: list, batch: list, tables: list, hash: list },
      batches: most(MOST_LISTED),
    }),
    pages: z.array(addr).max(MOST_LISTED),
    frames: z.array(number).max(MOST_LISTED),
    tableIds: z.array(number).max(MOST_LISTED),
    slots: most(MOST_SLOTS).min(1),
    calls: z.array(z.enum(CALLS)).default([]),
  })
  .refine(({ pages, frames }) => frames.length >= pages.length, {
    error: "expected a frame for each page, and perhaps more",
    path: ["frames"],
  });

const FIELDS: Readonly<Record<Exclude<Field, readonly string[]>, z.ZodType>> = {
  slot: most(MOST_SLOTS - 1),
  addr,
  frame: number,
  table: number,
  cpu: most(MOST_CPUS - 1),
  count: most(MOST_PAGES),
  delta: z.int().min(-MOST_PAGES).max(MOST_PAGES),
  true: z.literal(true),
};

/** A count of bytes is as large as an address. */
const formOf = (name: string, field: Field): z.ZodType => {
  if (typeof field !== "string") return z.enum(field as [string, ...string[]]);
  return name === "size" ? addr : FIELDS[field];
};

function stepOf({ op, fields }: CommandRecord) {
  const shape = Object.entries(fields).map(([name, field]) => {
    const [kind, isOptional] = isOptionalField(field) ? [field[0], true] : [field, false];
    return [name, isOptional ? formOf(name, kind).optional() : formOf(name, kind)] as const;
  });
  return z.strictObject({ op: z.literal(op), ...Object.fromEntries(shape) });
}

type AnyField = CommandRecord["fields"][string];
const isOptionalField = (field: AnyField): field is readonly [Field, "optional"] =>
  typeof field !== "string" && field.length === 2 && field[1] === "optional";

const [first, ...others] = RECORDS.map(stepOf) as [ReturnType<typeof stepOf>, ...ReturnType<typeof stepOf>[]];
const step = z.discriminatedUnion("op", [first, ...others]) as unknown as z.ZodType<HistoryStep>;

const file = z
  .strictObject({
    vmapcheck: z.literal(HISTORY_VERSION, {
      error: `expected ${HISTORY_VERSION}, the version of this format`,
    }),
    kernel: z.string(),
    law: z
      .string()
      .refine((id) => LAWS.some((law) => law.id === id), {
        error: "expected the id of a law; `list` has them",
      })
      .optional(),
    scope,
    commands: z.array(step).min(1).max(100_000),
  })
  .superRefine(({ scope, commands }, context) => {
    for (const [at, command] of commands.entries()) {
      const wrong = misfit(command, scope as Scope);
      if (wrong === undefined) continue;
      context.addIssue({ code: "custom", path: ["commands", at, wrong.field], message: wrong.says });
      return;
    }
  });

/** A number that is too large for the machine. */
function misfit(command: HistoryStep, { cpus, slots }: Scope) {
  for (const [name, field] of Object.entries(recordOf(command).fields)) {
    const value = (command as Readonly<Record<string, unknown>> & HistoryStep)[name];
    const kind = isOptionalField(field) ? field[0] : field;
    const below = kind === "cpu" ? cpus : kind === "slot" ? slots : undefined;
    if (below === undefined || typeof value !== "number" || value < below) continue;
    return { field: name, says: `expected a ${kind} below ${below}, which is scope.${kind}s` };
  }
  return undefined;
}

/** The history in a document read from there. Throws an InputError that says what is wrong and where. */
export function historyIn(path: string, json: unknown): HistoryFile<GatherTerms> {
  const { kernel, law, scope, commands } = checked(file, json, "", (says) =>
    inputError(path, undefined, says),
  );
  const found = { kernel, scope: scope as Scope, commands };
  return law === undefined ? found : { ...found, law };
}

export const formatHistory = (history: HistoryFile<GatherTerms>): string => historyText(history);

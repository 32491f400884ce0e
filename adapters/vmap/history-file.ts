/**
 * A history as a file: JSON, one command a line. Commands name areas by the number of the command that asked
 * for them, so the file means the same on every kernel (spec/vmap/history.ts).
 */
import { z } from "zod";
import type { LawId } from "../../spec/contract.ts";
import type { AskedFor, Field, Misfit } from "../../spec/vmap/commands/command.ts";
import { type AnyRecord, RECORDS, recordOf } from "../../spec/vmap/commands.ts";
import { type HistoryStep, misnamed, tooEarly } from "../../spec/vmap/history.ts";
import { MOST_MAPPED, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { checked } from "../complaint.ts";
import { HISTORY_VERSION, historyText } from "../history-text.ts";
import { inputError } from "../input-error.ts";
import { readJson } from "../json-file.ts";
import {
  isPowerOfTwo,
  machineOf,
  misfitOfScope,
  pages,
  scopeAsWritten,
  type WrittenScope,
  writtenScope,
} from "./history-scope.ts";
import { lawId } from "./recording-format.ts";

export interface HistoryFile {
  /** The kernel it was found on: a label, or the slug of a bug that is a changed kernel. */
  readonly kernel: string;
  /** The law it violates there; absent for any law. */
  readonly law?: LawId | undefined;
  readonly scope: Scope;
  readonly commands: readonly HistoryStep[];
}

/** The format before this one, which counted commands from 0. */
const FROM_ZERO = 1;
/** Percpu areas have one group a memory node; no machine has more. */
const MOST_AREAS = 1024;

const align = z
  .number()
  .positive()
  .max(2 ** 63)
  .refine(isPowerOfTwo, { error: "expected a power of two, in bytes" });
const number = z.int().nonnegative();

/** What the fields of commands may hold, whatever the scope (spec/vmap/commands/command.ts). */
const FIELDS: Readonly<Record<Field, z.ZodType>> = {
  size: pages,
  edge: pages,
  page: pages,
  offset: pages,
  count: pages,
  cpu: number,
  index: number,
  align,
  "page align": align.min(PAGE_SIZE),
  flag: z.boolean().default(false),
  true: z.literal(true),
  offsets: z.array(pages).min(1).max(MOST_AREAS),
  sizes: z.array(pages.min(1)).min(1).max(MOST_AREAS),
};

function stepOf({ op, fields }: AnyRecord) {
  const shape = Object.entries(fields).map(([name, field]) => {
    const kind = FIELDS[field.replace("?", "") as Field];
    return [name, field.endsWith("?") ? kind.optional() : kind] as const;
  });
  return z.strictObject({ op: z.literal(op), ...Object.fromEntries(shape) });
}

/** A step whose fields are right one by one: what goes together is asked below. */
type ReadStep = HistoryStep & Readonly<Record<string, unknown>>;

const [first, ...others] = RECORDS.map(stepOf) as [ReturnType<typeof stepOf>, ...ReturnType<typeof stepOf>[]];
const step = z.discriminatedUnion("op", [first, ...others]) as unknown as z.ZodType<ReadStep>;

const file = z
  .strictObject({
    vmapcheck: z.literal([FROM_ZERO, HISTORY_VERSION], {
      error: `expected ${HISTORY_VERSION}, the version of this format, or ${FROM_ZERO}, the one before`,
    }),
    kernel: z.string(),
    law: lawId.optional(),
    scope: writtenScope,
    commands: z.array(step).min(1).max(100_000),
  })
  .transform((file) => {
    const commands = file.commands.map((step) =>
      file.vmapcheck === HISTORY_VERSION && typeof step.area === "number"
        ? { ...step, area: step.area - 1 }
        : step,
    );
    return { ...file, commands };
  })
  .superRefine(({ vmapcheck, scope, commands }, context) => {
    const about = misfitOfScope(scope);
    if (about !== undefined) {
      context.addIssue({ code: "custom", path: ["scope", ...about.field.split(".")], message: about.says });
      return;
    }
    const early = tooEarly(commands, { beforeInit: scope.beforeInit === true });
    for (const [at, command] of commands.entries()) {
      const wrong = misfit(command, at, scope, commands, { early, version: vmapcheck });
      if (wrong === undefined) continue;
      context.addIssue({ code: "custom", path: ["commands", at, wrong.field], message: wrong.says });
      return;
    }
  });

/** The placement that a command needs, and so the part that a scope must have. */
const NEEDED: Readonly<Record<"vmalloc" | "percpu", string>> = {
  vmalloc: "vmap places areas",
  percpu: "percpu areas are placed",
};

function misfitOfPlace({ asksIn }: AnyRecord, { blocks, vmalloc }: WrittenScope): Misfit | undefined {
  if (blocks !== undefined || asksIn === undefined || asksIn === "windows") return undefined;
  if (asksIn === "blocks")
    return { field: "op", says: "expected scope.blocks, which says where and how maps are made" };
  if (vmalloc !== undefined) return undefined;
  return { field: "op", says: `expected scope.vmalloc, the window in which ${NEEDED[asksIn]}` };
}

/** Whether a number is too large for the machine. */
function misfitOfField(field: string, kind: string, value: number, scope: WrittenScope): Misfit | undefined {
  const { wordPages, cpus, absentCpus } = scope;
  const most = kind === "size" ? wordPages : wordPages - 1;
  switch (kind.replace("?", "")) {
    case "size":
    case "edge":
      if (value <= most) return undefined;
      return { field, says: `expected at most ${most}: scope.wordPages is ${wordPages}` };
    case "align":
    case "page align":
      if (value <= wordPages * PAGE_SIZE) return undefined;
      return { field, says: "expected an alignment of at most the whole space, in bytes" };
    case "page":
    case "offset":
      if (value < wordPages) return undefined;
      return { field, says: `expected a page below ${wordPages}, which is scope.wordPages` };
    case "count": {
      const most = Math.min(wordPages, MOST_MAPPED);
      return value <= most ? undefined : { field, says: `expected at most ${most} pages` };
    }
    case "cpu":
      if (value >= cpus) return { field, says: `expected a CPU below ${cpus}, which is scope.cpus` };
      if (!absentCpus?.includes(value)) return undefined;
      return { field, says: "expected a CPU that is not among scope.absentCpus" };
    default:
      return undefined;
  }
}

/** What a free or an unmap lacks to name its area or page. */
function misfitOfAddress({ op, area, page, offset, count }: ReadStep): Misfit | undefined {
  if (area === undefined && page === undefined)
    return { field: "area", says: "expected the index of an earlier command, or page in its place" };
  if (page === undefined) return undefined;
  if (area !== undefined)
    return { field: "page", says: "expected none beside area: one of them says what is meant" };
  if (offset !== undefined && offset !== 0)
    return { field: "offset", says: "expected none beside page: it is counted from what area got" };
  if (op !== "unmapRam" || count !== undefined) return undefined;
  return { field: "count", says: "expected the pages to unmap, which page does not say" };
}

/**
 * What in a command does not fit its position; its types were checked before. `early`: the first that comes too early.
 */
function misfit(
  step: ReadStep,
  at: number,
  scope: WrittenScope,
  commands: readonly ReadStep[],
  { early, version }: { readonly early: number; readonly version: number },
): Misfit | undefined {
  const record = recordOf(step);
  const { fields } = record;
  const wrong =
    misfitOfPlace(record, scope) ?? (fields.area === "index?" ? misfitOfAddress(step) : undefined);
  if (wrong !== undefined) return wrong;
  for (const [name, kind] of Object.entries(fields)) {
    const value = step[name];
    // The page of a touch is one of those asked for, and its CPU comes last.
    if (typeof value !== "number" || name === "cpu") continue;
    const wrong = misfitOfField(name, kind, value, scope);
    if (wrong !== undefined) return wrong;
  }
  const odd = record.misfit(step, scope.wordPages);
  if (odd !== undefined) return odd;
  if (early === at) return { field: "op", says: "expected init before it: scope.beforeInit is true" };
  const kinds = misnamed(commands, at);
  if (kinds !== undefined) {
    return {
      field: "area",
      says: `expected the ${version === HISTORY_VERSION ? "number, from 1" : "index, from 0"}, of an earlier ${kinds.join(" or ")} in this history`,
    };
  }
  if (step.op === "touch") {
    const asked = commands[step.area] as HistoryStep;
    const pages = recordOf(asked).pages(asked) ?? 0;
    if (step.page >= pages)
      return { field: "page", says: `expected a page below ${pages}, the pages asked for` };
  }
  const { cpu } = step as { readonly cpu?: number };
  return cpu === undefined ? undefined : misfitOfField("cpu", "cpu", cpu, scope);
}

/** Reads a history. Throws an InputError that says what is wrong and where. */
export async function readHistory(path: string): Promise<HistoryFile> {
  return historyIn(path, await readJson(path));
}

/** The history in a document read from there, likewise. */
export function historyIn(path: string, json: unknown): HistoryFile {
  const refuse = (says: string) => inputError(path, undefined, says);
  const { kernel, law, scope, commands } = checked(file, json, "", refuse);
  const found = { kernel, commands, scope: { ...machineOf(scope), ...askedFor(commands) } };
  return law === undefined ? found : { ...found, law };
}

/** The arguments in a history, as a scope lists them: each once. */
export function askedFor(commands: readonly HistoryStep[]): Required<AskedFor> {
  const all = commands.map((step) => recordOf(step).askedFor(step));
  const distinct = <K extends keyof AskedFor>(name: K) => {
    const values = all.flatMap((each): readonly unknown[] => each[name] ?? []);
    const byText = new Map(values.map((value) => [JSON.stringify(value), value]));
    return [...byText.values()] as Required<AskedFor>[K][number][];
  };
  return {
    counts: distinct("counts"),
    sizes: distinct("sizes"),
    aligns: distinct("aligns"),
    windows: distinct("windows"),
    congruent: distinct("congruent"),
  };
}

/** A step as files and output have it: what it names is counted from 1. */
export function asWritten(step: HistoryStep): HistoryStep {
  return "area" in step ? { ...step, area: step.area + 1 } : step;
}

/** The file's text, with what it names counted from 1. */
export function formatHistory({ kernel, law, scope, commands }: HistoryFile): string {
  const written = scopeAsWritten(scope, commands);
  return historyText({ kernel, law, scope: written, commands: commands.map(asWritten) });
}

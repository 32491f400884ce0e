/**
 * A history as a file: JSON, one command a line. Commands name areas by the number of the command that asked
 * for them, so the file means the same on every kernel (spec/vmap/history.ts).
 */
import { z } from "zod";
import type { LawId } from "../../spec/contract.ts";
import type { PcpuGet } from "../../spec/vmap/commands.ts";
import { type HistoryStep, misnamed, pagesAskedFor, tooEarly } from "../../spec/vmap/history.ts";
import { areasFrom, outOfDomain } from "../../spec/vmap/percpu-layout.ts";
import { MOST_MAPPED, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { checked } from "../complaint.ts";
import { inputError } from "../input-error.ts";
import { readJson } from "../json-file.ts";
import {
  isPowerOfTwo,
  type Misfit,
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
  /** The law it violates there; if it says none, whichever it is. */
  readonly law?: LawId | undefined;
  readonly scope: Scope;
  readonly commands: readonly HistoryStep[];
}

/** The format's version. It counts commands from 1, as all output does; the one before it counted from 0. */
const VERSION = 2;
const FROM_ZERO = 1;
/** Percpu areas have one group a memory node; no machine has more. */
const MOST_AREAS = 1024;
export const LARGEST_FILE: number = 16 * 1024 * 1024;

const cpu = z.int().nonnegative();
const align = z
  .number()
  .positive()
  .max(2 ** 63)
  .refine(isPowerOfTwo, { error: "expected a power of two, in bytes" });
const alloc = z.strictObject({
  op: z.literal("alloc"),
  size: pages,
  align,
  vstart: pages,
  vend: pages,
  map: z.boolean().default(false),
  cpu: cpu.optional(),
  noblock: z.literal(true).optional(),
  endsInside: z.literal(true).optional(),
});
const index = z.int().nonnegative();
/** What is freed or unmapped: something behind the start of what a command got, or a page of the space. */
const addressed = { area: index.optional(), offset: pages.optional(), page: pages.optional() };
const step = z.discriminatedUnion("op", [
  alloc,
  z.strictObject({ op: z.literal("free"), ...addressed }),
  z.strictObject({ op: z.literal("vmap"), count: pages, noGuard: z.literal(true).optional() }),
  z.strictObject({ op: z.literal("find"), page: pages }),
  z.strictObject({ op: z.literal("mapRam"), cpu, count: pages }),
  z.strictObject({ op: z.literal("unmapRam"), cpu, count: pages.optional(), ...addressed }),
  z.strictObject({
    op: z.literal("pcpuGet"),
    offsets: z.array(pages).min(1).max(MOST_AREAS),
    sizes: z.array(pages.min(1)).min(1).max(MOST_AREAS),
    align: align.min(PAGE_SIZE),
  }),
  z.strictObject({ op: z.literal("pcpuFree"), area: index }),
  z.strictObject({
    op: z.literal("touch"),
    cpu,
    area: index,
    page: pages,
    write: z.literal(true).optional(),
  }),
  z.strictObject({ op: z.literal("pin") }),
  z.strictObject({ op: z.literal("unpin"), area: index }),
  z.strictObject({ op: z.literal("init") }),
  z.strictObject({ op: z.literal("purge") }),
  z.strictObject({ op: z.literal("unmapAliases") }),
  z.strictObject({ op: z.literal("tlb") }),
]);

const file = z
  .strictObject({
    vmapcheck: z.literal([FROM_ZERO, VERSION], {
      error: `expected ${VERSION}, the version of this format, or ${FROM_ZERO}, the one before`,
    }),
    kernel: z.string(),
    law: lawId.optional(),
    scope: writtenScope,
    commands: z.array(step).min(1).max(100_000),
  })
  .transform((file) => {
    const commands = file.commands.map((step) =>
      file.vmapcheck === VERSION && "area" in step && step.area !== undefined
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
    const early = tooEarly(commands as HistoryStep[], { beforeInit: scope.beforeInit === true });
    for (const [at, command] of commands.entries()) {
      const wrong = misfit(command, at, scope, commands as HistoryStep[], { early, version: vmapcheck });
      if (wrong === undefined) continue;
      context.addIssue({ code: "custom", path: ["commands", at, wrong.field], message: wrong.says });
      return;
    }
  });
/** What in a request for percpu areas does not fit its place. */
function misfitOfPercpu(asked: PcpuGet, { wordPages }: WrittenScope): Misfit | undefined {
  const wrong = outOfDomain(asked);
  if (wrong !== undefined || areasFrom(0, asked).every(({ end }) => end <= wordPages)) return wrong;
  return {
    field: "offsets",
    says: `expected areas that end at ${wordPages} at most, which is scope.wordPages`,
  };
}

/** What in a free or an unmap does not say what is meant. */
function misfitOfAddress(
  command: Extract<z.output<typeof step>, { op: "free" | "unmapRam" }>,
  { wordPages, blocks }: WrittenScope,
): Misfit | undefined {
  const { op, area, offset = 0, page } = command;
  const below = `expected a page below ${wordPages}, which is scope.wordPages`;
  if (op === "unmapRam" && blocks === undefined)
    return { field: "op", says: "expected scope.blocks, which says where and how maps are made" };
  if (area === undefined && page === undefined)
    return { field: "area", says: "expected the index of an earlier command, or page in its place" };
  if (area !== undefined && page !== undefined)
    return { field: "page", says: "expected none beside area: one of them says what is meant" };
  if (page !== undefined && offset > 0)
    return { field: "offset", says: "expected none beside page: it is counted from what area got" };
  if (page !== undefined && page >= wordPages) return { field: "page", says: below };
  if (offset >= wordPages) return { field: "offset", says: below };
  if (op === "free") return undefined;
  if (page !== undefined && command.count === undefined)
    return { field: "count", says: "expected the pages to unmap, which page does not say" };
  const most = Math.min(wordPages, MOST_MAPPED);
  if ((command.count ?? 0) > most) return { field: "count", says: `expected at most ${most} pages` };
  return undefined;
}

/** What in a command does not fit its place: the types have been checked already. `early`: the first before its time. */
function misfit(
  command: z.output<typeof step>,
  at: number,
  scope: WrittenScope,
  commands: readonly HistoryStep[],
  { early, version }: { readonly early: number; readonly version: number },
): Misfit | undefined {
  if (command.op === "alloc") {
    for (const field of ["size", "vstart", "vend"] as const) {
      const most = field === "size" ? scope.wordPages : scope.wordPages - 1;
      if (command[field] > most)
        return { field, says: `expected at most ${most}: scope.wordPages is ${scope.wordPages}` };
    }
    if (command.map && command.size > MOST_MAPPED) {
      return { field: "size", says: `expected at most ${MOST_MAPPED} pages where they are mapped` };
    }
  }
  if ("align" in command && command.align > scope.wordPages * PAGE_SIZE) {
    return { field: "align", says: "expected an alignment of at most the whole space, in bytes" };
  }
  const needsWindow = command.op === "pcpuGet" || command.op === "vmap";
  if (needsWindow && scope.blocks === undefined && scope.vmalloc === undefined) {
    const what = command.op === "vmap" ? "vmap places areas" : "percpu areas are placed";
    return { field: "op", says: `expected scope.vmalloc, the window in which ${what}` };
  }
  if (command.op === "pcpuGet") {
    const wrong = misfitOfPercpu(command, scope);
    if (wrong !== undefined) return wrong;
  }
  if (command.op === "find" && command.page >= scope.wordPages) {
    return { field: "page", says: `expected a page below ${scope.wordPages}, which is scope.wordPages` };
  }
  if (command.op === "mapRam" && scope.blocks === undefined) {
    return { field: "op", says: "expected scope.blocks, which says where and how maps are made" };
  }
  if (command.op === "mapRam" || command.op === "vmap") {
    const most = Math.min(scope.wordPages, MOST_MAPPED);
    if (command.count > most) {
      return { field: "count", says: `expected at most ${most} pages` };
    }
  }
  if (command.op === "free" || command.op === "unmapRam") {
    const wrong = misfitOfAddress(command, scope);
    if (wrong !== undefined) return wrong;
  }
  if (early === at) {
    return { field: "op", says: "expected init before it: scope.beforeInit is true" };
  }
  const kinds = misnamed(commands, at);
  if (kinds !== undefined) {
    return {
      field: "area",
      says: `expected the ${version === VERSION ? "number, from 1" : "index, from 0"}, of an earlier ${kinds.join(" or ")} in this history`,
    };
  }
  if (command.op === "touch") {
    const pages = pagesAskedFor(commands[command.area] as HistoryStep) ?? 0;
    if (command.page >= pages)
      return { field: "page", says: `expected a page below ${pages}, the pages asked for` };
  }
  if ("cpu" in command && (command.cpu ?? 0) >= scope.cpus) {
    return { field: "cpu", says: `expected a CPU below ${scope.cpus}, which is scope.cpus` };
  }
  if ("cpu" in command && scope.absentCpus?.includes(command.cpu ?? 0)) {
    return { field: "cpu", says: "expected a CPU that is not among scope.absentCpus" };
  }
  return undefined;
}

/** Reads a history. Throws an InputError that says what is wrong and where. */
export async function readHistory(path: string): Promise<HistoryFile> {
  return historyIn(path, await readJson(path, LARGEST_FILE));
}

/** The history in a document read from there, likewise. */
export function historyIn(path: string, json: unknown): HistoryFile {
  const refuse = (says: string) => inputError(path, undefined, says);
  const { kernel, law, scope, commands } = checked(file, json, "", refuse);
  const steps = commands as HistoryStep[];
  const found = { kernel, commands: steps, scope: { ...machineOf(scope), ...askedFor(steps) } };
  return law === undefined ? found : { ...found, law };
}

/** What a history asks for, as a scope lists it. */
export function askedFor(
  commands: readonly HistoryStep[],
): Pick<Scope, "counts" | "sizes" | "aligns" | "windows" | "congruent"> {
  const maps = commands.filter((command) => command.op === "mapRam" || command.op === "vmap");
  const allocs = commands.filter((command) => command.op === "alloc");
  const distinct = <T>(values: T[], key: (value: T) => string) => [
    ...new Map(values.map((v) => [key(v), v])).values(),
  ];
  return {
    counts: distinct(
      maps.map(({ count }) => count),
      String,
    ),
    sizes: distinct(
      allocs.map(({ size }) => size),
      String,
    ),
    aligns: distinct(
      allocs.map(({ align }) => align),
      String,
    ),
    windows: distinct(
      allocs.map(({ vstart, vend }) => ({ vstart, vend })),
      ({ vstart, vend }) => `${vstart}-${vend}`,
    ),
    congruent: distinct(
      commands.filter((command) => command.op === "pcpuGet").map(({ op: _op, ...congruent }) => congruent),
      JSON.stringify,
    ),
  };
}

/** A step as files and output have it: what it names is counted from 1. */
export function asWritten(step: HistoryStep): HistoryStep {
  return "area" in step ? { ...step, area: step.area + 1 } : step;
}

/** The file's text: fields in a fixed order, a command a line. */
export function formatHistory({ kernel, law, scope, commands }: HistoryFile): string {
  const written = scopeAsWritten(scope, commands);
  const lines = commands.map((command) => `    ${JSON.stringify(asWritten(command))}`);
  return [
    "{",
    `  "vmapcheck": ${VERSION},`,
    `  "kernel": ${JSON.stringify(kernel)},`,
    ...(law === undefined ? [] : [`  "law": ${JSON.stringify(law)},`]),
    `  "scope": ${JSON.stringify(written)},`,
    `  "commands": [`,
    lines.join(",\n"),
    "  ]",
    "}",
    "",
  ].join("\n");
}

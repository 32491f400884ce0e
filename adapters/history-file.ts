/**
 * A history as a file: JSON, one command a line. Commands name areas by the index of the command that asked
 * for them, so the file means the same on every kernel (spec/history.ts).
 */
import { z } from "zod";
import type { LawId } from "../spec/contract.ts";
import { type HistoryStep, misnamed, tooEarly } from "../spec/history.ts";
import { LAWS } from "../spec/laws/index.ts";
import { AREAS_ONLY, LARGEST_BLOCK, MOST_MAPPED, type Scope, WORD64 } from "../spec/scope.ts";
import { PAGE_SIZE } from "../spec/vocabulary.ts";
import { inputError } from "./input-error.ts";
import { readJson } from "./json-file.ts";
import { firstIssue } from "./recording-format.ts";

export interface HistoryFile {
  /** The kernel it was found on: a label, or the slug of a bug that is a changed kernel. */
  readonly kernel: string;
  /** The law it breaks there. */
  readonly law: LawId;
  readonly scope: Scope;
  readonly commands: readonly HistoryStep[];
}

/** The format's version; a file of another one is refused. */
const VERSION = 1;
export const LARGEST_FILE: number = 16 * 1024 * 1024;

const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));
const pages = z.int().nonnegative().max(WORD64);
const cpu = z.int().nonnegative();
const alloc = z.strictObject({
  op: z.literal("alloc"),
  size: pages.min(1),
  align: z
    .number()
    .positive()
    .max(2 ** 63)
    .refine(isPowerOfTwo, { error: "expected a power of two, in bytes" }),
  vstart: pages,
  vend: pages,
  map: z.boolean().default(false),
  cpu: cpu.optional(),
  noblock: z.literal(true).optional(),
});
const index = z.int().nonnegative();
const step = z.discriminatedUnion("op", [
  alloc,
  z.strictObject({ op: z.literal("free"), area: index }),
  z.strictObject({ op: z.literal("vmap"), count: pages.min(1), noGuard: z.literal(true).optional() }),
  z.strictObject({ op: z.literal("find"), page: pages }),
  z.strictObject({ op: z.literal("mapRam"), cpu, count: pages }),
  z.strictObject({ op: z.literal("unmapRam"), cpu, area: index }),
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

const powerOfTwo = (most: number) =>
  z.int().min(1).max(most).refine(isPowerOfTwo, { error: "expected a power of two" });

/** How small maps are made; absent where a history makes none. */
const blocks = z.strictObject({
  vstart: pages,
  vend: pages,
  blockPages: powerOfTwo(LARGEST_BLOCK),
  bitsPerLong: powerOfTwo(64),
});

const file = z
  .strictObject({
    vmapcheck: z.literal(VERSION, { error: `expected ${VERSION}, the version of this format` }),
    kernel: z.string(),
    law: z.string().refine((id) => LAWS.some((law) => law.id === id), {
      error: "expected the id of a law; `list` has them",
    }),
    scope: z.strictObject({
      wordPages: z
        .int()
        .min(2)
        .max(WORD64)
        .refine(isPowerOfTwo, { error: "expected a power of two, in pages" }),
      cpus: z.int().min(1).max(4096),
      absentCpus: z.array(cpu).min(1).optional(),
      lazyMaxPages: z.int().nonnegative().nullable(),
      blocks: blocks.optional(),
      beforeInit: z.literal(true).optional(),
    }),
    commands: z.array(step).min(1).max(100_000),
  })
  .superRefine(({ scope, commands }, context) => {
    const about = misfitOfCpus(scope) ?? misfitOfBlocks(scope);
    if (about !== undefined) {
      context.addIssue({ code: "custom", path: ["scope", ...about.field.split(".")], message: about.says });
      return;
    }
    for (const [at, command] of commands.entries()) {
      const wrong = misfit(command, at, scope, commands as HistoryStep[]);
      if (wrong === undefined) continue;
      context.addIssue({ code: "custom", path: ["commands", at, wrong.field], message: wrong.says });
      return;
    }
  });
type WrittenScope = z.output<typeof file>["scope"];

interface Misfit {
  readonly field: string;
  readonly says: string;
}

/** CPU 0 runs what names no CPU, and the highest number is that of a CPU. */
function misfitOfCpus({ cpus, absentCpus = [] }: WrittenScope): Misfit | undefined {
  if (absentCpus.every((cpu) => cpu > 0 && cpu < cpus - 1)) return undefined;
  return {
    field: "absentCpus",
    says: `expected numbers above 0 and below ${cpus - 1}, the highest of scope.cpus ${cpus}`,
  };
}

function misfitOfBlocks({ blocks: written, wordPages }: WrittenScope): Misfit | undefined {
  if (written === undefined) return undefined;
  const { vstart, vend, blockPages, bitsPerLong } = written;
  if (vend > wordPages - 1) {
    return {
      field: "blocks.vend",
      says: `expected at most ${wordPages - 1}: scope.wordPages is ${wordPages}`,
    };
  }
  if (vstart >= vend)
    return { field: "blocks.vstart", says: `expected a window that begins before vend, ${vend}` };
  if (blockPages > wordPages)
    return { field: "blocks.blockPages", says: "expected a block no larger than the space" };
  if (2 * bitsPerLong > blockPages) {
    return { field: "blocks.bitsPerLong", says: `expected at most half of blockPages, ${blockPages / 2}` };
  }
  return undefined;
}

/** What in a command does not fit its place: the types have been checked already. */
function misfit(
  command: z.output<typeof step>,
  at: number,
  scope: WrittenScope,
  commands: readonly HistoryStep[],
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
    if (command.align > scope.wordPages * PAGE_SIZE) {
      return { field: "align", says: "expected an alignment of at most the whole space, in bytes" };
    }
  }
  if (command.op === "find" && command.page >= scope.wordPages) {
    return { field: "page", says: `expected a page below ${scope.wordPages}, which is scope.wordPages` };
  }
  if (command.op === "mapRam" || command.op === "vmap") {
    if (scope.blocks === undefined) {
      return { field: "op", says: "expected scope.blocks, which says where and how maps are made" };
    }
    const most = Math.min(scope.wordPages, MOST_MAPPED);
    if (command.count > most) {
      return { field: "count", says: `expected at most ${most} pages` };
    }
  }
  if (tooEarly(commands, { beforeInit: scope.beforeInit === true }) === at) {
    return { field: "op", says: "expected init before it: scope.beforeInit is true" };
  }
  const kinds = misnamed(commands, at);
  if (kinds !== undefined) {
    return {
      field: "area",
      says: `expected the index, from 0, of an earlier ${kinds.join(" or ")} in this history`,
    };
  }
  if (command.op === "touch") {
    const pages = pagesAskedFor(commands[command.area] as HistoryStep);
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

function pagesAskedFor(step: HistoryStep): number {
  if (step.op === "alloc") return step.size;
  return step.op === "mapRam" || step.op === "vmap" ? step.count : 0;
}

/** Reads a history. Throws an InputError that says what is wrong and where. */
export async function readHistory(path: string): Promise<HistoryFile> {
  return historyIn(path, await readJson(path, LARGEST_FILE));
}

/** The history in a document read from there, likewise. */
export function historyIn(path: string, json: unknown): HistoryFile {
  const parsed = file.safeParse(json);
  if (!parsed.success) throw inputError(path, undefined, firstIssue(parsed.error, ""));
  const { kernel, law, scope, commands } = parsed.data;
  const steps = commands as HistoryStep[];
  return { kernel, law, commands: steps, scope: scopeOf(scope, steps) };
}

function scopeOf(
  { wordPages, cpus, absentCpus, lazyMaxPages, blocks, beforeInit }: WrittenScope,
  commands: HistoryStep[],
): Scope {
  const maps =
    blocks === undefined
      ? AREAS_ONLY
      : {
          vmalloc: { vstart: blocks.vstart, vend: blocks.vend },
          blockPages: blocks.blockPages,
          bitsPerLong: blocks.bitsPerLong,
        };
  return {
    name: "pinned",
    wordPages,
    cpus,
    ...(absentCpus === undefined ? {} : { absentCpus }),
    lazyMaxPages,
    ...maps,
    beforeInit: beforeInit === true,
    ...askedFor(commands),
  };
}

/** What a history asks for, as a scope lists it. */
export function askedFor(
  commands: readonly HistoryStep[],
): Pick<Scope, "counts" | "sizes" | "aligns" | "windows"> {
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
  };
}

/** The file's text: fields in a fixed order, a command a line. */
export function formatHistory({ kernel, law, scope, commands }: HistoryFile): string {
  const { wordPages, cpus, absentCpus, lazyMaxPages, vmalloc, blockPages, bitsPerLong, beforeInit } = scope;
  const blocks = { ...vmalloc, blockPages, bitsPerLong };
  const maps = commands.some(({ op }) => op === "mapRam" || op === "vmap") ? { blocks } : {};
  const gaps = absentCpus === undefined ? {} : { absentCpus };
  const written = { wordPages, cpus, ...gaps, lazyMaxPages, ...maps, ...(beforeInit ? { beforeInit } : {}) };
  const lines = commands.map((command) => `    ${JSON.stringify(command)}`);
  return [
    "{",
    `  "vmapcheck": ${VERSION},`,
    `  "kernel": ${JSON.stringify(kernel)},`,
    `  "law": ${JSON.stringify(law)},`,
    `  "scope": ${JSON.stringify(written)},`,
    `  "commands": [`,
    lines.join(",\n"),
    "  ]",
    "}",
    "",
  ].join("\n");
}

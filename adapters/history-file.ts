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

/** The vmalloc window, where there are no blocks: from 6.9 on a request for all of it looks into pools first. */
const vmalloc = z.strictObject({ vstart: pages, vend: pages });

/** How small maps are made, and the vmalloc window with it; absent where that cannot matter. */
const blocks = z.strictObject({
  ...vmalloc.shape,
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
      lazyMaxPages: z.int().nonnegative().nullable(),
      blocks: blocks.optional(),
      vmalloc: vmalloc.optional(),
      beforeInit: z.literal(true).optional(),
    }),
    commands: z.array(step).min(1).max(100_000),
  })
  .superRefine(({ scope, commands }, context) => {
    for (const part of ["blocks", "vmalloc"] as const) {
      const about =
        misfitOfWindow(scope[part], scope) ?? (part === "blocks" ? misfitOfBlocks(scope) : undefined);
      if (about === undefined) continue;
      context.addIssue({ code: "custom", path: ["scope", part, about.field], message: about.says });
      return;
    }
    if (scope.blocks !== undefined && scope.vmalloc !== undefined) {
      const message = "expected no window beside that of scope.blocks";
      context.addIssue({ code: "custom", path: ["scope", "vmalloc"], message });
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

function misfitOfWindow(
  window: z.output<typeof vmalloc> | undefined,
  { wordPages }: WrittenScope,
): Misfit | undefined {
  if (window === undefined) return undefined;
  const { vstart, vend } = window;
  if (vend > wordPages - 1) {
    return { field: "vend", says: `expected at most ${wordPages - 1}: scope.wordPages is ${wordPages}` };
  }
  if (vstart >= vend) return { field: "vstart", says: `expected a window that begins before vend, ${vend}` };
  return undefined;
}

function misfitOfBlocks({ blocks: written, wordPages }: WrittenScope): Misfit | undefined {
  if (written === undefined) return undefined;
  const { blockPages, bitsPerLong } = written;
  if (blockPages > wordPages)
    return { field: "blockPages", says: "expected a block no larger than the space" };
  if (2 * bitsPerLong > blockPages) {
    return { field: "bitsPerLong", says: `expected at most half of blockPages, ${blockPages / 2}` };
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
  if (command.op === "mapRam") {
    if (scope.blocks === undefined) {
      return { field: "op", says: "expected scope.blocks, which says how small maps are made" };
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
  return undefined;
}

function pagesAskedFor(step: HistoryStep): number {
  if (step.op === "alloc") return step.size;
  return step.op === "mapRam" ? step.count : 0;
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
  { wordPages, cpus, lazyMaxPages, blocks, vmalloc, beforeInit }: WrittenScope,
  commands: HistoryStep[],
): Scope {
  const maps =
    blocks === undefined
      ? { ...AREAS_ONLY, vmalloc: vmalloc ?? AREAS_ONLY.vmalloc }
      : {
          vmalloc: { vstart: blocks.vstart, vend: blocks.vend },
          blockPages: blocks.blockPages,
          bitsPerLong: blocks.bitsPerLong,
        };
  return {
    name: "pinned",
    wordPages,
    cpus,
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
  const maps = commands.filter((command) => command.op === "mapRam");
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

/**
 * The vmalloc window, and the blocks that small maps go into, where a history makes such maps, or several CPUs ask for
 * areas: on some kernel they may have pools for that window.
 */
function windowWritten(scope: Scope, commands: readonly HistoryStep[]): object {
  const { cpus, vmalloc, blockPages, bitsPerLong } = scope;
  if (cpus === 1 && !commands.some(({ op }) => op === "mapRam")) return {};
  if (blockPages > 0) return { blocks: { ...vmalloc, blockPages, bitsPerLong } };
  return vmalloc.vstart < vmalloc.vend ? { vmalloc } : {};
}

/** The file's text: fields in a fixed order, a command a line. */
export function formatHistory({ kernel, law, scope, commands }: HistoryFile): string {
  const { wordPages, cpus, lazyMaxPages, beforeInit } = scope;
  const window = windowWritten(scope, commands);
  const written = { wordPages, cpus, lazyMaxPages, ...window, ...(beforeInit ? { beforeInit } : {}) };
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

/**
 * A history as a file: JSON, one command a line. Commands name areas by the index of the command that asked
 * for them, so the file means the same on every kernel (spec/history.ts).
 */
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import type { LawId } from "../spec/contract.ts";
import type { HistoryStep } from "../spec/history.ts";
import type { Scope } from "../spec/scope.ts";
import { WORD64 } from "../spec/scope.ts";
import { PAGE_SIZE } from "../spec/vocabulary.ts";
import { inputError } from "./input-error.ts";
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
const LARGEST_FILE = 16 * 1024 * 1024;

const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));
const pages = z.int().nonnegative().max(WORD64);
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
});
const index = z.int().nonnegative();
const cpu = z.int().nonnegative();
const step = z.discriminatedUnion("op", [
  alloc,
  z.strictObject({ op: z.literal("free"), area: index }),
  z.strictObject({ op: z.literal("touch"), cpu, area: index, page: pages }),
  z.strictObject({ op: z.literal("purge") }),
  z.strictObject({ op: z.literal("unmapAliases") }),
  z.strictObject({ op: z.literal("tlb") }),
]);

const file = z
  .strictObject({
    vmapcheck: z.literal(VERSION, { error: `expected ${VERSION}, the version of this format` }),
    kernel: z.string(),
    law: z.string(),
    scope: z.strictObject({
      wordPages: z
        .int()
        .min(2)
        .max(WORD64)
        .refine(isPowerOfTwo, { error: "expected a power of two, in pages" }),
      cpus: z.int().min(1).max(4096),
      lazyMaxPages: z.int().nonnegative().nullable(),
    }),
    commands: z.array(step).min(1).max(100_000),
  })
  .superRefine(({ scope, commands }, context) => {
    for (const [at, command] of commands.entries()) {
      const wrong = misfit(command, at, scope, commands);
      if (wrong === undefined) continue;
      context.addIssue({ code: "custom", path: ["commands", at, wrong.field], message: wrong.says });
      return;
    }
  });

/** What in a command does not fit its place: the types have been checked already. */
function misfit(
  command: z.output<typeof step>,
  at: number,
  scope: { readonly wordPages: number; readonly cpus: number },
  commands: readonly z.output<typeof step>[],
): { readonly field: string; readonly says: string } | undefined {
  if (command.op === "alloc") {
    for (const field of ["size", "vstart", "vend"] as const) {
      const most = field === "size" ? scope.wordPages : scope.wordPages - 1;
      if (command[field] > most)
        return { field, says: `expected at most ${most}: scope.wordPages is ${scope.wordPages}` };
    }
    if (command.align > scope.wordPages * PAGE_SIZE) {
      return { field: "align", says: "expected an alignment of at most the whole space, in bytes" };
    }
  }
  if ((command.op === "free" || command.op === "touch") && commands[command.area]?.op !== "alloc") {
    return { field: "area", says: "expected the index, from 0, of an alloc in this history" };
  }
  if ((command.op === "free" || command.op === "touch") && command.area >= at) {
    return { field: "area", says: "expected the index, from 0, of an earlier alloc" };
  }
  if (command.op === "touch" && command.cpu >= scope.cpus) {
    return { field: "cpu", says: `expected a CPU below ${scope.cpus}, which is scope.cpus` };
  }
  return undefined;
}

/** Reads a history. Throws an InputError that says what is wrong and where. */
export async function readHistory(path: string): Promise<HistoryFile> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > LARGEST_FILE)
      throw inputError(path, undefined, `is larger than ${LARGEST_FILE} bytes: a history is not`);
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw inputError(path, undefined, `cannot be read: ${(error as Error).message}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw inputError(
      path,
      lineOfSyntaxError(text, error as Error),
      `is not JSON: ${(error as Error).message}`,
    );
  }
  const parsed = file.safeParse(json);
  if (!parsed.success) throw inputError(path, undefined, firstIssue(parsed.error, ""));
  const { kernel, law, scope, commands } = parsed.data;
  return { kernel, law, commands, scope: { ...scope, name: "pinned", ...askedFor(commands) } };
}

function lineOfSyntaxError(text: string, error: Error): number {
  const at = /position (\d+)/.exec(error.message)?.[1];
  return text.slice(0, at === undefined ? text.length : Number(at)).split("\n").length;
}

/** What a history asks for, as a scope lists it. */
export function askedFor(commands: readonly HistoryStep[]): Pick<Scope, "sizes" | "aligns" | "windows"> {
  const allocs = commands.filter((command) => command.op === "alloc");
  const distinct = <T>(values: T[], key: (value: T) => string) => [
    ...new Map(values.map((v) => [key(v), v])).values(),
  ];
  return {
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
  const { wordPages, cpus, lazyMaxPages } = scope;
  const lines = commands.map((command) => `    ${JSON.stringify(command)}`);
  return [
    "{",
    `  "vmapcheck": ${VERSION},`,
    `  "kernel": ${JSON.stringify(kernel)},`,
    `  "law": ${JSON.stringify(law)},`,
    `  "scope": ${JSON.stringify({ wordPages, cpus, lazyMaxPages })},`,
    `  "commands": [`,
    lines.join(",\n"),
    "  ]",
    "}",
    "",
  ].join("\n");
}

/** The scope of a history file: how large the machine is, as it is written there, and whether its parts go together. */
import { z } from "zod";
import type { Misfit } from "../../spec/vmap/commands/command.ts";
import { type HistoryStep, recordOf } from "../../spec/vmap/commands.ts";
import { AREAS_ONLY, LARGEST_BLOCK, type Scope, WORD64 } from "../../spec/vmap/scope.ts";

export const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));

/** The maximum of NR_CPUS. */
const MOST_CPUS = 4096;

/** A page number, or a count of pages. */
export const pages: z.ZodInt = z.int().nonnegative().max(WORD64);

const powerOfTwo = (most: number) =>
  z.int().min(1).max(most).refine(isPowerOfTwo, { error: "expected a power of two" });

/** How small maps are made; absent where a history makes none. */
const blocks = z.strictObject({
  vstart: pages,
  vend: pages,
  blockPages: powerOfTwo(LARGEST_BLOCK),
  bitsPerLong: powerOfTwo(64),
});

/** The vmalloc window of a scope without blocks; absent if the history does not need it. */
const vmalloc = z.strictObject({ vstart: pages, vend: pages });

export const writtenScope = z.strictObject({
  wordPages: z.int().min(2).max(WORD64).refine(isPowerOfTwo, { error: "expected a power of two, in pages" }),
  cpus: z.int().min(1).max(MOST_CPUS),
  absentCpus: z
    .array(
      z
        .int()
        .nonnegative()
        .max(MOST_CPUS - 1),
    )
    .min(1)
    .optional(),
  lazyMaxPages: z.int().nonnegative().nullable(),
  blocks: blocks.optional(),
  vmalloc: vmalloc.optional(),
  beforeInit: z.literal(true).optional(),
});

export type WrittenScope = z.output<typeof writtenScope>;

/** What in a scope does not go together; the field is one of its parts and a field of that. */
export function misfitOfScope(scope: WrittenScope): Misfit | undefined {
  return misfitOfCpus(scope) ?? misfitOfWindow(scope) ?? misfitOfBlocks(scope);
}

/** CPU 0 runs what names no CPU, and the highest number is that of a CPU. */
function misfitOfCpus({ cpus, absentCpus = [] }: WrittenScope): Misfit | undefined {
  if (absentCpus.every((cpu) => cpu > 0 && cpu < cpus - 1)) return undefined;
  return {
    field: "absentCpus",
    says: `expected numbers above 0 and below ${cpus - 1}, the highest of scope.cpus ${cpus}`,
  };
}

function misfitOfWindow({ blocks, vmalloc, wordPages }: WrittenScope): Misfit | undefined {
  if (blocks !== undefined && vmalloc !== undefined)
    return { field: "vmalloc", says: "expected none beside blocks, which have the window" };
  const window = blocks ?? vmalloc;
  if (window === undefined) return undefined;
  const within = blocks === undefined ? "vmalloc" : "blocks";
  const { vstart, vend } = window;
  if (vend > wordPages - 1) {
    const most = `expected at most ${wordPages - 1}: scope.wordPages is ${wordPages}`;
    return { field: `${within}.vend`, says: most };
  }
  if (vstart < vend) return undefined;
  return { field: `${within}.vstart`, says: `expected a window that begins before vend, ${vend}` };
}

function misfitOfBlocks({ blocks: written, wordPages }: WrittenScope): Misfit | undefined {
  if (written === undefined) return undefined;
  const { blockPages, bitsPerLong } = written;
  if (blockPages > wordPages)
    return { field: "blocks.blockPages", says: "expected a block no larger than the space" };
  if (2 * bitsPerLong > blockPages) {
    return { field: "blocks.bitsPerLong", says: `expected at most half of blockPages, ${blockPages / 2}` };
  }
  return undefined;
}

/** The machine, without its callers' arguments. */
export type Machine = Omit<Scope, "counts" | "sizes" | "aligns" | "windows" | "congruent">;

export function machineOf(scope: WrittenScope): Machine {
  const { wordPages, cpus, absentCpus, lazyMaxPages, blocks, vmalloc, beforeInit } = scope;
  const { bitsPerLong, blockPages } = blocks ?? AREAS_ONLY;
  const { vstart, vend } = blocks ?? vmalloc ?? AREAS_ONLY.vmalloc;
  return {
    name: "pinned",
    wordPages,
    cpus,
    ...(absentCpus === undefined ? {} : { absentCpus }),
    lazyMaxPages,
    vmalloc: { vstart, vend },
    blockPages,
    bitsPerLong,
    beforeInit: beforeInit === true,
  };
}

/** As it is written for a history with these commands. */
export function scopeAsWritten(scope: Machine, commands: readonly HistoryStep[]): WrittenScope {
  const { wordPages, cpus, absentCpus, lazyMaxPages, beforeInit } = scope;
  const window = windowAsWritten(scope, commands);
  const gaps = absentCpus === undefined ? {} : { absentCpus: [...absentCpus] };
  return { wordPages, cpus, ...gaps, lazyMaxPages, ...window, ...(beforeInit ? { beforeInit } : {}) };
}

/**
 * The vmalloc window, and the blocks that small maps go into, if the history makes such maps or asks for areas in that
 * window; and if several CPUs ask for areas: on some kernel they may have pools for that window.
 */
function windowAsWritten(
  { cpus, vmalloc, blockPages, bitsPerLong }: Machine,
  commands: readonly HistoryStep[],
): Pick<WrittenScope, "blocks" | "vmalloc"> {
  if (cpus === 1 && !commands.some(asksInWindow)) return {};
  if (blockPages > 0) return { blocks: { ...vmalloc, blockPages, bitsPerLong } };
  return vmalloc.vstart < vmalloc.vend ? { vmalloc } : {};
}

function asksInWindow(step: HistoryStep): boolean {
  const { asksIn } = recordOf(step);
  return asksIn !== undefined && asksIn !== "windows";
}

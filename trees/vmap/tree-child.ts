/** A tree's own mm/vmalloc.c in a process of its own: with words of 64 bits, and with sanitizers on request. */
import type { Dump, DumpedBlock, DumpedPooled } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Pages } from "../../spec/vmap/vocabulary.ts";
import { buildChild } from "../native-build.ts";
import type { SourceTree } from "../source-tree.ts";
import { Driven } from "./driven.ts";
import { type Field, fieldsOf } from "./fields.ts";

export interface TreeChildOptions {
  /** With ASan and UBSan: their reports are crashes. Then only the initial state can be restored. */
  readonly sanitize: boolean;
  /** The deadline for each call. */
  readonly milliseconds: number;
  readonly fresh?: boolean;
}

/** Throws an InputError if the tree cannot be built. */
export function treeChild(
  tree: SourceTree,
  { blockPages, bitsPerLong }: Pick<Scope, "blockPages" | "bitsPerLong">,
  { sanitize, milliseconds, fresh = false }: TreeChildOptions,
): Driven {
  const program = buildChild(tree, { blockPages, mapLimit: bitsPerLong }, sanitize);
  // ASan reserves terabytes.
  const memory = sanitize ? undefined : MEMORY;
  return new Driven([program, tree.version ?? "vmalloc"], { milliseconds, memory, fresh });
}

const MEMORY = 2 ** 30;

/** The present contents of the allocator's structures. */
export async function dumpOf(
  child: Driven,
  { cpus, wordPages }: Scope,
  lazyPages: Pages | undefined,
): Promise<Dump> {
  const fields = fieldsOf(await child.request("dump"));
  const named = (name: string) => fields.filter((field) => field.name === name);
  const extent = (field: Field) => {
    const { start, end } = field.flushed();
    return { start, end: end === 0 ? wordPages : end };
  };
  const freeLists = Array.from({ length: cpus }, (_none, cpu) =>
    named("list").flatMap((field) => (field.number(1) === cpu ? [field.address(0)] : [])),
  );
  const ranges = named("range");
  const blocks = named("block").map((field, nth) => dumpedBlock(field, ranges[nth] as Field, freeLists));
  return {
    areas: named("area").map((field) => ({ ...extent(field), flags: field.number(2), lazy: false })),
    lazyPages,
    cache: undefined,
    free: named("extent").map(extent),
    purge: named("purge").map(extent),
    pool: named("pool").map((field): DumpedPooled => ({ node: field.number(2), ...extent(field) })),
    blocks: blocks.sort((one, other) => one.start - other.start),
    freeLists,
  };
}

function dumpedBlock(field: Field, range: Field, freeLists: Dump["freeLists"]): DumpedBlock {
  const start = field.address(0);
  const listed = freeLists.findIndex((list) => list.includes(start));
  const noCpu = range.words[2] === "ffffffffffffffff";
  return {
    start,
    free: field.number(1),
    dirty: field.number(2),
    onFreeList: listed < 0 ? null : listed,
    cpu: noCpu ? undefined : range.number(2),
    dirtyRuns: undefined,
    dirtyRange: { start: range.number(0), end: range.number(1) },
  };
}

/**
 * A line of a recording, as adapters/vmap/recordings/FORMAT.md describes it, checked field by field. Addresses and
 * sizes are hex strings of bytes; what comes out is in pages. An unknown field is an error: a recording that
 * says more than we compare must not pass as compared.
 */
import { z } from "zod";
import type { Command } from "../../spec/vmap/commands.ts";
import { ALL_LAWS } from "../../spec/vmap/laws/index.ts";
import { KEPT_BLOCKS, PLACEMENTS } from "../../spec/vmap/own-promises.ts";
import { BLOCKS64, LARGEST_BLOCK, MOST_MAPPED, WORD64 } from "../../spec/vmap/scope.ts";
import { type Bytes, type Cpu, PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";

const HEX = /^0x[0-9a-f]{1,16}$/;
const LOW_DIGITS = 3;

/** Bytes as a hex string of at most 64 bits: its page, and the offset in it. */
function split(hex: string): { readonly page: number; readonly offset: number } {
  const digits = hex.slice(2);
  const cut = Math.max(0, digits.length - LOW_DIGITS);
  return {
    page: Number.parseInt(digits.slice(0, cut) || "0", 16),
    offset: Number.parseInt(digits.slice(cut), 16),
  };
}

const hex = z.string({ error: 'expected a hex string such as "0x1000"' }).regex(HEX, {
  error: 'expected a hex string of at most 64 bits, such as "0xffffc90000000000"',
});

const FIRST_BYTE = "0x1";
const LAST_BYTE = "0xffffffffffffffff";

/** An address or a size that must be a whole number of pages. */
const pages = hex
  .refine((text) => split(text).offset === 0, {
    error: `expected a multiple of the page size, 0x${PAGE_SIZE.toString(16)}`,
  })
  .transform((text) => split(text).page);
/** An end of the vmalloc window: what lies inside a page counts down to the page. */
const windowEnd = hex.transform((text) => split(text).page);
/** An alignment, in bytes: any power of two. */
const alignment = hex
  .transform((text) => BigInt(text))
  .refine((bytes) => bytes > 0n && (bytes & (bytes - 1n)) === 0n, { error: "expected a power of two" })
  .transform(Number);
/** A cached alignment: a power of two, or 0 before the first allocation. */
const cachedAlignment = hex.transform((text) => Number(BigInt(text)));

const count = z.int().nonnegative();
const flag = z.literal(1, { error: "expected 1" });
const cpu = count.max(4095);
const base = { cpu: cpu.optional(), dump: flag.optional() };

/** None is outside the call's domain, and can be asked for. */
const mapped = z
  .int()
  .min(0, { error: "expected a count of pages" })
  .max(MOST_MAPPED, { error: `expected a count of at most ${MOST_MAPPED} pages` });

/** A request: the CPU it names, if any, and the command it is. */
function asked(cpu: Cpu | undefined, command: Command) {
  return { cpu, command };
}

/** 2.6.27's ioremap: 1 << fls(size in bytes), between a page and 128 pages (FORMAT.md, catalogue section 3). */
function ioremapAlignment(size: Pages): Bytes {
  const fls = Math.floor(Math.log2(size)) + 12 + 1;
  return 2 ** Math.min(Math.max(fls, 12), 19);
}

/** The calls that recordings have, under the kernel's names. An allocation runs where the request before it did. */
const request = z.discriminatedUnion("op", [
  z
    .strictObject({
      op: z.literal("alloc_vmap_area"),
      size: pages,
      align: alignment.optional(),
      vstart: pages,
      vend: hex.transform(split),
      map: flag.optional(),
      noblock: flag.optional(),
      ioremap: flag.optional(),
      ...base,
    })
    .transform(({ cpu, size, align, vstart, vend, map, noblock, ioremap }) =>
      asked(cpu, {
        op: "alloc",
        size,
        align: align ?? (ioremap ? ioremapAlignment(size) : 1),
        vstart,
        vend: vend.page,
        map: map === 1,
        ...(ioremap ? { ioremap: true } : {}),
        ...(noblock ? { noblock: true } : {}),
        ...(vend.offset === 0 ? {} : { endsInside: true }),
      }),
    ),
  z
    .strictObject({ op: z.literal("free_area"), addr: pages, ...base })
    .transform(({ cpu, addr }) => asked(cpu, { op: "free", start: addr })),
  z
    .strictObject({ op: z.literal("vm_map_ram"), count: mapped, ...base, cpu })
    .transform(({ cpu, count }) => asked(cpu, { op: "mapRam", cpu, count })),
  z
    .strictObject({ op: z.literal("vm_unmap_ram"), addr: pages, count: mapped, ...base, cpu })
    .transform(({ cpu, addr, count }) => asked(cpu, { op: "unmapRam", cpu, start: addr, count })),
  z.strictObject({ op: z.literal("purge"), ...base }).transform(({ cpu }) => asked(cpu, { op: "purge" })),
  z
    .strictObject({ op: z.literal("vm_unmap_aliases"), ...base })
    .transform(({ cpu }) => asked(cpu, { op: "unmapAliases" })),
  z
    .strictObject({ op: z.literal("touch"), addr: pages, ...base, cpu })
    .transform(({ cpu, addr }) => asked(cpu, { op: "touch", cpu, page: addr })),
  z.strictObject({ op: z.literal("tlb"), ...base }).transform(({ cpu }) => asked(cpu, { op: "tlb" })),
]);

const extent = z.tuple([pages, pages]).transform(([start, end]) => ({ start, end }));
const translation = z.tuple([cpu, pages, count]).transform(([cpu, page, frame]) => ({ cpu, page, frame }));
const area = z
  .tuple([pages, pages, count, z.union([z.literal(0), z.literal(1)])])
  .transform(([start, end, flags, lazy]) => ({ start, end, flags, lazy: lazy === 1 }));
const cache = z
  .strictObject({
    free_vmap_cache: pages.nullable(),
    cached_hole_size: pages,
    cached_vstart: pages,
    cached_align: cachedAlignment,
  })
  .transform((fields) => ({
    freeVmapCache: fields.free_vmap_cache,
    cachedHoleSize: fields.cached_hole_size,
    cachedVstart: fields.cached_vstart,
    cachedAlign: fields.cached_align,
  }));

/** Of free space, whose first extent begins at byte 1 and whose last ends at byte 2^64 - 1: whole pages here. */
const freeExtent = z
  .tuple([hex, hex])
  .refine(
    ([start, end]) =>
      (split(start).offset === 0 || start === FIRST_BYTE) && (split(end).offset === 0 || end === LAST_BYTE),
    {
      error: `expected multiples of the page size, or ${FIRST_BYTE} and ${LAST_BYTE} at the edges of the space`,
    },
  )
  .transform(([start, end]) => ({
    start: split(start).page,
    end: end === LAST_BYTE ? WORD64 : split(end).page,
  }));
const pooled = z
  .tuple([cpu, count, pages, pages])
  .refine(([, index, start, end]) => end - start === index + 1, {
    error: "expected a size of the index and one",
  })
  .transform(([node, , start, end]) => ({ node, start, end }));

const run = z.tuple([count, count]).transform(([start, end]) => ({ start, end }));
const block = z
  .strictObject({
    addr: pages,
    free: count,
    dirty: count,
    on_free_list: z.union([cpu, z.null()], { error: "expected a CPU, or null for no list" }),
    cpu: cpu.optional(),
    dirty_runs: z.array(run).optional(),
    dirty_min: count.optional(),
    dirty_max: count.optional(),
  })
  .refine(
    ({ dirty_runs, dirty_min, dirty_max }) =>
      dirty_runs === undefined
        ? dirty_min !== undefined && dirty_max !== undefined
        : dirty_min === undefined && dirty_max === undefined,
    { error: "expected either dirty_runs, or dirty_min and dirty_max" },
  )
  .transform((fields) => ({
    start: fields.addr,
    free: fields.free,
    dirty: fields.dirty,
    onFreeList: fields.on_free_list,
    cpu: fields.cpu,
    dirtyRuns: fields.dirty_runs,
    dirtyRange:
      fields.dirty_runs === undefined
        ? { start: fields.dirty_min as number, end: fields.dirty_max as number }
        : undefined,
  }));

/** What a dump shows beside the areas. */
const DUMPED = ["lazy_nr", "cache", "free", "purge", "pool", "blocks", "free_lists"] as const;
const RESULTS = ["addr", "ok", "err", "hit", "bug"] as const;

const errno = z.string().regex(/^(E[A-Z0-9]{1,30}|NULL)$/, {
  error: 'expected the name of an error, such as "EBUSY", or "NULL"',
});

const reply = z
  .strictObject({
    addr: pages.optional(),
    ok: z.literal(true).optional(),
    err: errno.optional(),
    hit: z.boolean().optional(),
    bug: z.string().optional(),
    pfn: count.nullable().optional(),
    maperr: z.string().optional(),
    flush: z.array(extent),
    pte_set: count,
    pte_clr: count,
    rcu: count.optional(),
    work: count.optional(),
    ev: z.array(z.string()).optional(),
    stale_tlb: z.array(translation).optional(),
    dead_tlb: z.array(translation).optional(),
    dead_ptes: count.optional(),
    areas: z.array(area).optional(),
    lazy_nr: z.int().optional(),
    cache: cache.optional(),
    free: z.array(freeExtent).optional(),
    purge: z.array(extent).optional(),
    pool: z.array(pooled).optional(),
    free_lists: z.array(z.array(pages)).optional(),
    blocks: z.array(block).optional(),
  })
  .refine((fields) => fields.areas !== undefined || DUMPED.every((name) => fields[name] === undefined), {
    error: `expected areas as well: a dump has them beside ${DUMPED.join(", ")}`,
  })
  .refine((fields) => RESULTS.filter((name) => fields[name] !== undefined).length === 1, {
    error: `expected exactly one of ${RESULTS.join(", ")}`,
  });
export type RecordedReply = z.output<typeof reply>;

/** One request with its reply. */
export const exchange = z.tuple([request, reply]);

/** A block holds two of the largest maps that go into one: catalogue, section 3. */
const LEAST_BITS = 2 * BLOCKS64.bitsPerLong;

const blockPages = count
  .max(LARGEST_BLOCK)
  .refine((bits) => bits === 0 || (bits >= LEAST_BITS && Number.isInteger(Math.log2(bits))), {
    error: `expected a power of two from ${LEAST_BITS} on, or 0 for no blocks`,
  });
const cpus = count.min(1).max(4096);

/** A law by its id. */
export const lawId: z.ZodType<string> = z.string().refine((id) => ALL_LAWS.some((law) => law.id === id), {
  error: "expected the id of a law; `list` has them",
});

/** What `pin` left of a trace: its steps, counted from 1, and the law. They were not run again. */
const cut = z.strictObject({
  from: z.string().max(1000),
  of: count,
  steps: z.array(count.min(1)).min(1),
  law: lawId,
});
export type Cut = z.output<typeof cut>;

/** A trace of a release here, before its exchanges are looked at. */
export const envelope = z.strictObject({
  version: z.string(),
  cut: cut.optional(),
  class: z.enum(["short", "medium", "long", "ram", "directed"]),
  seed: z.int(),
  name: z.string().optional(),
  config: z.strictObject({
    cpus,
    vmalloc_start: windowEnd,
    vmalloc_end: windowEnd,
    lazy_max_pages: count.nullable(),
    lazy_max_pages_effective: count,
    bbmap_bits: blockPages,
  }),
  ops: z.array(z.tuple([z.looseObject({ op: z.string() }), z.looseObject({})])),
});
export type Envelope = z.output<typeof envelope>;

/** Pages kept free around an area: more than a few are no guard. */
const guardPages = count.max(2 ** 20).default(0);
const words = <const W extends readonly string[]>(of: W) =>
  z.enum(of, { error: `expected ${of.map((word) => JSON.stringify(word)).join(" or ")}` });

/** What an allocator of one's own promises: an object, or its laws alone. */
const promises = z.preprocess(
  (given) => (Array.isArray(given) ? { laws: given } : given),
  z
    .strictObject({
      guard: z
        .strictObject({ inside: guardPages, after: guardPages, before: guardPages })
        .transform(({ inside, after, before }) => ({ inside, afterArea: after, beforeNext: before }))
        .default({ inside: 0, afterArea: 0, beforeNext: 0 }),
      frees: words(["eager", "lazy"]).optional(),
      placement: words(PLACEMENTS).default("none"),
      blocks: words(KEPT_BLOCKS).default("purged"),
      laws: z.array(lawId).min(1).optional(),
      also: z.array(lawId).min(1).optional(),
    })
    .refine(({ frees, placement }) => placement === "none" || frees !== undefined, {
      path: ["placement"],
      error: 'expected "frees" beside it: "eager" or "lazy", for what a purge takes is room',
    }),
);

/** A trace of any other allocator: only its name and its exchanges must be there. */
export const ownEnvelope = envelope.extend({
  version: z
    .string()
    .regex(/^[\p{L}\p{N}\p{P}\p{S} ]{1,60}$/u, { error: "expected a name of at most 60 letters" }),
  class: envelope.shape.class.optional(),
  seed: z.int().default(0),
  config: z
    .strictObject({
      cpus: cpus.default(1),
      vmalloc_start: windowEnd.default(0),
      vmalloc_end: windowEnd.default(0),
      lazy_max_pages: count.nullable().default(null),
      lazy_max_pages_effective: count.optional(),
      bbmap_bits: blockPages.default(0),
    })
    .prefault({}),
  promises: promises.optional(),
});
export type OwnEnvelope = z.output<typeof ownEnvelope>;

/** What a request, and a reply, of any other allocator may leave out. */
export const ALIGNED_TO_A_PAGE = { align: `0x${PAGE_SIZE.toString(16)}` } as const;
export const NOTHING_DONE = { flush: [], pte_set: 0, pte_clr: 0 } as const;

/**
 * A line of a recording of a real mmu_gather, checked field by field (adapters/gather/recordings/FORMAT.md). An unknown
 * field is an error: a recording that says more than is compared must not pass as compared.
 */
import { z } from "zod";
import type { Command } from "../../spec/gather/commands.ts";
import { LAWS } from "../../spec/gather/laws/index.ts";
import type { Dump, Event } from "../../spec/gather/response.ts";
import { ARCHES, TOP } from "../../spec/gather/vocabulary.ts";

const ALL_ONES = "0xffffffffffffffff";
/** Above this, hex digits do not fit a Number; only ~0 is above it. */
const HIGHEST = 2 ** 53;

const addr = z
  .string({ error: 'expected a hex string such as "0x1000"' })
  .regex(/^0x[0-9a-f]{1,16}$/, {
    error: 'expected a hex string of at most 64 bits, such as "0x7ffffffff000"',
  })
  .transform((text) => (text === ALL_ONES ? TOP : Number.parseInt(text.slice(2), 16)))
  .refine((value) => value === TOP || value <= HIGHEST, { error: `expected at most 2^53, or ${ALL_ONES}` });
const count = z.int().nonnegative();
/** Of a request: a gather that frees more pages than this is not one. */
const many = z.int().min(1).max(1_000_000);
const bit = z.union([z.literal(0), z.literal(1)], { error: "expected 0 or 1" });
/** A flag that is absent unless it is set. */
const flag = bit.optional().transform((value) => (value === 1 ? (true as const) : undefined));
const slot = z.int().min(0).max(3).default(0);
const cpus = z.int().min(1).max(64);
const range = z.tuple([addr, addr]).transform(([start, end]) => ({ start, end }));
const run = z.tuple([count, many]);

/** Fields of one form that may be absent. */
const maybe = <F extends z.ZodType, Name extends string>(form: F, ...names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, form.optional()])) as Record<Name, z.ZodOptional<F>>;

/** What a field of a request is if it is absent. Absent means 0, so 0 may also be written for what is absent. */
const [at, none, some] = [addr.default(0), count.default(0), many.default(1)];
const orAbsent = <F extends z.ZodType<number>>(form: F) =>
  form.optional().transform((value) => value || undefined);
const [maybeMany, maybeSize] = [orAbsent(count.max(1_000_000)), orAbsent(addr)];

const REQUESTS = {
  gather: { g: slot, start: at, end: at, fullmm: flag },
  finish: { g: slot, start: at, end: at },
  start_vma: { g: slot, start: at, end: at, exec: flag, huge: flag, pfnmap: flag },
  end_vma: { g: slot },
  free_vmas: { g: slot },
  remove_tlb_entry: {
    g: slot,
    level: z.enum(["pte", "pmd", "pud", "huge"]),
    addr: at,
    n: many.optional(),
    size: maybeSize,
  },
  remove_page: { g: slot, pfn: none, addr: at, raw: flag, size: maybeSize, npages: maybeMany },
  remove_folio: { g: slot, pfn: none, n: some, addr: at },
  page_size: { g: slot, size: at },
  zap: { g: slot, addr: at, n: some, pfn: none, dirty: flag, folio: maybeMany },
  free_table: { g: slot, level: z.enum(["pte", "pmd", "pud", "p4d"]), id: none, addr: at },
  flush: { g: slot, start: addr.optional(), end: addr.optional() },
  flush_tlbonly: { g: slot },
  need_flush_all: { g: slot },
  fail_alloc: { n: count.default(1), after: count.optional() },
  rcu_run: {},
  pending: { delta: z.int().min(-1000).max(1000).default(0) },
  unshare: { g: slot, id: none, shares: none, addr: at },
  flush_unshared: { g: slot },
  cpus: { n: cpus.default(1) },
  users: { n: count.default(1) },
  current: { n: bit.default(1) },
  mmcpus: { n: count.default(1) },
  asce_limit: { size: at },
  lazy: { g: slot, on: flag },
  hpte: {
    g: slot,
    addr: at,
    n: many.optional(),
    psize: count.optional(),
    ssize: count.optional(),
    huge: flag,
  },
} as const;

/** A name as it is written here. */
const camel = (name: string) => name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());

/** Commands that recordings call something else. */
const NAMES: Readonly<Record<string, string>> = {
  remove_tlb_entry: "removeEntry",
  flush_tlbonly: "flushTlbOnly",
};

/** The forms are checked field by field above; that each has the fields of its command, the tests of conform show. */
const commandOf = (op: string, fields: object) => ({ op: NAMES[op] ?? camel(op), ...fields }) as Command;

const FORMS: ReadonlyMap<unknown, z.ZodType<Command>> = new Map(
  Object.entries<z.ZodRawShape>(REQUESTS).map(([op, fields]) => [
    op,
    z
      .strictObject({ op: z.literal(op), ...fields, dump: bit.optional() })
      .transform(({ op: _op, dump: _dump, ...given }) => commandOf(op, given)),
  ]),
);

/** The form of a request of this op, or undefined if there is no such op. */
export const requestForm = (op: unknown): z.ZodType<Command> | undefined => FORMS.get(op);
export const OPS: readonly string[] = Object.keys(REQUESTS);

export const initForm = z.strictObject({ op: z.literal("init"), cpus, tables: z.enum(["rcu", "page"]) });

const what = z.enum(["pages", "table"]);
const hash = { psize: count, ssize: count, local: bit };
const text = z.string();

/** By the field that says which event it is: what that field has, its name here if it has one, and other fields. */
const EVENT_FORMS: Readonly<
  Record<string, readonly [form: z.ZodType, name: string | undefined, others?: z.ZodRawShape]>
> = {
  flush: [
    z.enum(["mm", "range", "tlb_flush"]),
    "what",
    {
      ...{ g: slot, fullmm: bit },
      ...maybe(addr, "start", "end"),
      ...maybe(count, "stride", "cleared"),
      ...maybe(bit, "all", "freed_tables", "exec", "huge", "unshared"),
    },
  ],
  notify: [range, undefined],
  cache: [range, undefined],
  pages: [z.array(run), "runs", { slots: count }],
  page: [count, "pfn"],
  table_free: [count, "id"],
  ipi: [z.literal(1).transform(() => ({})), undefined],
  alloc: [what, "what", { id: count }],
  alloc_fail: [what, "what"],
  free: [count, "id"],
  call_rcu: [count, "id"],
  call_rcu_table: [count, "id"],
  rmap: [run.transform(([pfn, n]) => ({ pfn, count: n })), undefined],
  warn: [text.transform(() => ({})), undefined],
  vm_bug_on: [text.transform(() => ({})), undefined],
  hash_page: [addr, "addr", hash],
  hash_range: [z.array(z.tuple([addr, many])), "runs", { n: count, ...hash }],
};

const EVENTS: Readonly<Record<string, z.ZodType<Event>>> = Object.fromEntries(
  Object.entries(EVENT_FORMS).map(([event, [form, name, others = {}]]) => [
    event,
    z.strictObject({ [event]: form, ...others }).transform(({ [event]: value, ...fields }) => {
      const kind = event === "vm_bug_on" ? "bug" : camel(event);
      const said = name === undefined ? (value as object) : { [name]: value };
      return { kind, ...said, ...renamed(fields) } as Event;
    }),
  ]),
);

export function eventForm(event: unknown): z.ZodType<Event> | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  for (const key in event) if (key in EVENTS) return EVENTS[key];
  return undefined;
}
export const EVENT_NAMES: readonly string[] = Object.keys(EVENTS);

const list = z.strictObject({ id: count, nr: count }).nullable();
const gatherForm = z
  .strictObject({
    g: slot,
    fullmm: bit,
    ...maybe(bit, "need_flush", "fast", "all", "freed_tables", "exec", "huge"),
    ...maybe(bit, "delayed_rmap", "unshared", "fully_unshared"),
    ...maybe(addr, "start", "end"),
    ...maybe(count, "cleared", "batch_count", "max", "nr_ptes", "nr_pxds"),
    ...maybe(z.union([addr, count]), "page_size"),
    ...maybe(z.int(), "nr"),
    batches: z
      .array(z.strictObject({ id: count, nr: count, max: count, active: z.literal(1).optional() }))
      .optional(),
    tables: list.optional(),
    hash: z.strictObject({ active: bit, index: count }).optional(),
    freelist: list.optional(),
  })
  .transform((fields) => renamed(fields) as unknown as Dump["gathers"][number]);

/** With the names of fields as they are written here. */
function renamed(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [camel(name), value]));
}

const dump = {
  gathers: z.array(gatherForm).optional(),
  ...maybe(count, "alloc_pages", "rcu_queued", "users"),
  pending: z.int().optional(),
};

/** A reply, but for its events. */
export const reply = z.strictObject({
  ev: z.array(z.unknown()).optional(),
  ...maybe(count, "ret", "force_flushes", "ran"),
  full: bit.optional(),
  err: z.enum(["no gather", "busy", "unsupported"]).optional(),
  ...dump,
});

export const initReply = z.strictObject({
  version: text,
  arch: text,
  caps: text,
  ...maybe(count, "bundle", "max_gather_batch", "max_table_batch", "free_pte_nr", "tlb_nr_ptrs"),
  ...maybe(count, "hash_batch", "pte_freelist_size"),
  max_gather_batch_count: z.int().optional(),
  ev: z.array(z.unknown()).max(0),
  ...dump,
});

/** What `pin` left of a trace: its steps, counted from 1, and the law. They were not run again. */
const cut = z.strictObject({
  from: text.max(1000),
  of: count,
  steps: z.array(count.min(1)).min(1),
  law: text.refine((id) => LAWS.some((law) => law.id === id), {
    error: "expected the id of a law; `list` has them",
  }),
});
export type Cut = z.output<typeof cut>;

export const envelope = z.strictObject({
  version: text,
  cut: cut.optional(),
  arch: z.enum(ARCHES),
  caps: z.enum(["std", "small"]),
  class: z.enum(["random", "directed"]),
  seed: count,
  name: text.optional(),
  protocol: z.boolean().optional(),
  config: z.strictObject({ cpus, tables: z.enum(["rcu", "page"]) }),
  ops: z.array(z.tuple([z.looseObject({ op: text }), z.looseObject({})])).min(1),
});

export type Reply = z.output<typeof reply>;
export type InitReply = z.output<typeof initReply>;

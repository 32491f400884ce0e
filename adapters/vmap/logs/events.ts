/** The fields of each event, by its name. */
import type { Said } from "../../../spec/vmap/log.ts";
import { bytesOf, fieldOf, isNoPointer, pageOf } from "./log-text.ts";

/** A field that is missing, or is no number. */
class Unreadable extends Error {}

/** What an event says; undefined for one that is none of ours. Throws an Unreadable with the field that is wrong. */
type Reader = (fields: string) => Said;

function page(fields: string, name: string): number {
  const found = pageOf(fieldOf(fields, name));
  if (found === undefined) throw new Unreadable(`${name.replace(/[=:]$/, "")}, an address`);
  return found;
}

function number(fields: string, name: string): number {
  const found = bytesOf(fieldOf(fields, name));
  if (found === undefined) throw new Unreadable(`${name.replace(/[=:]$/, "")}, a number`);
  return found;
}

/** A window ends inside a page where its last byte is given: only whole pages of it count. */
const edge = (fields: string, name: string) => Math.floor(page(fields, name));

const request = (fields: string) => ({
  size: page(fields, "size="),
  align: number(fields, "align="),
  vstart: Math.ceil(page(fields, "vstart=")),
  vend: edge(fields, "vend="),
});
const extent = (fields: string) => ({ start: page(fields, "start="), end: page(fields, "end=") });
const OTHER: Reader = () => ({ kind: "other" });

/** The caller in `(caller+0xOFF/0xLEN [module] <- function)`. */
function callerIn(fields: string): string {
  const [, found] = /^\(([^()]*?) <- /.exec(fields) ?? [];
  return (found ?? "").replace(/\+0x.*?(?= |$)/, "");
}

const READERS: Readonly<Record<string, Reader>> = {
  alloc_vmap_area: (fields) => ({
    kind: "allocated",
    start: page(fields, "va_start:"),
    ...request(fields),
    failed: number(fields, "failed=") !== 0,
  }),
  free_vmap_area_noflush: (fields) => ({
    kind: "freed",
    start: page(fields, "va_start="),
    lazyPages: number(fields, "nr_lazy="),
    lazyMost: number(fields, "nr_lazy_max="),
  }),
  purge_vmap_area_lazy: (fields) => ({
    kind: "purged",
    ...extent(fields),
    areas: number(fields, "num_purged="),
  }),
  k_alloc: (fields) => ({ kind: "alloc entry", ...request(fields) }),
  k_alloc_ret: (fields) => {
    const va = fieldOf(fields, "va=");
    // If it failed, what stands where the area would be is read as its addresses.
    if (va !== undefined && isNoPointer(va)) return { kind: "alloc return", start: 0, end: 0, failed: true };
    return { kind: "alloc return", ...extent(fields), failed: false };
  },
  k_free: (fields) => ({ kind: "free entry", ...extent(fields) }),
  k_purge: (fields) => ({ kind: "purge entry", ...extent(fields) }),
  k_purge_ret: (fields) => ({ kind: "purge return", purged: number(fields, "ret=") % 256 !== 0 }),
  k_tlb: (fields) => ({ kind: "flush", ...extent(fields) }),
  k_pcpu: (fields) => ({ kind: "percpu entry", areas: number(fields, "nr=") }),
  k_pcpu_ret: (fields) => {
    const address = fieldOf(fields, "addr=");
    if (address === undefined || isNoPointer(address) || fields.includes("(fault)"))
      return { kind: "percpu return", start: 0, size: 0, failed: true };
    return {
      kind: "percpu return",
      start: page(fields, "addr="),
      size: page(fields, "size="),
      failed: false,
    };
  },
  k_vmap_ram: (fields) => ({ kind: "map", pages: number(fields, "count=") }),
  k_vunmap_ram: (fields) => ({ kind: "unmap", pages: number(fields, "count=") }),
  k_get_area_ret: (fields) => {
    const start = fieldOf(fields, "addr=") ?? "0";
    if (isNoPointer(fieldOf(fields, "vm=") ?? "0") || start.includes("fault")) return { kind: "other" };
    return { kind: "caller", caller: callerIn(fields), start: page(fields, "addr=") };
  },
  k_decay: () => ({ kind: "decay" }),
  k_vmap_ram_ret: OTHER,
  k_free_vb: OTHER,
  k_unalias: OTHER,
  k_unaliases: OTHER,
  k_purge_node: OTHER,
  k_purge_node_ret: OTHER,
  k_purge_frag: OTHER,
  k_drain: OTHER,
  k_tlb_ret: OTHER,
  k_pcpu_free: OTHER,
  k_get_area: OTHER,
  k_insert: OTHER,
  k_remove: OTHER,
  tracing_mark_write: markOf,
  print: markOf,
};

function markOf(text: string): Said {
  const [, which] = /snap: (begin|end) vmallocinfo/.exec(text) ?? [];
  return { kind: "mark", snapshot: which === undefined ? undefined : which === "begin" ? "begins" : "ended" };
}

/** What the event says; undefined if it is of another subsystem; a string that says what cannot be read. */
export function saidBy(event: string, fields: string): Said | string | undefined {
  const reader = Object.hasOwn(READERS, event) ? READERS[event] : undefined;
  if (reader === undefined) return undefined;
  try {
    return reader(fields);
  } catch (error) {
    if (error instanceof Unreadable) return `${event} without ${error.message}`;
    throw error;
  }
}

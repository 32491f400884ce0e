/**
 * What the log of a running kernel says, event by event: tracepoints of vmalloc and the kprobes of docs/recording.md.
 * Addresses and sizes are in pages, an address inside a page is no whole number. An event says that a call of its task
 * has come so far; what the call does happens between two events of it.
 */
import type { Bytes, Cpu, Pages, Vpn } from "./vocabulary.ts";

/** Where and when an event was printed, and by which task. */
export interface Stamp {
  /** Line of the log, from 1. */
  readonly line: number;
  /** Microseconds, or ticks of a counter. */
  readonly time: number;
  readonly cpu: Cpu;
  /** The task's number; that of an idle task is its CPU's, below 0. */
  readonly task: number;
  /** The name of the task. */
  readonly name: string;
  /** Printed by an interrupt: it says nothing of how far the calls of its task are. */
  readonly inInterrupt: boolean;
}

/** alloc_vmap_area has searched for a place: an attempt, and its result. */
export interface Allocated {
  readonly kind: "allocated";
  readonly start: Vpn;
  readonly size: Pages;
  readonly align: Bytes;
  readonly vstart: Vpn;
  readonly vend: Vpn;
  readonly failed: boolean;
}

/** free_vmap_area_noflush has made an area lazy. The lazy pages are those just after it was counted. */
export interface Freed {
  readonly kind: "freed";
  readonly start: Vpn;
  readonly lazyPages: Pages;
  readonly lazyMost: Pages;
}

/** __purge_vmap_area_lazy has returned areas: what it flushed, and how many areas. */
export interface Purged {
  readonly kind: "purged";
  readonly start: Vpn;
  readonly end: Vpn;
  readonly areas: number;
}

/** An entry of a function, by a kprobe. */
export interface AllocEntry {
  readonly kind: "alloc entry";
  readonly size: Pages;
  readonly align: Bytes;
  readonly vstart: Vpn;
  readonly vend: Vpn;
}

export interface AllocReturn {
  readonly kind: "alloc return";
  readonly start: Vpn;
  readonly end: Vpn;
  readonly failed: boolean;
}

export interface FreeEntry {
  readonly kind: "free entry";
  readonly start: Vpn;
  readonly end: Vpn;
}

export interface PurgeEntry {
  readonly kind: "purge entry";
  readonly start: Vpn;
  readonly end: Vpn;
}

export interface PurgeReturn {
  readonly kind: "purge return";
  readonly purged: boolean;
}

/** flush_tlb_kernel_range is called. */
export interface Flush {
  readonly kind: "flush";
  readonly start: Vpn;
  readonly end: Vpn;
}

/** pcpu_get_vm_areas: of several areas only the first is known. */
export interface PercpuEntry {
  readonly kind: "percpu entry";
  readonly areas: number;
}

export interface PercpuReturn {
  readonly kind: "percpu return";
  readonly start: Vpn;
  readonly size: Pages;
  readonly failed: boolean;
}

/** vm_map_ram or vm_unmap_ram, by its entry or its return. */
export interface MapRam {
  readonly kind: "map" | "unmap";
  readonly pages: Pages;
}

/** The caller of __get_vm_area_node or vm_map_ram, where the log has it. */
export interface Caller {
  readonly kind: "caller";
  readonly caller: string;
  readonly start: Vpn;
}

/** decay_va_pool_node: a purge calls it once for each node. */
export interface Decay {
  readonly kind: "decay";
}

/** What a user wrote into the log; `snapshot`: the reading of vmallocinfo began or ended. */
export interface Mark {
  readonly kind: "mark";
  readonly snapshot: "begins" | "ended" | undefined;
}

/** Events of this CPU are missing before this line; of some CPU if it is not said whose (-1). */
export interface Lost {
  readonly kind: "lost";
  readonly events: number | undefined;
  /** The line after which they are missing: the last of that CPU, or of the one that printed nothing for longest; or 0. */
  readonly since: number;
}

/** Any other event of the layer: it shows that its task has come so far. */
export interface Other {
  readonly kind: "other";
}

export type Said =
  | Allocated
  | Freed
  | Purged
  | AllocEntry
  | AllocReturn
  | FreeEntry
  | PurgeEntry
  | PurgeReturn
  | Flush
  | PercpuEntry
  | PercpuReturn
  | MapRam
  | Caller
  | Decay
  | Mark
  | Lost
  | Other;

export type LogEvent = Stamp & Said;
export type EventOf<K extends Said["kind"]> = Stamp & Extract<Said, { readonly kind: K }>;

/** A line of /proc/vmallocinfo. */
export interface InfoArea {
  readonly start: Vpn;
  readonly end: Vpn;
  /** Freed, and not purged yet: `unpurged vm_area`. */
  readonly lazy: boolean;
  /** What asked for it; empty where the line has none. */
  readonly caller: string;
  /** What it is for: vmalloc, vmap, ioremap, vm_map_ram, user, and more. */
  readonly use: string;
  /** Pages of memory in it; undefined where the line does not say. */
  readonly pages: Pages | undefined;
}

/** One reading of /proc/vmallocinfo; a file may have several, each behind a title. */
export interface Snapshot {
  readonly title: string;
  readonly areas: readonly InfoArea[];
}

/** How the log was written, as far as its lines show. */
export interface LogFacts {
  /** Online CPUs by its head, or those that printed something. */
  readonly cpus: number;
  readonly bits: 32 | 64;
  readonly clock: "seconds" | "counter";
}

/**
 * What can be asked of an allocator, and what it answers. Commands here name an area by its address, as a
 * kernel does and as recordings do; histories name it by the command that asked for it (history.ts).
 * A new command is one record in commands/, and its name in the table and the unions here.
 */
import type { FailedAllocation } from "../process.ts";
import { alloc, free } from "./commands/alloc.ts";
import type { CommandRecord } from "./commands/command.ts";
import { find, init, purge, tlb, touch, unmapAliases } from "./commands/look.ts";
import { mapRam, unmapRam } from "./commands/map-ram.ts";
import { pcpuFree, pcpuGet } from "./commands/percpu.ts";
import { pin, unpin, vmap } from "./commands/vmap.ts";
import type { Cpu, Extent, Pages, Pfn, Vpn } from "./vocabulary.ts";

export type { Alloc, Free } from "./commands/alloc.ts";
export type { Touch } from "./commands/look.ts";
export type { MapRam, UnmapRam } from "./commands/map-ram.ts";
export type { PcpuFree, PcpuGet } from "./commands/percpu.ts";
export type { Vmap } from "./commands/vmap.ts";
export type { PercpuLayout } from "./percpu-layout.ts";

/** Every command, in the order in which an explorer tries them. */
export const COMMANDS = {
  init,
  alloc,
  vmap,
  free,
  find,
  mapRam,
  unmapRam,
  pcpuGet,
  pcpuFree,
  touch,
  pin,
  purge,
  unmapAliases,
  unpin,
  tlb,
};

type Forms<R> =
  R extends CommandRecord<infer C, infer S, infer H> ? { command: C; step: S; choice: H } : never;
type AnyForm = Forms<(typeof COMMANDS)[CommandName]>;

export type CommandName = keyof typeof COMMANDS;
export type Command = AnyForm["command"];
/** A step of a history as files and generators write it: an area is named by the index of the command that asked for it. */
export type HistoryStep = AnyForm["step"];
/** What is drawn for a command. It becomes a step in the world it is drawn for. */
export type CommandChoice = AnyForm["choice"];
export type AnyRecord = CommandRecord<Command, HistoryStep, CommandChoice>;

/** The same as a list. */
export const RECORDS: readonly AnyRecord[] = Object.values(COMMANDS);

/** What is known of the command of this name. */
export function recordOf({ op }: { readonly op: CommandName }): AnyRecord {
  return COMMANDS[op];
}

/** A translation held by a CPU. */
export interface Translation {
  readonly cpu: Cpu;
  readonly page: Vpn;
  readonly frame: Pfn;
}

/** What a pin came to. */
export interface Pinned {
  readonly kind: "pinned";
  readonly frame: Pfn;
  /** PTEs of the frame that the host trapped and cleared. */
  readonly traps: number;
  /** vm_unmap_aliases was called on the way. */
  readonly swept: boolean;
  /** PTEs that still map the frame: a host that looks finds them. */
  readonly ptes: number;
}

/** What an observer of page tables and TLBs sees when unmapAliases or tlb returns. */
export interface AliasReport {
  /** TLB entries whose PTE is gone or maps another frame; by CPU, then by page. */
  readonly staleTlb: readonly Translation[];
  /** TLB entries for what no caller holds mapped any more; by CPU, then by page. */
  readonly deadTlb: readonly Translation[];
  /** PTEs present for pages that no caller holds, or with another frame than that of the page's latest map. */
  readonly deadPtes: number;
}

/** What every reply says beside its result. */
interface Effects {
  /** Ranges given to flush_tlb_kernel_range, in order, exactly as passed. */
  readonly flushes: readonly Extent[];
  /** PTEs this command installed. */
  readonly pteSet: number;
  /** PTEs that were present and that this command cleared, by whichever path. */
  readonly pteCleared: number;
  /** Descriptors handed to RCU to be freed. Absent where the observer cannot tell. */
  readonly rcuCallbacks?: number;
  /** Work items run at the end of the call: delayed purges, from 5.18 on. Absent where the observer cannot tell. */
  readonly workItems?: number;
  /** The allocator's own count of lazy pages (vmap_lazy_nr). Absent where the observer cannot tell. */
  readonly lazyPages?: Pages;
  /** Descriptors alive after the command. Only a harness around the allocator can tell. */
  readonly descriptors?: number;
  /** A freed descriptor was read. Only a harness around the allocator can tell. */
  readonly usedAfterFree?: boolean;
  /** Per-CPU data of a CPU that is not possible were used. Only a harness around the allocator can tell. */
  readonly usedAbsentCpu?: boolean;
  /**
   * After a purge: whether one request for the whole word, except its first and last page, would now be granted, as
   * tried on a copy. Only a harness around the allocator can tell.
   */
  readonly wholeFree?: boolean | undefined;
  /**
   * What goes wrong if an allocation of memory fails in this command, as tried on copies. Only a harness around the
   * allocator can tell.
   */
  readonly failing?: FailedAllocation | undefined;
  /** Allocations of memory beyond those at first, where nothing is held: on the same terms. */
  readonly leaked?: number | undefined;
  /** Pages with dirty lines in a cache indexed by virtual address. Absent without such an observer. */
  readonly dirtyLines?: readonly Vpn[];
  /** What the kernel warned of (WARN) before it continued. Absent also where the observer cannot tell. */
  readonly warning?: string | undefined;
}

export type Response = Effects &
  (
    | {
        readonly kind: "placed";
        /** Of the area or the map; of a pcpuGet, the base. */
        readonly start: Vpn;
        /** Mapping stopped at a page whose PTE was already there; the area stays. */
        readonly mapStopped: boolean;
      }
    | { readonly kind: "refused" }
    | { readonly kind: "done"; readonly aliases?: AliasReport }
    | Pinned
    /** The start of the area that find_vmap_area found; null if it found none. */
    | { readonly kind: "found"; readonly start: Vpn | null }
    /** A touch: served from the TLB (hit), walked, or faulted (frame null). */
    | { readonly kind: "reached"; readonly hit: boolean; readonly frame: Pfn | null }
    /** The kernel would have stopped here (BUG, BUG_ON); a history ends. */
    | { readonly kind: "bug"; readonly text: string }
    /** The call does not return: it has done more work than any call that does. A history ends. */
    | { readonly kind: "hung"; readonly text: string }
    /** The process ended in place of an answer. A history ends. */
    | { readonly kind: "crashed"; readonly text: string }
    /** No answer came by the deadline. A history ends. */
    | { readonly kind: "silent"; readonly text: string }
  );

/** Whether nothing can follow a reply: the kernel stopped, the call does not return, or the process is gone. */
export function endsHistory({ kind }: Response): boolean {
  return kind === "bug" || kind === "hung" || kind === "crashed" || kind === "silent";
}

/** Writes a trace as a line of a recording, as adapters/vmap/recordings/FORMAT.md describes it. */
import type { Command, Response, Translation } from "../../spec/vmap/commands.ts";
import type { Dump, DumpedBlock } from "../../spec/vmap/kernel.ts";
import { lazyMaxPages, type Scope } from "../../spec/vmap/scope.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";

/** A command as it was answered, and what is left after it. */
export interface Answered {
  readonly command: Command;
  readonly response: Response;
  readonly dump: Dump;
}

/** Commands that the format has. */
export const RECORDED: readonly Command["op"][] = [
  "alloc",
  "free",
  "mapRam",
  "unmapRam",
  "purge",
  "unmapAliases",
  "touch",
  "tlb",
];

/** One line, without its end. The words of the scope and of its blocks are those of a 64-bit kernel. */
export function traceText(
  version: string,
  seed: number,
  scope: Scope,
  answered: readonly Answered[],
): string {
  const { cpus, vmalloc, lazyMaxPages: limit, blockPages } = scope;
  return JSON.stringify({
    version,
    class: "short",
    seed,
    config: {
      cpus,
      vmalloc_start: hex(vmalloc.vstart),
      vmalloc_end: hex(vmalloc.vend),
      lazy_max_pages: limit,
      lazy_max_pages_effective: lazyMaxPages(scope),
      bbmap_bits: blockPages,
    },
    ops: answered.map(({ command, response, dump }) => [
      { ...requestOf(command), dump: 1 },
      { ...replyOf(command, response), ...dumpOf(dump) },
    ]),
  });
}

/** Pages in bytes. */
function hex(pages: number): string {
  return `0x${(BigInt(pages) * 4096n).toString(16)}`;
}

const extentOf = ({ start, end }: Extent): readonly [string, string] => [hex(start), hex(end)];

function requestOf(command: Command): object {
  switch (command.op) {
    case "alloc": {
      const { size, align, vstart, vend, map, cpu = 0, noblock } = command;
      const window = { vstart: hex(vstart), vend: hex(vend) };
      const more = { ...(map ? { map: 1 } : {}), ...(noblock ? { noblock: 1 } : {}), cpu };
      return { op: "alloc_vmap_area", size: hex(size), align: `0x${align.toString(16)}`, ...window, ...more };
    }
    case "free":
      return { op: "free_area", addr: hex(command.start) };
    case "mapRam":
      return { op: "vm_map_ram", cpu: command.cpu, count: command.count };
    case "unmapRam":
      return { op: "vm_unmap_ram", cpu: command.cpu, addr: hex(command.start), count: command.count };
    case "unmapAliases":
      return { op: "vm_unmap_aliases" };
    case "touch":
      return { op: "touch", cpu: command.cpu, addr: hex(command.page) };
    default:
      return { op: command.op };
  }
}

function replyOf(command: Command, response: Response): object {
  const { flushes, pteSet, pteCleared, rcuCallbacks = 0, workItems = 0 } = response;
  return {
    ...resultOf(command, response),
    flush: flushes.map(extentOf),
    pte_set: pteSet,
    pte_clr: pteCleared,
    ...(workItems === 0 ? {} : { work: workItems }),
    ...(rcuCallbacks === 0 ? {} : { rcu: rcuCallbacks }),
  };
}

function resultOf(command: Command, response: Response): object {
  switch (response.kind) {
    case "placed": {
      const warned = "WARN page-table:0 !pte_none(*pte)";
      const stopped = response.mapStopped ? { maperr: warned, ev: [warned] } : {};
      return { addr: hex(response.start), ...stopped };
    }
    case "refused": {
      const silent = command.op === "alloc" && command.noblock;
      return { err: command.op === "alloc" ? "EBUSY" : "NULL", ...(silent ? {} : { ev: ["printk"] }) };
    }
    case "reached":
      return { hit: response.hit, pfn: response.frame };
    case "done":
      return { ok: true, ...(response.aliases && aliasesOf(response.aliases)) };
    case "bug":
    case "hung":
    case "crashed":
    case "silent":
      return { bug: response.text };
    default:
      throw new RangeError(`a recording has no ${response.kind}`);
  }
}

function aliasesOf({
  staleTlb,
  deadTlb,
  deadPtes,
}: {
  readonly staleTlb: readonly Translation[];
  readonly deadTlb: readonly Translation[];
  readonly deadPtes: number;
}): object {
  const entry = ({ cpu, page, frame }: Translation) => [cpu, hex(page), frame];
  return { stale_tlb: staleTlb.map(entry), dead_tlb: deadTlb.map(entry), dead_ptes: deadPtes };
}

function dumpOf({ areas, lazyPages, free, purge, pool, blocks, freeLists }: Dump): object {
  return {
    areas: areas.map(({ start, end, flags, lazy }) => [hex(start), hex(end), flags, lazy ? 1 : 0]),
    lazy_nr: lazyPages,
    ...(free && { free: free.map(freeExtent) }),
    ...(purge && { purge: purge.map(extentOf) }),
    ...(pool && { pool: pool.map(({ node, start, end }) => [node, end - start - 1, hex(start), hex(end)]) }),
    free_lists: freeLists.map((list) => list.map(hex)),
    blocks: blocks.map(blockOf),
  };
}

const LAST_BYTE = 2 ** 52;

/** The free space begins at byte 1 and ends before the last byte of the word. */
function freeExtent({ start, end }: Extent): readonly [string, string] {
  return [start === 0 ? "0x1" : hex(start), end >= LAST_BYTE ? "0xffffffffffffffff" : hex(end)];
}

function blockOf({ start, free, dirty, onFreeList, cpu, dirtyRange }: DumpedBlock): object {
  return {
    addr: hex(start as Vpn),
    free,
    dirty,
    on_free_list: onFreeList,
    ...(cpu === undefined ? {} : { cpu }),
    ...(dirtyRange && { dirty_min: dirtyRange.start, dirty_max: dirtyRange.end }),
  };
}

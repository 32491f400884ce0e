/**
 * The state that the protocols of blocks share: some blocks of a few pages, their page table, a TLB for each CPU, the
 * purge lock, and each CPU's phase. Pages are numbered across all blocks.
 *
 * All blocks are on one list: flushes do not depend on the CPU whose list a block is on. A page represents the frame
 * that is mapped there. Every page has fields of its own, so that steps on different pages commute.
 */
import type { Range } from "../../../engine/operations.ts";
import {
  byIndex,
  FLAG,
  indexOf,
  type Layout,
  named,
  noneOr,
  plain,
  upTo,
} from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

export interface BlocksScope {
  readonly cpus: number;
  readonly blocks: number;
  /** Pages of a block. */
  readonly pages: number;
}

/** The life of a block. Between NONE and STANDING it is made; LAZY lasts until a purge releases it. */
export const [NONE, STANDING, LAZY] = [0, 1, 2] as const;

export type Blocks = ReturnType<typeof fieldsOf>;
export type PageFields = Blocks["pages"][number];
export type BlockFields = Blocks["blocks"][number];
export type CpuFields = Blocks["cpus"][number];

/**
 * PTEs may stay after an unmap returns until their range is flushed (up to 2.6.37: lazyPtes). CPUs may cache a page
 * only when its PTE is about to be cleared (delayed-steps.ts: delaysFills).
 */
export function fieldsOf(layout: Layout, scope: BlocksScope, lazyPtes: boolean, delaysFills: boolean) {
  const ofCpus = { name: "CPUs", size: scope.cpus };
  const all = scope.blocks * scope.pages;
  const [place, count, bit] = [plain(all + 1), plain(scope.pages + 1), FLAG];
  const perCpu = (name: string, meaning = bit) => layout.array(name, ofCpus, meaning);
  const cpus = byIndex(scope.cpus, {
    phase: perCpu("phase", plain(MOST_PHASES)),
    /** The page that its call maps or unmaps. */
    page: perCpu("page", noneOr(all, "page")),
    /** The range that it will flush, collected before it takes the purge lock; empty if start >= end. */
    start: perCpu("start", place),
    end: perCpu("end", place),
    /** It has not yet flushed the range of the CPU that holds the lock. */
    pending: perCpu("pending"),
  });
  const pages = upTo(all).map((page) => ({
    page,
    /** Whether a caller holds it mapped, and whether it has a PTE. */
    live: layout.field(`live of page ${page}`, bit),
    pte: layout.field(`pte of page ${page}`, bit),
    /** By CPU: it translates the page. */
    tlb: perCpu(`tlb of page ${page}`),
    /** By CPU: the page was unmapped, and the CPU still translates it, or may do so at any time, as there is a PTE. */
    stale: perCpu(`stale of page ${page}`),
    /**
     * By CPU that called vm_unmap_aliases: the CPUs that must flush the page before it returns. They were `stale` when
     * it began, and still are; so a CPU that flushes changes only its own bits.
     */
    flushOwed: layout.table(`flush owed of page ${page}`, ofCpus, ofCpus, bit),
  }));
  return {
    scope,
    lazyPtes,
    delaysFills,
    cpus,
    pages,
    /** vmap_purge_lock (purge_lock before 4.10): none, or the CPU that holds it. */
    purgeLock: layout.field("purge lock", indexOf(ofCpus)),
    /** The range to flush; 0 and 0 if there is none. */
    rangeStart: layout.field("range start", place),
    rangeEnd: layout.field("range end", place),
    blocks: upTo(scope.blocks).map((index) => ({
      index,
      /** The number of the first of its pages, and all of them. */
      first: index * scope.pages,
      pages: pages.slice(index * scope.pages, (index + 1) * scope.pages),
      life: layout.field(`life of block ${index}`, named("none", "standing", "lazy")),
      /** A purge has taken its area off the lazy list. Only the holder of the purge lock reads that. */
      purging: layout.field(`purging of block ${index}`, bit),
      /** Pages never given out, and pages given back: `free` and `dirty` of struct vmap_block. */
      free: layout.field(`free of block ${index}`, count),
      dirty: layout.field(`dirty of block ${index}`, count),
      /** The range given back and not collected since: pages of the block; empty if min >= max. */
      dirtyMin: layout.field(`dirty min of block ${index}`, count),
      dirtyMax: layout.field(`dirty max of block ${index}`, count),
      /** On the list of blocks with free pages; in the index of all blocks; on a purge's own list. */
      listed: layout.field(`listed of block ${index}`, bit),
      indexed: layout.field(`indexed of block ${index}`, bit),
      purgeListed: layout.field(`purge listed of block ${index}`, bit),
    })),
  };
}

/** The range to flush under the purge lock. */
export const sharedRange = ({ rangeStart, rangeEnd }: Blocks): Range => ({
  start: rangeStart,
  end: rangeEnd,
});

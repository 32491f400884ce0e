/**
 * The state that the protocols of blocks share: some blocks of a few pages, their page table, a TLB for each CPU,
 * the purge lock, and where each CPU stands. Pages are numbered through all blocks.
 *
 * All blocks are on one list: whose CPU's list a block is on makes no difference to what is flushed. A page stands
 * for the frame that is mapped there. Every page has fields of its own, so that steps on different pages commute.
 */
import type { Range } from "../../../engine/operations.ts";
import {
  type Field,
  FLAG,
  indexOf,
  type Layout,
  named,
  noneOr,
  plain,
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

/** One page. */
export interface PageFields {
  /** Its number. */
  readonly page: number;
  /** Whether a caller holds it mapped, and whether it has a PTE. */
  readonly live: Field;
  readonly pte: Field;
  /** By CPU: it translates the page. */
  readonly tlb: readonly Field[];
  /** By CPU: the page was unmapped, and the CPU translates it still, or may at any time, as there is a PTE. */
  readonly stale: readonly Field[];
  /**
   * By CPU that called vm_unmap_aliases: which CPUs it owes a flush of the page. These were `stale` when it began,
   * and are still; so a CPU that flushes changes what is owed to it and nothing of others.
   */
  readonly flushOwed: readonly (readonly Field[])[];
}

/** One block. */
export interface BlockFields {
  readonly index: number;
  /** The number of the first of its pages, and all of them. */
  readonly first: number;
  readonly pages: readonly PageFields[];
  readonly life: Field;
  /** A purge has taken its area off the lazy list. Only the holder of the purge lock reads that. */
  readonly purging: Field;
  /** Pages never given out, and pages given back: `free` and `dirty` of struct vmap_block. */
  readonly free: Field;
  readonly dirty: Field;
  /** The range given back and not collected since: dirty_min and dirty_max, pages of the block; empty if min >= max. */
  readonly dirtyMin: Field;
  readonly dirtyMax: Field;
  /** On the list of blocks that have pages to give; in the index of all blocks; on a purge's own list. */
  readonly listed: Field;
  readonly indexed: Field;
  readonly purgeListed: Field;
}

/** What one CPU knows. */
export interface CpuFields {
  readonly index: number;
  readonly phase: Field;
  /** 0, or one more than the page that its call maps or unmaps. */
  readonly page: Field;
  /** The range that it will flush, collected before it takes the purge lock; empty if start >= end. */
  readonly start: Field;
  readonly end: Field;
  /** It has yet to flush the range of the one who holds the lock. */
  readonly pending: Field;
}

export interface Blocks {
  readonly scope: BlocksScope;
  /** PTEs stay where an unmap returns, until their range is flushed (to 2.6.37). */
  readonly lazyPtes: boolean;
  /** Whether CPUs cache a page only when its PTE is about to be cleared (delayed-steps.ts). */
  readonly delaysFills: boolean;
  /** The purge lock (vmap_purge_lock; purge_lock before 4.10): none, or the CPU that holds it. */
  readonly purgeLock: Field;
  /** What is to be flushed; 0 and 0 if nothing is. */
  readonly rangeStart: Field;
  readonly rangeEnd: Field;
  readonly pages: readonly PageFields[];
  readonly blocks: readonly BlockFields[];
  readonly cpus: readonly CpuFields[];
}

const upTo = (size: number) => Array.from({ length: size }, (_none, index) => index);

export function fieldsOf(
  layout: Layout,
  scope: BlocksScope,
  lazyPtes: boolean,
  delaysFills: boolean,
): Blocks {
  const ofCpus = { name: "CPUs", size: scope.cpus };
  const all = scope.blocks * scope.pages;
  const [place, count, bit] = [plain(all + 1), plain(scope.pages + 1), FLAG];
  const perCpu = (name: string, meaning = bit) => layout.array(name, ofCpus, meaning);
  const phase = perCpu("phase", plain(MOST_PHASES));
  const [page, start, end] = [
    perCpu("page", noneOr(all, "page")),
    perCpu("start", place),
    perCpu("end", place),
  ];
  const pending = perCpu("pending");
  const pages = upTo(all).map((number) => ({
    page: number,
    live: layout.field(`live of page ${number}`, bit),
    pte: layout.field(`pte of page ${number}`, bit),
    tlb: perCpu(`tlb of page ${number}`),
    stale: perCpu(`stale of page ${number}`),
    flushOwed: layout.table(`flush owed of page ${number}`, ofCpus, ofCpus, bit),
  }));
  const of = (fields: readonly Field[], index: number) => fields[index] as Field;
  return {
    scope,
    lazyPtes,
    delaysFills,
    purgeLock: layout.field("purge lock", indexOf(ofCpus)),
    rangeStart: layout.field("range start", place),
    rangeEnd: layout.field("range end", place),
    pages,
    blocks: upTo(scope.blocks).map((index) => ({
      index,
      first: index * scope.pages,
      pages: pages.slice(index * scope.pages, (index + 1) * scope.pages),
      life: layout.field(`life of block ${index}`, named("none", "standing", "lazy")),
      purging: layout.field(`purging of block ${index}`, bit),
      free: layout.field(`free of block ${index}`, count),
      dirty: layout.field(`dirty of block ${index}`, count),
      dirtyMin: layout.field(`dirty min of block ${index}`, count),
      dirtyMax: layout.field(`dirty max of block ${index}`, count),
      listed: layout.field(`listed of block ${index}`, bit),
      indexed: layout.field(`indexed of block ${index}`, bit),
      purgeListed: layout.field(`purge listed of block ${index}`, bit),
    })),
    cpus: upTo(scope.cpus).map((index) => ({
      index,
      phase: of(phase, index),
      page: of(page, index),
      start: of(start, index),
      end: of(end, index),
      pending: of(pending, index),
    })),
  };
}

/** What is to be flushed under the purge lock. */
export const sharedRange = ({ rangeStart, rangeEnd }: Blocks): Range => ({
  start: rangeStart,
  end: rangeEnd,
});

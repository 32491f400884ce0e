/**
 * The state that the protocols of blocks share: some blocks of a few pages, their page table, a TLB for each CPU,
 * the purge lock, and where each CPU stands. Pages are numbered through all blocks; sets of pages are bits.
 *
 * All blocks are on one list: whose CPU's list a block is on makes no difference to what is flushed. A page stands
 * for the frame that is mapped there.
 */
import { type Field, indexOf, type Layout, plain, setOf } from "../../engine/layout.ts";

export interface BlocksScope {
  readonly cpus: number;
  readonly blocks: number;
  /** Pages of a block. */
  readonly pages: number;
}

/** The life of a block. Between NONE and STANDING it is made, and what was LAZY is PURGING until it is released. */
export const [NONE, STANDING, LAZY, PURGING] = [0, 1, 2, 3] as const;

/** As many phases as a CPU's calls may have. */
export const MOST_PHASES = 32;

/** One block. */
export interface BlockFields {
  readonly index: number;
  /** The first of its pages, and all of them as bits. */
  readonly first: number;
  readonly all: number;
  readonly life: Field;
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
  readonly tlb: Field;
  /** 0, or one more than the page that its call maps or unmaps. */
  readonly page: Field;
  /** What had been let go, and was mapped still, when its vm_unmap_aliases began. */
  readonly owed: Field;
  /** The range that it will flush, collected before it takes the purge lock; empty if start >= end. */
  readonly start: Field;
  readonly end: Field;
}

export interface Blocks {
  readonly scope: BlocksScope;
  readonly pages: number;
  /** The purge lock (vmap_purge_lock; purge_lock before 4.10): nobody, or one more than the CPU that holds it. */
  readonly purgeLock: Field;
  /** CPUs that have yet to flush the range of the one who holds the lock. */
  readonly pending: Field;
  readonly rangeStart: Field;
  readonly rangeEnd: Field;
  /** Pages that callers hold mapped, pages that have a PTE, and pages let go that a PTE or some TLB still maps. */
  readonly live: Field;
  readonly ptes: Field;
  readonly stale: Field;
  readonly blocks: readonly BlockFields[];
  readonly cpus: readonly CpuFields[];
}

export function fieldsOf(layout: Layout, scope: BlocksScope): Blocks {
  const { cpus, blocks, pages } = scope;
  const ofCpus = { name: "CPUs", size: cpus };
  const all = blocks * pages;
  const [setOfPages, place, count] = [plain(2 ** all), plain(all + 1), plain(pages + 1)];
  const phase = layout.array("phase", ofCpus, plain(MOST_PHASES));
  const tlb = layout.array("tlb", ofCpus, setOfPages);
  const page = layout.array("page", ofCpus, place);
  const owed = layout.array("owed", ofCpus, setOfPages);
  const start = layout.array("start", ofCpus, place);
  const end = layout.array("end", ofCpus, place);
  const upTo = (size: number) => Array.from({ length: size }, (_none, index) => index);
  return {
    scope,
    pages: all,
    purgeLock: layout.field("purge lock", indexOf(ofCpus)),
    pending: layout.field("pending", setOf(ofCpus)),
    rangeStart: layout.field("range start", place),
    rangeEnd: layout.field("range end", place),
    live: layout.field("live", setOfPages),
    ptes: layout.field("ptes", setOfPages),
    stale: layout.field("stale", setOfPages),
    blocks: upTo(blocks).map((index) => ({
      index,
      first: index * pages,
      all: (2 ** pages - 1) << (index * pages),
      life: layout.field(`life ${index}`, plain(4)),
      free: layout.field(`free ${index}`, count),
      dirty: layout.field(`dirty ${index}`, count),
      dirtyMin: layout.field(`dirty min ${index}`, count),
      dirtyMax: layout.field(`dirty max ${index}`, count),
      listed: layout.field(`listed ${index}`, plain(2)),
      indexed: layout.field(`indexed ${index}`, plain(2)),
      purgeListed: layout.field(`purge listed ${index}`, plain(2)),
    })),
    cpus: upTo(cpus).map((index) => {
      const of = (fields: readonly Field[]) => fields[index] as Field;
      return {
        index,
        phase: of(phase),
        tlb: of(tlb),
        page: of(page),
        owed: of(owed),
        start: of(start),
        end: of(end),
      };
    }),
  };
}

/** Every field of a block: what its calls may read and write under its lock. */
export function allOf({ life, free, dirty, dirtyMin, dirtyMax, listed, indexed, purgeListed }: BlockFields) {
  return [life, free, dirty, dirtyMin, dirtyMax, listed, indexed, purgeListed];
}

export const tlbsOf = ({ cpus }: Blocks): readonly Field[] => cpus.map(({ tlb }) => tlb);

/** Pages that some CPU translates, or that have a PTE. */
export function mappedSomewhere({ ptes, cpus }: Blocks, state: Int32Array): number {
  let mapped = ptes.get(state);
  for (const { tlb } of cpus) mapped |= tlb.get(state);
  return mapped;
}

/** After a PTE or a TLB lost something: nothing let go is owed a flush any more that neither a PTE nor a TLB has. */
export function forgetUnmapped(m: Blocks, state: Int32Array): void {
  const mapped = mappedSomewhere(m, state);
  m.stale.set(state, m.stale.get(state) & mapped);
  for (const { owed } of m.cpus) owed.set(state, owed.get(state) & mapped);
}
/** What that reads and writes beside PTEs and TLBs. */
export const forgotten = ({ stale, cpus }: Blocks): readonly Field[] => [
  stale,
  ...cpus.map(({ owed }) => owed),
];

/** Widens a range by another. */
export function widen(start: Field, end: Field, state: Int32Array, from: number, to: number): void {
  if (from >= to) return;
  const none = start.get(state) >= end.get(state);
  start.set(state, none ? from : Math.min(start.get(state), from));
  end.set(state, none ? to : Math.max(end.get(state), to));
}

/** A range as a set of pages. */
export function pagesBetween(start: number, end: number): number {
  return start >= end ? 0 : (2 ** end - 1) & ~(2 ** start - 1);
}

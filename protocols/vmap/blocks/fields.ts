/**
 * The state that the protocols of blocks share, guards that it makes redundant, and what calls are judged by: some blocks of a few pages, their page table, a TLB for each CPU, the
 * purge lock, and each CPU's phase. Pages are numbered across all blocks.
 *
 * All blocks are on one list: flushes do not depend on the CPU whose list a block is on. A page represents the frame
 * that is mapped there. Every page has fields of its own, so that steps on different pages commute.
 */
import {
  any,
  briefly,
  clears,
  inCase,
  type Operations,
  type Range,
  sets,
} from "../../../engine/operations.ts";
import { type Condition, has, hasNot } from "../../../engine/reduce/conditions.ts";
import {
  byIndex,
  type Field,
  FLAG,
  indexOf,
  type Layout,
  named,
  noneOr,
  plain,
  upTo,
} from "../../../engine/search/layout.ts";
import { flushBeforeReuse } from "../../../spec/vmap/laws/purging.ts";
import { noAliasAfterUnmapAliases } from "../../../spec/vmap/laws/translation.ts";
import { PAGE_SIZE } from "../../../spec/vmap/vocabulary.ts";
import { aliasesLeft, done, keeps } from "../../call-assertions.ts";
import { type Check, MOST_PHASES } from "../../program.ts";

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

// Guards that hold in every reachable state in which the step's other guards hold: they forbid nothing. Partial-order
// reduction knows no invariants; these guards show that two steps are never enabled in the same state, and so need not
// commute. blocks.test.ts checks that they do not change the number of states.

/** No CPU has to flush: the lock is free, or its holder has not asked yet, or all have flushed. */
export const noFlushPending = ({ cpus }: Blocks): Condition[] => cpus.map(({ pending }) => has(pending, 0));

/**
 * The CPU holds the purge lock, and has not asked the others to flush. In the step that waits for their flushes, the
 * second guard is not redundant.
 */
export const underLock = (m: Blocks, cpu: CpuFields): Condition[] => [
  has(m.purgeLock, cpu.index + 1),
  ...noFlushPending(m),
];

/** The block is in use: a page of it is being mapped, is mapped, or was not given back. */
export const isInUse = ({ life }: BlockFields): Condition => has(life, STANDING);

/** No call on another CPU maps or unmaps the page, and no caller has it. */
export const onlyOurs = (m: Blocks, cpu: CpuFields, { page, live }: PageFields): Condition[] => [
  has(live, 0),
  ...m.cpus.filter((other) => other !== cpu).map((other) => hasNot(other.page, page + 1)),
];

/** No caller has a page of the block, and no call on a CPU but this one maps or unmaps one. */
export const nothingMapped = (m: Blocks, { pages }: BlockFields, but?: CpuFields): Condition[] => [
  ...pages.map(({ live }) => has(live, 0)),
  ...m.cpus.filter((cpu) => cpu !== but).map((cpu) => hasNot(cpu.page, ...pages.map(({ page }) => page + 1))),
];

// Bookkeeping of unmapped pages, by which calls are judged: the CPUs that still translate a page, and those that must
// flush it before a vm_unmap_aliases returns. The kernel does not read it, so a program does not show it; it follows
// from a page's history.

const judged = (operations: Operations) => briefly(undefined, operations);

/** The bookkeeping of a page for one CPU. */
const ghostsOf = ({ stale, flushOwed }: PageFields, cpu: number) => [
  stale[cpu] as Field,
  ...flushOwed.map((byCpu) => byCpu[cpu] as Field),
];

/** The unmap of a page returns. No CPU can map it again before its block is released. */
export const becomesStale = ({ lazyPtes }: Blocks, { pte, tlb, stale }: PageFields): Operations =>
  judged(
    stale.map((field, cpu) => {
      const own = tlb[cpu] as Field;
      if (!lazyPtes) return sets(field, own);
      return inCase(any(has(pte, 1), has(own, 1)), sets(field, 1), sets(field, 0));
    }),
  );

/** A CPU no longer translates a page. If the page still has a PTE, the CPU may translate it again. */
export function dropsTranslation({ lazyPtes }: Blocks, page: PageFields, cpu: number): Operations {
  const forgets = clears(...ghostsOf(page, cpu));
  return [sets(page.tlb[cpu] as Field, 0), judged(lazyPtes ? inCase(has(page.pte, 0), forgets) : forgets)];
}

/** The PTE of an unmapped page is cleared: a page that is in no TLB is no longer stale. */
export const losesPte = (page: PageFields): Operations => [
  sets(page.pte, 0),
  judged(page.tlb.map((own, cpu) => inCase(has(own, 0), clears(...ghostsOf(page, cpu))))),
];

/** vm_unmap_aliases begins: it must flush the pages that are unmapped now. */
export const owesFlush = ({ pages }: Blocks, { index }: CpuFields): Operations =>
  judged(
    pages.map(({ stale, flushOwed }) =>
      stale.map((field, cpu) => sets(flushOwed[index]?.[cpu] as Field, field)),
    ),
  );

/** A number with a bit for each page of which this is true. */
function bitsOf(pages: readonly PageFields[], isTrue: (page: PageFields) => boolean): number {
  return pages.reduce((bits, page) => (isTrue(page) ? bits | (1 << page.page) : bits), 0);
}

/**
 * The promise of vm_unmap_aliases when it returns: no CPU translates such a page or finds its PTE. A worker promises
 * nothing. If the promise holds, no flush is owed any more.
 */
export function promised({ pages, cpus }: Blocks, { index }: CpuFields): Check {
  const reads = pages.flatMap(({ flushOwed }) => flushOwed[index] as readonly Field[]);
  const isOwed = (state: Int32Array, cpu: number) => (page: PageFields) =>
    page.flushOwed[index]?.[cpu]?.get(state) === 1;
  return keeps(noAliasAfterUnmapAliases, reads, (state) => {
    const owed = cpus.map((cpu) => bitsOf(pages, isOwed(state, cpu.index)));
    return aliasesLeft(
      owed.reduce((some, each) => some | each, 0),
      0,
      owed,
    );
  });
}

/** Released pages may be handed out again at once: they have no PTE, and no CPU translates them. */
export function releasedFlushed(m: Blocks, released: readonly BlockFields[]): Check {
  const pages = released.flatMap((block) => block.pages);
  const size = m.pages.length;
  return keeps(
    flushBeforeReuse,
    pages.flatMap(({ pte, tlb }) => [pte, ...tlb]),
    (state) => ({
      command: { op: "alloc", size, align: PAGE_SIZE, vstart: 0, vend: size, map: true },
      response: { ...done, kind: "placed", start: 0, mapStopped: false },
      before: { promises: { guard: { inside: 0 } } },
      after: {
        unflushedIn: ({ start, end }) =>
          pages.some(
            ({ page, pte, tlb }) =>
              page >= start && page < end && [pte, ...tlb].some((field) => field.get(state) === 1),
          ),
      },
    }),
  );
}

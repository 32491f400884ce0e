/**
 * Bookkeeping of unmapped pages, by which calls are judged: the CPUs that still translate a page, and those that must
 * flush it before a vm_unmap_aliases returns. The kernel does not read it, so a program does not show it; it follows
 * from a page's history.
 */
import { any, briefly, clears, inCase, type Operations, sets } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { flushBeforeReuse } from "../../../spec/vmap/laws/purging.ts";
import { noAliasAfterUnmapAliases } from "../../../spec/vmap/laws/translation.ts";
import { PAGE_SIZE } from "../../../spec/vmap/vocabulary.ts";
import { aliasesLeft, done, keeps } from "../../call-assertions.ts";
import type { Check } from "../../program.ts";
import type { BlockFields, Blocks, CpuFields, PageFields } from "./fields.ts";

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

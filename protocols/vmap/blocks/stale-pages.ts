/**
 * Pages let go, as their CPUs and who purges are judged by: which CPUs translate them still, and which of these a
 * vm_unmap_aliases owes a flush. Nothing of the kernel reads that, and all of it follows from the past of a page.
 */

import type { Assertion } from "../../../engine/actions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { flushBeforeReuse } from "../../../spec/vmap/laws/purging.ts";
import { noAliasAfterUnmapAliases } from "../../../spec/vmap/laws/translation.ts";
import { PAGE_SIZE } from "../../../spec/vmap/vocabulary.ts";
import { aliasesLeft, done, keeps } from "../../call-assertions.ts";
import type { Step } from "../../program.ts";
import type { BlockFields, Blocks, CpuFields, PageFields } from "./fields.ts";

/** What a part of a step does, and its footprint. */
export type Part = Required<Pick<Step, "does" | "reads" | "writes">>;

const owedTo = ({ owed }: PageFields, cpu: number) => owed.map((byCpu) => byCpu[cpu] as Field);

/** The unmap of a page returns. Nobody can map it again before its block is released. */
export function letsGo({ lazyPtes }: Blocks, { pte, tlb, stale }: PageFields): Part {
  return {
    does: (state) => {
      const mapped = lazyPtes ? pte.get(state) : 0;
      for (const [cpu, field] of stale.entries()) field.set(state, mapped | (tlb[cpu] as Field).get(state));
    },
    reads: [...tlb, ...(lazyPtes ? [pte] : [])],
    writes: stale,
  };
}

/** A CPU translates a page no more. What has a PTE still it may translate again. */
export function forgetsIn({ lazyPtes }: Blocks, page: PageFields, cpu: number): Part {
  const { pte, tlb, stale } = page;
  const ghosts = [stale[cpu] as Field, ...owedTo(page, cpu)];
  return {
    does: (state) => {
      (tlb[cpu] as Field).set(state, 0);
      if (!lazyPtes || pte.get(state) === 0) for (const ghost of ghosts) ghost.set(state, 0);
    },
    reads: lazyPtes ? [pte] : [],
    writes: [tlb[cpu] as Field, ...ghosts],
  };
}

/** The PTE of a page let go is cleared: what no TLB has is gone. */
export function losesPte(page: PageFields): Part {
  const { pte, tlb, stale } = page;
  return {
    does: (state) => {
      pte.set(state, 0);
      for (const [cpu, field] of tlb.entries()) {
        if (field.get(state) === 1) continue;
        for (const ghost of [stale[cpu] as Field, ...owedTo(page, cpu)]) ghost.set(state, 0);
      }
    },
    reads: tlb,
    writes: [pte, ...stale, ...page.owed.flat()],
  };
}

/** vm_unmap_aliases begins: it owes a flush of what is let go now. */
export function owes({ pages }: Blocks, { index }: CpuFields): Part {
  const owedBy = ({ owed }: PageFields) => owed[index] as readonly Field[];
  return {
    does: (state) => {
      for (const page of pages) {
        for (const [cpu, field] of page.stale.entries())
          (owedBy(page)[cpu] as Field).set(state, field.get(state));
      }
    },
    reads: pages.flatMap(({ stale }) => stale),
    writes: pages.flatMap(owedBy),
  };
}

/** A number with a bit for each page of which this is true. */
function bitsOf(pages: readonly PageFields[], isTrue: (page: PageFields) => boolean): number {
  return pages.reduce((bits, page) => (isTrue(page) ? bits | (1 << page.page) : bits), 0);
}

/**
 * What vm_unmap_aliases promises when it returns; of a worker, which owes nobody anything, nothing. Whether a CPU
 * translates a page or finds its PTE is one here: neither may be. Where that holds, nothing is owed any more.
 */
export function promised({ pages, cpus }: Blocks, { index }: CpuFields): Assertion {
  const isOwed = (state: Int32Array, cpu: number) => (page: PageFields) =>
    page.owed[index]?.[cpu]?.get(state) === 1;
  return keeps(noAliasAfterUnmapAliases, (state) => {
    const owed = cpus.map((cpu) => bitsOf(pages, isOwed(state, cpu.index)));
    return aliasesLeft(
      owed.reduce((some, each) => some | each, 0),
      0,
      owed,
    );
  });
}
export const promisedReads = ({ pages }: Blocks, { index }: CpuFields): Field[] =>
  pages.flatMap(({ owed }) => owed[index] as readonly Field[]);

/** What is released may be handed out again at once: it has no PTE, and no CPU translates it. */
export function releasedFlushed(m: Blocks, released: readonly BlockFields[]): Assertion {
  const pages = released.flatMap((block) => block.pages);
  return keeps(flushBeforeReuse, (state) => ({
    command: {
      op: "alloc",
      size: m.pages.length,
      align: PAGE_SIZE,
      vstart: 0,
      vend: m.pages.length,
      map: true,
    },
    response: { ...done, kind: "placed", start: 0, mapStopped: false },
    before: { promises: { guard: { inside: 0 } } as never },
    after: {
      unflushedIn: ({ start, end }) =>
        pages.some(
          ({ page, pte, tlb }) =>
            page >= start && page < end && [pte, ...tlb].some((field) => field.get(state) === 1),
        ),
    },
  }));
}
export const releasedReads = (released: readonly BlockFields[]): Field[] =>
  released.flatMap(({ pages }) => pages.flatMap(({ pte, tlb }) => [pte, ...tlb]));

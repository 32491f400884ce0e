/** pcpu_get_vm_areas and pcpu_free_vm_areas. */
import { areasFrom, outOfDomain, type PercpuLayout } from "../percpu-layout.ts";
import type { Promises } from "../promises.ts";
import {
  alignment,
  alignmentInPages,
  PAGE_SIZE,
  type Pages,
  page,
  pagesText,
  type Vpn,
} from "../vocabulary.ts";
import { command, lessThan, sharedOut } from "./command.ts";

/** All these areas in the vmalloc window, as high as can be, or none. Nothing is mapped. */
export interface PcpuGet extends PercpuLayout {
  readonly op: "pcpuGet";
}

/** The caller frees all areas, one after another, that a pcpuGet placed at this base. */
export interface PcpuFree {
  readonly op: "pcpuFree";
  readonly start: Vpn;
  readonly offsets: readonly Pages[];
}

/** Frees all areas that pcpuGet number `area` got, whether they are held or not. */
export interface PcpuFreeStep {
  readonly op: "pcpuFree";
  readonly area: number;
}

export interface PcpuGetChoice {
  readonly op: "pcpuGet";
  readonly congruent: PercpuLayout;
}

export interface PcpuFreeChoice {
  readonly op: "pcpuFree";
  readonly share: number;
}

const offered = ({ percpu }: Promises): boolean => percpu;

/** Fewer areas, an alignment of one page, smaller ones, closer ones: each where the call's domain has it. */
function* simplerCongruent({ offsets, sizes, align }: PercpuLayout): Iterable<PercpuLayout> {
  const forms: PercpuLayout[] = [];
  const step = alignmentInPages(align);
  for (const at of offsets.keys()) {
    const left = offsets.toSpliced(at, 1);
    const lowest = Math.min(...left);
    forms.push({ offsets: left.map((offset) => offset - lowest), sizes: sizes.toSpliced(at, 1), align });
  }
  if (align !== PAGE_SIZE) forms.push({ offsets, sizes, align: PAGE_SIZE });
  for (const [at, size] of sizes.entries()) {
    for (const smaller of lessThan(size, step))
      forms.push({ offsets, sizes: sizes.with(at, smaller), align });
  }
  for (const [at, offset] of offsets.entries()) {
    for (const closer of lessThan(offset, step))
      forms.push({ offsets: offsets.with(at, closer), sizes, align });
  }
  for (const form of forms) if (form.offsets.length > 0 && outOfDomain(form) === undefined) yield form;
}

export const pcpuGet = command<PcpuGet, PcpuGet, PcpuGetChoice>({
  op: "pcpuGet",
  fields: { offsets: "offsets", sizes: "sizes", align: "page align" },
  gives: "percpu",
  asksIn: "percpu",
  unmodelled: "it asks for percpu areas, which are modelled from 5.2 on",
  weight: { usual: 24, maps: 0 },
  // Nothing is mapped there: no touch names it.
  pages: () => 0,
  offsets: ({ offsets }) => offsets,
  offered,
  every: ({ scope: { congruent }, calls }) =>
    calls.includes("percpu") ? congruent.map((asked) => ({ op: "pcpuGet", ...asked })) : [],
  drawn: ({ congruent }) => (congruent.length === 0 ? undefined : { congruent: { from: congruent } }),
  means: ({ congruent }, { promises }) => (promises.percpu ? { op: "pcpuGet", ...congruent } : undefined),
  *simpler(step) {
    yield { op: "purge" };
    for (const congruent of simplerCongruent(step)) yield { op: "pcpuGet", ...congruent };
  },
  misfit: (asked, wordPages) => {
    const wrong = outOfDomain(asked);
    if (wrong !== undefined || areasFrom(0, asked).every(({ end }) => end <= wordPages)) return wrong;
    return {
      field: "offsets",
      says: `expected areas that end at ${wordPages} at most, which is scope.wordPages`,
    };
  },
  askedFor: ({ op: _op, ...congruent }) => ({ congruent: [congruent] }),
  name: ({ offsets, sizes, align }) => {
    const areas = offsets.map((offset, nth) => `${sizes[nth]} at +${offset}`);
    const pages = alignmentInPages(align);
    return `pcpuGet ${areas.join(", ")}${pages > 1 ? ` align ${pages}` : ""}`;
  },
  says: ({ offsets, sizes, align }) => {
    const areas = offsets.map((offset, nth) => `${pagesText(sizes[nth] as number)} at +${offset}`);
    return `pcpuGet ${areas.join(", ")}${alignment(align)}`;
  },
});

export const pcpuFree = command<PcpuFree, PcpuFreeStep, PcpuFreeChoice>({
  op: "pcpuFree",
  fields: { area: "index" },
  takes: "percpu",
  names: ["percpu"],
  weight: { usual: 14, maps: 0 },
  resolve: ({ area }, ledger) => {
    const got = ledger.at(area);
    return got?.offsets && { op: "pcpuFree", start: got.start, offsets: got.offsets };
  },
  named: ({ start }, ledger) => {
    const got = ledger.heldAt("percpu", start) ?? ledger.lastAt("percpu", start);
    return got && { op: "pcpuFree", area: got.index };
  },
  offered,
  inDomain: (world, { start, offsets }) => world.holdsPcpu(start, offsets),
  outside: () => "percpuFreeElsewhere",
  every: ({ scope: { congruent }, calls, pages }) => {
    if (!calls.includes("percpu")) return [];
    const distinct = [...new Map(congruent.map(({ offsets }) => [offsets.join(), offsets])).values()];
    return pages.flatMap((start) =>
      distinct.map((offsets): PcpuFree => ({ op: "pcpuFree", start, offsets })),
    );
  },
  drawn: ({ congruent }) => (congruent.length === 0 ? undefined : { share: "share" }),
  means: ({ share }, _world, ledger) => {
    const areas = sharedOut(ledger.held("percpu"), share);
    return areas && { op: "pcpuFree", area: areas.index };
  },
  name: ({ start, offsets }) => `pcpuFree ${offsets.map((offset) => start + offset).join(", ")}`,
  says: ({ start, offsets }) => `pcpuFree ${offsets.map((offset) => page(start + offset)).join(", ")}`,
});

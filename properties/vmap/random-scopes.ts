/**
 * The machines random histories run on. Each makes one kind of corner common; together they have sizes and
 * alignments of every kind, windows that are not aligned, and both ways a space can end.
 */
import type { LawId } from "../../spec/contract.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { type Bytes, PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";

const pagesAligned = (...pages: number[]): Bytes[] => pages.map((count) => count * PAGE_SIZE);

/** The middle of a space: nothing comes near the top of the word, so every violation is the search's own. */
const desk: Scope = {
  ...AREAS_ONLY,
  name: "desk",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: 6,
  sizes: [1, 2, 3, 4, 5, 8],
  aligns: [1, ...pagesAligned(1, 2, 4, 8)],
  windows: [
    { vstart: 64, vend: 96 },
    { vstart: 65, vend: 96 },
    { vstart: 67, vend: 81 },
    { vstart: 80, vend: 96 },
    { vstart: 64, vend: 68 },
    { vstart: 66, vend: 74 },
  ],
};

/** A space that ends at the top of a 64-page word: wraps are ordinary. */
const top: Scope = {
  ...AREAS_ONLY,
  name: "top",
  wordPages: 64,
  cpus: 1,
  lazyMaxPages: 4,
  sizes: [1, 2, 3, 4, 8, 16],
  aligns: [1, ...pagesAligned(1, 4, 16, 32)],
  windows: [
    // The last page of the word is never inside a window: all ones and a page below count down alike.
    { vstart: 48, vend: 63 },
    { vstart: 49, vend: 62 },
    { vstart: 33, vend: 63 },
    { vstart: 0, vend: 63 },
  ],
};

/** A few pages and no laziness: every free purges, so space runs out and comes back at once. */
const tight: Scope = {
  ...AREAS_ONLY,
  name: "tight",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: 0,
  sizes: [1, 2, 3, 4],
  aligns: [1, ...pagesAligned(1, 2, 4)],
  windows: [
    { vstart: 64, vend: 69 },
    { vstart: 66, vend: 69 },
    { vstart: 64, vend: 76 },
    { vstart: 69, vend: 76 },
  ],
};

/** Lazy areas pile up to the kernel's own limit, which this space cannot reach: only refusals purge. */
const lazy: Scope = {
  ...AREAS_ONLY,
  name: "lazy",
  wordPages: 1024,
  cpus: 4,
  lazyMaxPages: null,
  sizes: [1, 2, 3, 4, 9],
  aligns: [1, ...pagesAligned(1, 2, 16)],
  windows: [
    { vstart: 64, vend: 72 },
    { vstart: 66, vend: 72 },
    { vstart: 64, vend: 112 },
    { vstart: 71, vend: 95 },
  ],
};

/** Areas alone, mostly in exactly the vmalloc window: released extents go into the pools of two nodes (6.9 on). */
const pools: Scope = {
  ...AREAS_ONLY,
  name: "pools",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: 3,
  vmalloc: { vstart: 64, vend: 76 },
  sizes: [1, 2, 3],
  aligns: [1, ...pagesAligned(1, 2)],
  windows: [
    { vstart: 64, vend: 76 },
    { vstart: 66, vend: 76 },
  ],
};

/** Blocks of eight pages beside areas, on two CPUs; a word of the bitmap is half a block. */
const blocks: Scope = {
  name: "blocks",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: 16,
  vmalloc: { vstart: 64, vend: 104 },
  blockPages: 8,
  bitsPerLong: 4,
  beforeInit: false,
  congruent: [],
  counts: [1, 2, 3, 4, 5],
  sizes: [1, 8],
  aligns: pagesAligned(1, 8),
  windows: [
    { vstart: 64, vend: 104 },
    { vstart: 96, vend: 112 },
  ],
};

/** Blocks of four pages and hardly anything else: they fill, fragment and are released within a few commands. */
const small: Scope = {
  ...blocks,
  name: "small",
  cpus: 1,
  lazyMaxPages: 4,
  vmalloc: { vstart: 64, vend: 84 },
  blockPages: 4,
  bitsPerLong: 2,
  counts: [1, 2, 3],
  sizes: [1, 4],
  aligns: pagesAligned(1, 4),
  windows: [{ vstart: 64, vend: 84 }],
};

/** Two CPUs, numbered 0 and 2, and blocks of which the lowest has an odd number. */
const gap: Scope = {
  ...small,
  name: "gap",
  cpus: 3,
  absentCpus: [1],
  vmalloc: { vstart: 68, vend: 88 },
  windows: [{ vstart: 68, vend: 88 }],
};

/** A machine that is switched on. */
const boot: Scope = { ...small, name: "boot", beforeInit: true };

/** Percpu areas above others, which come from the other end, on two CPUs. */
const percpu: Scope = {
  ...AREAS_ONLY,
  name: "percpu",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: 6,
  vmalloc: { vstart: 65, vend: 89 },
  sizes: [1, 2, 3, 4],
  aligns: [1, ...pagesAligned(1, 2, 4)],
  windows: [
    { vstart: 65, vend: 89 },
    { vstart: 65, vend: 77 },
    { vstart: 73, vend: 89 },
    { vstart: 82, vend: 84 },
  ],
  congruent: [
    { offsets: [0], sizes: [3], align: PAGE_SIZE },
    { offsets: [0, 3], sizes: [1, 1], align: PAGE_SIZE },
    { offsets: [0, 9], sizes: [2, 3], align: PAGE_SIZE },
    { offsets: [0, 4, 8], sizes: [2, 2, 2], align: 2 * PAGE_SIZE },
    { offsets: [12, 0], sizes: [4, 4], align: 4 * PAGE_SIZE },
  ],
};

/** Callers who also make calls outside their domain, with areas and small blocks on two CPUs. */
const outside: Scope = {
  ...small,
  name: "outside",
  cpus: 2,
  vmalloc: { vstart: 64, vend: 88 },
  sizes: [1, 2, 4],
  windows: [
    { vstart: 64, vend: 88 },
    { vstart: 66, vend: 80 },
  ],
  outside: true,
};

/** Three blocks of two pages and hardly any room beside them: the place of blocks among areas matters. */
const crowd: Scope = {
  ...small,
  name: "crowd",
  cpus: 2,
  lazyMaxPages: 2,
  vmalloc: { vstart: 64, vend: 70 },
  blockPages: 2,
  bitsPerLong: 1,
  counts: [1],
  sizes: [1, 3, 4],
  aligns: pagesAligned(1, 2),
  windows: [
    { vstart: 64, vend: 70 },
    { vstart: 66, vend: 70 },
    { vstart: 70, vend: 72 },
  ],
};

/** Areas that reach over several zones of sixteen pages, which belong to different nodes (6.9 on), looked up by any page. */
const zones: Scope = {
  ...AREAS_ONLY,
  name: "zones",
  wordPages: 256,
  cpus: 3,
  lazyMaxPages: 8,
  vmalloc: { vstart: 64, vend: 128 },
  sizes: [1, 2, 9, 17, 24],
  aligns: pagesAligned(1, 4),
  windows: [
    { vstart: 64, vend: 128 },
    { vstart: 72, vend: 120 },
  ],
};

export const SCOPES: readonly Scope[] = [
  desk,
  top,
  tight,
  lazy,
  pools,
  blocks,
  small,
  gap,
  boot,
  percpu,
  outside,
];

/**
 * The scopes in which a release with these promises does something that it does in no other. No release promises how
 * blocks pack, so that check never judges it: a hunt for that law alone has a scope of its own. Compiled
 * code is not called outside its domain: docs/trees.md says why. Its own way to look areas up is tried in zones.
 */
export function scopesFor(promises: Pick<Promises, "percpu" | "compiled">, law?: LawId): readonly Scope[] {
  if (law === "blocks-pack") return [crowd];
  const scopes = promises.compiled ? [...SCOPES, zones] : SCOPES;
  return scopes.filter(
    (scope) =>
      (promises.percpu || scope.congruent.length === 0) && !(promises.compiled && scope.outside === true),
  );
}

/** The scope called so, or undefined. */
export function scopeCalled(name: string): Scope | undefined {
  return SCOPES.find((scope) => scope.name === name);
}

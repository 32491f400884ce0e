/**
 * What a law may ask about the world. Laws use only these queries, so a law cannot distinguish the reference (model/)
 * from another implementation.
 */
import type { PercpuLayout } from "./percpu-layout.ts";
import type { Promises } from "./promises.ts";
import { lazyMaxPages, type Scope, type Window } from "./scope.ts";
import type { Bytes, Cpu, Extent, Pages, Pfn, Vpn } from "./vocabulary.ts";

/** The life of an area. Lazy areas were freed, and occupy their place until they are flushed and released. */
export type Life = "busy" | "lazy";

/** A per-CPU block, as far as a user can know it. It gives out each page once, and gets it back. */
export interface BlockView {
  /** The CPU whose maps go into it. */
  readonly cpu: Cpu;
  /** Pages given out since it was made, each map's rounded up to a power of two; and of those given back. */
  readonly given: Pages;
  readonly givenBack: Pages;
}

export interface AreaView extends Extent {
  readonly life: Life;
  /** Of an area that is a block. */
  readonly block: BlockView | undefined;
  /** Pages that vmap mapped, from the area's start on; 0 in any other area. */
  readonly vmapped: Pages;
}

/** What asks for an area: an allocation, or a map that needs a block. */
export interface Request extends Window {
  readonly size: Pages;
  readonly align: Bytes;
}

/**
 * Whether what the purge of a failed search takes is still there: the lazy areas, fragmented blocks on releases that
 * purge them, and what pools may hold; or everything except the latter, with empty pools.
 */
export type Purgeable = "taken" | "pools emptied" | "gone";

export interface World {
  readonly scope: Scope;
  /** What the release under judgement promises about distances and laziness. */
  readonly promises: Promises;
  /** vmalloc_init was called. */
  readonly initialised: boolean;

  /** The areas that share a page with the extent, by start; purgeable ones are taken unless said otherwise. */
  areasIn(extent: Extent, purgeable?: Purgeable): readonly AreaView[];
  /** The busy area that an allocation or vmap placed here, if any: what a free frees. */
  busyAt(start: Vpn): Extent | undefined;
  /** Whether a caller of vm_map_ram holds exactly this many pages from here on. */
  holdsMap(start: Vpn, count: Pages): boolean;
  /** Whether these are the areas that a pcpuGet placed at this base, and they are held. */
  holdsPcpu(base: Vpn, offsets: readonly Pages[]): boolean;
  /** Whether a block stands here that never gave out any of these pages. */
  blockCanGive(extent: Extent): boolean;
  /** The lowest address at which the request fits with the distances the release keeps, in plain integers. */
  lowestFit(request: Request, purgeable: Purgeable): Vpn | undefined;
  /** The lowest address at which the request's own pages are free, whatever distance the release keeps to neighbours. */
  lowestFree(request: Request, purgeable: Purgeable): Vpn | undefined;
  /**
   * The highest base at which all these areas fit into the vmalloc window, whose start it does not lie below. Percpu
   * areas keep no distance.
   */
  highestCongruentFit(congruent: PercpuLayout, purgeable: Purgeable): Vpn | undefined;
  /** Whether the pools of this node may hold just this extent. */
  mayBePooled(extent: Extent, node: number): boolean;
  /** Whether a block of this CPU has this many pages left that it never gave out. */
  blockHasLeft(cpu: Cpu, pages: Pages): boolean;
  /** Blocks of this CPU, or of all, in which nothing is mapped and which are not completely given back. */
  fragmentedBlocks(cpu?: Cpu): number;
  /** Descriptors alive in addition to those of existing areas and blocks, as far as replies reported. */
  readonly leakedDescriptors: number;
  /** Pages of lazy areas. */
  readonly lazyPages: Pages;
  /**
   * Whether some page here was freed or unmapped and not flushed on every CPU since, whether it lies in a lazy area, in
   * a map in an existing block, or was released already.
   */
  unflushedIn(extent: Extent): boolean;
  /** Pages of areas that were released although no flush covered them since they were freed. */
  readonly releasedUnflushed: Pages;
  /** The frame that an owner holds mapped here now. */
  frameAt(page: Vpn): Pfn | undefined;
  /** Whether a page is mapped, or may still be translated. Anything else only faults. */
  isTranslated(page: Vpn): boolean;
  /** The frame that the page table has here, or perhaps has, held or not, as far as replies reported. */
  pteAt(page: Vpn): Pfn | undefined;
  /**
   * Whether some CPU may translate some page to this frame although no caller holds it there: a TLB may be filled
   * without a touch as long as the PTE is present, and keeps the entry until a flush. Not if the PTE is only perhaps
   * present.
   */
  mayBeMapped(frame: Pfn): boolean;
  /** The page where this frame was last mapped and then unmapped, unless all of that is known to be clean. */
  lastMappedAt(frame: Pfn): Vpn | undefined;
  /** PTEs present for pages that no caller holds. */
  readonly deadPtes: number;
  /** TLB entries that were seen, never flushed, for pages that no caller holds mapped any more. */
  readonly deadTranslations: number;
}

/** The maximum number of lazy pages that the release leaves: none if it does not free lazily. */
export function lazyLimit(world: World): Pages {
  return world.promises.freesLazily ? lazyMaxPages(world.scope) : 0;
}

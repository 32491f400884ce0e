/**
 * What a law may ask about the world. Laws ask and never walk; an implementation may be readable (model/) or
 * packed, and a law cannot tell which.
 */
import type { Alloc } from "./commands.ts";
import type { Promises } from "./releases.ts";
import { lazyMaxPages, type Scope } from "./scope.ts";
import type { Cpu, Extent, Pages, Pfn, Vpn } from "./vocabulary.ts";

/** The life of an area. Lazy areas were let go, and occupy their place until they are flushed and released. */
export type Life = "busy" | "lazy";

export interface AreaView extends Extent {
  readonly life: Life;
}

export interface World {
  readonly scope: Scope;
  /** What the release under judgement promises about distances and laziness. */
  readonly promises: Promises;

  /** The areas that share a page with the extent, by start. */
  areasIn(extent: Extent): readonly AreaView[];
  /** The busy area that starts here, if any. */
  busyAt(start: Vpn): Extent | undefined;
  /**
   * The lowest address at which the request fits with the distances the release keeps, in plain integers.
   * Lazy areas count as taken, or as gone (as after a purge).
   */
  lowestFit(request: Alloc, lazy: "taken" | "gone"): Vpn | undefined;
  /** Descriptors alive beyond those of the areas that are there, as far as replies told. */
  readonly leakedDescriptors: number;
  /** Pages of lazy areas. */
  readonly lazyPages: Pages;
  /** Whether some page here was let go and not flushed on every CPU since, be it released already or not. */
  unflushedIn(extent: Extent): boolean;
  /** Pages of areas that were released although no flush covered them since their owner let go. */
  readonly releasedUnflushed: Pages;
  /** The frame that an owner holds mapped here now. */
  frameAt(page: Vpn): Pfn | undefined;
  /** Whether this CPU may still translate the page to this frame from its TLB. */
  mayTranslate(cpu: Cpu, page: Vpn, frame: Pfn): boolean;
  /** PTEs present for pages that nobody holds. */
  readonly deadPtes: number;
  /** TLB entries seen to be made, never flushed, for what nobody holds mapped any more. */
  readonly deadTranslations: number;
}

/** The most lazy pages the release lets stand: none where it does not free lazily. */
export function lazyLimit(world: World): Pages {
  return world.promises.freesLazily ? lazyMaxPages(world.scope) : 0;
}

/**
 * The reference: the world as immutable data. Every step of a history can be kept, and no question of a law can change
 * it. Lists are plain arrays of plain records, never written to; a lookup by number uses an Immutable map.
 */
import { Map as ImmutableMap } from "immutable";
import type { PercpuLayout } from "../../spec/vmap/commands.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { fitsBlock, isLittleLeft, type Scope } from "../../spec/vmap/scope.ts";
import {
  type Cpu,
  type Extent,
  overlaps,
  type Pages,
  type Pfn,
  type Vpn,
} from "../../spec/vmap/vocabulary.ts";
import type { Purgeable, Request, World } from "../../spec/vmap/world.ts";
import { type Area, isFragmented } from "./area.ts";
import { canGive } from "./block.ts";
import { highestCongruentFit, lowestFit, lowestFree } from "./fit.ts";
import type { PooledExtents } from "./pool-beliefs.ts";
import type { StaleMapping } from "./stale-mapping.ts";

/** The translations of one CPU that were seen and not flushed since. */
export type Tlb = ImmutableMap<Vpn, Pfn>;

export interface WorldFields {
  readonly scope: Scope;
  readonly promises: Promises;
  readonly initialised: boolean;
  /** By start. Disjoint unless an illegal reply made them overlap. */
  readonly areas: readonly Area[];
  /** Whether they are: no area was ever placed on another. */
  readonly disjoint: boolean;
  readonly lazyPages: Pages;
  /** PTEs present, as far as replies reported; and pages that owners hold mapped. */
  readonly ptes: number;
  readonly held: number;
  /** What was freed and may still be translated. */
  readonly dead: readonly StaleMapping[];
  /** What the pools of nodes may hold. */
  readonly pooled: PooledExtents;
  readonly leakedDescriptors: number;
  /** Released although no flush covered them since their owner freed them. Empty unless a law was violated. */
  readonly unflushed: readonly Extent[];
  readonly tlbs: ImmutableMap<Cpu, Tlb>;
  /** The next fresh frame; an allocation that maps takes one a page. */
  readonly nextFrame: Pfn;
}

/** The fields that a reply may change. */
export type Changes = Partial<Omit<WorldFields, "scope" | "promises">>;

export class ImmutableWorld implements World, WorldFields {
  readonly scope: Scope;
  readonly promises: Promises;
  readonly initialised: boolean;
  readonly areas: readonly Area[];
  readonly disjoint: boolean;
  readonly lazyPages: Pages;
  readonly ptes: number;
  readonly held: number;
  readonly dead: readonly StaleMapping[];
  readonly pooled: PooledExtents;
  readonly leakedDescriptors: number;
  readonly unflushed: readonly Extent[];
  readonly tlbs: ImmutableMap<Cpu, Tlb>;
  readonly nextFrame: Pfn;
  #taken: readonly Extent[] | undefined;

  /** All fields are copied, then some changed: asking of each whether it is among the changes took twice the time. */
  private constructor(base: WorldFields, changes: Changes) {
    this.scope = base.scope;
    this.promises = base.promises;
    this.initialised = base.initialised;
    this.areas = base.areas;
    this.disjoint = base.disjoint;
    this.lazyPages = base.lazyPages;
    this.ptes = base.ptes;
    this.held = base.held;
    this.dead = base.dead;
    this.pooled = base.pooled;
    this.leakedDescriptors = base.leakedDescriptors;
    this.unflushed = base.unflushed;
    this.tlbs = base.tlbs;
    this.nextFrame = base.nextFrame;
    Object.assign(this, changes);
  }

  /** The world before the first command. */
  static empty(scope: Scope, promises: Promises): ImmutableWorld {
    const fields = {
      scope,
      promises,
      initialised: !scope.beforeInit,
      areas: [],
      disjoint: true,
      lazyPages: 0,
      ptes: 0,
      held: 0,
      dead: [],
      pooled: [],
      leakedDescriptors: 0,
      unflushed: [],
      tlbs: ImmutableMap<Cpu, Tlb>(),
      nextFrame: 1,
    };
    return new ImmutableWorld(fields, {});
  }

  /** A world that differs in these fields. */
  with(changes: Changes): ImmutableWorld {
    return new ImmutableWorld(this, changes);
  }

  get deadPtes(): number {
    return this.ptes - this.held;
  }

  get releasedUnflushed(): Pages {
    let pages = 0;
    for (const extent of this.unflushed) pages += extent.end - extent.start;
    return pages;
  }

  get deadTranslations(): number {
    let dead = 0;
    for (const tlb of this.tlbs.values()) {
      for (const [page, frame] of tlb) if (this.frameAt(page) !== frame) dead += 1;
    }
    return dead;
  }

  /** The index of the first area that reaches beyond this page; all before it end there or lower. */
  firstBeyond(page: Vpn): number {
    if (!this.disjoint) return 0;
    let [low, high] = [0, this.areas.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.areas[middle] as Area).end <= page) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  areasIn(extent: Extent, purgeable: Purgeable = "taken"): readonly Area[] {
    const found: Area[] = [];
    for (let at = this.firstBeyond(extent.start); at < this.areas.length; at++) {
      const area = this.areas[at] as Area;
      if (area.start >= extent.end) break;
      if (area.end > extent.start && (purgeable !== "gone" || !this.purges(area))) found.push(area);
    }
    return found;
  }

  busyAt(start: Vpn): Area | undefined {
    for (let at = this.firstBeyond(start); at < this.areas.length; at++) {
      const area = this.areas[at] as Area;
      if (area.start > start) return undefined;
      if (area.start !== start || area.life !== "busy") continue;
      if (area.by === "alloc" || area.by === "vmap") return area;
    }
    return undefined;
  }

  /** The busy areas that a pcpuGet placed at this base. */
  percpuAt(base: Vpn): readonly Area[] {
    return this.areas.filter((area) => area.by === base && area.life === "busy");
  }

  holdsPcpu(base: Vpn, offsets: readonly Pages[]): boolean {
    const starts = this.percpuAt(base).map(({ start }) => start);
    return starts.length === offsets.length && offsets.every((offset) => starts.includes(base + offset));
  }

  holdsMap(start: Vpn, count: Pages): boolean {
    if (fitsBlock(this.scope, count)) return this.mapAt(start, count) !== undefined;
    return this.areas.some(
      (area) => area.start === start && area.by === "map" && area.life === "busy" && area.mapped === count,
    );
  }

  /** The block that holds this small map, its index among the areas, and the map's index in it. */
  mapAt(
    start: Vpn,
    count: Pages,
  ): { readonly area: Area; readonly at: number; readonly map: number } | undefined {
    for (let at = this.firstBeyond(start); at < this.areas.length; at++) {
      const area = this.areas[at] as Area;
      if (area.start > start) return undefined;
      if (area.block === undefined || area.end <= start) continue;
      const map = area.block.maps.findIndex(
        (each) => each.held && each.start === start && each.count === count,
      );
      if (map >= 0) return { area, at, map };
    }
    return undefined;
  }

  /** The block around these pages that never gave any of them out, and its index among the areas. */
  giverOf(extent: Extent): { readonly area: Area; readonly at: number } | undefined {
    // An extent of no page may be one at the very end of a block.
    for (let at = this.firstBeyond(extent.start - 1); at < this.areas.length; at++) {
      const area = this.areas[at] as Area;
      if (area.start > extent.start) return undefined;
      if (area.block === undefined || area.life === "lazy" || area.end < extent.end) continue;
      if (canGive(area.block, extent)) return { area, at };
    }
    return undefined;
  }

  blockCanGive(extent: Extent): boolean {
    return this.giverOf(extent) !== undefined;
  }

  lowestFit(request: Request, purgeable: Purgeable): Vpn | undefined {
    return lowestFit(this.inTheWay(purgeable), this.promises, request);
  }

  lowestFree(request: Request, purgeable: Purgeable): Vpn | undefined {
    return lowestFree(this.inTheWay(purgeable), this.promises, request);
  }

  highestCongruentFit(congruent: PercpuLayout, purgeable: Purgeable): Vpn | undefined {
    return highestCongruentFit(this.inTheWay(purgeable), this.promises, this.scope.vmalloc, congruent);
  }

  /** All that is taken, by start: the areas, and before a purge what pools may hold. */
  private inTheWay(purgeable: Purgeable): readonly Extent[] {
    if (purgeable === "gone") return this.areas.filter((each) => !this.purges(each));
    if (purgeable === "pools emptied" || this.pooled.length === 0) return this.areas;
    this.#taken ??= [...this.areas, ...this.pooled].sort((a, b) => a.start - b.start);
    return this.#taken;
  }

  mayBePooled(extent: Extent, node: number): boolean {
    return this.pooled.some(
      (each) => each.node === node && each.start === extent.start && each.end === extent.end,
    );
  }

  /** Whether a synchronous purge of this release takes the area. */
  purges(area: Area): boolean {
    return area.life === "lazy" || (isFragmented(area) && this.promises.fragments !== "kept");
  }

  /** Whether vm_unmap_aliases takes it, too. */
  aliasesPurge(area: Area): boolean {
    const { block, start, end } = area;
    if (!this.purges(area)) return false;
    return (
      block === undefined ||
      this.promises.fragments !== "usable kept" ||
      isLittleLeft(end - start, block.given)
    );
  }

  blockHasLeft(cpu: Cpu, pages: Pages): boolean {
    for (const { block, life, start, end } of this.areas) {
      if (block?.cpu === cpu && life === "busy" && end - start - block.given >= pages) return true;
    }
    return false;
  }

  fragmentedBlocks(cpu?: Cpu): number {
    let count = 0;
    for (const area of this.areas) {
      if (isFragmented(area) && (cpu === undefined || area.block?.cpu === cpu)) count += 1;
    }
    return count;
  }

  unflushedIn(extent: Extent): boolean {
    for (const other of this.unflushed) if (overlaps(other, extent)) return true;
    for (const dead of this.dead) if (overlaps(dead, extent)) return true;
    for (let at = this.firstBeyond(extent.start); at < this.areas.length; at++) {
      const area = this.areas[at] as Area;
      if (area.start >= extent.end) return false;
      if (area.life === "lazy" && area.end > extent.start) return true;
    }
    return false;
  }

  frameAt(page: Vpn): Pfn | undefined {
    for (let at = this.firstBeyond(page); at < this.areas.length; at++) {
      const area = this.areas[at] as Area;
      if (area.start > page) return undefined;
      if (area.end <= page || area.life !== "busy") continue;
      if (area.block === undefined) {
        if (page < area.start + area.mapped) return area.frame + (page - area.start);
        continue;
      }
      for (const { start, count, frame, held } of area.block.maps) {
        if (held && start <= page && page < start + count) return frame + (page - start);
      }
    }
    return undefined;
  }

  pteAt(page: Vpn): Pfn | undefined {
    const held = this.frameAt(page);
    if (held !== undefined) return held;
    for (const { start, end, frame, ptes } of this.dead) {
      if (ptes !== "gone" && start <= page && page < end) return frame + (page - start);
    }
    return undefined;
  }

  isTranslated(page: Vpn): boolean {
    for (const { start, end } of this.dead) if (start <= page && page < end) return true;
    for (const tlb of this.tlbs.values()) if (tlb.has(page)) return true;
    return this.frameAt(page) !== undefined;
  }

  mayBeMapped(frame: Pfn): boolean {
    for (const dead of this.dead) {
      if (dead.ptes !== "perhaps" && dead.frame <= frame && frame < dead.frame + (dead.end - dead.start))
        return true;
    }
    return false;
  }

  lastMappedAt(frame: Pfn): Vpn | undefined {
    const dead = this.dead.findLast(
      (each) => each.frame <= frame && frame < each.frame + (each.end - each.start),
    );
    return dead && dead.start + (frame - dead.frame);
  }
}

/**
 * The reference: the world as immutable data. Every step of a history can be kept and compared by value
 * (Immutable's `is`), and nothing a law asks can change it.
 */
import { hash, Map as ImmutableMap, is, List, type ValueObject } from "immutable";
import type { Alloc } from "../spec/commands.ts";
import type { Promises } from "../spec/releases.ts";
import type { Scope } from "../spec/scope.ts";
import {
  alignUp,
  type Cpu,
  type Extent,
  overlaps,
  type Pages,
  type Pfn,
  type Vpn,
} from "../spec/vocabulary.ts";
import type { World } from "../spec/world.ts";
import type { Area } from "./area.ts";

/** One CPU's translations that were seen to be made and not flushed since. */
export type Tlb = ImmutableMap<Vpn, Pfn>;

export interface WorldFields {
  readonly scope: Scope;
  readonly promises: Promises;
  /** By start. Disjoint unless an illegal reply made them overlap. */
  readonly areas: List<Area>;
  readonly lazyPages: Pages;
  readonly deadPtes: number;
  readonly leakedDescriptors: number;
  /** Released although no flush covered them since their owner let go. Empty unless a law was broken. */
  readonly unflushed: List<Extent>;
  readonly tlbs: ImmutableMap<Cpu, Tlb>;
  /** The next fresh frame; an allocation that maps takes one a page. */
  readonly nextFrame: Pfn;
}

/** The fields that a reply may change. */
export type Changes = Partial<Omit<WorldFields, "scope" | "promises">>;

export class ImmutableWorld implements World, WorldFields, ValueObject {
  readonly scope: Scope;
  readonly promises: Promises;
  readonly areas: List<Area>;
  readonly lazyPages: Pages;
  readonly deadPtes: number;
  readonly leakedDescriptors: number;
  readonly unflushed: List<Extent>;
  readonly tlbs: ImmutableMap<Cpu, Tlb>;
  readonly nextFrame: Pfn;
  /** The areas again, for walking: made once for the many questions that laws ask of one world. */
  readonly #walk: readonly Area[];

  private constructor(fields: WorldFields) {
    this.scope = fields.scope;
    this.promises = fields.promises;
    this.areas = fields.areas;
    this.lazyPages = fields.lazyPages;
    this.deadPtes = fields.deadPtes;
    this.leakedDescriptors = fields.leakedDescriptors;
    this.unflushed = fields.unflushed;
    this.tlbs = fields.tlbs;
    this.nextFrame = fields.nextFrame;
    this.#walk = fields.areas.toArray();
  }

  /** The world before the first command. */
  static empty(scope: Scope, promises: Promises): ImmutableWorld {
    return new ImmutableWorld({
      scope,
      promises,
      areas: List(),
      lazyPages: 0,
      deadPtes: 0,
      leakedDescriptors: 0,
      unflushed: List(),
      tlbs: ImmutableMap(),
      nextFrame: 1,
    });
  }

  /** A world that differs in these fields. */
  with(changes: Changes): ImmutableWorld {
    return new ImmutableWorld({
      scope: this.scope,
      promises: this.promises,
      areas: changes.areas ?? this.areas,
      lazyPages: changes.lazyPages ?? this.lazyPages,
      deadPtes: changes.deadPtes ?? this.deadPtes,
      leakedDescriptors: changes.leakedDescriptors ?? this.leakedDescriptors,
      unflushed: changes.unflushed ?? this.unflushed,
      tlbs: changes.tlbs ?? this.tlbs,
      nextFrame: changes.nextFrame ?? this.nextFrame,
    });
  }

  equals(other: unknown): boolean {
    return (
      other instanceof ImmutableWorld &&
      this.scope === other.scope &&
      this.promises === other.promises &&
      this.lazyPages === other.lazyPages &&
      this.deadPtes === other.deadPtes &&
      this.leakedDescriptors === other.leakedDescriptors &&
      this.nextFrame === other.nextFrame &&
      is(this.areas, other.areas) &&
      is(this.tlbs, other.tlbs) &&
      sameExtents(this.unflushed, other.unflushed)
    );
  }

  hashCode(): number {
    return this.areas.hashCode() ^ hash(this.nextFrame);
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

  areasIn(extent: Extent): readonly Area[] {
    const found: Area[] = [];
    for (const area of this.#walk) {
      if (area.start >= extent.end) break;
      if (area.end > extent.start) found.push(area);
    }
    return found;
  }

  busyAt(start: Vpn): Area | undefined {
    for (const area of this.#walk) {
      if (area.start > start) return undefined;
      if (area.start === start && area.life === "busy") return area;
    }
    return undefined;
  }

  /**
   * Walks up from the window's start. Whatever stands in the way pushes the candidate past its end; nothing
   * lower can serve then, for a lower start would run into the same area.
   */
  lowestFit(request: Alloc, lazy: "taken" | "gone"): Vpn | undefined {
    const { inside, afterArea, beforeNext } = this.promises.guard;
    const length = request.size + inside;
    let candidate = alignUp(request.vstart, request.align);
    for (const area of this.#walk) {
      if (lazy === "gone" && area.life === "lazy") continue;
      if (candidate >= area.end + afterArea) continue;
      if (candidate + length + beforeNext <= area.start) break;
      candidate = alignUp(area.end + afterArea, request.align);
    }
    return candidate + length <= request.vend ? candidate : undefined;
  }

  unflushedIn(extent: Extent): boolean {
    for (const other of this.unflushed) if (overlaps(other, extent)) return true;
    for (const area of this.#walk) {
      if (area.start >= extent.end) return false;
      if (area.life === "lazy" && area.end > extent.start) return true;
    }
    return false;
  }

  frameAt(page: Vpn): Pfn | undefined {
    for (const area of this.#walk) {
      if (area.start > page) return undefined;
      if (area.life === "busy" && page < area.start + area.mapped) return area.frame + (page - area.start);
    }
    return undefined;
  }

  mayTranslate(cpu: Cpu, page: Vpn, frame: Pfn): boolean {
    return this.tlbs.get(cpu)?.get(page) === frame;
  }
}

function sameExtents(a: List<Extent>, b: List<Extent>): boolean {
  return (
    a.size === b.size && a.every(({ start, end }, at) => b.get(at)?.start === start && b.get(at)?.end === end)
  );
}

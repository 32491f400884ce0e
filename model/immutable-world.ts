/**
 * The reference: the world as immutable data. Every step of a history can be kept and compared by value
 * (Immutable's `is`), and nothing a law asks can change it.
 */
import { Map as ImmutableMap, List, Record } from "immutable";
import type { Alloc } from "../spec/commands.ts";
import { type Promises, RELEASES } from "../spec/releases.ts";
import type { Scope } from "../spec/scope.ts";
import { alignUp, type Cpu, type Extent, type Pages, type Pfn, type Vpn } from "../spec/vocabulary.ts";
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

const NOWHERE: Scope = {
  name: "nowhere",
  wordPages: 0,
  cpus: 0,
  lazyMaxPages: 0,
  sizes: [],
  aligns: [],
  windows: [],
};

export class ImmutableWorld
  extends Record<WorldFields>({
    scope: NOWHERE,
    promises: RELEASES[0] as Promises,
    areas: List<Area>(),
    lazyPages: 0,
    deadPtes: 0,
    leakedDescriptors: 0,
    unflushed: List<Extent>(),
    tlbs: ImmutableMap<Cpu, Tlb>(),
    nextFrame: 1,
  })
  implements World
{
  get releasedUnflushed(): Pages {
    return this.unflushed.reduce((pages, extent) => pages + extent.end - extent.start, 0);
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
    for (const area of this.areas) {
      if (area.start >= extent.end) break;
      if (area.end > extent.start) found.push(area);
    }
    return found;
  }

  busyAt(start: Vpn): Area | undefined {
    for (const area of this.areas) {
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
    for (const area of this.areas) {
      if (lazy === "gone" && area.life === "lazy") continue;
      if (candidate >= area.end + afterArea) continue;
      if (candidate + length + beforeNext <= area.start) break;
      candidate = alignUp(area.end + afterArea, request.align);
    }
    return candidate + length <= request.vend ? candidate : undefined;
  }

  unflushedIn(extent: Extent): boolean {
    const shares = (other: Extent) => other.start < extent.end && extent.start < other.end;
    return this.unflushed.some(shares) || this.areasIn(extent).some((area) => area.life === "lazy");
  }

  frameAt(page: Vpn): Pfn | undefined {
    for (const area of this.areas) {
      if (area.start > page) return undefined;
      if (area.life === "busy" && page < area.start + area.mapped) return area.frame + (page - area.start);
    }
    return undefined;
  }

  mayTranslate(cpu: Cpu, page: Vpn, frame: Pfn): boolean {
    return this.tlbs.get(cpu)?.get(page) === frame;
  }
}

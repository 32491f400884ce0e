/**
 * The world as flat arrays: the same answers as the reference (immutable-world.ts), in a fraction of the time.
 * For long random runs and exhaustive search. A test holds the two equal, transition by transition.
 *
 * Every question here is asked many times for each command, so its loops are plain: no closures, no iterators,
 * and no object made but for what is found.
 */
import type { Congruent } from "../spec/commands.ts";
import type { Promises } from "../spec/releases.ts";
import { fitsBlock, isLittleLeft, type Scope } from "../spec/scope.ts";
import type { Cpu, Extent, Pages, Pfn, Vpn } from "../spec/vocabulary.ts";
import type { AreaView, Purgeable, Request, World } from "../spec/world.ts";
import { blockView, canGive, frameInBlock, mapIn } from "./packed-blocks.ts";
import { highestCongruentFit, lowestFit } from "./packed-fit.ts";
import {
  AREA,
  BLOCK,
  BUSY,
  BY,
  BY_ALLOC,
  BY_MAP,
  BY_PERCPU,
  BY_VMAP,
  CPU,
  DEAD,
  DEAD_FRAME,
  END,
  EXTENT,
  FRAME,
  GIVEN,
  GONE,
  HELD_MAPS,
  LAZY,
  LIFE,
  MAPPED,
  NO_BLOCK,
  NOWHERE,
  type Packed,
  PERHAPS,
  PTES,
  START,
  TRANSLATION,
} from "./packed-layout.ts";
import type { PooledExtents } from "./pools.ts";

/** As WorldFields of the reference; the arrays are laid out as packed-layout.ts says. */
export interface PackedFields {
  readonly scope: Scope;
  readonly promises: Promises;
  readonly initialised: boolean;
  /** Areas, by start. */
  readonly areas: Packed;
  /** Blocks, by the number that their areas give. Worlds share those that did not change. */
  readonly blocks: readonly Packed[];
  readonly lazyPages: Pages;
  readonly ptes: number;
  readonly held: number;
  readonly dead: Packed;
  /** As the reference has it: there is seldom any. */
  readonly pooled: PooledExtents;
  readonly leakedDescriptors: number;
  /** Extents. */
  readonly unflushed: Packed;
  readonly tlb: Packed;
  readonly nextFrame: Pfn;
}

/** A world that is being made, before anybody else sees it. Its arrays are replaced, never written to. */
export type Draft = { -readonly [Field in keyof PackedWorld]: PackedWorld[Field] };

const NOTHING: Packed = [];
const NOTHING_POOLED: PooledExtents = [];
const NO_AREAS: readonly AreaView[] = [];
export class PackedWorld implements World, PackedFields {
  readonly scope: Scope;
  readonly promises: Promises;
  readonly initialised: boolean;
  readonly areas: Packed;
  readonly blocks: readonly Packed[];
  readonly lazyPages: Pages;
  readonly ptes: number;
  readonly held: number;
  readonly dead: Packed;
  readonly pooled: PooledExtents;
  readonly leakedDescriptors: number;
  readonly unflushed: Packed;
  readonly tlb: Packed;
  readonly nextFrame: Pfn;

  constructor(fields: PackedFields) {
    this.scope = fields.scope;
    this.promises = fields.promises;
    this.initialised = fields.initialised;
    this.areas = fields.areas;
    this.blocks = fields.blocks;
    this.lazyPages = fields.lazyPages;
    this.ptes = fields.ptes;
    this.held = fields.held;
    this.dead = fields.dead;
    this.pooled = fields.pooled;
    this.leakedDescriptors = fields.leakedDescriptors;
    this.unflushed = fields.unflushed;
    this.tlb = fields.tlb;
    this.nextFrame = fields.nextFrame;
  }

  /** The world before the first command. */
  static empty(scope: Scope, promises: Promises): PackedWorld {
    return new PackedWorld({
      scope,
      promises,
      initialised: !scope.beforeInit,
      areas: NOTHING,
      blocks: [],
      lazyPages: 0,
      ptes: 0,
      held: 0,
      dead: NOTHING,
      pooled: NOTHING_POOLED,
      leakedDescriptors: 0,
      unflushed: NOTHING,
      tlb: NOTHING,
      nextFrame: 1,
    });
  }

  get deadPtes(): number {
    return this.ptes - this.held;
  }

  get releasedUnflushed(): Pages {
    const { unflushed } = this;
    let pages = 0;
    for (let at = 0; at < unflushed.length; at += EXTENT) {
      pages += (unflushed[at + END] as number) - (unflushed[at + START] as number);
    }
    return pages;
  }

  get deadTranslations(): number {
    const { tlb } = this;
    let dead = 0;
    for (let at = 0; at < tlb.length; at += TRANSLATION) {
      if (this.frameAt(tlb[at + 1] as number) !== tlb[at + 2]) dead += 1;
    }
    return dead;
  }

  areasIn(extent: Extent, purgeable: Purgeable = "taken"): readonly AreaView[] {
    const { areas } = this;
    const { start, end } = extent;
    let found: AreaView[] | undefined;
    for (let at = 0; at < areas.length && (areas[at + START] as number) < end; at += AREA) {
      if ((areas[at + END] as number) <= start) continue;
      if (purgeable === "gone" && this.purges(at)) continue;
      found ??= [];
      found.push(viewAt(this, at));
    }
    return found ?? NO_AREAS;
  }

  busyAt(start: Vpn): Extent | undefined {
    const { areas } = this;
    for (let at = 0; at < areas.length && (areas[at + START] as number) <= start; at += AREA) {
      if (areas[at + START] !== start || areas[at + LIFE] !== BUSY) continue;
      if (areas[at + BY] === BY_ALLOC || areas[at + BY] === BY_VMAP)
        return { start, end: areas[at + END] as Vpn };
    }
    return undefined;
  }

  holdsPcpu(base: Vpn, offsets: readonly Pages[]): boolean {
    const { areas } = this;
    let held = 0;
    for (let at = 0; at < areas.length; at += AREA) {
      if (areas[at + BY] !== BY_PERCPU + base || areas[at + LIFE] === LAZY) continue;
      if (!offsets.includes((areas[at + START] as number) - base)) return false;
      held += 1;
    }
    return held === offsets.length;
  }

  holdsMap(start: Vpn, count: Pages): boolean {
    if (fitsBlock(this.scope, count)) return this.areaOfMap(start, count) !== NOWHERE;
    const { areas } = this;
    for (let at = 0; at < areas.length; at += AREA) {
      if (areas[at + START] !== start || areas[at + MAPPED] !== count) continue;
      if (areas[at + BY] === BY_MAP && areas[at + LIFE] === BUSY) return true;
    }
    return false;
  }

  /** The place of the block that holds this small map, or NOWHERE. */
  areaOfMap(start: Vpn, count: Pages): number {
    const { areas } = this;
    for (let at = 0; at < areas.length && (areas[at + START] as number) <= start; at += AREA) {
      const number = areas[at + BLOCK] as number;
      if (number === NO_BLOCK || (areas[at + END] as number) <= start) continue;
      if (mapIn(this.blocks[number] as Packed, start, count) !== NOWHERE) return at;
    }
    return NOWHERE;
  }

  /** The place of the block that stands around these pages and never gave any of them out, or NOWHERE. */
  giverOf(start: Vpn, end: Vpn): number {
    const { areas } = this;
    for (let at = 0; at < areas.length && (areas[at + START] as number) <= start; at += AREA) {
      const number = areas[at + BLOCK] as number;
      if (number === NO_BLOCK || areas[at + LIFE] === LAZY || (areas[at + END] as number) < end) continue;
      if (canGive(this.blocks[number] as Packed, start, end)) return at;
    }
    return NOWHERE;
  }

  blockCanGive(extent: Extent): boolean {
    return this.giverOf(extent.start, extent.end) !== NOWHERE;
  }

  lowestFit(request: Request, purgeable: Purgeable): Vpn | undefined {
    return lowestFit(this, request, purgeable, this.promises.guard);
  }

  lowestFree(request: Request, purgeable: Purgeable): Vpn | undefined {
    const guard = { inside: this.promises.guard.inside, afterArea: 0, beforeNext: 0 };
    return lowestFit(this, request, purgeable, guard);
  }

  highestCongruentFit(congruent: Congruent, purgeable: Purgeable): Vpn | undefined {
    return highestCongruentFit(this, congruent, purgeable);
  }

  mayBePooled({ start, end }: Extent, node: number): boolean {
    return this.pooled.some((each) => each.node === node && each.start === start && each.end === end);
  }

  /** Whether a synchronous purge of this release takes the area at this place. */
  purges(at: number): boolean {
    return this.areas[at + LIFE] === LAZY || (this.promises.fragments !== "kept" && isFragmented(this, at));
  }

  /** Whether vm_unmap_aliases takes it, too. */
  aliasesPurge(at: number): boolean {
    if (!this.purges(at)) return false;
    const { areas } = this;
    const number = areas[at + BLOCK] as number;
    if (number === NO_BLOCK || this.promises.fragments !== "usable kept") return true;
    const given = (this.blocks[number] as Packed)[GIVEN] as number;
    return isLittleLeft((areas[at + END] as number) - (areas[at + START] as number), given);
  }

  blockHasLeft(cpu: Cpu, pages: Pages): boolean {
    const { areas } = this;
    for (let at = 0; at < areas.length; at += AREA) {
      const number = areas[at + BLOCK] as number;
      if (number === NO_BLOCK || areas[at + LIFE] === LAZY) continue;
      const block = this.blocks[number] as Packed;
      const size = (areas[at + END] as number) - (areas[at + START] as number);
      if (block[CPU] === cpu && size - (block[GIVEN] as number) >= pages) return true;
    }
    return false;
  }

  fragmentedBlocks(cpu?: Cpu): number {
    if (this.blocks.length === 0) return 0;
    const { areas } = this;
    let count = 0;
    for (let at = 0; at < areas.length; at += AREA) {
      if (!isFragmented(this, at)) continue;
      if (cpu === undefined || (this.blocks[areas[at + BLOCK] as number] as Packed)[CPU] === cpu) count += 1;
    }
    return count;
  }

  unflushedIn(extent: Extent): boolean {
    const { start, end } = extent;
    if (anyOverlaps(this.unflushed, EXTENT, start, end) || anyOverlaps(this.dead, DEAD, start, end))
      return true;
    const { areas } = this;
    for (let at = 0; at < areas.length && (areas[at + START] as number) < end; at += AREA) {
      if (areas[at + LIFE] === LAZY && (areas[at + END] as number) > start) return true;
    }
    return false;
  }

  frameAt(page: Vpn): Pfn | undefined {
    const { areas } = this;
    for (let at = 0; at < areas.length; at += AREA) {
      const start = areas[at + START] as number;
      if (start > page) return undefined;
      if ((areas[at + END] as number) <= page || areas[at + LIFE] === LAZY) continue;
      const number = areas[at + BLOCK] as number;
      if (number !== NO_BLOCK) {
        const frame = frameInBlock(this.blocks[number] as Packed, page);
        if (frame !== undefined) return frame;
      } else if (page < start + (areas[at + MAPPED] as number)) {
        return (areas[at + FRAME] as number) + (page - start);
      }
    }
    return undefined;
  }

  pteAt(page: Vpn): Pfn | undefined {
    const held = this.frameAt(page);
    if (held !== undefined) return held;
    const { dead } = this;
    for (let at = 0; at < dead.length; at += DEAD) {
      const start = dead[at + START] as number;
      if (dead[at + PTES] !== GONE && start <= page && page < (dead[at + END] as number)) {
        return (dead[at + DEAD_FRAME] as number) + (page - start);
      }
    }
    return undefined;
  }

  mayBeMapped(frame: Pfn): boolean {
    const { dead } = this;
    for (let at = 0; at < dead.length; at += DEAD) {
      if (dead[at + PTES] !== PERHAPS && wasMapped(dead, at, frame)) return true;
    }
    return false;
  }

  lastMappedAt(frame: Pfn): Vpn | undefined {
    const { dead } = this;
    for (let at = dead.length - DEAD; at >= 0; at -= DEAD) {
      if (!wasMapped(dead, at, frame)) continue;
      return (dead[at + START] as number) + (frame - (dead[at + DEAD_FRAME] as number));
    }
    return undefined;
  }
}

/** The area at this place, as laws see one. */
function viewAt({ areas, blocks }: PackedFields, at: number): AreaView {
  const number = areas[at + BLOCK] as number;
  return {
    start: areas[at + START] as Vpn,
    end: areas[at + END] as Vpn,
    life: areas[at + LIFE] === LAZY ? "lazy" : "busy",
    block: number === NO_BLOCK ? undefined : blockView(blocks[number] as Packed),
    vmapped: areas[at + BY] === BY_VMAP ? (areas[at + MAPPED] as Pages) : 0,
  };
}

/** Whether the area at this place is a block in which nothing is mapped and which was not used up. */
function isFragmented({ areas, blocks }: PackedFields, at: number): boolean {
  const number = areas[at + BLOCK] as number;
  if (number === NO_BLOCK || areas[at + LIFE] === LAZY) return false;
  return (blocks[number] as Packed)[HELD_MAPS] === 0;
}

/** Whether some record of this stride shares a page with [start, end). */
function anyOverlaps(extents: Packed, stride: number, start: Vpn, end: Vpn): boolean {
  for (let at = 0; at < extents.length; at += stride) {
    if ((extents[at + START] as number) < end && start < (extents[at + END] as number)) return true;
  }
  return false;
}

/** Whether the dead record at this place is, among others, of this frame. */
function wasMapped(dead: Packed, at: number, frame: Pfn): boolean {
  const first = dead[at + DEAD_FRAME] as number;
  return first <= frame && frame < first + ((dead[at + END] as number) - (dead[at + START] as number));
}

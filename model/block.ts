/** A per-CPU block of the reference world, and the small maps in it. */
import { hash, is, type List, type ValueObject } from "immutable";
import { type Cpu, type Extent, type Pages, type Pfn, roundedUp, type Vpn } from "../spec/vocabulary.ts";
import type { BlockView } from "../spec/world.ts";

export interface RamMapFields {
  readonly start: Vpn;
  readonly count: Pages;
  /** Of its first page; the others follow. */
  readonly frame: Pfn;
  readonly held: boolean;
}

/** A small map in a block, compared by value. It keeps its pages from being given out again, held or not. */
export class RamMap implements RamMapFields, ValueObject {
  readonly start: Vpn;
  readonly count: Pages;
  readonly frame: Pfn;
  readonly held: boolean;

  constructor({ start, count, frame, held }: RamMapFields) {
    this.start = start;
    this.count = count;
    this.frame = frame;
    this.held = held;
  }

  /** The pages it takes, rounded up to a power of two. */
  get end(): Vpn {
    return this.start + roundedUp(this.count);
  }

  letGo(): RamMap {
    const { start, count, frame } = this;
    return new RamMap({ start, count, frame, held: false });
  }

  equals(other: unknown): boolean {
    return (
      other instanceof RamMap &&
      this.start === other.start &&
      this.count === other.count &&
      this.frame === other.frame &&
      this.held === other.held
    );
  }

  hashCode(): number {
    return hash(this.start) ^ hash(this.count) ^ (this.held ? 1 : 0);
  }
}

/** A per-CPU block in the reference world: the maps that went into it, in their order. */
export class Block implements BlockView, ValueObject {
  readonly cpu: Cpu;
  readonly maps: List<RamMap>;
  readonly given: Pages;
  readonly givenBack: Pages;
  /** Maps that are held. */
  readonly held: number;

  constructor(cpu: Cpu, maps: List<RamMap>) {
    this.cpu = cpu;
    this.maps = maps;
    let given = 0;
    let givenBack = 0;
    let held = 0;
    for (const map of maps) {
      const pages = map.end - map.start;
      given += pages;
      if (map.held) held += 1;
      else givenBack += pages;
    }
    this.given = given;
    this.givenBack = givenBack;
    this.held = held;
  }

  /** The block once this map was put into it. */
  withMap(map: RamMap): Block {
    return new Block(this.cpu, this.maps.push(map));
  }

  /** The block once the map number `index` was let go. */
  letGo(index: number): Block {
    return new Block(
      this.cpu,
      this.maps.update(index, (map) => (map as RamMap).letGo()),
    );
  }

  /** Whether none of these pages was ever given out. */
  canGive(extent: Extent): boolean {
    for (const map of this.maps) if (map.start < extent.end && extent.start < map.end) return false;
    return true;
  }

  equals(other: unknown): boolean {
    return other instanceof Block && this.cpu === other.cpu && is(this.maps, other.maps);
  }

  hashCode(): number {
    return this.maps.hashCode() ^ this.cpu;
  }
}

/** An area of the reference world. */
import { hash, is, type ValueObject } from "immutable";
import type { Pages, Pfn, Vpn } from "../spec/vocabulary.ts";
import type { AreaView, Life } from "../spec/world.ts";
import type { Block } from "./block.ts";

/** Who asked for an area, and so lets it go: an allocation, vmap, a map, or a pcpuGet, which is known by its base. */
export type Owner = "alloc" | "vmap" | "map" | Vpn;

export interface AreaFields {
  readonly start: Vpn;
  readonly end: Vpn;
  readonly life: Life;
  /** A map's is an area of its own, or a block. */
  readonly by: Owner;
  /** Pages mapped from `start` on, each to the next frame from `frame` on; 0 for an area that maps nothing. */
  readonly mapped: number;
  readonly frame: Pfn;
  /** Of an area that is a block. */
  readonly block: Block | undefined;
  /** The node whose pools it goes to when it is released, if any. */
  readonly node: number | undefined;
}

/**
 * An area in the reference world, compared by value. Its end is start + size in plain integers; the kernel's
 * may have wrapped. (A class with fields of its own, not an Immutable Record: laws read areas far more often
 * than anything makes one, and a Record's fields are looked up each time.)
 */
export class Area implements AreaView, AreaFields, ValueObject {
  readonly start: Vpn;
  readonly end: Vpn;
  readonly life: Life;
  readonly by: Owner;
  readonly mapped: number;
  readonly frame: Pfn;
  readonly block: Block | undefined;
  readonly node: number | undefined;

  constructor({ start, end, life, by, mapped, frame, block, node }: AreaFields) {
    this.start = start;
    this.end = end;
    this.life = life;
    this.by = by;
    this.mapped = mapped;
    this.frame = frame;
    this.block = block;
    this.node = node;
  }

  get vmapped(): Pages {
    return this.by === "vmap" ? this.mapped : 0;
  }

  /** The same area in another life. */
  in(life: Life): Area {
    if (life === this.life) return this;
    const { start, end, by, mapped, frame, block, node } = this;
    return new Area({ start, end, life, by, mapped, frame, block, node });
  }

  /** The same area with its block as it is now; one that was wholly given back is lazy. */
  withBlock(block: Block): Area {
    const life = block.givenBack === this.end - this.start ? "lazy" : "busy";
    const { start, end, by, mapped, frame, node } = this;
    return new Area({ start, end, life, by, mapped, frame, block, node });
  }

  /** A block in which nothing is mapped and which was not used up. */
  get fragmented(): boolean {
    const { block } = this;
    return block !== undefined && block.held === 0 && this.life !== "lazy";
  }

  equals(other: unknown): boolean {
    return (
      other instanceof Area &&
      this.start === other.start &&
      this.end === other.end &&
      this.life === other.life &&
      this.by === other.by &&
      this.mapped === other.mapped &&
      this.frame === other.frame &&
      this.node === other.node &&
      is(this.block, other.block)
    );
  }

  hashCode(): number {
    return hash(this.start) ^ hash(this.end) ^ hash(this.life);
  }
}

import { hash, type ValueObject } from "immutable";
import type { Pfn, Vpn } from "../spec/vocabulary.ts";
import type { AreaView, Life } from "../spec/world.ts";

export interface AreaFields {
  readonly start: Vpn;
  readonly end: Vpn;
  readonly life: Life;
  /** Pages mapped from `start` on, each to the next frame from `frame` on; 0 for an area that maps nothing. */
  readonly mapped: number;
  readonly frame: Pfn;
  /** Whether the PTEs of those pages are still present: a release may leave them until the purge. */
  readonly ptesPresent: boolean;
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
  readonly mapped: number;
  readonly frame: Pfn;
  readonly ptesPresent: boolean;

  constructor(fields: AreaFields) {
    this.start = fields.start;
    this.end = fields.end;
    this.life = fields.life;
    this.mapped = fields.mapped;
    this.frame = fields.frame;
    this.ptesPresent = fields.ptesPresent;
  }

  /** The same area once its owner has let go. */
  letGo(ptesPresent: boolean): Area {
    return new Area({ ...this, life: "lazy", ptesPresent });
  }

  equals(other: unknown): boolean {
    return (
      other instanceof Area &&
      this.start === other.start &&
      this.end === other.end &&
      this.life === other.life &&
      this.mapped === other.mapped &&
      this.frame === other.frame &&
      this.ptesPresent === other.ptesPresent
    );
  }

  hashCode(): number {
    return hash(this.start) ^ hash(this.end) ^ (this.life === "lazy" ? 1 : 0);
  }
}

/** What was let go in the reference world and may still be translated. */
import { hash, type ValueObject } from "immutable";
import type { Extent, Pfn, Vpn } from "../spec/vocabulary.ts";

/**
 * Whether the PTEs of something let go are there still: perhaps, where a reply cleared some, not all, and
 * flushed these pages; what it cleared is clean then.
 */
export type Ptes = "there" | "perhaps" | "gone";

/**
 * Pages that were let go and that some CPU may still translate: their PTEs are there, so that a TLB may be
 * filled from them at any time, or have gone without a flush since.
 */
export class Dead implements Extent, ValueObject {
  readonly start: Vpn;
  readonly end: Vpn;
  /** Of the first page; the others follow. */
  readonly frame: Pfn;
  readonly ptes: Ptes;

  constructor(start: Vpn, end: Vpn, frame: Pfn, ptes: Ptes) {
    this.start = start;
    this.end = end;
    this.frame = frame;
    this.ptes = ptes;
  }

  /** These pages of it. */
  part({ start, end }: Extent): Dead {
    return new Dead(start, end, this.frame + (start - this.start), this.ptes);
  }

  with(ptes: Ptes): Dead {
    return ptes === this.ptes ? this : new Dead(this.start, this.end, this.frame, ptes);
  }

  equals(other: unknown): boolean {
    return (
      other instanceof Dead &&
      this.start === other.start &&
      this.end === other.end &&
      this.frame === other.frame &&
      this.ptes === other.ptes
    );
  }

  hashCode(): number {
    return hash(this.start) ^ hash(this.frame);
  }
}

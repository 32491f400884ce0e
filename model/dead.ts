import { hash, type ValueObject } from "immutable";
import type { Extent, Pfn, Vpn } from "../spec/vocabulary.ts";

/**
 * Pages that were let go and that some CPU may still translate: their PTEs are there, so that a TLB may be
 * filled from them at any time, or have gone without a flush since.
 */
export class Dead implements Extent, ValueObject {
  readonly start: Vpn;
  readonly end: Vpn;
  /** Of the first page; the others follow. */
  readonly frame: Pfn;
  readonly ptesPresent: boolean;

  constructor(start: Vpn, end: Vpn, frame: Pfn, ptesPresent: boolean) {
    this.start = start;
    this.end = end;
    this.frame = frame;
    this.ptesPresent = ptesPresent;
  }

  /** These pages of it. */
  part({ start, end }: Extent): Dead {
    return new Dead(start, end, this.frame + (start - this.start), this.ptesPresent);
  }

  withoutPtes(): Dead {
    return this.ptesPresent ? new Dead(this.start, this.end, this.frame, false) : this;
  }

  equals(other: unknown): boolean {
    return (
      other instanceof Dead &&
      this.start === other.start &&
      this.end === other.end &&
      this.frame === other.frame &&
      this.ptesPresent === other.ptesPresent
    );
  }

  hashCode(): number {
    return hash(this.start) ^ hash(this.frame);
  }
}

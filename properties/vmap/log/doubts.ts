/**
 * Extents that a violation was about, or what may become one: what lies there is not known until an area is placed or
 * freed there. Until then what contradicts the log there again has the same cause.
 */
import type { Extent } from "../../../spec/vmap/vocabulary.ts";
import type { Cause } from "./account.ts";
import { Extents } from "./area.ts";

/** Where that is not decided yet, it may turn out to be none. */
export const AFTER_VIOLATION = "what is or may be a violation leaves it open what lies there";

export interface Doubt extends Extent {
  readonly cause: Cause;
}

/** Of more than these all are forgotten. */
const MOST_DOUBTS = 10_000;

export class Doubts extends Extents<Doubt> {
  /** What no other cause has of the extent. */
  mark({ start, end }: Extent, cause: Cause): void {
    if (this.size >= MOST_DOUBTS) this.clear();
    let from = start;
    for (const old of this.overlapping({ start, end })) {
      if (from < old.start) this.add({ start: from, end: old.start, cause });
      from = old.end;
    }
    if (from < end) this.add({ start: from, end, cause });
  }

  touch(extent: Extent): boolean {
    return this.size > 0 && this.overlapping(extent).length > 0;
  }

  /** What lies here is known. */
  settle({ start, end }: Extent): void {
    for (const old of this.overlapping({ start, end })) {
      this.remove(old);
      if (old.start < start) this.add({ ...old, end: start });
      if (end < old.end) this.add({ ...old, start: end });
    }
  }

  /** Nothing was wrong. */
  drop(cause: Cause): void {
    this.all = this.all.filter((each) => each.cause !== cause);
  }

  clear(): void {
    this.all = [];
  }
}

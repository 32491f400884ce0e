/** A host that traps clears the PTEs of the pinned frame, and no other, whichever page of an area has it. */
import { describe, expect, test } from "vitest";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Pfn } from "../../spec/vmap/vocabulary.ts";
import { FOUR_BLOCKS, flush, mapped, type Pair, pinned, unmapped } from "./pairs.testing.ts";
import { vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

/** To 2.6.36 PTEs stay until a purge. */
const SPEC = vmapSpec(releaseOf("2.6.28"));
const FRAMES: readonly Pfn[] = [1, 2, 3, 4];
const pageOf = (frame: Pfn) => 63 + frame;
/** Frames 1 to 4 were mapped from page 64 on and unmapped, their PTEs left. */
const LEFT: readonly Pair[] = [mapped(64, 4), unmapped(64, 4, { pteCleared: 0 })];

const world = (...more: readonly Pair[]): ImmutableWorld =>
  [...LEFT, ...more].reduce(
    (before, [command, response]) => SPEC.after(before, command, response) as ImmutableWorld,
    SPEC.initial(FOUR_BLOCKS),
  );
const withPte = (of: ImmutableWorld) => FRAMES.filter((frame) => of.pteAt(pageOf(frame)) === frame);
const translated = (of: ImmutableWorld) => FRAMES.filter((frame) => of.mayBeMapped(frame));

describe("of four frames that were unmapped and keep their PTEs", () => {
  test("Four unmapped frames with PTEs may all be translated before one is pinned", () => {
    const here = world();
    expect([here.deadPtes, withPte(here), translated(here)]).toEqual([4, FRAMES, FRAMES]);
  });

  test.each(FRAMES)(
    "A trap clears exactly the PTE of frame %d of four, and what is flushed with it",
    (frame) => {
      const others = FRAMES.filter((each) => each !== frame);
      const page = pageOf(frame);
      const trapped = (...extents: readonly [number, number][]) =>
        world(pinned(frame, false, { traps: 1, pteCleared: 1, ...flush(...extents) }));
      const flushed = trapped([page, page + 1]);
      expect([flushed.deadPtes, withPte(flushed), translated(flushed)]).toEqual([3, others, others]);
      const elsewhere = trapped([80, 81]);
      expect([elsewhere.deadPtes, withPte(elsewhere), translated(elsewhere)]).toEqual([3, others, FRAMES]);
      // Which PTEs the kernel cleared beside that is not known.
      const all = trapped([0, 256]);
      expect([all.deadPtes, withPte(all), translated(all)]).toEqual([3, others, []]);
    },
  );

  test("A pin without a trap, or of another frame, clears no PTE of four unmapped frames", () => {
    for (const pair of [pinned(2, false), pinned(5, false, { traps: 1, ...flush([80, 81]) })]) {
      const here = world(pair);
      expect([withPte(here), here.mayBeMapped(5)]).toEqual([FRAMES, false]);
    }
  });
});

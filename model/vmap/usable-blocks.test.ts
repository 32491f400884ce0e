/** vm_unmap_aliases leaves usable blocks where they are. What shows that it did not, release by release. */
import { describe, expect, test } from "vitest";
import { judge } from "../../spec/contract.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Pages } from "../../spec/vmap/vocabulary.ts";
import { done, FOUR_BLOCKS, flush, mapped, type Pair, unmapped } from "./pairs.testing.ts";
import { vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

const LAW = "usable-blocks-stay";
const swept = (more: object): Pair => [{ op: "unmapAliases" }, done(more)];

/** A block of eight pages, of which this number was given out, two at a time, and all of them given back. */
const emptied = (given: Pages): readonly Pair[] => [
  ...starts(given).map((start) => mapped(start, 2)),
  ...starts(given).map((start) => unmapped(start, 2)),
];
const starts = (given: Pages) => Array.from({ length: given / 2 }, (_none, nth) => 64 + 2 * nth);

/** Whether a release of this label that promised the law would keep it with the last reply. */
function keeps(label: string, history: readonly Pair[], last: Pair): boolean {
  const spec = vmapSpec(releaseOf(label));
  const before = history.reduce(
    (world, [command, response]) => spec.after(world, command, response) as ImmutableWorld,
    spec.initial(FOUR_BLOCKS),
  );
  return judge(spec, lawsCalled([LAW]), before, ...last).accepted;
}

/** A descriptor for the area and one for the block; and none. */
const STAYED = { descriptors: 2 };
const WENT = { descriptors: 0 };

describe("to 6.4, where a purge takes fragmented blocks", () => {
  // aa------ : six of eight pages were never given out.
  test("Up to 6.4 a flush that covers a usable block released it", () => {
    expect(keeps("6.4", emptied(2), swept(flush([64, 66])))).toBe(true);
    expect(keeps("6.4", emptied(2), swept(flush([64, 72])))).toBe(false);
  });

  // aabb---- with b held: nothing purges it, whatever is flushed.
  test("Up to 6.4 a purge never takes a block in which something is mapped", () => {
    const half = [mapped(64, 2), mapped(66, 2), unmapped(64, 2)];
    expect(keeps("6.4", half, swept(flush([64, 72])))).toBe(true);
  });
});

describe("from 6.5 on, where a usable block is said to stay", () => {
  test("From 6.5 on descriptors show that a usable block was released, whatever was flushed", () => {
    expect(keeps("6.5", emptied(2), swept({ ...flush([64, 72]), ...STAYED }))).toBe(true);
    expect(keeps("6.5", emptied(2), swept({ ...flush([64, 72]), ...WENT }))).toBe(false);
  });

  test("From 6.5 on no kernel is accused if descriptors cannot be counted", () => {
    expect(keeps("6.5", emptied(2), swept(flush([64, 72])))).toBe(true);
  });

  // aabbcc-- : a quarter is left.
  test("From 6.5 on a block with a quarter left stays", () => {
    expect(keeps("6.5", emptied(6), swept({ ...flush([64, 72]), ...WENT }))).toBe(false);
    expect(keeps("6.4", emptied(6), swept(flush([64, 72])))).toBe(false);
  });

  // aabbccd- : an eighth is left.
  test("From 6.5 on a block with less than a quarter left need not stay", () => {
    const little = [...emptied(6), mapped(70, 1), unmapped(70, 1)];
    expect(keeps("6.5", little, swept({ ...flush([64, 72]), ...WENT }))).toBe(true);
    expect(keeps("6.4", little, swept(flush([64, 72])))).toBe(true);
  });
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { quickly } from "../../engine/bounds.testing.ts";
import { NONE } from "./areas.ts";
import { MARKS } from "./coverage-marks.ts";
import {
  assignFreeSpace,
  copyFreeSpace,
  type FreeSpace,
  freeExtents,
  giveSpace,
  measure,
  noFreeSpace,
  takeSpace,
  wholeSpace,
} from "./free-space.ts";

const WORD = 64;

/** The subtree's height in black nodes. What breaks a rule of the tree is put into `wrong`. */
function checked(free: FreeSpace, slot: number, parentIsRed: boolean, wrong: string[]): number {
  if (slot === NONE) return 1;
  const isRed = free.red[slot] === 1;
  const children = [free.left[slot] as number, free.right[slot] as number];
  if (isRed && parentIsRed) wrong.push(`${slot}: red below red`);
  const [below, above] = children.map((child) => checked(free, child, isRed, wrong)) as [number, number];
  if (below !== above) wrong.push(`${slot}: ${below} black nodes below it, ${above} above`);
  const nodes = children.filter((child) => child !== NONE);
  const largest = Math.max(measure(free, slot), ...nodes.map((child) => free.largest[child] as number));
  if (free.largest[slot] !== largest) wrong.push(`${slot}: its largest is not ${largest}`);
  for (const child of nodes)
    if (free.parent[child] !== slot) wrong.push(`${child}: its parent is not ${slot}`);
  return below + (isRed ? 0 : 1);
}

/** Ordered, no two extents touch, every subtree's largest true, red-black. */
function isWhole(free: FreeSpace): void {
  const wrong: string[] = [];
  checked(free, free.root, true, wrong);
  const extents = freeExtents(free);
  for (const [nth, { start, end }] of extents.entries()) {
    const before = extents[nth - 1];
    if (start >= end || (before !== undefined && start <= before.end)) wrong.push(`${start} to ${end}`);
  }
  expect([wrong, extents.length]).toEqual([[], free.count]);
}

test("A tree that is not whole is seen to be wrong", () => {
  const changes: readonly ((free: FreeSpace) => void)[] = [
    (free) => free.red.fill(1),
    (free) => free.largest.fill(0),
    (free) => free.parent.fill(NONE),
    (free) => free.end.fill(63),
  ];
  for (const change of changes) {
    const free = spaceOf("..#..#..#..#..");
    expect(() => isWhole(free)).not.toThrow();
    change(free);
    expect(() => isWhole(free)).toThrow();
  }
});

/** The space as a map: `.` is free. */
function draw(free: FreeSpace): string {
  let text = "#".repeat(free.word);
  for (const { start, end } of freeExtents(free)) {
    text = text.slice(0, start) + ".".repeat(end - start) + text.slice(end);
  }
  return text;
}

function slotAt(free: FreeSpace, page: number): number {
  for (let slot = free.root; slot !== NONE; ) {
    if (page < (free.start[slot] as number)) slot = free.left[slot] as number;
    else if (page >= (free.end[slot] as number)) slot = free.right[slot] as number;
    else return slot;
  }
  return NONE;
}

/** A space in which only what is drawn as `.` is free, given in this order of its extents. */
function spaceOf(map: string, order?: readonly number[]): FreeSpace {
  const free = noFreeSpace(map.length + 2);
  const extents = [...map.matchAll(/\.+/g)].map(({ index, 0: run }) => ({
    start: index + 1,
    end: index + 1 + run.length,
  }));
  for (const nth of order ?? extents.keys()) {
    const { start, end } = extents[nth] as { start: number; end: number };
    giveSpace(free, start, end);
  }
  return free;
}

const drawn = (free: FreeSpace) => draw(free).slice(1, -1);

describe("a request that lies in a free extent", () => {
  test.each([
    ["all of it", "##....##", 3, 4, "########", "fitWhole"],
    ["its left edge", "##....##", 3, 1, "###...##", "fitLeftEdge"],
    ["its right edge", "##....##", 5, 2, "##..####", "fitRightEdge"],
    ["its inside", "##....##", 4, 2, "##.##.##", "fitInside"],
  ] as const)(
    "A request that lies in a free extent takes %s: %s, from page %i on %i pages, then %s",
    (_what, map, start, size, after, mark) => {
      const free = spaceOf(map);
      expect(takeSpace(free, slotAt(free, start), start, size)).toBe(MARKS[mark]);
      expect(drawn(free)).toBe(after);
      isWhole(free);
    },
  );
});

describe("what is given back", () => {
  test.each([
    ["nothing", "..####..", 4, 1, "..#.##..", 3],
    ["what lies below", "..####..", 3, 1, "...###..", 2],
    ["what lies above", "..####..", 6, 1, "..###...", 2],
    ["both", "..####..", 3, 4, "........", 1],
  ])(
    "What is given back joins %s: %s, from page %i on %i pages, then %s",
    (_what, map, start, size, after, count) => {
      const free = spaceOf(map);
      giveSpace(free, start, start + size);
      expect([drawn(free), free.count]).toEqual([after, count]);
      isWhole(free);
    },
  );
});

describe("the shape of the tree", () => {
  test("The shape of the tree is that of the order of insertion: the first extent is the root", () => {
    const roots = [
      [0, 1],
      [1, 0],
    ].map((order) => {
      const free = spaceOf(".#..####", order);
      return free.start[free.root];
    });
    expect(roots).toEqual([1, 3]);
  });

  test("The shape of the tree stays the same if an extent only grows or shrinks", () => {
    const free = spaceOf("..#..#..#..#..");
    const { left, right, root } = copyFreeSpace(free);
    takeSpace(free, slotAt(free, 4), 4, 1);
    giveSpace(free, 4, 5);
    expect([free.left, free.right, free.root]).toEqual([left, right, root]);
  });
});

test("The whole space lacks a byte at each edge of the word", () => {
  const free = wholeSpace(WORD);
  expect([freeExtents(free), measure(free, free.root)]).toEqual([[{ start: 0, end: WORD }], 2 * WORD - 1]);
  takeSpace(free, free.root, 8, 8);
  expect([0, 16].map((page) => measure(free, slotAt(free, page)))).toEqual([2 * 8 - 1, 2 * 48 - 1]);
});

const change = fc.record({
  page: fc.integer({ min: 1, max: WORD - 2 }),
  size: fc.integer({ min: 1, max: 9 }),
});

describe("whatever is taken and given back", () => {
  test.prop([fc.array(change, { maxLength: 120, size: "max" })], { numRuns: quickly(150) })(
    "The tree stays ordered, joined and balanced, with true maxima, whatever is taken and given back",
    (changes) => {
      const free = wholeSpace(WORD);
      const copy = wholeSpace(WORD);
      let map = draw(free);
      for (const { page, size } of changes) {
        const end = Math.min(page + size, WORD - 1);
        const what = map.slice(page, end);
        if (/^\.+$/.test(what)) {
          takeSpace(free, slotAt(free, page), page, end - page);
          map = map.slice(0, page) + "#".repeat(end - page) + map.slice(end);
        } else if (/^#+$/.test(what)) {
          giveSpace(free, page, end);
          map = map.slice(0, page) + ".".repeat(end - page) + map.slice(end);
        }
        isWhole(free);
        expect(draw(free)).toBe(map);
      }
      assignFreeSpace(copy, free);
      isWhole(copy);
      expect(draw(copyFreeSpace(copy))).toBe(map);
    },
  );
});

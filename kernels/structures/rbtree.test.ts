import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type Areas, emptyAreas, giveBackDescriptor, NONE, takeDescriptor } from "../vmap/areas.ts";
import { erase, linkAndColour, next, prev } from "./rbtree.ts";

/** Puts a key in by descending to its place, as __insert_vmap_area does. */
function insert(areas: Areas, key: number): void {
  const slot = takeDescriptor(areas);
  areas.start[slot] = key;
  let above = NONE;
  let asLeft = false;
  for (let here = areas.root; here !== NONE; ) {
    above = here;
    asLeft = key < (areas.start[here] as number);
    here = (asLeft ? areas.left[here] : areas.right[here]) as number;
  }
  linkAndColour(areas, slot, above, asLeft);
}

function remove(areas: Areas, key: number): void {
  const slot = inOrder(areas).find((each) => areas.start[each] === key) ?? NONE;
  erase(areas, slot);
  giveBackDescriptor(areas, slot);
}

function inOrder(areas: Areas, slot = areas.root): number[] {
  if (slot === NONE) return [];
  const [left, right] = [areas.left[slot] as number, areas.right[slot] as number];
  return [...inOrder(areas, left), slot, ...inOrder(areas, right)];
}

/** Every rule of a red-black tree over these keys that does not hold, as a sentence. */
function flaws(areas: Areas, keys: readonly number[]): string[] {
  const found: string[] = [];
  const key = (slot: number) => areas.start[slot] as number;
  /** Black nodes on each way down from here, the empty leaf included. */
  const blackHeight = (slot: number, above: number): number => {
    if (slot === NONE) return 1;
    if (areas.parent[slot] !== above) found.push(`the parent of ${key(slot)} is not the node it hangs from`);
    const [left, right] = [areas.left[slot] as number, areas.right[slot] as number];
    const redChild = [left, right].some((child) => child !== NONE && areas.red[child] === 1);
    if (areas.red[slot] === 1 && redChild) found.push(`${key(slot)} is red and has a red child`);
    const [below, otherBelow] = [blackHeight(left, slot), blackHeight(right, slot)];
    if (below !== otherBelow) found.push(`the two sides of ${key(slot)} differ in black height`);
    return below + (areas.red[slot] === 1 ? 0 : 1);
  };
  blackHeight(areas.root, NONE);
  if (areas.root !== NONE && areas.red[areas.root] === 1) found.push("the root is red");

  const slots = inOrder(areas);
  const sorted = keys.toSorted((a, b) => a - b);
  if (slots.map(key).join() !== sorted.join()) found.push("the order of the tree is not that of the keys");
  for (const [place, slot] of slots.entries()) {
    if (next(areas, slot) !== (slots[place + 1] ?? NONE)) found.push(`next of ${key(slot)} is wrong`);
    if (prev(areas, slot) !== (slots[place - 1] ?? NONE)) found.push(`prev of ${key(slot)} is wrong`);
  }
  return found;
}

/** As `7b(2r 11r)`: a node, b for black or r for red, then its children; a missing one is a dot. */
function shape(areas: Areas, slot = areas.root): string {
  if (slot === NONE) return ".";
  const name = `${areas.start[slot]}${areas.red[slot] === 1 ? "r" : "b"}`;
  const [left, right] = [areas.left[slot] as number, areas.right[slot] as number];
  return left === NONE && right === NONE ? name : `${name}(${shape(areas, left)} ${shape(areas, right)})`;
}

function treeOf(...keys: readonly number[]): Areas {
  const areas = emptyAreas();
  for (const key of keys) insert(areas, key);
  return areas;
}

/** Each draw puts a key in that is not there, and takes one out that is. */
function play(draws: readonly number[], afterEach: (areas: Areas, keys: readonly number[]) => void): void {
  const areas = emptyAreas();
  const keys = new Set<number>();
  for (const key of draws) {
    if (keys.delete(key)) {
      remove(areas, key);
    } else {
      keys.add(key);
      insert(areas, key);
    }
    afterEach(areas, [...keys]);
  }
}

const MANY = [...Array(200).keys()];
const anyOrder = fc.shuffledSubarray(MANY, { minLength: MANY.length });

describe("the red-black tree", () => {
  test.prop([fc.array(fc.nat(30), { maxLength: 120, size: "max" })])(
    "The red-black tree keeps its rules through any insertions and erasures",
    (draws) => play(draws, (areas, keys) => expect(flaws(areas, keys)).toEqual([])),
  );

  test.prop([anyOrder, anyOrder])(
    "The red-black tree keeps its rules while a large tree is taken down",
    (put, taken) => {
      const areas = treeOf(...put);
      const left = [...taken];
      expect(flaws(areas, left)).toEqual([]);
      while (left.length > 0) {
        remove(areas, left.pop() as number);
        if (left.length % 8 === 0) expect(flaws(areas, left)).toEqual([]);
      }
      expect(areas.root).toBe(NONE);
    },
  );

  test("The red-black tree has the shape of the textbook's insertions (Cormen et al., figure 13.4)", () => {
    const areas = treeOf(11, 2, 14, 1, 7, 15, 5, 8, 4);
    expect(shape(areas)).toBe("7b(2r(1b 5b(4r .)) 11r(8b 14b(. 15r)))");
  });

  test("The red-black tree has the shapes of the textbook's erasures (Cormen et al., exercise 13.4-3)", () => {
    const areas = treeOf(41, 38, 31, 12, 19, 8);
    const shapes = [8, 12, 19, 31, 38, 41].map((key) => {
      remove(areas, key);
      return shape(areas);
    });
    expect(shapes).toEqual([
      "38b(19r(12b 31b) 41b)",
      "38b(19b(. 31r) 41b)",
      "38b(31b 41b)",
      "38b(. 41r)",
      "41b",
      ".",
    ]);
  });

  test("The red-black tree puts the successor in the place of an erased inner node", () => {
    const areas = treeOf(4, 2, 6, 1, 3, 5, 7);
    expect(shape(areas)).toBe("4b(2b(1r 3r) 6b(5r 7r))");
    remove(areas, 4);
    expect(shape(areas)).toBe("5b(2b(1r 3r) 6b(. 7r))");
  });
});

describe("the check of a tree's rules", () => {
  const spoiled = (spoil: (areas: Areas) => void): string[] => {
    const keys = [4, 2, 6, 1];
    const areas = treeOf(...keys);
    spoil(areas);
    return flaws(areas, keys);
  };

  test("The check of a tree's rules accepts a correct tree", () => {
    expect(spoiled(() => {})).toEqual([]);
  });

  test("The check of a tree's rules rejects a red root", () => {
    expect(spoiled((areas) => areas.red.fill(1, areas.root, areas.root + 1))).toContain("the root is red");
  });

  test("The check of a tree's rules rejects a red node below a red one, and a black height that differs", () => {
    const found = spoiled((areas) => {
      areas.red[areas.left[areas.root] as number] = 1;
    });
    expect(found).toEqual(["2 is red and has a red child", "the two sides of 4 differ in black height"]);
  });

  test("The check of a tree's rules rejects a parent that is someone else's", () => {
    const found = spoiled((areas) => {
      areas.parent[areas.left[areas.root] as number] = areas.right[areas.root] as number;
    });
    expect(found).toContain("the parent of 2 is not the node it hangs from");
  });

  test("The check of a tree's rules rejects two keys that changed places", () => {
    const found = spoiled((areas) => {
      areas.start.reverse();
    });
    expect(found).toContain("the order of the tree is not that of the keys");
  });
});

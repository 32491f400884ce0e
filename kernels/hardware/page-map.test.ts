import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { quickly } from "../../engine/bounds.testing.ts";
import { WORD64 } from "../../spec/vmap/scope.ts";
import {
  copyPageMap,
  dropPage,
  dropRange,
  emptyPageMap,
  frameOf,
  type PageMap,
  pagesOf,
  setFrame,
} from "./page-map.ts";

type Op =
  | { readonly op: "set"; readonly page: number; readonly frame: number }
  | { readonly op: "drop"; readonly page: number }
  | { readonly op: "dropRange"; readonly start: number; readonly end: number };

/** What is done to a map and what it answers: the same of a page map and of a JavaScript Map. */
interface Subject {
  apply(op: Op): boolean | number | undefined;
  entries(): readonly (readonly [number, number])[];
}

function pageMapSubject(map: PageMap, dropOne = dropPage): Subject {
  return {
    apply: (op) => {
      if (op.op === "set") return void setFrame(map, op.page, op.frame);
      return op.op === "drop" ? dropOne(map, op.page) : dropRange(map, op.start, op.end);
    },
    entries: () => pagesOf(map).map((page) => [page, frameOf(map, page)]),
  };
}

function jsMapSubject(map: Map<number, number>): Subject {
  return {
    apply: (op) => {
      if (op.op === "set") return void map.set(op.page, op.frame);
      if (op.op === "drop") return map.delete(op.page);
      const inside = [...map.keys()].filter((page) => page >= op.start && page < op.end);
      for (const page of inside) map.delete(page);
      return inside.length;
    },
    entries: () => [...map].toSorted(([a], [b]) => a - b),
  };
}

/** Runs of neighbours near the bottom, across a 2^32 boundary and near the top: both halves of a page count. */
const page = fc
  .record({
    base: fc.constantFrom(0, 0, 2 ** 31 - 4, 2 ** 32 - 4, 3 * 2 ** 32, WORD64 - 32),
    offset: fc.nat(31),
  })
  .map(({ base, offset }) => base + offset);

const range = fc.oneof(
  fc.record({ start: page, length: fc.nat(20) }).map(({ start, length }) => ({ start, end: start + length })),
  fc.record({ start: page, end: page }),
  fc.constantFrom(
    { start: 0, end: WORD64 },
    { start: 8, end: WORD64 - 8 },
    { start: WORD64 - 1, end: WORD64 },
  ),
);

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ op: fc.constant("set" as const), page, frame: fc.integer({ min: 1, max: 99 }) }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constant("drop" as const), page }) },
  { weight: 1, arbitrary: range.map(({ start, end }) => ({ op: "dropRange" as const, start, end })) },
);

const ops = fc.array(op, { maxLength: 150, size: "max" });

/** Whether both subjects give the same answers and hold the same after every operation. */
function agree(a: Subject, b: Subject, done: readonly Op[]): boolean {
  return done.every(
    (each) => Object.is(a.apply(each), b.apply(each)) && a.entries().join(";") === b.entries().join(";"),
  );
}

describe("a page map", () => {
  test.prop([ops], { numRuns: quickly(300) })(
    "A page map answers as a JavaScript Map does, whatever is set and dropped",
    (done) => agree(pageMapSubject(emptyPageMap()), jsMapSubject(new Map()), done),
  );

  test("The comparison notices a page map that leaves the gap of a dropped entry open", () => {
    /** Frees the slot and nothing more: what stood further on for want of room is no longer found. */
    const dropOnly = (map: PageMap, dropped: number): boolean => {
      const slot = map.pages.indexOf(dropped);
      if (slot < 0) return false;
      map.pages[slot] = -1;
      map.count -= 1;
      return true;
    };
    const wrong = fc.property(ops, (done) =>
      agree(pageMapSubject(emptyPageMap(), dropOnly), jsMapSubject(new Map()), done),
    );
    expect(fc.check(wrong, { seed: 1, numRuns: 300, endOnFailure: true }).failed).toBe(true);
  });

  test.prop([ops, fc.uniqueArray(page, { maxLength: 30 })])(
    "A page map says 0 for a page that was never set, and counts what it holds",
    (done, asked) => {
      const [map, reference] = [emptyPageMap(), new Map<number, number>()];
      for (const each of done) {
        pageMapSubject(map).apply(each);
        jsMapSubject(reference).apply(each);
      }
      for (const each of asked) expect(frameOf(map, each)).toBe(reference.get(each) ?? 0);
      expect(map.count).toBe(reference.size);
    },
  );

  test.prop([fc.constantFrom(0, 2 ** 32 - 700, WORD64 - 4096), fc.integer({ min: 9, max: 1500 })])(
    "A page map keeps every entry while it grows",
    (base, pages) => {
      const map = emptyPageMap();
      const capacity = map.pages.length;
      for (let nth = 0; nth < pages; nth++) setFrame(map, base + nth, nth + 1);
      expect(map.pages.length).toBeGreaterThan(capacity);
      expect(map.count).toBe(pages);
      const wrong = pagesOf(map).filter((each, nth) => each !== base + nth || frameOf(map, each) !== nth + 1);
      expect(wrong).toEqual([]);
    },
  );

  test.prop([ops, ops, ops])("A page map and its copy do not change each other", (before, here, there) => {
    const map = emptyPageMap();
    for (const each of before) pageMapSubject(map).apply(each);
    const [reference, other] = [new Map(pageMapSubject(map).entries()), copyPageMap(map)];
    expect(other).toEqual(map);
    for (const each of there) pageMapSubject(other).apply(each);
    expect(pageMapSubject(map).entries()).toEqual(jsMapSubject(reference).entries());
    return agree(pageMapSubject(map), jsMapSubject(reference), here);
  });

  test.prop([ops])(
    "A page map is empty after the whole space is dropped, and returns the number of dropped pages",
    (done) => {
      const map = emptyPageMap();
      for (const each of done) pageMapSubject(map).apply(each);
      const { count } = map;
      expect(dropRange(map, 0, WORD64)).toBe(count);
      expect(pagesOf(map)).toEqual([]);
      expect(dropRange(map, 0, WORD64)).toBe(0);
    },
  );

  test("A page map drops nothing of a range that ends before it starts", () => {
    const map = emptyPageMap();
    setFrame(map, 3, 1);
    expect(dropRange(map, 5, 2)).toBe(0);
    expect(pagesOf(map)).toEqual([3]);
  });
});

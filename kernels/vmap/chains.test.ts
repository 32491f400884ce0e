import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type AreaIndex, inTree } from "./area-index.ts";
import {
  type Areas,
  assignAreas,
  copyAreas,
  emptyAreas,
  giveBackDescriptor,
  listed,
  NONE,
  takeDescriptor,
} from "./areas.ts";
import { byStart } from "./chains.ts";

/** A page that is free is taken by an area of a page; one that is taken is found and given back. */
function toggle(areas: Areas, busy: AreaIndex, page: number): void {
  const found = busy.find(areas, page);
  if (found === NONE) {
    const slot = takeDescriptor(areas);
    areas.start[slot] = page;
    areas.end[slot] = page + 1;
    busy.insert(areas, slot);
  } else {
    busy.remove(areas, found);
    giveBackDescriptor(areas, found);
  }
}

function startsOf(areas: Areas, busy: AreaIndex): number[] {
  busy.list(areas);
  return Array.from(listed(areas), (slot) => areas.start[slot] as number);
}

/** Neighbours, whole blocks apart, and the top of a 64-bit word. */
const page = fc.oneof(
  fc.nat(40),
  fc.nat(40).map((nth) => nth * 512),
  fc.nat(40).map((nth) => 2 ** 52 - 2 - nth),
  fc.nat(40).map((nth) => nth * 2 ** 32),
);

describe("areas in chains by their start", () => {
  test.prop([fc.array(page, { maxLength: 200, size: "max" })])(
    "Areas in chains by their start are found, and listed by address, as those in a tree are",
    (pages) => {
      const [chained, hung] = [emptyAreas(), emptyAreas()];
      for (const each of pages) {
        toggle(chained, byStart, each);
        toggle(hung, inTree, each);
        expect(byStart.find(chained, each) === NONE).toBe(inTree.find(hung, each) === NONE);
      }
      expect(startsOf(chained, byStart)).toEqual(startsOf(hung, inTree));
    },
  );

  test.prop([
    fc.array(page, { minLength: 1, maxLength: 60 }),
    fc.array(page, { minLength: 1, maxLength: 60 }),
  ])(
    "Areas in chains by their start are the same in a copy, which shares nothing with them",
    (before, after) => {
      const areas = emptyAreas();
      for (const each of before) toggle(areas, byStart, each);
      const [copy, assigned] = [copyAreas(areas), emptyAreas()];
      assignAreas(assigned, areas);
      const starts = startsOf(areas, byStart);
      for (const each of after) toggle(areas, byStart, each);
      expect([startsOf(copy, byStart), startsOf(assigned, byStart)]).toEqual([starts, starts]);
      for (const each of after) toggle(copy, byStart, each);
      expect(startsOf(copy, byStart)).toEqual(startsOf(areas, byStart));
    },
  );

  test("Areas in chains by their start are not found in chains that were never made, nor at a page inside an area", () => {
    const areas = emptyAreas();
    expect(byStart.find(areas, 7)).toBe(NONE);
    const slot = takeDescriptor(areas);
    areas.start[slot] = 6;
    areas.end[slot] = 9;
    byStart.insert(areas, slot);
    expect([6, 7, 9].map((each) => byStart.find(areas, each))).toEqual([slot, NONE, NONE]);
  });
});

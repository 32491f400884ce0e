import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { emptyAreas, takeDescriptor } from "./areas.ts";
import { listLazy } from "./purge.ts";
import { slotsOf, sortByStart, sortNumbers, sortSlots } from "./purge-list.ts";
import type { State } from "./state.ts";

/** Areas of a page that begin at these pages, and their slots in that order. */
function areasAt(pages: readonly number[]) {
  const areas = emptyAreas();
  const slots = pages.map((page) => {
    const slot = takeDescriptor(areas);
    areas.start[slot] = page;
    areas.end[slot] = page + 1;
    return slot;
  });
  return { areas, slots };
}

const pages = (highest: number) => fc.array(fc.nat(highest), { minLength: 1, maxLength: 200, size: "max" });

describe("sorting numbers in place of slots", () => {
  test.prop([
    fc.oneof(
      pages(300),
      pages(2 ** 31 - 1),
      pages(2 ** 20).map((all) => all.map((each) => each * 2 ** 32)),
    ),
  ])(
    "Sorting numbers in place of slots gives the same order, also for equal starts and for starts too far apart",
    (starts) => {
      const { areas, slots } = areasAt(starts);
      expect(sortNumbers(areas, [...slots])).toEqual(sortSlots(areas, [...slots]));
      expect(sortByStart(areas, [...slots])).toEqual(sortSlots(areas, [...slots]));
    },
  );

  test("Sorting numbers in place of slots puts B at 3, A at 1 and C at 2^51 in order", () => {
    const { areas, slots } = areasAt([3, 1, 2 ** 51]);
    const [b, a, c] = slots;
    expect(sortNumbers(areas, slots)).toEqual([a, b, c]);
  });
});

test("A purge list is read newest first", () => {
  const { areas, slots } = areasAt([4, 2, 9]);
  const state = { areas, word: 64, purgeHead: -1, lazyPages: 0 } as State;
  for (const slot of slots) listLazy(state, slot);
  expect(slotsOf(areas, state.purgeHead)).toEqual(slots.toReversed());
});

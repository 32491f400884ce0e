import { describe, expect, test } from "vitest";
import { replay } from "../../engine/run/stepper.ts";
import { kernelNamed } from "../../jobs/names.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import { SCOPES } from "../../properties/vmap/random-scopes.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { mapsOf } from "./drawing.ts";
import { areaRow, type DrawnArea, drawMap, pagesAround, pagesNear } from "./map.ts";
import { VMAP_DRAWING } from "./step-view.ts";

const area = (letter: string, start: number, end: number): DrawnArea => ({ letter, start, end, lazy: false });
const drawn = (areas: readonly DrawnArea[], wordPages: number) =>
  drawMap([areaRow(areas)], pagesAround(areas, wordPages));

describe("a picture", () => {
  test("has every page of areas that are close together", () => {
    expect(drawn([area("A", 64, 65), area("B", 67, 68)], 256)).toEqual([
      "             63 64 65 66 67 68",
      "  area        .  A  .  .  B  .",
    ]);
  });

  test("has a mark in place of the pages between an area at 64 and one at 120", () => {
    expect(drawn([area("A", 64, 65), area("B", 120, 122)], 256)).toEqual([
      "              63  64  65   ~ 119 120 121 122",
      "  area         .   A   .   ~   .   B   B   .",
    ]);
  });

  test("has a mark in place of the inner pages of a long area", () => {
    expect(drawn([area("A", 8, 30)], 64)).toEqual([
      "              7  8  ~ 29 30",
      "  area        .  A  ~  A  .",
    ]);
  });

  test("numbers only the first page of each run if numbers are long", () => {
    expect(drawn([area("A", 968603, 968605), area("B", 987136, 1003521)], 2 ** 20)).toEqual([
      "             968602       ~ 987135  ~ 1003520",
      "                +1 +2 +3  ~    +1   ~    +1",
      "  area        .  A  A  .  ~  .  B   ~  B  .",
    ]);
  });

  test("has addresses in place of page numbers of a real kernel", () => {
    const [numbers, marks, areas] = drawn([area("A", 0xffffc90000002, 0xffffc90000004)], 2 ** 52);
    expect(numbers?.trim()).toBe("0xffffc90000001000");
    expect(marks?.trim()).toBe("+1 +2 +3");
    expect(areas?.trim()).toBe("area        .  A  A  .");
  });

  test("ends with the word, and does not begin below page 0", () => {
    expect(
      pagesAround(
        [
          { start: 0, end: 1 },
          { start: 63, end: 65 },
        ],
        64,
      ),
    ).toEqual([0, 1, 62, 63]);
  });

  test("is folded within 100 columns", () => {
    const areas = Array.from({ length: 30 }, (_none, nth) => area("A", 1000 + 50 * nth, 1020 + 50 * nth));
    for (const word of [4096, 2 ** 30]) {
      const shifted = areas.map(({ start, end, ...rest }) => ({
        ...rest,
        start: start + word / 4,
        end: end + word / 4,
      }));
      for (const line of drawn(shifted, word)) expect(line.length).toBeLessThanOrEqual(100);
    }
  });

  test("that would be too long has the pages nearest to its focus, and all of the focus", () => {
    const extents = Array.from({ length: 400 }, (_none, nth) => ({ start: 100 * nth, end: 100 * nth + 20 }));
    const pages = pagesNear(pagesAround(extents, 2 ** 16), [
      { start: 30_000, end: 30_020 },
      { start: 200, end: 220 },
    ]);
    expect(pages).toHaveLength(96);
    expect(pages).toEqual(expect.arrayContaining([29_999, 30_000, 30_019, 30_020, 200, 219]));
  });
});

const alloc = (size: number, vstart: number, vend: number): HistoryStep => ({
  op: "alloc",
  size,
  align: PAGE_SIZE,
  vstart,
  vend,
  map: false,
});

/** Letters in the row of areas after each step. */
const lettersIn = (map: readonly string[]) =>
  map
    .filter((line) => line.startsWith("  area"))
    .join("")
    .replace(/ {2}area|[ .~]/g, "");

describe("the picture of each step", () => {
  const scope: Scope = { ...(SCOPES[0] as Scope), wordPages: 2 ** 20 };
  const steps = Array.from({ length: 60 }, (_none, nth) =>
    alloc(3 + nth, 10_000 * (nth + 1), 10_000 * (nth + 1) + 90),
  );

  // The drafts stop at a BUG here (A6).
  const released = KERNELS.map(({ name }) => name).filter((name) => !name.startsWith("piggin"));

  test.each(released)("on %s contains the area that the step placed", (name) => {
    const played = replay(benchFor(kernelNamed(name), scope), steps);
    expect(played.map(({ response }) => response?.kind)).toEqual(steps.map(() => "placed"));
    for (const [nth, map] of mapsOf(VMAP_DRAWING, played).entries()) {
      expect(lettersIn(map)).toContain(String.fromCharCode(65 + (nth % 26)));
      expect(map.length).toBeLessThan(20);
    }
  });

  test("of a real /proc/vmallocinfo contains the large area far above the small ones", () => {
    const placed = [
      [95, 968603, 968698],
      [2, 970364, 970366],
      [17, 983193, 983210],
    ].map(([size, vstart, vend]) => alloc(size as number, vstart as number, vend as number));
    const large = { ...alloc(16_385, 968603, 1044480), align: 2 ** 24 };
    const maps = mapsOf(VMAP_DRAWING, replay(benchFor(kernelNamed("4.4"), scope), [...placed, large]));
    expect(lettersIn(maps[2] as string[])).toBe("AABBCC");
    expect(lettersIn(maps[3] as string[])).toBe("AABBCCDD");
    expect(maps[3]?.join("\n")).toMatch(/ 987135 /);
  });

  test("of a long history has a note that it is cut", () => {
    const maps = mapsOf(VMAP_DRAWING, replay(benchFor(kernelNamed("3.1"), scope), steps));
    expect(maps[0]?.at(-1)).toContain("nearest to this step");
    expect(
      mapsOf(VMAP_DRAWING, replay(benchFor(kernelNamed("3.1"), scope), steps.slice(0, 5)))[0]?.join(""),
    ).not.toContain("nearest");
  });
});

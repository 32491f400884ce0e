/** The page allocator as pinning uses it: which frame comes next, and that copies share nothing. */
import { describe, expect, test } from "vitest";
import {
  assignFrames,
  copyFrames,
  emptyFrames,
  type Frames,
  freeFrame,
  pagesOf,
  takeFrame,
} from "./page-map.ts";

/** These frames freed, noting them or not, and these in the stock. */
function framesOf(freed: readonly number[], stock: readonly number[] = [], notes = false): Frames {
  const frames = emptyFrames();
  for (const frame of freed) freeFrame(frames, frame, notes);
  frames.stock.push(...stock);
  return frames;
}

const contentOf = ({ freed, stock, noted, nextTable }: Frames) => ({
  freed: [...freed],
  stock: [...stock],
  noted: pagesOf(noted),
  nextTable,
});

describe("the next frame", () => {
  test("The next frame is the one freed last, as hot as it can be", () => {
    const frames = framesOf([3, 7, 5]);
    expect([takeFrame(frames), takeFrame(frames), takeFrame(frames)]).toEqual([5, 7, 3]);
  });

  test("The next frame, if none is free, is one never used before, far from those of maps, and another each time", () => {
    const frames = framesOf([2]);
    const first = [takeFrame(frames), takeFrame(frames), takeFrame(frames)];
    expect(first).toEqual([2, 2 ** 40, 2 ** 40 + 1]);
  });

  test("The next frame is not taken from the stock", () => {
    expect(takeFrame(framesOf([], [4]))).toBe(2 ** 40);
  });
});

describe("a frame that is freed", () => {
  test("A frame that is freed is noted only where a policy asks for it", () => {
    expect(contentOf(framesOf([3, 7])).noted).toEqual([]);
    expect(contentOf(framesOf([3, 7], [], true)).noted).toEqual([3, 7]);
  });
});

describe("a copy", () => {
  const some = [
    framesOf([]),
    framesOf([1]),
    framesOf([5, 6, 7]),
    framesOf([], [8, 9]),
    framesOf([2], [3], true),
  ];
  takeFrame(some[0] as Frames);
  const pairs = some.flatMap((to) => some.map((from) => [contentOf(to), contentOf(from), to, from] as const));

  test.each(pairs)(
    "A copy of %j, made %j, is equal to it and shares nothing",
    (_before, wanted, to, from) => {
      const copy = copyFrames(to);
      const before = contentOf(to);
      assignFrames(copy, from);
      expect(contentOf(copy)).toEqual(wanted);
      freeFrame(copy, 99, true);
      takeFrame(copy);
      takeFrame(copy);
      copy.stock.push(98);
      expect([contentOf(to), contentOf(from)]).toEqual([before, wanted]);
    },
  );
});

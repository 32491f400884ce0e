import { describe, expect, test } from "vitest";
import { differenceText } from "./verbs/conform.ts";

const areas = (count: number, odd?: number) =>
  Array.from({ length: count }, (_, nth) => ({ start: nth * 4, end: nth * 4 + (nth === odd ? 3 : 2) }));

describe("a field that differs", () => {
  test("is shown whole if it is short", () => {
    expect(differenceText([{ start: 1, end: 2 }], [])).toBe('recorded [{"start":1,"end":2}], ours []');
    expect(differenceText(undefined, 3)).toBe("recorded nothing, ours 3");
  });

  test("is shown by its first differing entry if it is a list of thousands", () => {
    expect(differenceText(areas(5000), areas(5000, 4321))).toBe(
      'entry 4322 of 5000: recorded {"start":17284,"end":17286}, ours {"start":17284,"end":17287} (of 5000)',
    );
  });

  test("is shown by the entry that only one list has", () => {
    expect(differenceText(areas(5001), areas(5000))).toBe(
      'entry 5001 of 5001: recorded {"start":20000,"end":20002}, ours nothing (of 5000)',
    );
  });
});

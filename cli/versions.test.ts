import { describe, expect, test } from "vitest";
import { KERNELS } from "../kernels/index.ts";
import { explorableNamed } from "./explorable.ts";
import { kernelNamed, releaseNamed } from "./names.ts";
import { placeOf, withOthers } from "./versions.ts";

const place = (word: string) =>
  placeOf(
    word,
    KERNELS.map(({ release }) => release.labels),
  );

describe("a version that is not modelled is placed by its order", () => {
  test.each([
    ["6.6", "it lies between 6.5 and 6.8, which are one kernel here, the nearest"],
    ["7.0", "it lies between 6.19 and 7.2, which are one kernel here, the nearest"],
    ["5.15", "it lies between 5.11 and 5.17, the nearest"],
    ["6.10", "it lies between 6.8 (= 6.5) and 6.12, the nearest"],
    // 5.10 comes after 5.4, as a number does and a word does not.
    ["5.9", "it lies between 5.4 and 5.10, which are one kernel here, the nearest"],
    ["3.10", "it lies between 3.9 and 3.10.4, which are one kernel here, the nearest"],
    ["2.6.32", "it lies between 2.6.30.4 (= 2.6.28.10) and 2.6.37, the nearest"],
    ["2.4.0", "it is older than the oldest, 2.6.27"],
    ["7.10", "it is newer than the newest, 7.2 (= 6.19)"],
    ["4.15", "did you mean 4.15.0?"],
    ["v6.12", "did you mean 6.12?"],
    ["6.12.0", "did you mean 6.12?"],
  ])("%s: %s", (word, said) => {
    expect(place(word)).toBe(said);
  });

  test.each(["mainline", "6", "6.", "6.6-rc1", "4.15.18-ubunut", ""])("%j is no version", (word) => {
    expect(place(word)).toBeUndefined();
  });
});

test.each([
  ["a release", releaseNamed],
  ["a kernel", kernelNamed],
])("the refusal of %s says it in one line", (_, find) => {
  expect(() => find("6.6")).toThrow(
    /^there is no kernel "6\.6": it lies between 6\.5 and 6\.8, which are one kernel here, the nearest$/,
  );
});

test("explore says it likewise", () => {
  expect(() => explorableNamed("5.15")).toThrow(
    'there is no machine "5.15": it lies between 5.11 and 5.17, the nearest',
  );
});

test("a label is given with the others of its kernel", () => {
  expect(withOthers("7.2", ["6.19", "7.2"])).toBe("7.2 (= 6.19)");
  expect(withOthers("6.12", ["6.12"])).toBe("6.12");
});

/** munmap: what the kernel model of a gather does, and what is known exactly of its time. */
import { describe, expect, test } from "vitest";
import { readDefaultCosts } from "../../adapters/costs-file.ts";
import { STD } from "../../spec/gather/scope.ts";
import { didFor, GATHERINGS, type Gathering, runMunmap } from "./munmap.ts";

const costs = await readDefaultCosts();
const PAGES = 10_000;
const BUNDLE = STD.bundle;

const flushesOf = (gathering: Gathering) =>
  didFor(gathering, PAGES).filter((each) => each === "flush").length;

test.each(GATHERINGS)("Each page is freed once, after a flush: $name", (gathering) => {
  const did = didFor(gathering, PAGES);
  expect(did[0]).toBe("flush");
  expect(did.reduce((sum: number, each) => (each === "flush" ? sum : sum + each), 0)).toBe(PAGES);
});

describe("a gather flushes", () => {
  test.each([
    ["for each page, if its array has room for one", 0, PAGES],
    ["for each 506 pages in 2.6.28", 1, Math.ceil(PAGES / STD.array)],
    ["once, when it finishes, in 3.1", 2, 1],
    [
      "when its bundle and 19 batches are full, in 3.9",
      3,
      Math.ceil(PAGES / (BUNDLE + STD.batches * STD.batch)),
    ],
  ])("%s", (_what, nth, flushes) => {
    expect(flushesOf(GATHERINGS[nth] as Gathering)).toBe(flushes);
  });
});

test.each(GATHERINGS)("One thread takes the sum of its phases: $name", (gathering) => {
  const { pteClear, descriptor, flush, refill } = costs.nanoseconds;
  const { nanosecondsAPage, flushes } = runMunmap(gathering, costs, 1, PAGES);
  const whole = PAGES * (pteClear + descriptor) + flushes * (flush + refill);
  expect(nanosecondsAPage * PAGES).toBeCloseTo(whole, 3);
});

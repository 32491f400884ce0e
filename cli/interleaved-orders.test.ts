import { expect, test } from "vitest";
import { releaseOf } from "../spec/releases.ts";
import { inSteps, leftToExplore } from "./interleaved-orders.ts";

test("a kernel's protocols are those named after one of its labels, and no repaired ones", () => {
  expect(inSteps(releaseOf("6.12"))).toBe(" Calls that interleave: explore areas-6.12, blocks-6.12.");
  expect(inSteps(releaseOf("6.8"))).toBe(" Calls that interleave: explore blocks-6.5, locks-6.5.");
  expect(inSteps(releaseOf("2.6.39"))).toBe("");
});

test.each([
  [["6.12"], "explore areas-6.12, blocks-6.12."],
  [["2.6.39"], "no protocol is named after 2.6.39, list has all."],
  [["3.16", "3.9", "2.6.39"], "explore blocks-3.16; no protocol is named after 3.1, 2.6.39, list has all."],
])("what a check of %j left out is one line", (labels, said) => {
  expect(leftToExplore(labels.map(releaseOf))).toBe(`Calls that interleave were not tried: ${said}`);
});

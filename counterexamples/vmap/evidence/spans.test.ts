import { describe, expect, test } from "vitest";
import { CHANGES } from "../../../spec/vmap/bibliography.ts";
import { BUGS } from "../index.ts";
import { INTERLEAVED } from "../interleavings.ts";
import { isUnreleased, narrowedBy, spansOf } from "./spans.ts";

const IDS = [...new Set([...BUGS, ...INTERLEAVED].map(({ id }) => id))];

test("the table of changes names no bug that the catalogue has not", () => {
  const named = CHANGES.flatMap(({ begins, ends, narrows }) => [...begins, ...ends, ...narrows]);
  expect(named.filter((slug) => !IDS.includes(slug))).toEqual([]);
});

describe("a bug's spans", () => {
  const told = (slug: string) => spansOf(slug).map(({ since, until }) => [since?.commit, until?.commit]);

  test.each([
    ["vb-full-block-stale", [["db64fe02258f", "fc1e0d980037"]]],
    [
      "aug-align-overhead",
      [
        ["68ad4a330433", "9f531973dff3"],
        ["9333fe98d0a6", undefined],
      ],
    ],
    ["vmlist-overruns-end", [[undefined, "db64fe02258f"]]],
    ["vb-final-free-window", [["ad216c0316ad", undefined]]],
    ["cache-no-align-test", []],
  ])("%s", (slug, spans) => {
    expect(told(slug)).toEqual(spans);
  });

  test("begin and end between two release candidates where no release had it", () => {
    expect(isUnreleased(spansOf("va-gap-offbyone"))).toBe(true);
    expect(isUnreleased(spansOf("vb-full-block-stale"))).toBe(false);
  });

  test("may be narrowed before they end", () => {
    expect(narrowedBy("align-wrap-to-zero").map(({ commit }) => commit)).toEqual(["afd07389d3f4"]);
  });
});

/** What the catalogue's own words say of the end. */
describe("what the catalogue says became of a bug", () => {
  test.each([...BUGS, ...INTERLEAVED])("$id agrees with the table", ({ id, fixed }) => {
    const ends = spansOf(id).flatMap(({ until }) => until ?? []);
    const isOpen = spansOf(id).some(({ until }) => until === undefined);
    if (isOpen) expect(fixed).toMatch(/^(never|not fixed)|and back in/);
    for (const { release } of ends) expect(fixed).toContain(release.replace(/-rc\d+$/, ""));
  });
});

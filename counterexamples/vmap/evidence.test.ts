import { describe, expect, test } from "vitest";
import { CHANGES } from "../../spec/vmap/bibliography.ts";
import { INTERLEAVED } from "../interleavings.ts";
import { isUnreleased, narrowedBy, spansOf } from "./evidence.ts";
import { BUGS } from "./index.ts";

const IDS = [...new Set([...BUGS, ...INTERLEAVED].map(({ id }) => id))];

test("The table of changes names only bugs of the catalogue", () => {
  const named = CHANGES.flatMap(({ begins, ends, narrows }) => [...begins, ...ends, ...narrows]);
  expect(named.filter((slug) => !IDS.includes(slug))).toEqual([]);
});

describe("a bug's spans", () => {
  const commitsOf = (slug: string) => spansOf(slug).map(({ since, until }) => [since?.commit, until?.commit]);

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
  ])("A bug's spans are listed: %s", (slug, spans) => {
    expect(commitsOf(slug)).toEqual(spans);
  });

  test("A bug's spans begin and end between two release candidates if no release had the bug", () => {
    expect(isUnreleased(spansOf("va-gap-offbyone"))).toBe(true);
    expect(isUnreleased(spansOf("vb-full-block-stale"))).toBe(false);
  });

  test("A bug's spans may be narrowed before they end", () => {
    expect(narrowedBy("align-wrap-to-zero").map(({ commit }) => commit)).toEqual(["afd07389d3f4"]);
  });
});

/** What the catalogue's own words say of the end. */
describe("what the catalogue says became of a bug", () => {
  test.each([...BUGS, ...INTERLEAVED])(
    "The catalogue's word on the end of $id agrees with the table",
    ({ id, fixed }) => {
      const ends = spansOf(id).flatMap(({ until }) => until ?? []);
      const isOpen = spansOf(id).some(({ until }) => until === undefined);
      if (isOpen) expect(fixed).toMatch(/^(never|not fixed)|and back in/);
      for (const { release } of ends) expect(fixed).toContain(release.replace(/-rc\d+$/, ""));
    },
  );
});

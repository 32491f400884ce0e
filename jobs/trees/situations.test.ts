/** Which violations of a tree's steps are its release's own, by the situation that a step reports. No tree is needed. */
import { describe, expect, test } from "vitest";
import type { SourceTree } from "../../trees/source-tree.ts";
import { parseCalls } from "../../trees/vmap/calls.ts";
import { attributionOf, isUnknown } from "./situations.ts";

const scope = { block: 2, map: 1, pages: 16, lazy: 1000, pressure: 0 };
const calls = parseCalls("x = map 1; y = map 1; a = alloc 1; unmap y : unmap x | aliases");
const of = (version: string, law: string, text: string, more: { scope?: typeof scope } = {}) =>
  attributionOf({ tree: { version } as SourceTree, calls, scope, ...more }, law, text);
const ALIASES = "no-alias-after-unmap-aliases";

/** vm_unmap_aliases, the sixth call, returns; pages as bits: x is page 0, y page 1, a page 2. */
const returns = (owed: number, present: number, unmapped: number, translated: number) =>
  ["return", 5, 1, 0, 0, 0, owed, 0, present, unmapped, translated, 1, 2, 4].join(" ");

const X_BEING_UNMAPPED = returns(0b10, 0b100, 0b10, 0b11);
const X_UNMAPPED_SINCE = returns(0b10, 0b100, 0b11, 0b11);
const X_STILL_MAPPED = returns(0b10, 0b101, 0b10, 0b10);
const BOTH_UNMAPPED_BEFORE = returns(0b11, 0b100, 0b11, 0b11);
const AREA = returns(0b100, 0b11, 0b100, 0b100);

describe("a violation of no-alias-after-unmap-aliases", () => {
  test.each([
    ["while the last page is being unmapped", X_BEING_UNMAPPED, "vb-final-free-window"],
    ["while the last unmap returns", X_UNMAPPED_SINCE, "vb-final-free-window"],
    ["with a page of the block mapped", X_STILL_MAPPED, undefined],
    ["after all of the block was unmapped", BOTH_UNMAPPED_BEFORE, undefined],
    ["by an area that is no block", AREA, undefined],
  ])("%s is C13 of 6.12, or none of its own", (_says, text, bug) => {
    const found = of("6.12.117", ALIASES, text);
    expect([found.bug, found.alike]).toEqual(
      bug === undefined ? [undefined, "vb-final-free-window"] : [bug, undefined],
    );
  });

  test("with a page mapped is C7 of 6.1", () => {
    expect(of("6.1.192", ALIASES, X_STILL_MAPPED).bug).toBe("vb-full-block-stale");
    expect(of("6.1.192", ALIASES, BOTH_UNMAPPED_BEFORE).bug).toBeUndefined();
  });

  test("says what the block is like that the release has not", () => {
    expect(of("6.12", ALIASES, X_STILL_MAPPED).why).toBe(
      "blocks-6.12 does not violate it with a block that has 1 mapped, 1 owed",
    );
  });

  test("is known by a later protocol that accounts for it, and else is unlike the first", () => {
    const by = (...protocols: string[]) =>
      attributionOf(
        { tree: { version: "6.12" } as SourceTree, calls, scope },
        ALIASES,
        X_STILL_MAPPED,
        protocols,
      );
    expect(by("blocks-6.12", "blocks-5.13")).toMatchObject({ bug: "vb-full-block-stale", alike: undefined });
    expect(by("blocks-6.12", "blocks-6.5")).toMatchObject({ bug: undefined, alike: "vb-final-free-window" });
    expect(by("blocks-6.12", "blocks-6.5").why).toMatch(/^blocks-6\.12 /);
  });

  test("in blocks larger than those of the protocol is not compared", () => {
    const found = of("6.12", ALIASES, X_BEING_UNMAPPED, { scope: { ...scope, block: 16 } });
    expect(found).toMatchObject({ bug: undefined, alike: "vb-final-free-window" });
    expect(found.why).toMatch(/^not compared: /);
    expect(isUnknown(found)).toBe(false);
  });
});

test("a circle of waits is known of 6.12 within reclaim alone", () => {
  expect(of("6.12.117", "calls-return", "stop deadlock reclaim ").bug).toBe("purge-waits-for-reclaim");
  expect(of("6.12.117", "calls-return", "stop deadlock ").bug).toBeUndefined();
  expect(of("6.12.117", "calls-return", "stop hung ").bug).toBeUndefined();
});

test("a law that no protocol of the release violates is known of no bug", () => {
  expect(of("6.12", "no-overlap", "return 0 2 0 0 1 0 0")).toEqual({
    bug: undefined,
    alike: undefined,
    why: undefined,
    isCompared: true,
  });
});

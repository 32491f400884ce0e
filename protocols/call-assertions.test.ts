import { describe, expect, test } from "vitest";
import { refusedOnlyWhenFull } from "../spec/vmap/laws/placement.ts";
import { noAliasAfterUnmapAliases } from "../spec/vmap/laws/translation.ts";
import { aliasesLeft, done, keeps } from "./call-assertions.ts";

const state = new Int32Array(1);

describe("a law is judged at the step in which a call returns:", () => {
  test.each([
    [0b01, 0b00, [0b00, 0b10], true, "another page is translated"],
    [0b01, 0b00, [0b00, 0b01], false, "a CPU still translates the page"],
    [0b01, 0b01, [0b00, 0b00], false, "its PTE is still there"],
    [0b00, 0b11, [0b11, 0b11], true, "nothing was unmapped"],
  ])("of unmapped pages %i, with PTEs %i and TLBs %j: %s, %s", (unmapped, ptes, tlbs, holds) => {
    expect(keeps(noAliasAfterUnmapAliases, [], () => aliasesLeft(unmapped, ptes, tlbs)).holds(state)).toBe(
      holds,
    );
  });

  test("is not judged by a part of the world that the protocol does not model", () => {
    const command = { op: "alloc", size: 1, align: 1, vstart: 0, vend: 1, map: true } as const;
    const silent = keeps(refusedOnlyWhenFull, [], () => ({
      command,
      response: { ...done, kind: "refused" },
    }));
    expect(() => silent.holds(state)).toThrow("lowestFit");
  });
});

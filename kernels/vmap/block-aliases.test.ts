/** What vm_unmap_aliases flushes of blocks, and what it overlooks. */
import { test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  bench,
  FIRST,
  FOURS,
  flushesOf,
  LABELS,
  OVERLOOKING,
  SCOPE,
  WALKING,
} from "./block-stories.testing.ts";

describe("vm_unmap_aliases", () => {
  const UNMAP_ALIASES = { op: "unmapAliases" } as const;

  test.each(LABELS)(
    "On %s vm_unmap_aliases flushes from the first to the last page given back, in all blocks",
    (label) => {
      const wide = { ...SCOPE, vmalloc: { vstart: FIRST, vend: FIRST + 64 } };
      // ABCDE---  FG------, of which B and G are unmapped, and D before
      const made = bench(label, wide, "A1 B1 C1 D1 E1 F1@1 G1@1 -B -D");
      expect(flushesOf(made.act(UNMAP_ALIASES))).toEqual([[FIRST + 1, FIRST + 4]]);
      made.play("-G");
      // From 6.5 on what was flushed is not flushed again.
      const from = WALKING.includes(label) ? made.startOf("G") : FIRST + 1;
      expect(flushesOf(made.act(UNMAP_ALIASES))).toEqual([[from, made.startOf("G") + 1]]);
    },
  );

  test.each(LABELS)(
    "On %s vm_unmap_aliases leaves no PTE behind, and clears those that unmapping left",
    (label) => {
      const made = bench(label, SCOPE, "A1 B2 C1");
      const atOnce = made.kernel.promises.includes("unmapped-means-no-pte");
      const cleared = [made.play("-B"), made.act(UNMAP_ALIASES)].map(({ pteCleared }) => pteCleared);
      expect(cleared).toEqual(atOnce ? [2, 0] : [0, 2]);
      const tlb = made.act({ op: "tlb" });
      expect(tlb.kind === "done" && tlb.aliases?.deadPtes).toBe(0);
    },
  );

  test.each(LABELS)("On %s vm_unmap_aliases flushes nothing if nothing was given back", (label) => {
    expect(flushesOf(bench(label, SCOPE, "A1 B2").act(UNMAP_ALIASES))).toEqual([]);
  });

  test("vm_unmap_aliases covers lazy areas and blocks by one flush", () => {
    // aaaa is lazy, B of BC-- is unmapped
    const made = bench("3.16", FOURS, "A2 D2 B1 C1 -A -D -B");
    expect(made.map).toBe("aadd bC--");
    expect(flushesOf(made.act(UNMAP_ALIASES))).toEqual([[FIRST, FIRST + 5]]);
    expect(made.map).toBe(".... bC--");
  });

  test.each([
    ["2.6.39", "A---BBBB", FIRST + 4, FIRST + 8],
    ["3.16", "ABBBB---", FIRST + 1, FIRST + 4],
    ["4.4", "ABBBB---", FIRST + 1, FIRST + 5],
  ])(
    "vm_unmap_aliases of %s, after B of %s is unmapped, flushes [%d, %d): 3.16 forgets the next word",
    (label, map, ...flush) => {
      const made = bench(label, SCOPE, "A1 B4");
      expect(made.map).toBe(map);
      made.play("-B");
      expect(flushesOf(made.act(UNMAP_ALIASES))).toEqual([flush]);
    },
  );

  // cABB: on no list
  test.each(OVERLOOKING)("On %s vm_unmap_aliases overlooks a block that is used up (C7)", (label) => {
    const made = bench(label, FOURS, "C1 A1 B2 -C");
    expect(made.map).toBe("cABB");
    expect(flushesOf(made.act(UNMAP_ALIASES))).toEqual([]);
  });

  test.each(WALKING)("On %s vm_unmap_aliases finds a block that is used up, and flushes it once", (label) => {
    const made = bench(label, FOURS, "C1 A1 B2 -C");
    expect(made.map).toBe("cABB");
    expect(flushesOf(made.act(UNMAP_ALIASES))).toEqual([[FIRST, FIRST + 1]]);
    expect(flushesOf(made.act(UNMAP_ALIASES))).toEqual([]);
  });
});

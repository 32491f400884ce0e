/** Maps and unmaps in blocks, drawn as stories. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Command } from "../../spec/vmap/commands.ts";
import { type Cpu, PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";
import {
  type Bench,
  BOTTOM_UP,
  bench,
  blocksOf,
  FIRST,
  FOURS,
  flushesOf,
  LABELS,
  mapAfter,
  pitchOf,
  SCOPE,
  WALKING,
  WITH_BLOCKS,
} from "./block-stories.testing.ts";
import { type Blocks, emptyBlocks, runsOf, takeBlock } from "./blocks.ts";
import { rulesOf } from "./releases.ts";
import { NO_ROOM } from "./search-uncached.ts";

describe("in a block", () => {
  test.each(["2.6.28", "2.6.39", "3.10.65"])(
    "In a block %s finds the lowest region aligned to its size",
    (label) => {
      expect(mapAfter(label, SCOPE, "A1 B4 C2 D1")).toBe("ADCCBBBB");
      expect(mapAfter(label, SCOPE, "A2 B3 C1 D1")).toBe("AACDBBB+");
    },
  );

  test.each(BOTTOM_UP)("In a block %s gives out pages from the bottom up", (label) => {
    expect(mapAfter(label, SCOPE, "A1 B4 C2 D1")).toBe("ABBBBCCD");
    expect(mapAfter(label, SCOPE, "A2 B3 C1 D1")).toBe("AABBB+CD");
  });

  test.each(LABELS)("In a block %s never gives out a page again while the block exists", (label) => {
    expect(mapAfter(label, FOURS, "A1 B1 -A C1")).toBe("aBC-");
  });

  const region = fc.constantFrom(1, 2, 4, 8);
  test.prop([fc.array(region, { maxLength: 16, size: "max" })])(
    "In a block the lowest aligned region exists whenever enough pages are left (3fcd76e8028e)",
    (regions) => {
      const blocks = emptyBlocks({ ...SCOPE, blockPages: 16 });
      const block = takeBlock(blocks, 0, 0, 0);
      for (const pages of regions) {
        if (pages > (blocks.free[block] as number)) continue;
        const at = rulesOf("2.6.37").blocks.find(blocks, block, pages);
        expect([at % pages, at === NO_ROOM]).toEqual([0, false]);
        expect(runsOf(blocks.given.subarray(at, at + pages), { ...blocks, pages }, 0)).toEqual([]);
        blocks.given.fill(1, at, at + pages);
        blocks.free[block] = (blocks.free[block] as number) - pages;
      }
    },
  );
});

describe("blocks of any size", () => {
  test.each([
    [2, 1],
    [4, 2],
    [128, 64],
    [1024, 64],
  ])("Blocks of %d pages fill, leave their list, become lazy and are released", (blockPages, bitsPerLong) => {
    const vmalloc = { vstart: 1024, vend: 1024 + 3 * blockPages };
    for (const label of ["2.6.28.10", "3.1", "3.16", "4.4", "5.0.1"]) {
      const { state, act, ...one } = bindings(
        bench(label, { ...SCOPE, wordPages: 8192, blockPages, bitsPerLong, vmalloc }),
      );
      const each = Array.from({ length: blockPages / bitsPerLong }, (_none, nth) => 1024 + nth * bitsPerLong);
      const map = () => act({ op: "mapRam", cpu: 0, count: bitsPerLong });
      expect(each.map(() => map()).map((reply) => reply.kind === "placed" && reply.start)).toEqual(each);
      expect(one.listOf(0)).toEqual([]);
      const lazy = each.map(
        (start) => act({ op: "unmapRam", cpu: 0, start, count: bitsPerLong }).lazyPages as Pages,
      );
      expect(lazy).toEqual(each.map((_start, nth) => (nth === each.length - 1 ? blockPages : 0)));
      expect([state.blocks.count, state.areas.descriptors]).toEqual([0, 1]);
      expect(flushesOf(act({ op: "purge" }))).toEqual([[1024, 1024 + blockPages]]);
      expect(state.areas.descriptors).toBe(0);
    }
  });

  function bindings(of: Bench) {
    return {
      state: of.state,
      act: (command: Command) => of.act(command),
      listOf: (cpu: Cpu) => of.listOf(cpu),
    };
  }
});

describe("the list of a CPU's blocks", () => {
  // After AAB- CC.. the next page is taken from whichever block comes first.
  test.each(["2.6.37", "3.10.65", "3.16"])(
    "The list of a CPU's blocks has a new block of %s before the others",
    (label) => {
      const made = bench(label, FOURS, "A2 B1 C2 D1");
      expect(blocksOf(made)).toEqual(["AAB-", "CCD-"]);
      expect(made.listOf(0)).toEqual([pitchOf(made), 0]);
    },
  );

  test.each(["4.4", "4.15.0"])(
    "The list of a CPU's blocks has a new block of %s behind the others",
    (label) => {
      const made = bench(label, FOURS, "A2 B1 C2 D1");
      expect(made.map).toBe("AABD CC--");
      expect(made.listOf(0)).toEqual([1]);
    },
  );

  test.each(["3.1", "3.16", "4.4"])(
    "The list of a CPU's blocks of %s loses a block that is used up, and does not get it back",
    (label) => {
      const made = bench(label, FOURS, "A2 B1");
      expect(made.listOf(0)).toEqual([0]);
      made.play("C1");
      expect(made.listOf(0)).toEqual([]);
      made.play("-A -B");
      expect([made.map, made.listOf(0)]).toEqual(["aabC", []]);
    },
  );

  test.each(LABELS)("On %s CPUs do not share blocks, but may unmap each other's maps", (label) => {
    const wide = { ...FOURS, vmalloc: { vstart: FIRST, vend: FIRST + 64 } };
    const made = bench(label, wide, "A1@0 B1@1 C2@0 D2@1 -A@1");
    expect([made.listOf(0), made.listOf(1)]).toEqual([[0], [pitchOf(made)]]);
    expect(blocksOf(made)).toEqual(BOTTOM_UP.includes(label) ? ["aCC-", "BDD-"] : ["a-CC", "B-DD"]);
  });
});

describe("a block that was used up and given back to its last page", () => {
  test.each(LABELS)(
    "On %s a block used up and given back to its last page is a lazy area, and a purge releases it",
    (label) => {
      const made = bench(label, FOURS, "A2 B1 C1 -B -A");
      expect([made.map, made.lazyPages, made.state.blocks.count]).toEqual(["aabC", 0, 1]);
      const last = made.play("-C");
      expect([made.map, made.lazyPages, made.state.blocks.count]).toEqual(["aabc", 4, 0]);
      expect([flushesOf(last), last.rcuCallbacks]).toEqual([[], 1]);
      expect(flushesOf(made.act({ op: "purge" }))).toEqual([[FIRST, FIRST + 4]]);
      expect([made.map, made.lazyPages]).toEqual(["", 0]);
    },
  );

  test("A block counts the pages that rounding took as given out and given back with the map", () => {
    // AAA+BBBB, both unmapped
    expect(bench("3.16", SCOPE, "A3 B4 -A -B").lazyPages).toBe(8);
  });

  test.each(LABELS)(
    "On %s a block given back to its last page is purged at once if it exceeds the lazy limit",
    (label) => {
      const made = bench(label, { ...FOURS, lazyMaxPages: 3 }, "A2 B2 -A");
      expect(flushesOf(made.play("-B"))).toEqual([[FIRST, FIRST + 4]]);
      expect(made.map).toBe("");
    },
  );
});

test.each(["3.1", "3.16", "4.4"])(
  "A new block of %s has no data of the block that was there before",
  (label) => {
    // aabb is released; then CD-- in its place, of which D is unmapped
    const made = bench(label, FOURS, "A2 B2 -A -B");
    made.act({ op: "purge" });
    made.play("C1 D1 -D");
    expect(flushesOf(made.act({ op: "unmapAliases" }))).toEqual([[FIRST + 1, FIRST + 2]]);
  },
);

describe("a fragmented block", () => {
  const ALLOC = {
    op: "alloc",
    size: 64,
    align: PAGE_SIZE,
    vstart: FIRST,
    vend: FIRST + 32,
    map: false,
  } as const;

  test.each(WITH_BLOCKS)(
    "On $name a fragmented block is released by what the release promises, and by nothing else",
    (kernel) => {
      const { fragments } = kernel.release;
      const released = fragments === "kept" ? "a---" : "";
      const byEach = ["purge", "unmapAliases"].map((op) => {
        const made = bench(kernel, FOURS, "A1 -A");
        made.act({ op } as Command);
        return made.map;
      });
      expect(byEach).toEqual([released, fragments === "usable kept" ? "a---" : released]);
      const refused = bench(kernel, FOURS, "A1 -A");
      expect([refused.act(ALLOC).kind, refused.map]).toEqual(["refused", released]);
    },
  );

  test.each(WALKING)(
    "On %s vm_unmap_aliases releases a fragmented block once less than a quarter is left",
    (label) => {
      // aaaabb-- may still be used, aaaabbc- not
      const made = bench(label, SCOPE, "A4 B2 -A -B");
      made.act({ op: "unmapAliases" });
      expect(made.map).toBe("aaaabb--");
      made.play("C1 -C");
      expect(flushesOf(made.act({ op: "unmapAliases" }))).toEqual([[FIRST, FIRST + 8]]);
      expect(made.map).toBe("");
    },
  );

  test.each(LABELS)("On %s a fragmented block survives a free that purges above the lazy limit", (label) => {
    const made = bench(label, { ...FOURS, lazyMaxPages: 0 }, "A1 -A");
    const area = made.act({ ...ALLOC, size: 1 });
    if (area.kind !== "placed") throw new Error(area.kind);
    const freed = made.act({ op: "free", start: area.start });
    expect(flushesOf(freed)).toEqual([[area.start, area.start + 1]]);
    expect(made.map).toBe("a---");
  });

  test("A block in which something is mapped is not fragmented", () => {
    const made = bench("3.16", FOURS, "A1 B1 -A");
    made.act({ op: "purge" });
    expect(made.map).toBe("aB--");
  });
});

describe("the search for an aligned region", () => {
  const { find } = rulesOf("2.6.37").blocks;
  const blockOf = (pages: Pages) => {
    const blocks = emptyBlocks({ ...FOURS, blockPages: pages, bitsPerLong: pages });
    return { blocks, block: takeBlock(blocks, 0, FIRST, 0) };
  };
  const give = ({ given, free, pages: size }: Blocks, block: number, at: Pages, pages: Pages, to: 0 | 1) => {
    given.fill(to, block * size + at, block * size + at + pages);
    free[block] = (free[block] as number) + (to === 1 ? -pages : pages);
  };

  /** Gives out regions of every size in every order; counts those for which enough pages were free in vain. */
  function inVain(blocks: Blocks, block: number): number {
    let failures = 0;
    for (let pages = 1; pages <= (blocks.free[block] as number); pages *= 2) {
      const at = find(blocks, block, pages);
      if (at === NO_ROOM) {
        failures += 1;
        continue;
      }
      give(blocks, block, at, pages, 1);
      failures += inVain(blocks, block);
      give(blocks, block, at, pages, 0);
    }
    return failures;
  }

  test.each([2, 4, 8, 16])(
    "The search for an aligned region never fails in a block of %i pages that has enough of them free",
    (pages) => {
      const { blocks, block } = blockOf(pages);
      expect(inVain(blocks, block)).toBe(0);
    },
  );

  test("The search for an aligned region would fail if a page were given out again", () => {
    // AB-- with A free again: two pages apart
    const { blocks, block } = blockOf(4);
    give(blocks, block, 1, 1, 1);
    give(blocks, block, 3, 1, 1);
    expect(find(blocks, block, 2)).toBe(NO_ROOM);
  });
});

describe("a map that finds no room in a block", () => {
  test.each(LABELS)("On %s a map of more pages than a word has bits gets an area of its own", (label) => {
    const wide = { ...SCOPE, vmalloc: { vstart: FIRST + 1, vend: FIRST + 40 } };
    const made = bench(label, wide);
    const reply = made.play("A5");
    expect([made.startOf("A"), made.state.blocks.count, reply.pteSet]).toEqual([FIRST + 1, 0, 5]);
    made.play("-A");
    expect([made.lazyPages, made.state.areas.descriptors]).toEqual([5, 1]);
    expect(flushesOf(made.act({ op: "purge" }))).toEqual([[FIRST + 1, FIRST + 6]]);
    expect(made.state.areas.descriptors).toBe(0);
  });

  test.each(LABELS)("On %s a map that finds no room is refused after it has taken its frames", (label) => {
    const one = { ...FOURS, vmalloc: { vstart: FIRST, vend: FIRST + 4 } };
    const made = bench(label, one, "A2 B1");
    const { areas, blocks } = made.state;
    const leaks = label === "2.6.28" ? 1 : 0;
    for (const [nth, story] of ["C2", "D5"].entries()) {
      expect(made.play(story).kind).toBe("refused");
      expect([areas.descriptors, blocks.count, made.map]).toEqual([1 + leaks * (nth + 1), 1, "AAB-"]);
    }
    made.play("E1");
    const touched = made.act({ op: "touch", cpu: 1, page: made.startOf("E") });
    // A and B took the frames 1 to 3, C 4 and 5, D 6 to 10
    expect(touched).toMatchObject({ kind: "reached", hit: false, frame: 11 });
  });

  test.each(LABELS)("On %s a map that finds no room purges the lazy areas", (label) => {
    const one = { ...FOURS, vmalloc: { vstart: FIRST, vend: FIRST + 4 } };
    const made = bench(label, one, "A2 B2 -A -B");
    expect(flushesOf(made.play("C1"))).toEqual([[FIRST, FIRST + 4]]);
    expect(made.map).toBe("C---");
  });
});

describe("a map of nothing", () => {
  const NOTHING = { op: "mapRam", cpu: 0, count: 0 } as const;

  test.each(LABELS)("A map of no page is refused only by 6.12 and later; %s", (label) => {
    const returns = !["piggin-draft-1", "piggin-draft-3", "2.6.37", "2.6.39", "3.1"].includes(label);
    const answer = ["6.12", "6.19"].includes(label) ? "refused" : returns ? "bug" : "hung";
    expect(bench(label, SCOPE).act(NOTHING).kind).toBe(answer);
  });

  test.each([16, 2 ** 30])(
    "A map of no page is recognised not to return in a window of %i blocks",
    (blocks) => {
      const scope = { ...SCOPE, wordPages: 2 ** 40, vmalloc: { vstart: FIRST, vend: FIRST + 8 * blocks } };
      const reply = bench("3.1", scope).act(NOTHING);
      expect(reply).toMatchObject({ kind: "hung", text: expect.stringMatching(/^last seen in \w+$/) });
    },
  );
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { areasAndLazy, type Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { type Cpu, PAGE_SIZE, type Pages, roundedUp, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { NONE } from "./areas.ts";
import {
  addAtHead,
  addAtTail,
  allBlocks,
  type Blocks,
  blockAt,
  copyBlocks,
  emptyBlocks,
  giveBackBlock,
  isFragmented,
  listedBlocks,
  runsOf,
  takeBlock,
  takeOffList,
} from "./blocks.ts";
import { KERNELS, kernelCalled } from "./index.ts";
import { rulesOf } from "./releases.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";

const FIRST = 64;

/** Blocks of eight pages, of which a map takes at most four; without room for a fifth. */
const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "blocks",
  wordPages: 4096,
  cpus: 2,
  lazyMaxPages: null,
  vmalloc: { vstart: FIRST, vend: FIRST + 32 },
  blockPages: 8,
  bitsPerLong: 4,
  sizes: [],
  aligns: [],
  windows: [],
};
const FOURS: Scope = { ...SCOPE, blockPages: 4, bitsPerLong: 2 };

const WITH_BLOCKS = KERNELS.filter(({ release }) => release.fragments !== "no blocks");
const LABELS = WITH_BLOCKS.map(({ name }) => name);
const BOTTOM_UP = LABELS.slice(LABELS.indexOf("3.16"));
/** vm_unmap_aliases looks at every block, and keeps those that may still be used. */
const WALKING = LABELS.slice(LABELS.indexOf("6.5"));
const OVERLOOKING = LABELS.filter((label) => !WALKING.includes(label));

interface Letter {
  readonly start: Vpn;
  readonly count: Pages;
}

/** A kernel whose maps have letters: `A3` maps three pages on CPU 0, `A3@1` on CPU 1, `-A` unmaps them. */
class Bench {
  readonly kernel: Kernel<State>;
  readonly state: State;
  readonly #scope: Scope;
  readonly #letters = new Map<string, Letter>();
  readonly #drawn = new Map<Vpn, string>();

  constructor(kernel: string | Kernel<State>, scope: Scope) {
    this.kernel = typeof kernel === "string" ? (kernelCalled(kernel) as Kernel<State>) : kernel;
    this.state = this.kernel.initial(scope);
    this.#scope = scope;
  }

  act(command: Command): Response {
    return this.kernel.act(this.state, command);
  }

  /** Plays a story of letters; the last reply. */
  play(story: string): Response {
    const replies = story.split(" ").map((word) => this.#one(word));
    return replies.at(-1) as Response;
  }

  #one(word: string): Response {
    const [, minus, letter = "", count, cpu] = /^(-?)([A-Z])(\d*)@?(\d?)$/.exec(word) as RegExpExecArray;
    if (minus) return this.#unmap(letter, Number(cpu));
    const pages = Number(count);
    const response = this.act({ op: "mapRam", cpu: Number(cpu), count: pages });
    if (response.kind !== "placed") return response;
    const { start } = response;
    this.#forget(response);
    this.#letters.set(letter, { start, count: pages });
    const taken = pages > this.#scope.bitsPerLong ? pages : roundedUp(pages);
    for (let page = start; page < start + taken; page++) {
      this.#drawn.set(page, page < start + pages ? letter : "+");
    }
    return response;
  }

  #unmap(letter: string, cpu: Cpu): Response {
    const { start, count } = this.#letters.get(letter) as Letter;
    for (let page = start; page < start + count; page++) this.#drawn.set(page, letter.toLowerCase());
    return this.act({ op: "unmapRam", cpu, start, count });
  }

  /** A map that flushed has purged: what was unmapped there is released. */
  #forget({ flushes }: Response): void {
    for (const [page, letter] of this.#drawn) {
      const isHeld = letter !== letter.toLowerCase();
      if (!isHeld && flushes.some(({ start, end }) => start <= page && page < end)) this.#drawn.delete(page);
    }
  }

  startOf(letter: string): Vpn {
    return (this.#letters.get(letter) as Letter).start;
  }

  /**
   * The window, a word for a block: `AA-b` where A is mapped, b was unmapped, a page was never given out. A page
   * that only rounding took is `+`; one in no area is `.`.
   */
  get map(): string {
    const { vstart, vend } = this.#scope.vmalloc;
    const areas = areasAndLazy(this.kernel.dump(this.state));
    let text = "";
    for (let page = vstart; page < vend; page++) {
      if (page > vstart && (page - vstart) % this.#scope.blockPages === 0) text += " ";
      const standing = areas.some(({ start, end }) => start <= page && page < end);
      text += standing ? (this.#drawn.get(page) ?? "-") : ".";
    }
    return text.replace(/[ .]+$/, "");
  }

  /** Of a CPU's list: the numbers of its blocks in the window. */
  listOf(cpu: Cpu): readonly number[] {
    const { freeLists } = this.kernel.dump(this.state);
    const { vmalloc, blockPages } = this.#scope;
    return (freeLists[cpu] as readonly Vpn[]).map((start) => (start - vmalloc.vstart) / blockPages);
  }

  get lazyPages(): Pages {
    return this.kernel.dump(this.state).lazyPages as Pages;
  }
}

function bench(kernel: string | Kernel<State>, scope: Scope, story?: string): Bench {
  const made = new Bench(kernel, scope);
  if (story !== undefined) made.play(story);
  return made;
}

const mapAfter = (kernel: string | Kernel<State>, scope: Scope, story: string) =>
  bench(kernel, scope, story).map;
/** The blocks that stand, without what lies between them. */
const blocksOf = (made: Bench) => made.map.split(" ").filter((block) => !/^[.]+$/.test(block));
/** From one block to the next, in blocks: where a page is kept between areas, every other place stays free. */
const pitchOf = (made: Bench) => (made.kernel.release.guard.afterArea > 0 ? 2 : 1);
const flushesOf = (response: Response) => response.flushes.map(({ start, end }) => [start, end]);

describe("the data of blocks", () => {
  const PAGES = 4;
  const op = fc.oneof(
    fc.record({ op: fc.constant("take" as const), cpu: fc.nat(1), number: fc.nat(60), last: fc.boolean() }),
    fc.record({ op: fc.constantFrom("give" as const, "unlist" as const), nth: fc.nat(60) }),
    fc.record({ op: fc.constant("mark" as const), nth: fc.nat(60), page: fc.nat(PAGES - 1) }),
    fc.record({ op: fc.constant("copy" as const) }),
  );

  /** What is expected of a block that is there. */
  interface Expected {
    readonly slot: number;
    readonly cpu: Cpu;
    readonly area: number;
    readonly given: boolean[];
  }

  test.prop([fc.array(op, { maxLength: 80, size: "max" })])(
    "The data of blocks equal a Map and arrays, whatever is taken, listed, given back and copied",
    (ops) => {
      let blocks = emptyBlocks({ ...SCOPE, blockPages: PAGES });
      const there = new Map<number, Expected>();
      const lists: number[][] = [[], []];
      const unlist = ({ slot, cpu }: Expected) => {
        const list = lists[cpu] as number[];
        if (!list.includes(slot)) return;
        takeOffList(blocks, slot);
        list.splice(list.indexOf(slot), 1);
      };
      for (const [at, each] of ops.entries()) {
        if (each.op === "copy") {
          const original = blocks;
          blocks = copyBlocks(blocks);
          takeBlock(original, 0, 0, 0);
          original.given.fill(1);
          original.head.fill(NONE);
        } else if (each.op === "take") {
          const { cpu, number, last } = each;
          if (there.has(number)) continue;
          const slot = takeBlock(blocks, at, number * PAGES, cpu);
          there.set(number, { slot, cpu, area: at, given: Array(PAGES).fill(false) });
          if (last) addAtTail(blocks, slot);
          else addAtHead(blocks, slot);
          lists[cpu]?.splice(last ? Number.POSITIVE_INFINITY : 0, 0, slot);
        } else {
          const [number, block] = [...there][each.nth % Math.max(1, there.size)] ?? [];
          if (number === undefined || block === undefined) continue;
          if (each.op === "mark") {
            blocks.given[block.slot * PAGES + each.page] = 1;
            block.given[each.page] = true;
          } else {
            unlist(block);
            if (each.op === "give") {
              giveBackBlock(blocks, block.slot, number * PAGES);
              there.delete(number);
            }
          }
        }
      }
      const slots = [...there.values()].map(({ slot }) => slot);
      expect(allBlocks(blocks)).toEqual(slots.toSorted((a, b) => a - b));
      expect([blocks.count, new Set(slots).size]).toEqual([there.size, there.size]);
      expect(lists.map((_list, cpu) => listedBlocks(blocks, cpu))).toEqual(lists);
      for (let number = 0; number <= 60; number++) {
        const expected = there.get(number);
        const found = [0, PAGES - 1].map((page) => blockAt(blocks, number * PAGES + page));
        expect(found).toEqual(Array(2).fill(expected?.slot ?? NONE));
        if (expected === undefined) continue;
        const { slot, area, cpu, given } = expected;
        expect([blocks.area[slot], blocks.cpu[slot], blocks.free[slot]]).toEqual([area, cpu, PAGES]);
        const set = runsOf(blocks.given, blocks, slot).flatMap(({ start, end }) =>
          Array.from({ length: end - start }, (_none, nth) => start + nth),
        );
        expect(set).toEqual(given.flatMap((is, page) => (is ? [page] : [])));
      }
    },
  );

  test("The data of blocks give the runs of a bitmap up to the block's end and not into the next", () => {
    const blocks = emptyBlocks({ ...SCOPE, blockPages: 8 });
    const [first, second] = [takeBlock(blocks, 0, 0, 0), takeBlock(blocks, 1, 8, 0)];
    // #--##--# ########
    blocks.given.set([1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    const runs = (block: number) => runsOf(blocks.given, blocks, block).map(({ start, end }) => [start, end]);
    expect(runs(first)).toEqual([
      [0, 1],
      [3, 5],
      [7, 8],
    ]);
    expect(runs(second)).toEqual([[0, 8]]);
  });

  test("The data of blocks distinguish a fragmented block from one in use and from one that is completely dirty", () => {
    const blocks = emptyBlocks({ ...SCOPE, blockPages: 8 });
    const block = takeBlock(blocks, 0, 0, 0);
    const with_ = (free: Pages, dirty: Pages) => {
      blocks.free[block] = free;
      blocks.dirty[block] = dirty;
      return isFragmented(blocks, block);
    };
    expect([with_(8, 0), with_(5, 3), with_(5, 2), with_(0, 8)]).toEqual([true, true, false, false]);
  });
});

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

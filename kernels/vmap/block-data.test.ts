/** The data of blocks: what is kept of each, of the lists and of the pages. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Cpu, Pages } from "../../spec/vmap/vocabulary.ts";
import { NONE } from "./areas.ts";
import { SCOPE } from "./block-stories.testing.ts";
import {
  addAtHead,
  addAtTail,
  allBlocks,
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

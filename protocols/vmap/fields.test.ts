/**
 * Addresses, places and links in the fields of protocols: no two things have the same number, and each fits its fields.
 */
import { describe, expect, test } from "vitest";
import { type Field, Layout, valuesOf } from "../../engine/search/layout.ts";
import { fieldsOf as fieldsOfBlocks } from "./blocks/fields.ts";
import { BUSY, fieldsOf as fieldsOfPins, hasPte, isTranslated, LAZY, tlbsOf } from "./pins/vmap.ts";
import { fieldsOf as fieldsOfLocks, nodesOf } from "./queues/locks/fields.ts";
import { fieldsOf as fieldsOfWalks, HEAD, linksOf } from "./queues/walks/fields.ts";
import { directOf, fieldsOf as fieldsOfResetPerms } from "./reset-perms.ts";

const upTo = (count: number) => Array.from({ length: count }, (_none, nth) => nth);
/** The numbers that a field can hold. */
const inField = ({ meaning }: Field) => upTo(valuesOf(meaning));

describe("of reset-perms", () => {
  test.each([1, 2, 3, 4])(
    "%d areas lie below their pages in the direct map, and all ends below MAX",
    (areas) => {
      const m = fieldsOfResetPerms(new Layout(), { cpus: 2, areas });
      const own = m.areas.map(({ index }) => index);
      const direct = m.areas.map((area) => directOf(m, area));
      const addresses = [...own, ...direct];
      expect(addresses).toEqual(upTo(2 * areas));
      const ends = addresses.map((address) => address + 1);
      expect(Math.max(...ends)).toBeLessThan(m.most);
      for (const field of m.cpus.flatMap((cpu) => [cpu.direct, cpu.start, cpu.end])) {
        expect(inField(field)).toEqual([0, ...ends, m.most]);
      }
    },
  );
});

describe("of locks", () => {
  test.each([
    [1, 1],
    [2, 3],
    [4, 2],
  ])("%d heads come first, then %d blocks, and a link can lead to each", (cpus, blocks) => {
    const m = fieldsOfLocks(new Layout(), { cpus, blocks, pages: 2 });
    const nodes = nodesOf(m);
    expect(nodes.map(({ here }) => here)).toEqual(upTo(cpus + blocks));
    expect(m.queues).toHaveLength(cpus);
    const links = [...nodes, ...m.cpus].flatMap(({ next, prev }) => [next, prev]);
    for (const link of [...links, ...m.cpus.map(({ at }) => at)]) {
      expect(inField(link)).toEqual(nodes.map(({ here }) => here));
    }
    for (const { lock } of [...m.queues, ...m.blocks]) expect(inField(lock)).toEqual(upTo(cpus + 1));
    for (const { maker } of m.blocks) expect(inField(maker)).toEqual(upTo(cpus));
  });
});

describe("of walks", () => {
  test.each([1, 2, 4])("a link leads to the head, to one of %d blocks, or nowhere", (blocks) => {
    const m = fieldsOfWalks(new Layout(), { cpus: 2, blocks, pages: 2 });
    const places = [HEAD, ...m.blocks.map(({ here }) => here), m.overwritten];
    expect(places).toEqual(upTo(blocks + 2));
    for (const link of [...linksOf(m), ...m.cpus.map(({ at }) => at)]) expect(inField(link)).toEqual(places);
    expect(linksOf(m)).toHaveLength(1 + blocks);
  });
});

describe("of pins", () => {
  const m = fieldsOfPins(new Layout(), { cpus: 2, pages: 2, frames: 3 });
  /** Page 0 maps frame 0 and is mapped; page 1 mapped frame 1 and is lazy; CPU 1 translates page 0 to frame 2. */
  const state = new Int32Array(8);
  for (const [page, life] of [BUSY, LAZY].entries()) {
    m.life[page]?.set(state, life);
    m.maps[page]?.set(state, page + 1);
  }
  m.cpus[1]?.tlb[0]?.set(state, 3);
  const frames = [0, 1, 2];

  test("a frame has a PTE where a page maps it that is mapped, be it one of several", () => {
    expect(frames.map((frame) => hasPte(m, state, frame))).toEqual([true, false, false]);
  });

  test("a frame is translated where the TLB of one CPU has it", () => {
    expect(frames.map((frame) => isTranslated(m, state, frame))).toEqual([false, false, true]);
    expect(tlbsOf(m)).toHaveLength(4);
  });
});

describe("of blocks", () => {
  test.each([
    [1, 2],
    [2, 3],
    [3, 5],
  ])(
    "%d blocks have %d pages each, numbered through all, and a range can end behind the last",
    (blocks, pages) => {
      const m = fieldsOfBlocks(new Layout(), { cpus: 2, blocks, pages }, false, false);
      expect(m.pages.map(({ page }) => page)).toEqual(upTo(blocks * pages));
      expect(m.blocks.flatMap((block) => block.pages)).toEqual(m.pages);
      for (const block of m.blocks) {
        expect(block.pages.map(({ page }) => page - block.first)).toEqual(upTo(pages));
        for (const count of [block.free, block.dirty, block.dirtyMin, block.dirtyMax]) {
          expect(inField(count)).toEqual(upTo(pages + 1));
        }
      }
      const places = [
        m.rangeStart,
        m.rangeEnd,
        ...m.cpus.flatMap(({ page, start, end }) => [page, start, end]),
      ];
      for (const place of places) expect(inField(place)).toEqual(upTo(blocks * pages + 1));
    },
  );
});

/** How the reference world follows small maps, the blocks they lie in, and pins. */
import { isDeepStrictEqual } from "node:util";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { quickly } from "../../engine/bounds.testing.ts";
import { frameOf, pagesOf } from "../../kernels/hardware/page-map.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import { areasAndLazy, type Kernel } from "../../spec/vmap/kernel.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { type Cpu, type Extent, PAGE_SIZE, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { after as follow } from "./after.ts";
import {
  done,
  FOUR_BLOCKS,
  flush,
  type More,
  mapped,
  type Pair,
  pinned,
  quiet,
  refused,
  unmapped,
} from "./pairs.testing.ts";
import { ImmutableWorld } from "./world.ts";

/** Room for one block. */
const NARROW: Scope = { ...FOUR_BLOCKS, vmalloc: { vstart: 64, vend: 72 } };

const purged = (...extents: readonly [Vpn, Vpn][]): Pair => [{ op: "purge" }, done(flush(...extents))];
const freed = (start: Vpn, more: More = {}): Pair => [{ op: "free", start }, done(more)];
const nothing = (more: More = {}): Pair => [{ op: "tlb" }, done(more)];
const touched = (page: Vpn, frame: number): Pair => [
  { op: "touch", cpu: 1, page },
  { ...quiet, kind: "reached", hit: false, frame },
];

/** The world after a history. */
function world(label: string, pairs: readonly Pair[], scope = FOUR_BLOCKS): ImmutableWorld {
  return pairs.reduce(
    (before, [command, response]) => follow(before, command, response) as ImmutableWorld,
    ImmutableWorld.empty(scope, releaseOf(label)),
  );
}

/** As `64-72 busy 4/2`: given out, given back. */
const areas = ({ areas }: ImmutableWorld) =>
  areas.map(({ start, end, life, block }) =>
    [`${start}-${end} ${life}`, ...(block ? [`${block.given}/${block.givenBack}`] : [])].join(" "),
  );

describe("a small map", () => {
  test("A small map makes the block it lies in, and the next goes into that", () => {
    // ABB-----
    expect(areas(world("3.16", [mapped(64, 1)]))).toEqual(["64-72 busy 1/0"]);
    expect(areas(world("3.16", [mapped(64, 1), mapped(65, 2)]))).toEqual(["64-72 busy 3/0"]);
    // ABB----- C-------
    const two = world("3.16", [mapped(64, 1), mapped(65, 2), mapped(72, 1, { cpu: 1 })]);
    expect(areas(two)).toEqual(["64-72 busy 3/0", "72-80 busy 1/0"]);
    expect(two.areas.map(({ block }) => block?.cpu)).toEqual([0, 1]);
  });

  test("A small map takes its count rounded up to a power of two, and maps its count", () => {
    // AAA+B---
    const here = world("3.16", [mapped(64, 3), mapped(68, 1)]);
    expect(areas(here)).toEqual(["64-72 busy 5/0"]);
    expect([64, 65, 66, 67, 68, 69].map((page) => here.frameAt(page) ?? 0)).toEqual([1, 2, 3, 0, 4, 0]);
    expect([here.blockCanGive({ start: 67, end: 68 }), here.blockCanGive({ start: 69, end: 72 })]).toEqual([
      false,
      true,
    ]);
  });

  test("A small map is held until it is unmapped by exactly its start and count", () => {
    const before = [mapped(64, 1), mapped(65, 2)];
    const asked = [
      [64, 1],
      [65, 2],
      [65, 1],
      [66, 1],
      [64, 3],
    ] as const;
    const held = (of: ImmutableWorld) => asked.map(([start, count]) => of.holdsMap(start, count));
    expect(held(world("3.16", before))).toEqual([true, true, false, false, false]);
    expect(held(world("3.16", [...before, unmapped(65, 2)]))).toEqual([true, false, false, false, false]);
  });

  test("A small map that was unmapped keeps its pages from being given out, and has no frame any more", () => {
    const here = world("3.16", [mapped(64, 2), mapped(66, 1), unmapped(64, 2)]);
    expect(areas(here)).toEqual(["64-72 busy 3/2"]);
    expect([here.frameAt(64), here.frameAt(66)]).toEqual([undefined, 3]);
    expect(here.blockCanGive({ start: 64, end: 66 })).toBe(false);
  });

  test("A small map that is refused takes frames nevertheless", () => {
    expect(world("3.16", [refused(3), mapped(64, 1)]).frameAt(64)).toBe(4);
  });

  test("A small map of more pages than a word has bits has an area of its own", () => {
    const here = world("3.16", [mapped(65, 5)]);
    expect([areas(here), here.holdsMap(65, 5), here.frameAt(69)]).toEqual([["65-70 busy"], true, 5]);
    const gone = world("3.16", [mapped(65, 5), unmapped(65, 5)]);
    expect([areas(gone), gone.holdsMap(65, 5), gone.lazyPages]).toEqual([["65-70 lazy"], false, 5]);
  });
});

describe("a block", () => {
  const full = [mapped(64, 4), mapped(68, 3)];
  const unmappedBlock = [...full, unmapped(64, 4), unmapped(68, 3)];

  test("A block is lazy once all its pages were given out and given back, and a purge releases it", () => {
    const almost = world("3.16", [...full, unmapped(68, 3)]);
    expect([areas(almost), almost.lazyPages]).toEqual([["64-72 busy 8/4"], 0]);
    const lazy = world("3.16", unmappedBlock);
    expect([areas(lazy), lazy.lazyPages, lazy.fragmentedBlocks()]).toEqual([["64-72 lazy 8/8"], 8, 0]);
    const gone = world("3.16", [...unmappedBlock, purged([64, 72])]);
    expect([areas(gone), gone.lazyPages, gone.releasedUnflushed]).toEqual([[], 0, 0]);
  });

  test("The world remembers a block that was released without a flush of all of it", () => {
    const here = world("3.16", [...unmappedBlock, purged([64, 70])]);
    expect([areas(here), here.unflushed]).toEqual([[], [{ start: 70, end: 72 }]]);
  });

  test("The unmap of its last map releases a block, if it flushed", () => {
    const here = world("3.16", [...full, unmapped(64, 4), unmapped(68, 3, flush([64, 72]))]);
    expect(areas(here)).toEqual([]);
  });

  test("A block counts a descriptor in addition to its area's, until it is lazy", () => {
    const leaked = (...pairs: readonly Pair[]) => world("3.16", pairs).leakedDescriptors;
    expect(leaked(mapped(64, 1, { descriptors: 2 }))).toBe(0);
    expect(leaked(mapped(64, 1, { descriptors: 3 }))).toBe(1);
    expect(leaked(...unmappedBlock, nothing({ descriptors: 1 }))).toBe(0);
  });

  test("A reply may replace a lazy block by a block of another CPU in the same place", () => {
    const again = mapped(64, 2, { cpu: 1, ...flush([64, 72]) });
    const here = world("3.16", [...unmappedBlock, again], NARROW);
    expect(areas(here)).toEqual(["64-72 busy 2/0"]);
    expect([here.areas[0]?.block?.cpu, here.lazyPages, here.frameAt(64)]).toEqual([1, 0, 8]);
  });

  test("A reply may replace a fragmented block in the same way", () => {
    const again = mapped(64, 2, { cpu: 1, ...flush([64, 72]) });
    for (const label of ["2.6.39", "3.16"]) {
      const here = world(label, [mapped(64, 1), unmapped(64, 1), again], NARROW);
      expect(areas(here)).toEqual(["64-72 busy 2/0"]);
      expect([here.areas[0]?.block?.cpu, here.unflushedIn({ start: 64, end: 72 })]).toEqual([1, false]);
    }
  });
});

describe("a fragmented block", () => {
  const fragment = [mapped(64, 1), unmapped(64, 1)];
  const bySynchronous = ["2.6.28", "3.16", "2.6.39"] as const;

  test("A fragmented block is distinguished from one in use, one used up and a lazy one, by CPU", () => {
    // a------- B------- cccccccc dd------, the last on CPU 1
    const here = world("3.16", [
      ...fragment,
      mapped(72, 1),
      mapped(80, 4),
      mapped(84, 4),
      unmapped(80, 4),
      unmapped(84, 4),
      mapped(88, 2, { cpu: 1 }),
      unmapped(88, 2),
    ]);
    expect([here.fragmentedBlocks(), here.fragmentedBlocks(0), here.fragmentedBlocks(1)]).toEqual([2, 1, 1]);
  });

  test("A fragmented block stays on 2.6.28; from 2.6.33 on a synchronous purge that covers it releases it", () => {
    const afterPurge = (...extents: readonly [Vpn, Vpn][]) =>
      bySynchronous.map((label) => areas(world(label, [...fragment, purged(...extents)])));
    const stands = ["64-72 busy 1/1"];
    expect(afterPurge([64, 72])).toEqual([stands, [], []]);
    expect(afterPurge([64, 71])).toEqual([stands, stands, stands]);
    expect(afterPurge()).toEqual([stands, stands, stands]);
  });

  test("Every synchronous purge releases a fragmented block: vm_unmap_aliases, a pin, an allocation, a map", () => {
    const alloc: Command = { op: "alloc", size: 64, align: PAGE_SIZE, vstart: 64, vend: 96, map: false };
    const pairs: readonly Pair[] = [
      [{ op: "unmapAliases" }, done(flush([64, 72]))],
      pinned(1, true, flush([64, 72])),
      [alloc, { ...quiet, ...flush([64, 72]), kind: "refused" }],
      refused(4, flush([64, 72])),
    ];
    for (const pair of pairs) expect(areas(world("3.16", [...fragment, pair]))).toEqual([]);
  });

  test("A fragmented block stays if a pin flushed without calling vm_unmap_aliases", () => {
    const here = world("3.16", [...fragment, pinned(1, false, flush([0, 256]))]);
    expect(areas(here)).toEqual(["64-72 busy 1/1"]);
  });

  test("A fragmented block stays after a free that purges, whatever its flush covers", () => {
    const free = [mapped(80, 5), unmapped(80, 5, flush([64, 85]))];
    expect(areas(world("3.16", [...fragment, ...free]))).toEqual(["64-72 busy 1/1"]);
    expect(areas(world("2.6.39", [...fragment, mapped(72, 1), ...free]))[0]).toBe("64-72 busy 1/1");
  });
});

describe("what was unmapped in a block", () => {
  const three = [mapped(64, 1), mapped(65, 2)];
  const bits = (of: ImmutableWorld) => [1, 2, 3].map((frame) => of.mayBeMapped(frame));

  test("A page unmapped in a block may be translated until its flush, although no CPU was seen to read it", () => {
    expect(bits(world("3.16", three))).toEqual([false, false, false]);
    const gone = [...three, unmapped(65, 2)];
    expect(bits(world("3.16", gone))).toEqual([false, true, true]);
    expect(bits(world("3.16", [...gone, freed(0, flush([65, 66]))]))).toEqual([false, false, true]);
    expect(bits(world("3.16", [...gone, freed(0, flush([65, 67]))]))).toEqual([false, false, false]);
  });

  test("A page unmapped in a block may be translated after a flush as well, while its PTE stays", () => {
    const left = [...three, unmapped(65, 2, { pteCleared: 0 })];
    expect(world("2.6.28", left).deadPtes).toBe(2);
    const flushed: Pair = [{ op: "unmapAliases" }, done(flush([65, 67]))];
    expect(bits(world("2.6.28", [...left, flushed]))).toEqual([false, true, true]);
    const swept: Pair = [{ op: "unmapAliases" }, done({ ...flush([65, 67]), pteCleared: 2 })];
    const clean = world("2.6.28", [...left, swept]);
    expect([bits(clean), clean.deadPtes]).toEqual([[false, false, false], 0]);
  });

  test("A page in a block has a PTE as long as replies report one, held or not", () => {
    const ptes = (of: ImmutableWorld) => [64, 65, 66, 67].map((page) => of.pteAt(page) ?? 0);
    expect(ptes(world("2.6.28", three))).toEqual([1, 2, 3, 0]);
    expect(ptes(world("2.6.28", [...three, unmapped(65, 2, { pteCleared: 0 })]))).toEqual([1, 2, 3, 0]);
    expect(ptes(world("2.6.28", [...three, unmapped(65, 2)]))).toEqual([1, 0, 0, 0]);
  });

  test("A page unmapped in a block loses its PTE when a purge releases the block", () => {
    // aabbcccc and D-------, all of the first unmapped; then a page of the second
    const all = [mapped(64, 4), mapped(68, 4), mapped(72, 1)];
    const left = { pteCleared: 0 };
    const gone = [unmapped(64, 4, left), unmapped(68, 4, left), unmapped(72, 1, left)];
    const purge: Pair = [{ op: "purge" }, done({ ...flush([64, 72]), pteCleared: 8 })];
    const here = world("2.6.28", [...all, ...gone, purge]);
    expect([here.deadPtes, here.pteAt(64), here.pteAt(72)]).toEqual([1, undefined, 9]);
    expect([1, 8, 9].map((frame) => here.mayBeMapped(frame))).toEqual([false, false, true]);
  });

  test("A page unmapped in a block is seen to be translated if a CPU read it, until a flush", () => {
    const read = [...three, touched(65, 2), unmapped(65, 2)];
    expect(world("3.16", read).deadTranslations).toBe(1);
    expect(world("3.16", [...read, pinned(2, true, flush([65, 67]))]).deadTranslations).toBe(0);
    expect(world("3.16", [...read, pinned(2, false)]).deadTranslations).toBe(1);
  });
});

test("A pin changes only what its flush dropped and its sweep released", () => {
  const lazy = [mapped(80, 5), unmapped(80, 5)];
  const before = world("3.16", lazy);
  expect(isDeepStrictEqual(world("3.16", [...lazy, pinned(9, false)]), before)).toBe(true);
  expect(isDeepStrictEqual(world("3.16", [...lazy, [{ op: "unpin", frame: 9 }, done()]]), before)).toBe(true);
  expect(areas(world("3.16", [...lazy, pinned(9, false, flush([80, 85]))]))).toEqual(["80-85 lazy"]);
  expect(areas(world("3.16", [...lazy, pinned(9, true, flush([80, 85]))]))).toEqual([]);
});

test("The world remembers vmalloc_init", () => {
  const off = { ...FOUR_BLOCKS, beforeInit: true };
  const aliases: Pair = [{ op: "unmapAliases" }, done()];
  expect([world("3.16", [aliases], off).initialised, world("3.16", []).initialised]).toEqual([false, true]);
  expect(world("3.16", [aliases, [{ op: "init" }, done()]], off).initialised).toBe(true);
});

test("If a reply cleared some PTEs, the flushed pages are perhaps clean and the others unchanged", () => {
  // aaaa, all unmapped with their PTEs left; two of them are cleared, and three pages flushed
  const left = [mapped(64, 4), unmapped(64, 4, { pteCleared: 0 })];
  const some: Pair = [{ op: "unmapAliases" }, done({ ...flush([64, 67]), pteCleared: 2 })];
  const here = world("2.6.28", [...left, some]);
  expect([1, 2, 3, 4].map((frame) => here.mayBeMapped(frame))).toEqual([false, false, false, true]);
  expect([here.deadPtes, here.pteAt(64), here.pteAt(67)]).toEqual([2, 1, 4]);
});

describe("worlds with blocks", () => {
  test("Worlds with blocks of one history are equal by value, and differ as soon as one reply does", () => {
    const twice = [mapped(64, 2), mapped(66, 1)];
    const gone = [...twice, unmapped(64, 2)];
    const histories: readonly (readonly Pair[])[] = [
      [mapped(64, 2)],
      [mapped(64, 1)],
      [mapped(64, 2, { cpu: 1 })],
      [mapped(65, 2)],
      [mapped(72, 2)],
      [refused(1), mapped(64, 2)],
      twice,
      gone,
      [...twice, unmapped(64, 2, { pteCleared: 0 })],
      [...twice, unmapped(66, 1)],
      [...gone, purged([64, 66])],
      [...gone, purged([64, 65])],
      [...gone, mapped(67, 1)],
    ];
    const [these, those] = [0, 1].map(() => histories.map((history) => world("3.16", history)));
    for (const [index, one] of (these as ImmutableWorld[]).entries()) {
      expect(those?.findIndex((other) => isDeepStrictEqual(one, other))).toBe(index);
    }
  });

  test("Worlds with blocks also differ by the life of a block", () => {
    const used = [mapped(64, 4), mapped(68, 4), unmapped(64, 4)];
    const lives = [used, [...used, unmapped(68, 4)]].map((pairs) => world("2.6.39", pairs));
    expect(lives.map((one) => one.areas[0]?.life)).toEqual(["busy", "lazy"]);
    expect(isDeepStrictEqual(lives[0], lives[1])).toBe(false);
  });
});

describe("the world after what a kernel answers", () => {
  const op = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ op: fc.constant("map"), nth: fc.integer({ min: 1, max: 5 }), cpu: fc.nat(1) }),
    },
    { weight: 5, arbitrary: fc.record({ op: fc.constant("unmap"), nth: fc.nat(20), cpu: fc.nat(1) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant("touch"), nth: fc.nat(20), cpu: fc.nat(1) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        op: fc.constantFrom("pin", "purge", "unmapAliases"),
        nth: fc.nat(0),
        cpu: fc.nat(0),
      }),
    },
  );
  const story = fc.array(op, { maxLength: 50, size: "max" });
  type Op = { readonly op: string; readonly nth: number; readonly cpu: Cpu };

  /** The command meant, with what is held by address; undefined where there is nothing to unmap or touch. */
  function commandOf({ op, nth, cpu }: Op, held: readonly Extent[]): Command | undefined {
    if (op === "map") return { op: "mapRam", cpu, count: nth };
    if (op === "pin" || op === "purge" || op === "unmapAliases") return { op };
    const map = held[nth % (held.length || 1)];
    if (map === undefined) return undefined;
    if (op === "touch") return { op: "touch", cpu, page: map.start };
    return { op: "unmapRam", cpu, start: map.start, count: map.end - map.start };
  }

  /** Plays a story on a kernel and on the world, and looks at both after each reply. */
  function play(
    kernel: Kernel<State>,
    ops: readonly Op[],
    look: (world: ImmutableWorld, state: State) => void,
  ): void {
    const state = kernel.initial({ ...FOUR_BLOCKS, lazyMaxPages: 12 });
    let here = ImmutableWorld.empty({ ...FOUR_BLOCKS, lazyMaxPages: 12 }, kernel.release);
    let held: Extent[] = [];
    for (const each of ops) {
      const command = commandOf(each, held);
      if (command === undefined) continue;
      const response = kernel.act(state, command);
      here = follow(here, command, response) as ImmutableWorld;
      if (command.op === "mapRam" && response.kind === "placed") {
        held = [...held, { start: response.start, end: response.start + command.count }];
      }
      if (command.op === "unmapRam") held = held.filter(({ start }) => start !== command.start);
      look(here, state);
    }
  }

  const RUNS = { numRuns: quickly(100) };
  const kernels = KERNELS.filter(({ release }) => release.fragments !== "no blocks");
  const pagesHere = Array.from({ length: 40 }, (_none, nth) => 60 + nth);

  describe.each(kernels)("$name", (kernel) => {
    test.prop([story], RUNS)("The world holds what the kernel's page table and callers hold", (ops) => {
      play(kernel, ops, (here, { memory: { held, pageTable } }) => {
        expect(pagesHere.map((page) => here.frameAt(page) ?? 0)).toEqual(
          pagesHere.map((page) => frameOf(held, page)),
        );
        expect(here.deadPtes).toBe(pageTable.count - held.count);
        const unknown = pagesOf(pageTable).filter((page) => here.pteAt(page) !== frameOf(pageTable, page));
        expect(unknown).toEqual([]);
      });
    });

    test.prop([story], RUNS)("The world knows the kernel's areas and blocks, and which are lazy", (ops) => {
      play(kernel, ops, (here, state) => {
        const dump = kernel.dump(state);
        const { blocks } = dump;
        const known = here.areas.map(({ start, end, life }) => ({ start, end, lazy: life === "lazy" }));
        expect(withLazyJoined(known)).toEqual(withLazyJoined(areasAndLazy(dump)));
        const standing = here.areas.filter(({ block, life }) => block !== undefined && life === "busy");
        expect(standing.map(({ block }) => [8 - (block?.given ?? 0), block?.givenBack])).toEqual(
          blocks.map(({ free, dirty }) => [free, dirty]),
        );
      });
    });

    test.prop([story], RUNS)("The world suspects every frame that a CPU still translates", (ops) => {
      play(kernel, ops, (here, { memory: { tlbs, held } }) => {
        for (const tlb of tlbs) {
          const dead = pagesOf(tlb).filter((page) => frameOf(held, page) !== frameOf(tlb, page));
          expect(dead.filter((page) => !here.mayBeMapped(frameOf(tlb, page)))).toEqual([]);
        }
      });
    });
  });
});

/** Extents by address, lazy neighbours as one: some kernels keep them so. */
function withLazyJoined(
  areas: readonly (Extent & { readonly lazy: boolean })[],
): [start: number, end: number, lazy: boolean][] {
  const joined: [number, number, boolean][] = [];
  for (const { start, end, lazy } of areas) {
    const last = joined.at(-1);
    if (last?.[1] === start && last[2] && lazy) last[1] = end;
    else joined.push([start, end, lazy]);
  }
  return joined;
}

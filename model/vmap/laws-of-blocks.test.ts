/** The laws on blocks, pins, the boot order and caches: a reply that keeps each and one that violates it. */
import { describe, expect, test } from "vitest";
import { judge } from "../../spec/contract.ts";
import type { AliasReport, Command, Response } from "../../spec/vmap/commands.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { type Cpu, PAGE_SIZE, type Vpn } from "../../spec/vmap/vocabulary.ts";
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
import { vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

const SCOPE: Scope = { ...FOUR_BLOCKS, lazyMaxPages: 8 };
const OFF: Scope = { ...SCOPE, beforeInit: true };

const asked = (op: "purge" | "unmapAliases" | "tlb" | "init", more: object = {}): Pair => [
  { op },
  done(more),
];
const touched = (page: Vpn, hit: boolean, frame: number | null, more: More = {}): Pair => [
  { op: "touch", cpu: 1, page },
  { ...quiet, kind: "reached", hit, frame, ...more } as Response,
];
const stopped = (command: Command): Pair => [command, { ...quiet, kind: "bug", text: "BUG()" }];
const clean: AliasReport = { staleTlb: [], deadTlb: [], deadPtes: 0 };

/** The ids of the promised laws that the last pair violates, after a history that is not judged. */
function violated(pairs: readonly Pair[], last: Pair, promises: Promises, scope = SCOPE): readonly string[] {
  const spec = vmapSpec(promises);
  const before = pairs.reduce(
    (world, [command, response]) => spec.after(world, command, response) as ImmutableWorld,
    spec.initial(scope),
  );
  const verdict = judge(spec, lawsCalled(promises.laws), before, ...last);
  return verdict.accepted ? [] : verdict.violated.map(({ id }) => id);
}

interface Case {
  readonly law: string;
  /** Of which promise of the law this is. */
  readonly part: string;
  readonly label?: string;
  readonly scope?: Scope;
  readonly history: readonly Pair[];
  readonly accepted: Pair;
  readonly rejected: Pair;
  /** Other laws that such a rejected reply must violate as well. */
  readonly also?: readonly string[];
}

const three = [mapped(64, 1), mapped(65, 2)];
/** aaaaBBBB. */
const half = [mapped(64, 4), mapped(68, 4), unmapped(64, 4)];
/** aaaabbbb, lazy. */
const unmappedBlock = [...half, unmapped(68, 4)];
/** A------- and so on, of CPU 1: none of CPU 0 has room. */
const everyBlock = [64, 72, 80, 88].map((start) => mapped(start, 1, { cpu: 1 }));
const shortAliases = (more: Partial<AliasReport>) => ({ aliases: { ...clean, ...more } });
const UNMAP_NOTHING: Command = { op: "unmapRam", cpu: 0, start: 65, count: 1 };

const CASES: readonly Case[] = [
  {
    law: "no-alias-after-unmap-aliases",
    part: "no CPU's TLB",
    history: [...three, touched(65, false, 2), unmapped(65, 2)],
    accepted: asked("unmapAliases", { ...flush([65, 67]), aliases: clean }),
    rejected: asked("unmapAliases", flush([66, 67])),
  },
  {
    law: "no-alias-after-unmap-aliases",
    part: "no PTE",
    label: "2.6.28",
    history: [...three, unmapped(65, 2, { pteCleared: 0 })],
    accepted: asked("unmapAliases", { ...flush([65, 67]), pteCleared: 2 }),
    rejected: asked("unmapAliases", { ...flush([65, 67]), pteCleared: 1 }),
  },
  {
    law: "no-alias-after-unmap-aliases",
    part: "as an observer of TLBs reports it",
    history: three,
    accepted: asked("unmapAliases", shortAliases({})),
    rejected: asked("unmapAliases", shortAliases({ deadTlb: [{ cpu: 1, page: 70, frame: 9 }] })),
  },
  {
    law: "no-alias-after-unmap-aliases",
    part: "as an observer of page tables reports it",
    history: three,
    accepted: asked("unmapAliases", shortAliases({})),
    rejected: asked("unmapAliases", shortAliases({ deadPtes: 1 })),
  },
  {
    law: "pinned-is-unaliased",
    part: "no CPU's TLB may, seen or not",
    history: [...three, unmapped(65, 2)],
    accepted: pinned(3, true, flush([65, 67])),
    rejected: pinned(3, true, flush([65, 66])),
  },
  {
    law: "pinned-is-unaliased",
    part: "a frame that was never unmapped needs no flush",
    history: [...three, unmapped(65, 2)],
    accepted: pinned(9, true, { swept: false }),
    rejected: pinned(2, true, { swept: false }),
  },
  {
    law: "pinned-is-unaliased",
    part: "no PTE, whatever was flushed",
    label: "2.6.28",
    history: [...three, unmapped(65, 2, { pteCleared: 0 })],
    accepted: pinned(3, true, { ...flush([65, 67]), pteCleared: 2 }),
    rejected: pinned(3, true, flush([65, 67])),
  },
  {
    law: "unmapped-means-no-pte",
    part: "when the unmap returns",
    history: three,
    accepted: unmapped(65, 2),
    rejected: unmapped(65, 2, { pteCleared: 1 }),
  },
  {
    law: "unmapped-means-no-pte",
    part: "when a CPU looks: it faults, or is served by its TLB",
    history: [...three, touched(65, false, 2), unmapped(65, 2)],
    accepted: touched(65, true, 2),
    rejected: touched(65, false, 2),
  },
  {
    law: "cache-flushed-before-unmap",
    part: "of a page that was freed",
    history: [...three, touched(65, false, 2, { dirtyLines: [65] })],
    accepted: unmapped(65, 2, { dirtyLines: [64] }),
    rejected: unmapped(65, 2, { dirtyLines: [64, 65] }),
  },
  {
    law: "cache-flushed-before-unmap",
    part: "while the PTE stays the line may",
    label: "2.6.28",
    history: three,
    accepted: unmapped(65, 2, { pteCleared: 0, dirtyLines: [65] }),
    rejected: unmapped(65, 2, { pteCleared: 2, dirtyLines: [65] }),
  },
  {
    law: "init-order",
    part: "a stop is harm",
    scope: OFF,
    history: [],
    accepted: asked("unmapAliases", { aliases: clean }),
    rejected: stopped({ op: "unmapAliases" }),
    also: ["no-bug"],
  },
  {
    law: "init-order",
    part: "a flush is harm, until vmalloc_init was called",
    scope: OFF,
    history: [],
    accepted: asked("init", flush([0, 256])),
    rejected: asked("unmapAliases", flush([0, 256])),
  },
  {
    law: "argument-domain",
    part: "a map of nothing is refused",
    history: three,
    accepted: refused(0),
    rejected: mapped(67, 0),
  },
  {
    law: "argument-domain",
    part: "a map of nothing leaves nothing behind",
    history: three,
    accepted: refused(0, { descriptors: 2 }),
    rejected: refused(0, { descriptors: 3 }),
    also: ["nothing-leaks"],
  },
  {
    law: "argument-domain",
    part: "a map of nothing does not stop the kernel",
    history: three,
    accepted: refused(0),
    rejected: stopped({ op: "mapRam", cpu: 0, count: 0 }),
  },
  {
    law: "argument-domain",
    part: "an unmap of what is not held clears nothing",
    history: [...three, unmapped(65, 2)],
    accepted: unmapped(65, 2, { pteCleared: 0 }),
    rejected: unmapped(65, 2, { pteCleared: 1 }),
  },
  {
    law: "argument-domain",
    part: "nor does one of another count flush",
    history: three,
    accepted: unmapped(65, 1, { pteCleared: 0 }),
    rejected: unmapped(65, 1, { pteCleared: 0, ...flush([64, 72]) }),
    also: ["purge-only-when-full"],
  },
  {
    law: "argument-domain",
    part: "nor does it make anything lazy; a BUG_ON of its own is a refusal",
    history: three,
    accepted: stopped(UNMAP_NOTHING),
    rejected: unmapped(65, 1, { pteCleared: 0, lazyPages: 8 }),
    also: ["lazy-count"],
  },
  {
    law: "nothing-leaks",
    part: "a purge leaves no fragmented block",
    history: [...three, unmapped(64, 1), unmapped(65, 2)],
    accepted: asked("purge", flush([64, 72])),
    rejected: asked("purge"),
  },
  {
    law: "nothing-leaks",
    part: "a map refused leaves no descriptor",
    history: everyBlock,
    accepted: refused(5, { descriptors: 8 }),
    rejected: refused(5, { descriptors: 9 }),
  },
  {
    law: "flush-well-formed",
    part: "a purge covers every block it releases",
    history: unmappedBlock,
    accepted: asked("purge", flush([64, 72])),
    rejected: asked("purge", flush([64, 71])),
  },
  {
    law: "flush-well-formed",
    part: "no flush is empty",
    history: unmappedBlock,
    accepted: asked("purge", flush([64, 72])),
    rejected: asked("purge", flush([64, 72], [80, 80])),
    also: ["one-flush-per-purge"],
  },
  {
    law: "no-overlap",
    part: "a page of a block is given out once",
    history: three,
    accepted: mapped(67, 1),
    rejected: mapped(66, 1),
  },
  {
    law: "no-overlap",
    part: "also after it was given back and flushed",
    history: [...half, asked("unmapAliases", flush([64, 68]))],
    accepted: mapped(72, 1),
    rejected: mapped(64, 1),
  },
  {
    law: "no-overlap",
    part: "a block that is lazy stands in the way until it is flushed",
    history: unmappedBlock,
    accepted: mapped(72, 1),
    rejected: mapped(64, 1),
    also: ["flush-before-reuse"],
  },
  {
    law: "purge-only-when-full",
    part: "a map purges if what it needs fits nowhere while lazy areas are taken",
    history: [...unmappedBlock, ...everyBlock.slice(1, 3)],
    accepted: refused(9, flush([64, 72])),
    rejected: mapped(64, 4, flush([64, 72])),
  },
  {
    law: "purge-only-when-full",
    part: "an unmap purges above lazy_max_pages, not at it",
    history: [...unmappedBlock, mapped(72, 4), mapped(76, 4), unmapped(72, 4), mapped(80, 1)],
    accepted: unmapped(76, 4, flush([64, 80])),
    rejected: unmapped(80, 1, flush([64, 81])),
  },
];

describe("each law", () => {
  test.each(CASES)("$law: $part", ({ law, label = "3.16", scope = SCOPE, history, accepted, ...others }) => {
    const { rejected, also = [] } = others;
    const promises = releaseOf(label);
    expect(violated(history, accepted, promises, scope)).toEqual([]);
    expect(violated(history, rejected, promises, scope)).toEqual(
      lawsCalled([law, ...also]).map(({ id }) => id),
    );
  });

  test("purge-only-when-full allows no purge to a map that finds room, with or without fragmented blocks", () => {
    // a------- b------- on CPU 0: sixteen pages, twice the limit
    const fragments = [64, 72].flatMap((start) => [mapped(start, 1), unmapped(start, 1)]);
    const purging = mapped(73, 1, flush([64, 72]));
    for (const label of ["2.6.39", "3.16"]) {
      expect(violated(fragments, purging, releaseOf(label))).toEqual(["purge-only-when-full"]);
    }
  });

  test("nothing-leaks bounds the blocks with pages left that one CPU keeps unused", () => {
    // Blocks of eight pages: three of them may differ in what is left; a fourth was made needlessly.
    const fragment = (nth: number, cpu: Cpu) => [mapped(64 + 8 * nth, 1, { cpu }), unmapped(64 + 8 * nth, 1)];
    const lawsAfter = (...cpus: readonly Cpu[]) => {
      const pairs = cpus.flatMap((cpu, nth) => fragment(nth, cpu));
      return violated(pairs.slice(0, -1), pairs.at(-1) as Pair, releaseOf("3.16"));
    };
    expect(lawsAfter(0, 0, 0)).toEqual([]);
    expect(lawsAfter(0, 0, 1, 1)).toEqual([]);
    expect(lawsAfter(0, 0, 0, 0)).toEqual(["nothing-leaks"]);
  });

  test("pinned-is-unaliased and no-alias-after-unmap-aliases do not apply before vmalloc_init", () => {
    const left = [asked("init"), ...three, unmapped(65, 2)];
    const sweep = asked("unmapAliases", { aliases: { ...clean, deadPtes: 1 } });
    for (const [last, law] of [
      [pinned(3, true), "pinned-is-unaliased"],
      [sweep, "no-alias-after-unmap-aliases"],
    ] as const) {
      expect(violated(left, last, releaseOf("3.16"), OFF)).toContain(law);
      expect(violated(left.slice(1), last, releaseOf("3.16"), OFF)).not.toContain(law);
    }
  });

  test("in-window, lowest-fit and refused-only-when-full apply to the blocks that maps need", () => {
    const outside = mapped(96, 1, { cpu: 1 });
    expect(violated(three, outside, releaseOf("3.16"))).toEqual(["in-window", "lowest-fit"]);
    expect(violated(three, mapped(80, 1, { cpu: 1 }), releaseOf("3.16"))).toEqual(["lowest-fit"]);
    expect(violated(three, mapped(72, 1, { cpu: 1 }), releaseOf("3.16"))).toEqual([]);
    expect(violated(everyBlock, refused(4), releaseOf("3.16"))).toEqual([]);
    expect(violated(everyBlock.slice(1), refused(4), releaseOf("3.16"))).toEqual(["refused-only-when-full"]);
  });

  test("A map needs no new block if a block of its CPU has room: no refusal, no purge, no needless block", () => {
    // A------- of CPU 0, and a lazy area of CPU 1's own making
    const room = [mapped(64, 1)];
    expect(violated(room, refused(4), releaseOf("3.16"))).toEqual(["refused-only-when-full"]);
    expect(violated([...room, ...everyBlock.slice(1)], refused(4), releaseOf("3.16"))).toEqual([
      "refused-only-when-full",
    ]);
    expect(
      violated([...room, ...everyBlock.slice(1)], mapped(65, 1, flush([72, 80])), releaseOf("3.16")),
    ).toContain("purge-only-when-full");
    expect(violated(room, mapped(72, 4), releaseOf("3.16"))).toEqual(["nothing-leaks"]);
    expect(violated(room, mapped(72, 4, { cpu: 1 }), releaseOf("3.16"))).toEqual([]);
    expect(violated([...room, mapped(68, 4)], mapped(72, 4), releaseOf("3.16"))).toEqual([]);
  });

  test("no-overlap, lowest-fit and aligned apply to maps too large for a block", () => {
    const large = (start: Vpn) => mapped(start, 5);
    expect(violated(three, large(72), releaseOf("3.16"))).toEqual([]);
    expect(violated(three, large(71), releaseOf("3.16"))).toEqual(["no-overlap"]);
    expect(violated(three, large(73), releaseOf("3.16"))).toEqual(["lowest-fit"]);
    const alloc: Command = { op: "alloc", size: 1, align: PAGE_SIZE, vstart: 64, vend: 96, map: false };
    const inBlock: Response = { ...quiet, kind: "placed", start: 70, mapStopped: false };
    expect(violated(three, [alloc, inBlock], releaseOf("3.16"))).toEqual(["no-overlap"]);
  });
});

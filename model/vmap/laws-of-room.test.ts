/** The laws on what becomes of free space and on flushes per purge: of each a reply that keeps it and one that violates it. */
import { describe, expect, test } from "vitest";
import { judge } from "../../spec/contract.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import {
  done,
  FOUR_BLOCKS,
  flush,
  type More,
  mapped,
  type Pair,
  quiet,
  refused,
  unmapped,
} from "./pairs.testing.ts";
import { vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

/** Two blocks of eight pages; more than four lazy pages purge. */
const SCOPE: Scope = { ...FOUR_BLOCKS, lazyMaxPages: 4, vmalloc: { vstart: 64, vend: 80 } };

/** Whether the last pair keeps the law, after a history of which no pair is looked at. */
function keeps(law: string, label: string, history: readonly Pair[], last: Pair, scope = SCOPE): boolean {
  const spec = vmapSpec(releaseOf(label));
  const before = history.reduce(
    (world, [command, response]) => spec.after(world, command, response) as ImmutableWorld,
    spec.initial(scope),
  );
  const verdict = judge(spec, lawsCalled([law]), before, ...last);
  return verdict.accepted || verdict.violated.length === 0;
}

const WINDOW = { align: 1, vstart: 64, vend: 80, map: false } as const;
const placed = (start: Vpn, size: Pages, more: More = {}): Pair => [
  { op: "alloc", size, ...WINDOW },
  { ...quiet, kind: "placed", start, mapStopped: false, ...more },
];
const turnedAway = (size: Pages, align = 1, more: object = {}): Pair => [
  { op: "alloc", size, ...WINDOW, align, ...more },
  { ...quiet, kind: "refused" },
];
const freed = (start: Vpn, more: More = {}): Pair => [{ op: "free", start }, done(more)];
const purge = (more: object = {}): Pair => [{ op: "purge" }, done(more)];

describe("blocks-pack", () => {
  const law = "blocks-pack";
  /** A------- of CPU 1, and eight pages that are free. */
  const first = mapped(64, 1, { cpu: 1 });

  test.each(["2.6.28", "2.6.37", "2.6.39", "3.1", "5.2"])(
    "blocks-pack is violated on %s by a refusal where a block would fit right beside the first, whatever the release keeps free",
    (label) => {
      expect(keeps(law, label, [first], refused(1))).toBe(false);
      expect(keeps(law, label, [first, mapped(72, 1, { cpu: 1 })], refused(1))).toBe(true);
    },
  );

  test("blocks-pack is violated by a purge that such a place would have avoided, and by no other", () => {
    // aaaa lazy at 64, and a block of CPU 0 that has room, or none
    const lazy = [placed(64, 4), freed(64)];
    const purging = mapped(64, 1, flush([64, 68]));
    expect(keeps(law, "2.6.39", lazy, purging)).toBe(false);
    expect(keeps(law, "2.6.39", [...lazy, placed(72, 1)], purging)).toBe(true);
  });

  test("blocks-pack does not apply to maps that need no new block: there is room in one, or they are too large", () => {
    expect(keeps(law, "2.6.39", [mapped(64, 1)], refused(1))).toBe(true);
    expect(keeps(law, "2.6.39", [], refused(5))).toBe(true);
    expect(keeps(law, "2.6.39", [], refused(0))).toBe(true);
  });
});

describe("free-space-is-usable", () => {
  const law = "free-space-is-usable";

  test("free-space-is-usable counts a page that is kept between areas as free", () => {
    const all = [placed(64, 15)];
    for (const label of ["2.6.28", "2.6.39", "3.1"]) {
      expect(keeps(law, label, all, turnedAway(1))).toBe(false);
      expect(keeps(law, label, all, turnedAway(2))).toBe(true);
    }
  });

  test("free-space-is-usable counts the guard page inside an area of 2.6.27 as a part of it, as it does that of vmap ever since", () => {
    // AAAg at 64: three pages and their guard page
    expect(keeps(law, "2.6.27", [placed(64, 14)], turnedAway(1))).toBe(true);
    expect(keeps(law, "2.6.27", [placed(64, 13)], turnedAway(1))).toBe(false);
    const vmap: Pair = [
      { op: "vmap", count: 15 },
      { ...quiet, kind: "placed", start: 64, mapStopped: false },
    ];
    for (const label of ["2.6.27", "3.1", "6.12"]) {
      expect(keeps(law, label, [vmap], turnedAway(1))).toBe(true);
    }
  });

  test("free-space-is-usable respects the alignment and the window of the request", () => {
    const middle = [placed(72, 1)];
    expect(keeps(law, "3.1", middle, turnedAway(8, 8 * PAGE_SIZE))).toBe(false);
    expect(keeps(law, "3.1", middle, turnedAway(8, 8 * PAGE_SIZE, { vstart: 65 }))).toBe(true);
  });

  test("free-space-is-usable counts lazy areas as free, except for a caller that cannot wait for a purge", () => {
    const lazy = [placed(64, 16), freed(64)];
    expect(keeps(law, "6.19", lazy, turnedAway(1))).toBe(false);
    expect(keeps(law, "6.19", lazy, turnedAway(1, 1, { noblock: true }))).toBe(true);
    expect(keeps(law, "6.12", lazy, turnedAway(1, 1, { noblock: true }))).toBe(false);
  });

  test("free-space-is-usable applies to percpu areas and to maps as well", () => {
    const pair = { op: "pcpuGet", offsets: [0, 8], sizes: [2, 2], align: PAGE_SIZE } as const;
    const none: Pair = [pair, { ...quiet, kind: "refused" }];
    expect(keeps(law, "5.2", [placed(64, 2)], none)).toBe(false);
    expect(keeps(law, "5.2", [placed(64, 16)], none)).toBe(true);
    expect(keeps(law, "3.1", [placed(64, 8)], refused(1))).toBe(false);
    expect(keeps(law, "3.1", [placed(64, 9)], refused(1))).toBe(true);
    expect(keeps(law, "3.1", [mapped(64, 1), placed(72, 8)], refused(1))).toBe(false);
  });
});

describe("one-flush-per-purge", () => {
  const law = "one-flush-per-purge";
  const two = flush([64, 65], [70, 71]);
  const lazy = [placed(64, 1), placed(70, 1), freed(64), freed(70)];

  test.each<readonly [string, Pair, Pair]>([
    ["purge", purge(flush([64, 71])), purge(two)],
    [
      "vm_unmap_aliases",
      [{ op: "unmapAliases" }, done(flush([64, 71]))],
      [{ op: "unmapAliases" }, done(two)],
    ],
    ["free", freed(72, flush([64, 80])), freed(72, two)],
    ["allocation", placed(64, 9, flush([64, 71])), placed(64, 9, two)],
    ["map", mapped(64, 1, flush([64, 71])), mapped(64, 1, two)],
  ])("is violated by a %s that flushes twice", (_what, once, twice) => {
    for (const label of ["2.6.28", "3.1", "5.2", "6.12"]) {
      const history = [...lazy, placed(72, 8)];
      expect(keeps(law, label, history, once)).toBe(true);
      expect(keeps(law, label, history, twice)).toBe(false);
    }
  });

  test("one-flush-per-purge allows a refused map one more flush, because its own area may have been freed again", () => {
    expect(keeps(law, "3.1", lazy, refused(5, two))).toBe(true);
    expect(keeps(law, "3.1", lazy, refused(5, flush([64, 65], [70, 71], [72, 73])))).toBe(false);
  });

  test("one-flush-per-purge is not violated by a call that does not return: it may purge any number of times", () => {
    const [command, answer] = mapped(64, 1, two);
    const hung: Pair = [command, { ...quiet, kind: "hung", text: "vb_alloc", flushes: answer.flushes }];
    expect(keeps(law, "3.1", lazy, hung)).toBe(true);
    expect(keeps(law, "3.1", lazy, [command, answer])).toBe(false);
  });

  describe("of percpu areas that are freed", () => {
    const pair = { offsets: [0, 8], sizes: [3, 3] } as const;
    const got: Pair = [
      { op: "pcpuGet", ...pair, align: PAGE_SIZE },
      { ...quiet, kind: "placed", start: 66, mapStopped: false },
    ];
    const free = (more: object): Pair => [
      { op: "pcpuFree", start: 66, offsets: pair.offsets },
      done({ lazyPages: 0, ...more }),
    ];
    const twice = free(flush([66, 69], [74, 77]));
    const atOnce = { ...SCOPE, lazyMaxPages: 2 };

    test("one-flush-per-purge allows, up to 5.17, a flush for each freed percpu area that leaves too many lazy pages", () => {
      expect(keeps(law, "5.2", [got], twice, atOnce)).toBe(true);
      expect(keeps(law, "5.2", [got], free(flush([66, 67], [67, 69], [74, 77])), atOnce)).toBe(false);
    });

    test("one-flush-per-purge allows one flush if freed percpu areas leave too many lazy pages only together", () => {
      expect(keeps(law, "5.2", [got], twice)).toBe(false);
      expect(keeps(law, "5.2", [got], free(flush([66, 77])))).toBe(true);
    });

    test("one-flush-per-purge allows one flush for freed percpu areas from 5.18 on, when a worker purges after the call", () => {
      expect(keeps(law, "6.1", [got], twice, atOnce)).toBe(false);
      expect(keeps(law, "6.1", [got], free(flush([66, 77])), atOnce)).toBe(true);
    });
  });
});

describe("space-returns", () => {
  const law = "space-returns";
  const all = [placed(64, 2), freed(64)];
  const purged = (wholeFree?: boolean) =>
    purge({ ...flush([64, 66]), ...(wholeFree === undefined ? {} : { wholeFree }) });

  test("space-returns is violated by a purge after which nothing is held and the whole space could not be given out", () => {
    expect(keeps(law, "5.17", all, purged(true))).toBe(true);
    expect(keeps(law, "5.17", all, purged(false))).toBe(false);
  });

  test("space-returns is not judged while something is held, even a block in which nothing is mapped", () => {
    expect(keeps(law, "5.17", [...all, placed(70, 1)], purged(false))).toBe(true);
    const fragment = [mapped(64, 1), unmapped(64, 1)];
    expect(keeps(law, "2.6.28", fragment, purge({ wholeFree: false }))).toBe(true);
    expect(keeps(law, "5.17", fragment, purge({ ...flush([64, 72]), wholeFree: false }))).toBe(false);
  });

  test("space-returns is not judged if the observer cannot tell", () => {
    expect(keeps(law, "5.17", all, purged())).toBe(true);
  });
});

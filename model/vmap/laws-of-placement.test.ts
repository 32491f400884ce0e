/**
 * The laws of placement, each alone: for alignments of one byte, a page and more, what it accepts and what it
 * rejects, around holes that fit exactly.
 */
import { describe, expect, test } from "vitest";
import { judge, type LawId } from "../../spec/contract.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import * as placement from "../../spec/vmap/laws/placement.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { type Bytes, PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { done, type More, type Pair, quiet } from "./pairs.testing.ts";
import { vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

const WINDOW = { vstart: 64, vend: 80 };
const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "sixteen pages",
  wordPages: 256,
  cpus: 1,
  lazyMaxPages: null,
  vmalloc: WINDOW,
  sizes: [],
  aligns: [],
  windows: [],
};
const [BYTE, PAGE, TWO, FOUR]: readonly [Bytes, Bytes, Bytes, Bytes] = [
  1,
  PAGE_SIZE,
  2 * PAGE_SIZE,
  4 * PAGE_SIZE,
];

/** A request of this many pages, and what came of it: an address, or a refusal. */
function asked(size: Pages, align: Bytes, at: Vpn | "refused", more: More = {}): Pair {
  const reply = { ...quiet, ...(at === "refused" ? { kind: at } : placedAt(at)), ...more };
  return [{ op: "alloc", size, align, ...WINDOW, map: false }, reply as Pair[1]];
}
const placedAt = (start: Vpn) => ({ kind: "placed", start, mapStopped: false });
const vmapped = (count: Pages, start: Vpn): Pair => [
  { op: "vmap", count },
  { ...quiet, ...placedAt(start), pteSet: count } as Pair[1],
];
const congruent = (align: Bytes, at: Vpn | "refused"): Pair => [
  { op: "pcpuGet", offsets: [0, 4], sizes: [1, 1], align },
  { ...quiet, ...(at === "refused" ? { kind: at } : placedAt(at)) } as Pair[1],
];
const freed = (start: Vpn): Pair => [{ op: "free", start }, done()];
const purges = { flushes: [{ start: 0, end: 256 }] };

/** The space as a picture from page 64 on: a letter for each page of an area, in lower case if it is lazy. */
function space(picture: string): readonly Pair[] {
  const found = [...picture.matchAll(/([A-Za-z])\1*/g)].map(({ 0: { length }, 1: letter, index }) => ({
    start: WINDOW.vstart + index,
    length,
    isLazy: letter !== letter?.toUpperCase(),
  }));
  return [
    ...found.map(({ start, length }) => asked(length, PAGE, start)),
    ...found.flatMap(({ start, isLazy }) => (isLazy ? [freed(start)] : [])),
  ];
}

function after(label: string, pairs: readonly Pair[]): ImmutableWorld {
  const spec = vmapSpec(releaseOf(label));
  return pairs.reduce(
    (world, [command, response]) => spec.after(world, command, response) as ImmutableWorld,
    spec.initial(SCOPE),
  );
}

function accepts(law: LawId, picture: string, [command, response]: Pair, label: string): boolean {
  const spec = vmapSpec(releaseOf(label));
  const before = after(label, space(picture));
  return judge(spec, lawsCalled([law]), before, command, response).accepted;
}

interface Row {
  readonly law: LawId;
  readonly picture: string;
  readonly accepted: readonly Pair[];
  readonly rejected: readonly Pair[];
  /** 5.17 if not given: it keeps no distance between areas. */
  readonly on?: string;
}

/** Two areas, one page between them, and room above. */
const HOLE = "AA.BB...........";
/** The same hole, and no other. */
const FULL = "AA.BBBBBBBBBBBBB";
const LAZY = "AA.bbbbbbbbbbbbb";

const ROWS: readonly Row[] = [
  ...[BYTE, PAGE].flatMap((align): Row[] => [
    {
      law: "in-window",
      picture: HOLE,
      accepted: [asked(1, align, 64), asked(1, align, 79), asked(2, align, 78)],
      rejected: [asked(1, align, 63), asked(1, align, 80), asked(2, align, 79)],
    },
    {
      law: "no-overlap",
      picture: HOLE,
      accepted: [asked(1, align, 66), asked(11, align, 69)],
      rejected: [asked(1, align, 65), asked(1, align, 67), asked(2, align, 66), asked(2, align, 68)],
    },
    {
      law: "no-overlap",
      picture: LAZY,
      accepted: [asked(1, align, 66), asked(14, align, 66, purges)],
      rejected: [asked(2, align, 66), asked(2, align, 65, purges)],
    },
    {
      law: "guard-gap",
      picture: "AA...B..........",
      accepted: [asked(1, align, 67), asked(1, align, 71)],
      rejected: [asked(1, align, 66), asked(1, align, 68), asked(2, align, 67), asked(1, align, 70)],
      on: "2.6.39",
    },
    {
      law: "guard-gap",
      picture: "AA...B..........",
      accepted: [asked(1, align, 67), asked(2, align, 67), asked(1, align, 71)],
      rejected: [asked(1, align, 66), asked(1, align, 70)],
      on: "2.6.28",
    },
    {
      law: "lowest-fit",
      picture: HOLE,
      accepted: [asked(1, align, 66), asked(2, align, 69)],
      rejected: [asked(1, align, 69), asked(2, align, 70)],
    },
    {
      law: "lowest-fit",
      picture: LAZY,
      accepted: [asked(1, align, 66), asked(2, align, 66, purges)],
      rejected: [asked(2, align, 67, purges)],
    },
    {
      law: "lowest-fit-at-a-page",
      picture: HOLE,
      accepted: [asked(1, align, 66), asked(2, align, 69)],
      rejected: [asked(1, align, 69), asked(2, align, 70)],
    },
    {
      law: "refused-only-when-full",
      picture: FULL,
      accepted: [asked(2, align, "refused")],
      rejected: [asked(1, align, "refused")],
    },
    {
      law: "refused-only-when-full",
      picture: LAZY,
      accepted: [asked(15, align, "refused", purges)],
      rejected: [asked(14, align, "refused", purges), asked(14, align, "refused")],
    },
    {
      law: "purge-only-when-full",
      picture: LAZY,
      accepted: [asked(1, align, 66), asked(2, align, 66, purges)],
      rejected: [asked(1, align, 66, purges)],
    },
  ]),
  ...[TWO, FOUR].map((align): Row => {
    const lowest = align === TWO ? 66 : 72;
    return {
      law: "lowest-fit",
      picture: HOLE,
      accepted: [asked(1, align, lowest)],
      rejected: [asked(1, align, lowest + 4)],
    };
  }),
  {
    law: "lowest-fit-at-a-page",
    picture: HOLE,
    accepted: [asked(1, TWO, 70), asked(1, FOUR, 76)],
    rejected: [],
  },
  {
    law: "refused-only-when-full",
    picture: FULL,
    accepted: [asked(1, FOUR, "refused")],
    rejected: [asked(1, TWO, "refused")],
  },
  { law: "aligned", picture: "", accepted: [asked(1, BYTE, 65), asked(1, PAGE, 65)], rejected: [] },
  { law: "aligned", picture: "", accepted: [asked(1, TWO, 66)], rejected: [asked(1, TWO, 65)] },
  { law: "aligned", picture: "", accepted: [asked(1, FOUR, 68)], rejected: [asked(1, FOUR, 66)] },
  // One page is room for a page aligned to a byte; of an alignment to a page it lacks a byte less than that.
  {
    law: "lowest-roomy-hole",
    picture: HOLE,
    accepted: [asked(1, BYTE, 66), asked(2, BYTE, 69)],
    rejected: [asked(1, BYTE, 67), asked(1, BYTE, 69), asked(2, BYTE, 70)],
  },
  {
    law: "lowest-roomy-hole",
    picture: HOLE,
    accepted: [asked(1, PAGE, 66), asked(1, PAGE, 69), asked(2, PAGE, 69)],
    rejected: [asked(1, PAGE, 70), asked(2, PAGE, 70)],
  },
  {
    law: "lowest-roomy-hole",
    picture: "AA..BB..........",
    accepted: [asked(1, PAGE, 66), asked(2, BYTE, 66), asked(2, PAGE, 70)],
    rejected: [asked(1, PAGE, 70), asked(2, BYTE, 70), asked(2, PAGE, 71)],
  },
  {
    law: "lowest-roomy-hole",
    picture: HOLE,
    accepted: [asked(1, TWO, 70), asked(1, FOUR, 72)],
    rejected: [asked(1, TWO, 72), asked(1, FOUR, 76)],
  },
  // The hole may reach beyond the window, whose end the place itself meets.
  {
    law: "lowest-roomy-hole",
    picture: "AAAAAAAAAAAAAAA.",
    accepted: [asked(1, BYTE, 79), asked(1, PAGE, 79)],
    rejected: [asked(1, BYTE, 80), asked(1, PAGE, 80)],
  },
  {
    law: "lowest-roomy-hole",
    picture: LAZY,
    accepted: [asked(1, BYTE, 66), asked(1, BYTE, 66, purges), asked(2, BYTE, 66, purges)],
    rejected: [asked(2, BYTE, 67, purges)],
  },
  ...[PAGE, TWO].map((align): Row => {
    const highest = align === PAGE ? 75 : 74;
    return {
      law: "highest-congruent-fit",
      picture: "",
      accepted: [congruent(align, highest)],
      rejected: [congruent(align, highest - 2)],
    };
  }),
  {
    law: "refused-only-when-full",
    picture: "AAAAA.AAA.AAAAAA",
    accepted: [congruent(TWO, "refused")],
    rejected: [congruent(PAGE, "refused")],
  },
  {
    law: "highest-congruent-fit",
    picture: "AAAAA.AAA.AAAAAA",
    accepted: [congruent(PAGE, 69)],
    rejected: [congruent(PAGE, 68)],
  },
];

/** As `1 page aligned to 4096: 66`. */
function inWords([command, response]: Pair): string {
  const what = command.op === "alloc" ? `${command.size} aligned to ${command.align}` : command.op;
  const where = response.kind === "placed" ? String(response.start) : response.kind;
  return `${what}, ${where}${response.flushes.length > 0 ? " after a purge" : ""}`;
}

describe.each(ROWS)("in $picture $law", ({ law, picture, accepted, rejected, on = "5.17" }) => {
  const cases = (pairs: readonly Pair[]) => pairs.map((pair) => [inWords(pair), pair] as const);
  test.each(cases(accepted))(`In ${picture} ${law} accepts %s`, (_words, pair) => {
    expect(accepts(law, picture, pair, on)).toBe(true);
  });
  if (rejected.length > 0) {
    test.each(cases(rejected))(`In ${picture} ${law} rejects %s`, (_words, pair) => {
      expect(accepts(law, picture, pair, on)).toBe(false);
    });
  }
});

describe("guard-between-vmaps", () => {
  test.each([
    [2, 67, false],
    [1, 66, false],
    [1, 67, true],
    [2, 66, false],
    [1, 71, false],
    [1, 72, true],
  ])("guard-between-vmaps is kept by %d pages mapped at %d between two vmaps: %s", (count, start, kept) => {
    // 64 and 65, then 69 and 70, are mapped, and areas without a guard page end there.
    const before = after("5.11", [vmapped(2, 64), vmapped(2, 69)]);
    const laws = lawsCalled(["guard-between-vmaps"]);
    expect(judge(vmapSpec(releaseOf("5.11")), laws, before, ...vmapped(count, start)).accepted).toBe(kept);
  });
});

describe("the table", () => {
  const laws = Object.values(placement).map(({ id }) => id);
  const pairsOf = (law: LawId, which: "accepted" | "rejected") =>
    ROWS.filter((row) => row.law === law).flatMap((row) => row[which]);
  const has = (law: LawId, which: "accepted" | "rejected", align: Bytes) =>
    pairsOf(law, which).some(([command]) => "align" in command && command.align === align);

  /** The alignment of vmap is always a byte; of percpu areas always whole pages. */
  const OF_ONE_BYTE = laws.filter((id) => id !== "guard-between-vmaps" && id !== "highest-congruent-fit");
  const OF_A_PAGE = laws.filter((id) => id !== "guard-between-vmaps");

  test("The table has accepted and rejected replies for every law of placement, aligned to a byte and to a page", () => {
    // Nothing is misaligned there.
    const lacking = (ids: readonly LawId[], which: "accepted" | "rejected", align: Bytes) =>
      ids.filter((id) => !has(id, which, align));
    expect(lacking(OF_ONE_BYTE, "accepted", BYTE)).toEqual([]);
    expect(lacking(OF_A_PAGE, "accepted", PAGE)).toEqual([]);
    expect(lacking(OF_ONE_BYTE, "rejected", BYTE)).toEqual(["aligned"]);
    expect(lacking(OF_A_PAGE, "rejected", PAGE)).toEqual(["aligned"]);
  });
});

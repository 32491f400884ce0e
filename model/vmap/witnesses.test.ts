/** What each witness sees, and what is nearly that: a witness that sees too much proves nothing. */
import { describe, expect, test } from "vitest";
import type { Alloc, Command, Response } from "../../spec/vmap/commands.ts";
import { RELEASES, releaseOf } from "../../spec/vmap/releases.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { witnessesFor } from "../../spec/vmap/witnesses.ts";
import { done, FOUR_BLOCKS, flush, mapped, type Pair, pinned, quiet, unmapped } from "./pairs.testing.ts";
import { vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

const SCOPE = { ...FOUR_BLOCKS, lazyMaxPages: 4, vmalloc: { vstart: 64, vend: 96 } };

type Asked = Partial<Alloc>;
const request = (size: number, more: Asked = {}): Alloc => ({
  op: "alloc",
  size,
  align: PAGE_SIZE,
  vstart: 64,
  vend: 96,
  map: false,
  ...more,
});
const placedAt = (start: number, more: object = {}) =>
  ({ ...quiet, kind: "placed", start, mapStopped: false, ...more }) as Response;
const placed = (start: number, size: number, more: Asked = {}, reply: object = {}): Pair => {
  const pteSet = more.map ? size : 0;
  return [request(size, more), placedAt(start, { pteSet, ...reply })];
};
const refused = (size: number, more: Asked = {}): Pair => [
  request(size, more),
  { ...quiet, kind: "refused" } as Response,
];
const freed = (start: number, more: object = {}): Pair => [{ op: "free", start }, done(more)];
const touched = (page: number, hit: boolean, frame: number): Pair => [
  { op: "touch", cpu: 1, page },
  { ...quiet, kind: "reached", hit, frame },
];
const asked = (op: "purge" | "unmapAliases", more: object = {}): Pair => [{ op }, done(more)];
const vmapped = (start: number, count: number): Pair => [
  { op: "vmap", count },
  placedAt(start, { pteSet: count }),
];
const PAIR = { offsets: [0, 8], sizes: [2, 2], align: PAGE_SIZE };
const percpu = (start: number, more: object = {}): Pair => [
  { op: "pcpuGet", ...PAIR },
  placedAt(start, more),
];
const percpuRefused: Pair = [{ op: "pcpuGet", ...PAIR }, { ...quiet, kind: "refused" } as Response];

/** All 32 pages lazy but the first. */
const FULL = [placed(65, 31), freed(65)];
const MAPPED = placed(64, 2, { map: true });
/** One block, of which all pages were given out and the first half given back. */
const HALF = [mapped(64, 4), mapped(68, 4), unmapped(64, 4)];
const purges = flush([64, 96]);

interface Case {
  readonly id: string;
  readonly history: readonly Pair[];
  readonly seen?: Pair;
  readonly unseen: readonly Pair[];
  /** 3.16 if not given. */
  readonly on?: string;
}

const CASES: readonly Case[] = [
  {
    id: "full-space",
    history: FULL,
    seen: refused(33),
    unseen: [refused(32), refused(2), placed(64, 33), [{ op: "mapRam", cpu: 0, count: 9 }, refused(1)[1]]],
  },
  {
    id: "reuse-after-purge",
    history: FULL,
    seen: placed(64, 2, {}, purges),
    unseen: [placed(64, 2), placed(64, 1, {}, purges), refused(2), mapped(72, 9, purges)],
  },
  {
    id: "purge-above-limit",
    history: [...FULL, placed(64, 1)],
    seen: freed(64, purges),
    unseen: [freed(64), asked("purge", purges)],
  },
  { id: "purge-above-limit", history: [placed(64, 1)], unseen: [freed(64, purges)] },
  {
    id: "stale-before-flush",
    history: [MAPPED, placed(66, 1), touched(64, false, 1)],
    seen: freed(64, { pteCleared: 2 }),
    unseen: [freed(66), freed(64, { pteCleared: 2, ...purges }), asked("purge")],
  },
  {
    id: "exact-fit",
    history: [placed(66, 1)],
    seen: placed(64, 2),
    unseen: [placed(64, 1), placed(67, 2), refused(2)],
  },
  {
    id: "exact-fit",
    history: [placed(68, 1)],
    seen: placed(64, 3),
    unseen: [placed(64, 4), placed(64, 2)],
    on: "2.6.39",
  },
  {
    id: "top-of-window",
    history: [],
    seen: placed(94, 2),
    unseen: [placed(93, 2), placed(95, 2), refused(2), mapped(88, 8)],
  },
  {
    id: "aligned-past-vstart",
    history: [],
    seen: placed(66, 1, { vstart: 65, align: 2 * PAGE_SIZE }),
    unseen: [
      placed(66, 1, { vstart: 66, align: 2 * PAGE_SIZE }),
      placed(65, 1, { vstart: 65 }),
      refused(1, { vstart: 65, align: 2 * PAGE_SIZE }),
    ],
  },
  {
    id: "served-from-tlb",
    history: [MAPPED, touched(64, false, 1)],
    seen: touched(64, true, 1),
    unseen: [touched(64, false, 1), touched(70, true, 9)],
  },
  {
    id: "vmap-above-vmap",
    history: [vmapped(64, 2), placed(70, 1)],
    seen: vmapped(67, 1),
    unseen: [vmapped(68, 1), vmapped(71, 1), placed(67, 1)],
    on: "2.6.27",
  },
  {
    id: "vmap-above-vmap",
    history: [vmapped(64, 2)],
    seen: vmapped(68, 1),
    unseen: [vmapped(69, 1), placed(68, 1), [{ op: "vmap", count: 1 }, refused(1)[1]]],
    on: "2.6.28",
  },
  {
    id: "block-full",
    history: [mapped(64, 4)],
    seen: mapped(68, 4),
    unseen: [mapped(68, 2), mapped(72, 4), placed(72, 8), unmapped(64, 4)],
  },
  {
    id: "block-wholly-dirty",
    history: HALF,
    seen: unmapped(68, 4),
    unseen: [mapped(72, 4), asked("unmapAliases")],
  },
  {
    id: "block-wholly-dirty",
    history: [mapped(64, 4), mapped(68, 2), unmapped(64, 4), placed(80, 8)],
    seen: [{ op: "unmapRam", cpu: 0, start: 68, count: 4 }, done({ pteCleared: 4 })],
    unseen: [unmapped(68, 2), freed(80)],
  },
  {
    id: "fragmented-block",
    history: [mapped(64, 1), mapped(65, 1, {}), mapped(72, 4, { cpu: 1 }), unmapped(65, 1)],
    seen: unmapped(64, 1),
    unseen: [mapped(66, 1), asked("unmapAliases")],
  },
  { id: "fragmented-block", history: HALF.slice(0, 2), unseen: [unmapped(64, 4)] },
  {
    id: "block-released",
    history: [...HALF, unmapped(68, 4), placed(80, 1), freed(80)],
    seen: asked("purge", purges),
    unseen: [asked("purge"), placed(64, 1)],
  },
  {
    id: "block-released",
    history: [mapped(64, 4), placed(80, 1), freed(80)],
    unseen: [asked("purge", purges)],
  },
  {
    id: "stale-in-block",
    history: [mapped(64, 1), mapped(65, 1), touched(64, false, 1)],
    seen: unmapped(64, 1),
    unseen: [unmapped(65, 1), asked("unmapAliases")],
  },
  {
    id: "map-too-large-for-a-block",
    history: [],
    seen: mapped(64, 5),
    unseen: [mapped(64, 4), placed(64, 5), [{ op: "mapRam", cpu: 0, count: 5 }, refused(1)[1]]],
  },
  {
    id: "pinned-after-use",
    history: [mapped(64, 1), mapped(65, 1), touched(64, false, 1), unmapped(64, 1)],
    seen: pinned(1, true),
    unseen: [pinned(2, true), pinned(9, true), asked("purge")],
  },
  {
    id: "percpu-base-pulled-down",
    history: [placed(86, 1)],
    seen: percpu(84),
    unseen: [percpu(86), percpuRefused, placed(70, 1)],
    on: "5.10",
  },
  {
    id: "percpu-after-purge",
    history: FULL,
    seen: percpu(86, purges),
    unseen: [percpu(86), percpuRefused, placed(64, 2, {}, purges)],
    on: "5.10",
  },
  {
    id: "would-not-wait",
    history: FULL,
    seen: refused(2, { noblock: true }),
    unseen: [
      refused(33, { noblock: true }),
      refused(2),
      placed(64, 1, { noblock: true }),
      placed(64, 2, { noblock: true }, purges),
    ],
    on: "6.19",
  },
  {
    id: "several-in-one-flush",
    history: [placed(64, 1), placed(65, 1), freed(64), freed(65)],
    seen: asked("purge", purges),
    unseen: [asked("purge"), asked("purge", flush([64, 65], [65, 66]))],
  },
  {
    id: "several-in-one-flush",
    history: [placed(64, 1), placed(65, 1), freed(64)],
    unseen: [asked("purge", purges)],
  },
  {
    id: "all-returned",
    history: FULL,
    seen: asked("purge", purges),
    unseen: [asked("unmapAliases", purges), placed(64, 2, {}, purges)],
  },
  { id: "all-returned", history: [...FULL, placed(64, 1)], unseen: [asked("purge", purges)] },
  { id: "all-returned", history: [], unseen: [asked("purge", purges)] },
  {
    id: "warned-of",
    history: [placed(64, 2)],
    seen: freed(70, { warning: "no area" }),
    unseen: [freed(70), freed(64, { warning: "no area" }), asked("purge", { warning: "no area" })],
  },
];

function sees(id: string, label: string, history: readonly Pair[], [command, response]: Pair): boolean {
  const promises = releaseOf(label);
  const spec = vmapSpec(promises);
  const before = history.reduce(
    (world, pair: readonly [Command, Response]) => spec.after(world, ...pair) as ImmutableWorld,
    spec.initial(SCOPE),
  );
  const witness = witnessesFor(promises).find((each) => each.id === id);
  if (witness === undefined) throw new Error(`${label} has no witness ${id}`);
  return witness.seen(before, command, response, spec.after(before, command, response));
}

describe.each(CASES)("$id", ({ id, history, seen, unseen, on = "3.16" }) => {
  if (seen !== undefined) test(`${id} is seen`, () => expect(sees(id, on, history, seen)).toBe(true));

  test(`${id} is not seen in what is nearly that`, () => {
    expect(unseen.map((pair) => sees(id, on, history, pair))).toEqual(unseen.map(() => false));
  });
});

test("Every witness has its case", () => {
  const all = RELEASES.flatMap((promises) => witnessesFor(promises).map(({ id }) => id));
  const cases = CASES.filter(({ seen }) => seen !== undefined).map(({ id }) => id);
  expect([...new Set(all)].filter((id) => !cases.includes(id))).toEqual([]);
});

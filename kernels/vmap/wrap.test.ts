/**
 * The top of the word, release by release, as recorded from the real code (catalogue section 11, A10 and A11).
 * The window is 0xffffffffffff0000 to 0xfffffffffffff000: the last 16 pages but one.
 */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { AREAS_ONLY, type Scope, WORD64 } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { kernelCalled } from "./index.ts";
import { endWraps, lastByteWraps, neverWraps, type WrapTest } from "./word-arithmetic.ts";

/** Sizes and alignments in pages. */
type Ask = { readonly size: number; readonly align?: number } | "free the last" | "purge";

/**
 * What a kernel answers, up to where it stops or goes round to the bottom. Places are counted from the top of
 * the word: -16 is the window's first page.
 */
function answers(label: string, wordPages: number, asks: readonly Ask[]): string[] {
  const kernel = kernelCalled(label);
  if (kernel === undefined) throw new RangeError(label);
  const scope: Scope = {
    ...AREAS_ONLY,
    name: "top",
    wordPages,
    cpus: 1,
    lazyMaxPages: null,
    sizes: [],
    aligns: [],
    windows: [],
  };
  const state = kernel.initial(scope);
  const results: string[] = [];
  let last: Vpn | undefined;
  for (const ask of asks) {
    const command = commandFor(ask, wordPages, last);
    if (ask === "free the last") last = undefined;
    if (command === undefined) {
      results.push("nothing to free");
      continue;
    }
    const reply = kernel.act(state, command);
    if (reply.kind === "placed") last = reply.start;
    const below = reply.kind === "placed" && reply.start < wordPages - 16;
    results.push(reply.kind === "placed" ? `${reply.start - (below ? 0 : wordPages)}` : textOf(reply));
    if (below || reply.kind === "bug") break;
  }
  return results;
}

function commandFor(ask: Ask, wordPages: number, last: Vpn | undefined): Command | undefined {
  if (ask === "purge") return { op: "purge" };
  if (ask === "free the last") return last === undefined ? undefined : { op: "free", start: last };
  const window = { vstart: wordPages - 16, vend: wordPages - 1 };
  return { op: "alloc", size: ask.size, align: (ask.align ?? 1) * PAGE_SIZE, ...window, map: false };
}

const textOf = (reply: Response) => (reply.kind === "bug" ? reply.text : reply.kind);

const INSERT = "__insert_vmap_area: BUG()";
const UNMAP = "vunmap_page_range: addr >= end";
const BELOW = "va->va_start < vstart";

interface Row {
  readonly label: string;
  /** What the second call of each pair is answered; the first lies at -16 everywhere. */
  readonly twoAfter14: string;
  readonly twoAfter13: string;
  /** 16 pages in the empty space: up to the very top. Then it is freed, and purged. */
  readonly all16: readonly string[];
  /** One page at a multiple of 32 pages: there is none left below the top. */
  readonly align32: string;
}

const REFUSED_16 = ["refused", "nothing to free", "done"];
const AT_PURGE = ["-16", "done", UNMAP];
const AT_FREE = ["-16", UNMAP];

/** A page between areas turns 14 and 2 into 13 and 2: then the second would end at 2^64 exactly. */
const ROWS: readonly Row[] = [
  { label: "2.6.28", twoAfter14: INSERT, twoAfter13: INSERT, all16: AT_PURGE, align32: "0" },
  { label: "2.6.28.10", twoAfter14: "refused", twoAfter13: INSERT, all16: AT_PURGE, align32: "0" },
  { label: "2.6.39", twoAfter14: "refused", twoAfter13: INSERT, all16: AT_FREE, align32: BELOW },
  { label: "3.1", twoAfter14: INSERT, twoAfter13: "-3", all16: AT_FREE, align32: BELOW },
  { label: "3.10.65", twoAfter14: "refused", twoAfter13: "-3", all16: REFUSED_16, align32: BELOW },
  { label: "4.15.0", twoAfter14: "refused", twoAfter13: "-3", all16: REFUSED_16, align32: BELOW },
  { label: "4.15.18-ubuntu", twoAfter14: "refused", twoAfter13: "-3", all16: REFUSED_16, align32: "refused" },
];

describe.each([
  { words: "2^52 pages", wordPages: WORD64 },
  { words: "64 pages", wordPages: 64 },
])("at the top of a word of $words", ({ wordPages }) => {
  describe.each(ROWS)("$label", ({ label, twoAfter14, twoAfter13, all16, align32 }) => {
    test(`Answers 2 pages behind 14: ${twoAfter14}`, () => {
      expect(answers(label, wordPages, [{ size: 14 }, { size: 2 }])).toEqual(["-16", twoAfter14]);
    });

    test(`Answers 2 pages behind 13: ${twoAfter13}`, () => {
      expect(answers(label, wordPages, [{ size: 13 }, { size: 2 }])).toEqual(["-16", twoAfter13]);
    });

    test(`Answers 16 pages, their free and a purge: ${all16.join(", ")}`, () => {
      expect(answers(label, wordPages, [{ size: 16 }, "free the last", "purge"])).toEqual(all16);
    });

    test(`Answers a page at a multiple of 32: ${align32}`, () => {
      expect(answers(label, wordPages, [{ size: 1, align: 32 }])).toEqual([align32]);
    });
  });

  test.prop([
    fc.constantFrom(...ROWS.map((row) => row.label)),
    fc.array(
      fc.oneof(
        fc.record({ size: fc.integer({ min: 1, max: 17 }), align: fc.constantFrom(1, 2, 4, 8, 16, 32) }),
        fc.constantFrom("free the last" as const, "purge" as const),
      ),
      { maxLength: 8 },
    ),
  ])("Any release answers as in a word of 128 pages", (label, asks) => {
    expect(answers(label, wordPages, asks)).toEqual(answers(label, 128, asks));
  });
});

describe("the three forms of the wrap test are the kernels' own expressions", () => {
  const pages = fc.oneof(fc.constant(64), fc.constant(WORD64));
  const placed = pages.chain((word) => {
    const near = (from: number, to: number) => fc.integer({ min: from, max: to });
    const place = fc.oneof(near(0, 40), near(word - 40, word - 1), near(word / 2 - 8, word / 2 + 8));
    const size = fc.oneof(near(1, 48), near(word - 40, word - 1), near(word / 2 - 8, word / 2 + 8));
    return fc.tuple(fc.constant(word), place, size);
  });

  /** In unsigned bytes modulo the word. */
  const kernels: readonly [string, WrapTest, (addr: bigint, size: bigint, word: bigint) => boolean][] = [
    ["none at all", neverWraps, () => false],
    ["addr + size - 1 < addr", lastByteWraps, (addr, size, word) => (addr + size - 1n) % word < addr],
    ["addr + size < addr", endWraps, (addr, size, word) => (addr + size) % word < addr],
  ];

  test.prop([placed, fc.constantFrom(...kernels)], { numRuns: 2000 })(
    "The three forms of the wrap test equal the kernels' own expressions for every address and size",
    ([word, addr, size], [, wraps, expression]) => {
      const bytes = (count: number) => BigInt(count) * BigInt(PAGE_SIZE);
      const request = { op: "alloc", size, align: 1, vstart: 0, vend: word - 1, map: false } as const;
      expect(wraps(word, addr, request)).toBe(expression(bytes(addr), bytes(size), bytes(word)));
    },
  );

  test("The three forms of the wrap test differ exactly where an area would end at 2^W", () => {
    const request = (size: number) =>
      ({ op: "alloc", size, align: 1, vstart: 0, vend: 63, map: false }) as const;
    const results = [15, 16, 17].map((size) =>
      [neverWraps, lastByteWraps, endWraps].map((wraps) => wraps(64, 48, request(size))),
    );
    expect(results).toEqual([
      [false, false, false],
      [false, false, true],
      [false, true, true],
    ]);
  });
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { add, align, alignWithoutWrap, distance, subtract } from "./word-arithmetic.ts";

/** What the kernel computes: unsigned bytes, modulo the word. */
const bytes = (pages: number): bigint => BigInt(pages) * BigInt(PAGE_SIZE);
const inPages = (count: bigint): number => Number(count / BigInt(PAGE_SIZE));
const modulo = (word: number, count: bigint): bigint => ((count % bytes(word)) + bytes(word)) % bytes(word);
const ALIGN = (addr: bigint, alignment: bigint): bigint => (addr + alignment - 1n) & ~(alignment - 1n);

/** A word of 2^2 to 2^52 pages; most draws are small words and the largest. */
const word = fc
  .oneof(fc.constant(52), fc.integer({ min: 2, max: 8 }), fc.integer({ min: 2, max: 52 }))
  .map((bits) => 2 ** bits);

/** A page of the word, often near one of its ends, a middle or a power of two. */
function pageOf(pages: number): fc.Arbitrary<number> {
  const near = (place: number) =>
    fc.integer({ min: Math.max(0, place - 4), max: Math.min(pages - 1, place + 4) });
  const powers = fc.nat(Math.log2(pages) - 1).chain((bit) => near(2 ** bit));
  return fc.oneof(
    near(0),
    near(pages - 1),
    near(pages / 2),
    powers,
    fc.maxSafeNat().map((n) => n % pages),
  );
}

const twoPages = word.chain((pages) => fc.tuple(fc.constant(pages), pageOf(pages), pageOf(pages)));

/** Any power of two of bytes below the word. */
const pageAndAlignment = word.chain((pages) =>
  fc.tuple(
    fc.constant(pages),
    pageOf(pages),
    fc.nat(Math.log2(pages) + 11).map((bit) => 2 ** bit),
  ),
);

describe("arithmetic in a word counted in pages equals the kernel's in bytes", () => {
  test.prop([twoPages], { numRuns: 1000 })(
    "Arithmetic in a word counted in pages equals the kernel's in bytes when it adds",
    ([pages, addr, length]) => {
      expect(add(pages, addr, length)).toBe(inPages(modulo(pages, bytes(addr) + bytes(length))));
    },
  );

  test.prop([twoPages], { numRuns: 1000 })(
    "Arithmetic in a word counted in pages equals the kernel's in bytes when it subtracts",
    ([pages, addr, length]) => {
      expect(subtract(pages, addr, length)).toBe(inPages(modulo(pages, bytes(addr) - bytes(length))));
    },
  );

  test.prop([twoPages], { numRuns: 1000 })(
    "Arithmetic in a word counted in pages equals the kernel's in bytes when it takes a difference",
    ([pages, from, to]) => {
      expect(distance(pages, from, to)).toBe(inPages(modulo(pages, bytes(to) - bytes(from))));
    },
  );

  test.prop([pageAndAlignment], { numRuns: 1000 })(
    "Arithmetic in a word counted in pages equals the kernel's in bytes when it aligns",
    ([pages, addr, alignment]) => {
      const kernels = modulo(pages, ALIGN(bytes(addr), BigInt(alignment)));
      expect(align(pages, addr, alignment)).toBe(inPages(kernels));
    },
  );

  test.prop([pageAndAlignment], { numRuns: 1000 })(
    "Arithmetic in a word counted in pages equals the kernel's in bytes when it aligns and must not wrap",
    ([pages, addr, alignment]) => {
      const plain = inPages(ALIGN(bytes(addr), BigInt(alignment)));
      expect(alignWithoutWrap(pages, addr, alignment)).toBe(plain);
      expect(plain).toBeLessThanOrEqual(pages);
    },
  );
});

describe("the word", () => {
  test.prop([twoPages])("Arithmetic modulo the word subtracts what was added", ([pages, addr, length]) => {
    expect(subtract(pages, add(pages, addr, length), length)).toBe(addr);
    expect(distance(pages, addr, add(pages, addr, length))).toBe(length);
  });

  test("The end of an area at the top of the word is 0, in 2^52 pages as in 64", () => {
    expect(add(2 ** 52, 2 ** 52 - 16, 16)).toBe(0);
    expect(add(64, 48, 16)).toBe(0);
    expect(add(64, 48, 17)).toBe(1);
    expect(subtract(64, 3, 5)).toBe(62);
  });

  test("Adding the whole word changes nothing", () => {
    expect(add(64, 63, 64)).toBe(63);
    expect(add(2 ** 52, 2 ** 52 - 1, 2 ** 52)).toBe(2 ** 52 - 1);
  });

  test("An alignment wraps to 0 above the word's last multiple, and the form without the wrap does not", () => {
    expect(align(64, 33, 32 * PAGE_SIZE)).toBe(0);
    expect(align(64, 32, 32 * PAGE_SIZE)).toBe(32);
    expect(align(2 ** 52, 2 ** 52 - 16, 32 * PAGE_SIZE)).toBe(0);
    expect(alignWithoutWrap(64, 33, 32 * PAGE_SIZE)).toBe(64);
  });

  test.prop([word.chain((pages) => fc.tuple(fc.constant(pages), pageOf(pages))), fc.nat(12)])(
    "An alignment of at most a page changes no page number",
    ([pages, addr], bit) => {
      expect(align(pages, addr, 2 ** bit)).toBe(addr);
    },
  );

  test("The comparison notices arithmetic that saturates instead of wrapping", () => {
    const saturating = (pages: number, addr: number, length: number) => Math.min(addr + length, pages - 1);
    const property = fc.property(
      twoPages,
      ([pages, addr, length]) =>
        saturating(pages, addr, length) === inPages(modulo(pages, bytes(addr) + bytes(length))),
    );
    expect(fc.check(property, { seed: 1 }).failed).toBe(true);
  });
});

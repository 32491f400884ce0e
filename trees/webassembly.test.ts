/** The backend in this process, on an allocator that needs no compiler. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Built } from "./build.ts";
import { bumpAllocator } from "./bump-allocator.testing.ts";
import { EVENTS, Instance, KINDS, OPS } from "./webassembly.ts";

const BOOT = { start: 0x40000, end: 0x80000, lazyMax: 0, cpus: 1, absent: 0, arena: 4096 };
const PAGE = 4096;

let built: Built;
let instance: Instance;
beforeAll(async () => {
  built = await bumpAllocator();
  instance = new Instance(built, BOOT);
  instance.setBase();
});

function alloc(pages: number, frame = 0) {
  const args = [0, pages * PAGE, PAGE, BOOT.start, BOOT.end, frame, 0];
  for (const [nth, value] of args.entries()) instance.argument(nth, value);
  expect(instance.call(OPS.alloc)).toBeUndefined();
  return instance.kind === KINDS.placed ? instance.value : undefined;
}

describe("an instance of a module", () => {
  test("answers with an address or a refusal, and says what happened on the way", () => {
    expect(alloc(2, 7)).toBe(BOOT.start);
    expect(instance.events).toBe(1);
    expect([0, 1, 2].map((field) => instance.event(0, field))).toEqual([EVENTS.set, BOOT.start, 7]);
    expect(alloc(100)).toBeUndefined();
  });

  test("is back where it was when a saved state is restored, and differs from the base by what was done", () => {
    instance.restore(new Uint32Array(0));
    expect(instance.save()).toHaveLength(0);
    expect(alloc(3)).toBe(BOOT.start);
    const saved = instance.save();
    expect(saved.length).toBeGreaterThan(0);
    expect(alloc(1)).toBe(BOOT.start + 3 * PAGE);
    instance.restore(saved);
    expect(alloc(1)).toBe(BOOT.start + 3 * PAGE);
  });

  test("has one fingerprint for equal states, and another for others", () => {
    const words = () => {
      const all: number[] = [];
      instance.fingerprint((word) => all.push(word));
      return all.join();
    };
    instance.restore(new Uint32Array(0));
    const empty = words();
    alloc(1);
    expect(words()).not.toBe(empty);
    instance.restore(new Uint32Array(0));
    expect(words()).toBe(empty);
  });

  test("says how a call stopped: by a BUG, by a crash, or never", () => {
    expect(instance.call(OPS.purge)).toEqual({ kind: "bug", text: "BUG: purge of a bump allocator" });
    expect(instance.call(OPS.vmap)).toEqual({ kind: "crash", text: "memory access out of bounds" });
    expect(instance.call(OPS.find)).toMatchObject({ kind: "endless" });
  });

  test("refuses, by its name, a missing function, and a call with more effects than can be noted", () => {
    expect(() => instance.call(OPS.unmapRam)).toThrow(
      "it calls vfree_atomic, which the shim does not supply",
    );
    expect(() => instance.call(OPS.pcpuFree)).toThrow("it does more than can be noted");
    expect(instance.call(OPS.free)).toBeUndefined();
  });
});

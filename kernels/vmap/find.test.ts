import { describe, expect, test } from "vitest";
import { begin } from "../../engine/run/stepper.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { KERNELS, kernelCalled } from "./index.ts";
import type { State } from "./state.ts";

/** Two blocks of four pages from page 64 on, and two CPUs, which are two nodes from 6.9 on. */
const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "find",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: 16,
  vmalloc: { vstart: 64, vend: 72 },
  blockPages: 4,
  bitsPerLong: 2,
  sizes: [],
  aligns: [],
  windows: [],
};

const LABELS = KERNELS.map(({ name }) => name);
const BY_START = LABELS.slice(0, LABELS.indexOf("3.16"));
const BY_ANY_PAGE = LABELS.slice(LABELS.indexOf("3.16"));
/** What is lazy stands apart from the areas. */
const APART = LABELS.slice(LABELS.indexOf("5.10"));
const AMONG = LABELS.slice(LABELS.indexOf("2.6.28"), LABELS.indexOf("5.10"));
const WITH_NODES = LABELS.slice(LABELS.indexOf("6.12"));

const AREA = { op: "alloc", size: 3, align: 4096, vstart: 64, vend: 72, map: false } as const;
const FREE = { op: "free", start: 64 } as const;

/** Where the area begins that is found at each page from 63 to 68: a dot for none. */
function found(label: string, scope: Scope, ...commands: readonly Command[]): string {
  const kernel = kernelCalled(label) as Kernel<State>;
  const state = kernel.initial(scope);
  for (const command of commands) kernel.act(state, command);
  return [63, 64, 65, 66, 67, 68]
    .map((page) => {
      const reply = kernel.act(state, { op: "find", page });
      return reply.kind === "found" ? (reply.start ?? ".") : reply.kind;
    })
    .join(" ");
}

describe("find_vmap_area", () => {
  test.each(BY_START)("On %s find_vmap_area finds an area only by its first page", (label) => {
    expect(found(label, SCOPE, AREA)).toBe(". 64 . . . .");
  });

  test.each(BY_ANY_PAGE)("On %s find_vmap_area finds an area by any of its pages", (label) => {
    expect(found(label, SCOPE, AREA)).toBe(". 64 64 64 . .");
  });

  test.each(AMONG)("On %s find_vmap_area finds a freed area until the purge", (label) => {
    expect(found(label, SCOPE, AREA, FREE)).toBe(found(label, SCOPE, AREA));
    expect(found(label, SCOPE, AREA, FREE, { op: "purge" })).toBe(". . . . . .");
  });

  test.each([...APART, "2.6.27"])("On %s find_vmap_area does not find a freed area", (label) => {
    expect(found(label, SCOPE, AREA, FREE)).toBe(". . . . . .");
  });

  test("find_vmap_area finds a block as it finds any area", () => {
    expect(found("4.4", SCOPE, { op: "mapRam", cpu: 0, count: 1 })).toBe(". 64 64 64 64 .");
  });

  test.each(WITH_NODES)("On %s find_vmap_area finds an area by a page of another node's zone", (label) => {
    const wide = { ...SCOPE, vmalloc: { vstart: 62, vend: 80 } };
    expect(found(label, wide, { ...AREA, vstart: 62, vend: 80 })).toBe("62 62 . . . .");
  });

  test.each(LABELS)("On %s find_vmap_area finds nothing before vmalloc_init", (label) => {
    expect(found(label, { ...SCOPE, beforeInit: true })).toBe(". . . . . .");
  });
});

describe("finds-areas", () => {
  const laws = lawsCalled(["finds-areas"]);
  const isViolated = (page: number, start: number | null, label = "4.4") => {
    const stepper = begin(benchFor(kernelCalled(label) as Kernel<State>, SCOPE));
    stepper.take(AREA);
    const before = stepper.world();
    return laws.some(
      (law) =>
        !law.holds(
          before,
          { op: "find", page },
          { kind: "found", start, flushes: [], pteSet: 0, pteCleared: 0 },
          before,
        ),
    );
  };

  test("finds-areas requires of all releases that an area is found by its first page", () => {
    expect([isViolated(64, 64), isViolated(64, 64, "3.10.65")]).toEqual([false, false]);
    expect([isViolated(64, null), isViolated(64, null, "3.10.65")]).toEqual([true, true]);
  });

  test("finds-areas requires from 3.11 on that it is found by its other pages too, and before allows any answer", () => {
    expect([isViolated(65, 64), isViolated(65, null)]).toEqual([false, true]);
    expect([isViolated(65, 64, "3.10.65"), isViolated(65, null, "3.10.65")]).toEqual([false, false]);
  });

  test("finds-areas rejects an area that does not hold the page, and an address where no area is", () => {
    expect([isViolated(67, 64), isViolated(63, 64), isViolated(65, 65)]).toEqual([true, true, true]);
  });
});

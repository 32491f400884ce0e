/** pcpu_get_vm_areas on the kernels that search a tree of free space: where it places, what it passes by (A12), purges. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import { ImmutableWorld } from "../../model/vmap/world.ts";
import type { Command, PercpuLayout, Response } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { areasFrom, outOfDomain } from "../../spec/vmap/percpu-layout.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { type Extent, overlaps, PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { KERNELS, kernelCalled } from "./index.ts";
import type { State } from "./state.ts";

/** Maps are drawn from here on. */
const BASE = 64;
const WITH_PERCPU = KERNELS.filter(({ release }) => release.percpu);
const REPAIRED = WITH_PERCPU.filter(({ name }) => name !== "5.2");
const named = (label: string) => kernelCalled(label) as Kernel<State>;

/** The vmalloc window is as long as the map, or begins and ends this many pages inside it. */
function scopeOf(map: string, more: Partial<Scope> = {}): Scope {
  return {
    ...AREAS_ONLY,
    name: "a drawn map",
    wordPages: 512,
    cpus: 1,
    lazyMaxPages: null,
    vmalloc: { vstart: BASE, vend: BASE + map.length },
    sizes: [],
    aligns: [],
    windows: [],
    ...more,
  };
}

/** The areas of a map: runs of one letter. */
function runsIn(map: string): Extent[] {
  return [...map.matchAll(/([A-Z])\1*/g)].map(({ 0: run, index }) => {
    return { start: BASE + index, end: BASE + index + run.length };
  });
}

const alloc = ({ start, end }: Extent): Command => {
  return { op: "alloc", size: end - start, align: 1, vstart: start, vend: end, map: false };
};
const ask = (offsets: readonly Pages[], sizes: readonly Pages[], align: Pages = 1): PercpuLayout => {
  return { offsets, sizes, align: align * PAGE_SIZE };
};
const get = (congruent: PercpuLayout): Command => ({ op: "pcpuGet", ...congruent });

/** A kernel on which the areas of the map stand. */
function standing(kernel: Kernel<State>, map: string, more: Partial<Scope> = {}) {
  const state = kernel.initial(scopeOf(map, more));
  for (const area of runsIn(map)) expect(kernel.act(state, alloc(area)).kind).toBe("placed");
  return { state, act: (command: Command): Response => kernel.act(state, command) };
}

/** The map with the percpu areas in it as digits, by their number; or what else the kernel answers. */
function asked(label: string, map: string, congruent: PercpuLayout, more: Partial<Scope> = {}): string {
  const reply = standing(named(label), map, more).act(get(congruent));
  if (reply.kind !== "placed") return reply.kind;
  const areas = areasFrom(reply.start, congruent);
  return Array.from(map, (page, nth) => {
    const area = areas.findIndex(({ start, end }) => start <= BASE + nth && BASE + nth < end);
    return area < 0 ? page : String(area);
  }).join("");
}

describe("percpu areas", () => {
  test.each(WITH_PERCPU)("Percpu areas lie as high as they can, where others lie low: $name", ({ name }) => {
    expect(asked(name, "AA..........", ask([0, 4], [2, 3]))).toBe("AA...00..111");
  });

  test.each(WITH_PERCPU)(
    "Percpu areas move down together if one of them overlaps an area: $name",
    ({ name }) => {
      expect(asked(name, "......A.....", ask([0, 4], [2, 3]))).toBe("....00A.111.");
    },
  );

  test.each(WITH_PERCPU)(
    "Percpu areas may be asked for in any order, and keep their alignment: $name",
    ({ name }) => {
      const unaligned = { vmalloc: { vstart: BASE + 1, vend: BASE + 15 } };
      expect(asked(name, "................", ask([8, 0], [4, 4], 4), unaligned)).toBe("refused");
      expect(asked(name, "................", ask([4, 0], [2, 2], 2), unaligned)).toBe("........11..00..");
    },
  );

  test.each(WITH_PERCPU)(
    "Percpu areas are all refused if there is room for all but one: $name",
    ({ name }) => {
      const { state, act } = standing(named(name), "...AAAAAA...");
      const before = named(name).dump(state);
      const reply = act(get(ask([0, 3, 9], [1, 1, 1])));
      expect(reply).toMatchObject({ kind: "refused", descriptors: 1 });
      expect(named(name).dump(state)).toEqual(before);
    },
  );

  test.each(WITH_PERCPU)(
    "Percpu areas are not searched for in a window too short for them, and nothing is purged: $name",
    ({ name }) => {
      const { act } = standing(named(name), "AA......");
      act({ op: "free", start: BASE });
      expect(act(get(ask([0, 7], [1, 2])))).toMatchObject({ kind: "refused", flushes: [] });
      expect(act(get(ask([0, 6], [1, 2])))).toMatchObject({ kind: "placed", start: BASE });
    },
  );

  test.each(WITH_PERCPU)(
    "Percpu areas are placed after one purge if lazy areas are in the way: $name",
    ({ name }) => {
      const { act } = standing(named(name), "AA......");
      act({ op: "free", start: BASE });
      const flushes = [{ start: BASE, end: BASE + 2 }];
      expect(act(get(ask([0, 6], [2, 2])))).toMatchObject({ kind: "placed", start: BASE, flushes });
    },
  );

  test.each(WITH_PERCPU)("Percpu areas never lie on page 0: $name", ({ name }) => {
    const fromZero = { vmalloc: { vstart: 0, vend: 4 } };
    const { act } = standing(named(name), "", fromZero);
    expect(act(get(ask([0, 2], [1, 2])))).toMatchObject({ kind: "refused" });
    expect(act(get(ask([0, 2], [1, 1])))).toMatchObject({ kind: "placed", start: 1 });
  });

  test("Percpu areas come from no pool: a pooled extent is free for them only after a purge", () => {
    const map = "AABBBBBB";
    const { state, act } = standing(named("6.12"), map, { cpus: 2 });
    const all: Extent = { start: BASE, end: BASE + 2 };
    act({ op: "free", start: BASE });
    act({ op: "purge" });
    // A request for all of the vmalloc window goes back to the pool of its node.
    act({ op: "alloc", size: 2, align: 1, vstart: BASE, vend: BASE + map.length, map: false });
    act({ op: "free", start: BASE });
    act({ op: "unmapAliases" });
    expect(named("6.12").dump(state).pool).toMatchObject([all]);
    const reply = act(get(ask([0], [2])));
    expect(reply).toMatchObject({ kind: "placed", start: BASE });
    expect(named("6.12").dump(state).pool).toEqual([]);
  });
});

describe("the jump of 5.2 (A12)", () => {
  // Areas 0 and 1 are 22 apart: free is [0, 30) and [40, 60) of 64 pages.
  const large = `${".".repeat(30)}${"A".repeat(10)}${".".repeat(20)}AAAA`;
  const largePlaced = `${".".repeat(22)}${"0".repeat(8)}${"A".repeat(10)}....${"1".repeat(8)}${".".repeat(8)}AAAA`;

  test("5.2 refuses the catalogue's areas of 8 pages (A12)", () => {
    expect(asked("5.2", large, ask([0, 22], [8, 8]))).toBe("refused");
  });

  test.each(REPAIRED)("$name places the catalogue's areas of 8 pages at 22", ({ name }) => {
    expect(asked(name, large, ask([0, 22], [8, 8]))).toBe(largePlaced);
  });

  const small = "....AAAAA...";

  test("5.2 refuses the catalogue's areas of one page, and purges for them in vain (A12)", () => {
    expect(asked("5.2", small, ask([0, 3], [1, 1]))).toBe("refused");
    const { act } = standing(named("5.2"), `${small}B`, { vmalloc: { vstart: BASE, vend: BASE + 12 } });
    act({ op: "free", start: BASE + 12 });
    expect(act(get(ask([0, 3], [1, 1])))).toMatchObject({ kind: "refused", flushes: [{ start: BASE + 12 }] });
  });

  test.each(REPAIRED)("$name places the catalogue's areas of one page below", ({ name }) => {
    expect(asked(name, small, ask([0, 3], [1, 1]))).toBe("0..1AAAAA...");
  });

  test("5.2 passes an extent with room and takes the one below (A12)", () => {
    const map = "....A....BBBBB...";
    expect(asked("5.2", map, ask([0, 3], [1, 1]))).toBe("0..1A....BBBBB...");
    expect(asked("5.10", map, ask([0, 3], [1, 1]))).toBe("....A0..1BBBBB...");
  });
});

/** Up to five areas anywhere in 40 pages, and up to four to be placed: smaller ones as likely as larger ones. */
const anyMap = fc
  .array(fc.record({ at: fc.nat(39), length: fc.integer({ min: 1, max: 8 }) }), { maxLength: 5 })
  .map((areas) =>
    areas
      .reduce((map, { at, length }, nth) => {
        const letter = String.fromCharCode("A".charCodeAt(0) + nth);
        return map.map((page, here) => (page === "." && here >= at && here < at + length ? letter : page));
      }, ".".repeat(40).split(""))
      .join(""),
  );
const anyWindow = fc.record({ below: fc.nat(3), above: fc.nat(3) });
const anyCongruent = fc
  .record({
    align: fc.constantFrom(1, 1, 2, 4),
    areas: fc.array(fc.record({ gap: fc.nat(6), size: fc.integer({ min: 1, max: 4 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
    turned: fc.boolean(),
  })
  .map(({ align, areas, turned }) => {
    let end = 0;
    const placed = areas.map(({ gap, size }, nth) => {
      const offset = nth === 0 ? 0 : end + gap * align;
      end = offset + size * align;
      return { offset, size: size * align };
    });
    if (turned) placed.reverse();
    return ask(
      placed.map(({ offset }) => offset),
      placed.map(({ size }) => size),
      align,
    );
  });

/** The highest base by trying every page of the window. */
function byTrial(map: string, { vstart, vend }: Scope["vmalloc"], congruent: PercpuLayout): Vpn | undefined {
  const taken = runsIn(map);
  for (let base = vend; base >= vstart; base--) {
    if ((base * PAGE_SIZE) % congruent.align !== 0) continue;
    const areas = areasFrom(base, congruent);
    const fits = areas.every((area) => area.end <= vend && !taken.some((other) => overlaps(area, other)));
    if (fits) return base;
  }
  return undefined;
}

const RUNS = { numRuns: 2000, seed: 12 };

describe("on random maps of free space", () => {
  const placeOn = (
    kernel: Kernel<State>,
    map: string,
    { below, above }: { below: number; above: number },
  ) => {
    const vmalloc = { vstart: BASE + below, vend: BASE + map.length - above };
    return { vmalloc, ...standing(kernel, map, { vmalloc }) };
  };
  const baseOf = (reply: Response) => (reply.kind === "placed" ? reply.start : undefined);

  for (const kernel of [named("5.10"), named("6.19")]) {
    test.prop([anyMap, anyWindow, anyCongruent], RUNS)(
      `On random maps of free space the base is the highest possible: ${kernel.name}`,
      (map, window, congruent) => {
        expect(outOfDomain(congruent)).toBeUndefined();
        const { vmalloc, act } = placeOn(kernel, map, window);
        expect(baseOf(act(get(congruent)))).toBe(byTrial(map, vmalloc, congruent));
      },
    );
  }

  test("On random maps of free space the base of 5.2 is often lower, or none, and never higher", () => {
    const seen = { same: 0, lower: 0, none: 0, higher: 0 };
    fc.assert(
      fc.property(anyMap, anyWindow, anyCongruent, (map, window, congruent) => {
        const { vmalloc, act } = placeOn(named("5.2"), map, window);
        const [found, highest] = [baseOf(act(get(congruent))), byTrial(map, vmalloc, congruent)];
        if (found === highest) seen.same += 1;
        else if (found === undefined) seen.none += 1;
        else if (highest !== undefined && found < highest) seen.lower += 1;
        else seen.higher += 1;
      }),
      RUNS,
    );
    expect(seen.higher).toBe(0);
    expect(Math.min(seen.lower, seen.none, seen.same)).toBeGreaterThan(20);
  });

  test.prop([anyMap, anyWindow, anyCongruent], RUNS)(
    "On random maps of free space the reference finds the highest base as well",
    (map, { below, above }, congruent) => {
      const vmalloc = { vstart: BASE + below, vend: BASE + map.length - above };
      const { release } = named("5.10");
      const world = runsIn(map).reduce(
        (before, area) => {
          const reply = { kind: "placed", start: area.start, mapStopped: false } as const;
          const pair = [alloc(area), { ...reply, flushes: [], pteSet: 0, pteCleared: 0 }] as const;
          return vmapSpec(release).after(before, ...pair) as ImmutableWorld;
        },
        ImmutableWorld.empty(scopeOf(map, { vmalloc }), release),
      );
      expect(world.highestCongruentFit(congruent, "taken")).toBe(byTrial(map, vmalloc, congruent));
    },
  );
});

describe("percpu areas are freed one after another", () => {
  const pair = ask([0, 4], [3, 1]);
  /** 000.1 at the window's end, and then freed. */
  const freed = (label: string, lazyMaxPages: number) => {
    const { state, act } = standing(named(label), "........", { lazyMaxPages });
    const { start } = act(get(pair)) as Response & { readonly kind: "placed" };
    return { start: start - BASE, reply: act({ op: "pcpuFree", start, offsets: pair.offsets }), state };
  };

  test.each(WITH_PERCPU)("Percpu areas are all lazy after they are freed: $name", ({ name }) => {
    expect(freed(name, 4)).toMatchObject({ start: 3, reply: { kind: "done", flushes: [], lazyPages: 4 } });
  });

  test.each(["5.2", "5.10", "5.11", "5.17"])(
    "%s purges between the frees of percpu areas, and leaves the last one lazy",
    (label) => {
      const flushes = [{ start: BASE + 3, end: BASE + 6 }];
      expect(freed(label, 2).reply).toMatchObject({ flushes, lazyPages: 1 });
    },
  );

  test.each(["6.1", "6.4", "6.5", "6.12", "6.19"])("%s purges when all percpu areas are freed", (label) => {
    const flushes = [{ start: BASE + 3, end: BASE + 8 }];
    expect(freed(label, 2).reply).toMatchObject({ flushes, lazyPages: 0, workItems: 1 });
  });
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Alloc, Command, Response } from "../../spec/vmap/commands.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { type Extent, PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "small",
  wordPages: 64,
  cpus: 2,
  lazyMaxPages: null,
  sizes: [1, 3],
  aligns: [1, PAGE_SIZE, 4 * PAGE_SIZE],
  windows: [
    { vstart: 0, vend: 12 },
    { vstart: 5, vend: 32 },
  ],
};

const SPEC = vmapSpec(releaseOf("3.1"));

type Pair = readonly [Command, Response];
type Extra = Partial<Response>;

const quiet = { flushes: [], pteSet: 0, pteCleared: 0 } as const;
const done = (more: Extra) => ({ ...quiet, ...more, kind: "done" }) as Response;

function placed(start: Vpn, size: Pages, mapped: Pages = 0, more: Extra = {}): Pair {
  const request: Alloc = { op: "alloc", size, align: PAGE_SIZE, vstart: 0, vend: 32, map: mapped > 0 };
  const reply = { ...quiet, ...more, pteSet: mapped, kind: "placed", start, mapStopped: mapped < size };
  return [request, reply as Response];
}

const freed = (start: Vpn, more: Extra = {}): Pair => [{ op: "free", start }, done(more)];
const purged = (...flushes: readonly Extent[]): Pair => [{ op: "purge" }, done({ flushes })];
const touched = (cpu: number, page: Vpn, frame: number | null): Pair => [
  { op: "touch", cpu, page },
  { ...quiet, kind: "reached", hit: false, frame },
];

/** The world after a history. */
function world(...pairs: readonly Pair[]): ImmutableWorld {
  return pairs.reduce(
    (before, [command, response]) => SPEC.after(before, command, response) as ImmutableWorld,
    SPEC.initial(SCOPE),
  );
}

/** As `0-3 busy`. */
const areas = (of: ImmutableWorld) => of.areas.map(({ start, end, life }) => `${start}-${end} ${life}`);

describe("what may be asked", () => {
  const anyWorld = fc
    .array(
      fc.record({
        start: fc.nat(28),
        size: fc.integer({ min: 1, max: 4 }),
        mapped: fc.nat(4),
        free: fc.boolean(),
      }),
      { maxLength: 6 },
    )
    .map((each) => {
      const pairs = each.map(({ start, size, mapped }) => placed(start, size, Math.min(mapped, size)));
      return world(...pairs, ...each.filter(({ free }) => free).map(({ start }) => freed(start)));
    });

  /** What is wrong with asking this here, or undefined. */
  function illegal(here: ImmutableWorld, command: Command): string | undefined {
    if (command.op === "free") return here.busyAt(command.start) ? undefined : "frees what is not held";
    if (command.op !== "touch") return undefined;
    const mapped = here.areas.some(
      ({ start, mapped }) => command.page >= start && command.page < start + mapped,
    );
    return mapped && command.cpu < SCOPE.cpus ? undefined : "reads what was never mapped";
  }

  test.prop([anyWorld])(
    "The enabled commands free only busy areas, and read only mapped pages on possible CPUs",
    (here) => {
      for (const command of SPEC.enabled(here, SCOPE)) expect(illegal(here, command)).toBeUndefined();
    },
  );

  test.prop([anyWorld])(
    "The enabled commands have every request of the scope once, mapped and not",
    (here) => {
      const asked = [...SPEC.enabled(here, SCOPE)].filter((command) => command.op === "alloc");
      const { sizes, aligns, windows } = SCOPE;
      const names = asked.map(({ size, align, vstart, vend, map }) =>
        [size, align, vstart, vend, map].join(),
      );
      const all = windows.flatMap(({ vstart, vend }) =>
        sizes.flatMap((size) =>
          aligns.flatMap((align) => [true, false].map((map) => [size, align, vstart, vend, map].join())),
        ),
      );
      expect(names.toSorted()).toEqual(all.toSorted());
    },
  );

  test.prop([anyWorld])(
    "The enabled commands have the free of every busy area, a purge, vm_unmap_aliases and a look at TLBs",
    (here) => {
      const asked = [...SPEC.enabled(here, SCOPE)];
      const frees = asked.flatMap((command) => (command.op === "free" ? [command.start] : []));
      expect(frees).toEqual(here.areas.filter((area) => area.life === "busy").map((area) => area.start));
      for (const op of ["purge", "unmapAliases", "tlb"]) {
        expect(asked.filter((command) => command.op === op)).toHaveLength(1);
      }
    },
  );

  test("The check notices a list of commands that frees lazy areas as well", () => {
    const here = world(placed(0, 2), freed(0));
    expect(illegal(here, { op: "free", start: 0 })).toBe("frees what is not held");
    expect(illegal(here, { op: "touch", cpu: 0, page: 0 })).toBe("reads what was never mapped");
  });
});

describe("after a reply", () => {
  test("A reply releases lazy areas before its own area is placed", () => {
    // AAA, then aaa, then BB
    const here = world(placed(0, 3), freed(0), placed(0, 2, 0, { flushes: [{ start: 0, end: 3 }] }));
    expect(areas(here)).toEqual(["0-2 busy"]);
    expect([here.lazyPages, here.releasedUnflushed]).toEqual([0, 0]);
  });

  test("A reply without a flush leaves lazy areas in their place", () => {
    const here = world(placed(0, 3), freed(0), placed(4, 2));
    expect(areas(here)).toEqual(["0-3 lazy", "4-6 busy"]);
    expect(here.lazyPages).toBe(3);
  });

  test("A free that purges releases its own area with the others", () => {
    const here = world(
      placed(0, 3),
      placed(4, 1),
      placed(6, 2),
      freed(0),
      freed(4, { flushes: [{ start: 0, end: 5 }] }),
    );
    expect(areas(here)).toEqual(["6-8 busy"]);
  });

  test("PTEs end with the free if it cleared them, and stay until the purge if it did not", () => {
    const mapped = placed(0, 3, 3);
    expect(world(mapped, freed(0, { pteCleared: 3 })).deadPtes).toBe(0);
    expect(world(mapped, freed(0)).deadPtes).toBe(3);
    const flush = { start: 0, end: 3 };
    const purge: Pair = [{ op: "purge" }, done({ flushes: [flush], pteCleared: 3 })];
    expect(world(mapped, freed(0), purge).deadPtes).toBe(0);
  });

  test("The world remembers released pages that no flush covered until one does", () => {
    // aaa.bbb, flushed [0, 2) and [5, 6)
    const lazy = [placed(0, 3), placed(4, 3), freed(0), freed(4)];
    const missed = [...lazy, purged({ start: 0, end: 2 }, { start: 5, end: 6 })];
    expect(world(...missed).unflushed).toEqual([
      { start: 2, end: 3 },
      { start: 4, end: 5 },
      { start: 6, end: 7 },
    ]);
    const [part, rest] = [purged({ start: 0, end: 5 }), purged({ start: 0, end: 9 })];
    expect(world(...missed, part).unflushed).toEqual([{ start: 6, end: 7 }]);
    expect(world(...missed, part, rest).releasedUnflushed).toBe(0);
  });

  test("The flush or the lazy pages show which of two areas at one address was freed", () => {
    // AA and BBBB both at 8, which is illegal but was recorded
    const both = [placed(8, 2), placed(8, 4)];
    expect(areas(world(...both, freed(8, { flushes: [{ start: 8, end: 12 }] })))).toEqual(["8-10 busy"]);
    expect(areas(world(...both, freed(8, { flushes: [{ start: 8, end: 10 }] })))).toEqual(["8-12 busy"]);
    expect(areas(world(...both, freed(8, { lazyPages: 4 })))).toEqual(["8-10 busy", "8-12 lazy"]);
    expect(areas(world(...both, freed(8, { lazyPages: 2 })))).toEqual(["8-10 lazy", "8-12 busy"]);
  });

  test("A CPU translates what it read until a flush of that page, and then no longer", () => {
    const read = [placed(4, 2, 2), touched(1, 4, 1), touched(1, 5, 2), touched(0, 9, null)];
    const here = world(...read, freed(4, { pteCleared: 2 }));
    expect([here.deadTranslations, here.mayBeMapped(1), here.mayBeMapped(2)]).toEqual([2, true, true]);
    const flushed = SPEC.after(here, ...purged({ start: 5, end: 6 })) as ImmutableWorld;
    expect([flushed.deadTranslations, flushed.mayBeMapped(1), flushed.mayBeMapped(2)]).toEqual([
      1,
      true,
      false,
    ]);
  });

  test("Descriptors beyond those of the existing areas are leaked", () => {
    expect(world(placed(0, 1, 0, { descriptors: 1 })).leakedDescriptors).toBe(0);
    expect(world(placed(0, 1), freed(9, { descriptors: 3 })).leakedDescriptors).toBe(2);
  });

  test("A kernel that stopped leaves no world", () => {
    const stopped: Response = { ...quiet, kind: "bug", text: "BUG()" };
    expect(SPEC.after(world(), { op: "purge" }, stopped)).toBeUndefined();
  });
});

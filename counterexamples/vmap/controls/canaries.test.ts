import { describe, expect, test } from "vitest";
import { begin, replay } from "../../../engine/run/stepper.ts";
import { kernelNamed } from "../../../jobs/names.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import { benchFor } from "../../../properties/vmap/test-bench.ts";
import type { HistoryStep } from "../../../spec/vmap/history.ts";
import { lawsCalled } from "../../../spec/vmap/laws/index.ts";
import { AREAS_ONLY, type Scope } from "../../../spec/vmap/scope.ts";
import { CANARIES } from "./canaries.ts";

const SMALL: Scope = {
  ...AREAS_ONLY,
  name: "small",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: 4,
  sizes: [1, 2, 3],
  aligns: [4096, 8192],
  windows: [{ vstart: 65, vend: 75 }],
};
const ALLOC = { op: "alloc", size: 2, align: 4096, vstart: 65, vend: 75, map: true } as const;

const BLOCKS: Scope = {
  ...SMALL,
  lazyMaxPages: 16,
  vmalloc: { vstart: 64, vend: 104 },
  blockPages: 8,
  bitsPerLong: 4,
};
const MAP = { op: "mapRam", cpu: 0, count: 2 } as const;

/** The machine, where it is not the small one. */
const ON: Readonly<Record<string, Scope>> = {
  "no-overlap": BLOCKS,
  "init-order": { ...SMALL, beforeInit: true },
};

/** For each canary, a history that its law must reject. */
const BITES: Readonly<Record<string, readonly HistoryStep[]>> = {
  aligned: [{ ...ALLOC, align: 8192 }],
  "lowest-fit-at-a-page": [ALLOC],
  "lowest-roomy-hole": [ALLOC],
  "unmapped-means-no-pte": [ALLOC, { op: "free", area: 0 }],
  "lazy-bounded": [
    ALLOC,
    ALLOC,
    ALLOC,
    { op: "free", area: 0 },
    { op: "free", area: 1 },
    { op: "free", area: 2 },
  ],
  "no-stale-translation": [
    ALLOC,
    { op: "touch", cpu: 1, area: 0, page: 0 },
    { op: "free", area: 0 },
    ALLOC,
    { op: "touch", cpu: 1, area: 3, page: 0 },
  ],
  "no-overlap": [MAP, MAP, { op: "unmapRam", cpu: 0, area: 0 }, { op: "unmapAliases" }, MAP],
  "cache-flushed-before-unmap": [
    ALLOC,
    { op: "touch", cpu: 1, area: 0, page: 1, write: true },
    { op: "free", area: 0 },
  ],
  "init-order": [{ op: "unmapAliases" }],
  "no-alias-after-unmap-aliases": [
    ALLOC,
    { op: "touch", cpu: 1, area: 0, page: 1 },
    { op: "free", area: 0 },
    { op: "unmapAliases" },
  ],
  "flush-only-once": [ALLOC, { op: "free", area: 0 }, { op: "purge" }, { op: "unmapAliases" }],
  "flush-well-formed": [ALLOC, { op: "free", area: 0 }, { op: "purge" }],
  "one-flush-per-purge": [ALLOC, { op: "free", area: 0 }, { op: "purge" }],
  "space-returns": [ALLOC, { op: "free", area: 0 }, { op: "purge" }],
  "finds-areas": [ALLOC, { op: "find", page: 64 }],
  "lazy-count": [ALLOC, { op: "free", area: 0 }],
};

describe("each canary", () => {
  const histories = CANARIES.filter(({ law }) => law in BITES);

  test.each(histories)("The canary $kernel.name violates $law, and 2.6.39 keeps it", ({ law, kernel }) => {
    const history = BITES[law] as readonly HistoryStep[];
    const laws = lawsCalled([law]);
    const violated = (machine: typeof kernel) =>
      replay({ ...benchFor(machine, ON[law] ?? SMALL), laws }, history).flatMap((step) =>
        step.violated.map(({ id }) => id),
      );
    expect(violated(kernel)).toEqual([law]);
    expect(violated(kernelNamed("2.6.39"))).toEqual([]);
  });

  test.each(["no-overlap", "cache-flushed-before-unmap", "init-order"])(
    "The canary of %s violates nothing else that is promised",
    (law) => {
      const { kernel } = CANARIES.find((each) => each.law === law) as (typeof CANARIES)[number];
      const played = replay(benchFor(kernel, ON[law] ?? SMALL), BITES[law] as readonly HistoryStep[]);
      expect(played.flatMap(({ violated }) => violated.map(({ id }) => id))).toEqual([law]);
    },
  );

  test("The canary that frees pages that no caller holds violates argument-domain, and 2.6.39 keeps it", () => {
    const { kernel } = CANARIES.find(({ law }) => law === "argument-domain") as (typeof CANARIES)[number];
    const violatedBy = (machine: typeof kernel) => {
      const setting = {
        ...benchFor(machine, { ...SMALL, lazyMaxPages: 0 }),
        laws: lawsCalled(["argument-domain"]),
      };
      const stepper = begin(setting);
      stepper.take(ALLOC);
      const command = { op: "free", start: 70 } as const;
      const response = machine.act(stepper.state as State, command);
      const world = stepper.world();
      return setting.laws.filter((law) => !law.holds(world, command, response, world)).map(({ id }) => id);
    };
    expect(violatedBy(kernel)).toEqual(["argument-domain"]);
    expect(violatedBy(kernelNamed("2.6.39"))).toEqual([]);
  });
});

/**
 * States that the explorer merges, because their fingerprints are equal, answer alike for ever: they are compared with
 * one another, action by action, by replies, violations and the states they lead to.
 */
import { describe, expect, test } from "vitest";
import { BUGS } from "../../counterexamples/vmap/index.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { Fingerprint } from "../../spec/fingerprint.ts";
import type { Call } from "../../spec/vmap/commands/command.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import type { ExplorableOptions } from "./explorable-kernel.ts";
import { compareAlike } from "./state-equivalence.testing.ts";

interface Space {
  readonly what: string;
  readonly scope: Scope;
  readonly calls: readonly Call[];
}

const EVERY_CALL: readonly Call[] = [
  "alloc",
  "allocMapped",
  "vmap",
  "find",
  "map",
  "touch",
  "write",
  "pin",
  "purge",
  "unmapAliases",
];

const ALL: Space = {
  what: "every call, areas beside blocks of two pages",
  calls: EVERY_CALL,
  scope: {
    name: "all",
    wordPages: 64,
    cpus: 2,
    lazyMaxPages: 3,
    vmalloc: { vstart: 16, vend: 22 },
    blockPages: 2,
    bitsPerLong: 1,
    beforeInit: false,
    congruent: [],
    counts: [1, 2],
    sizes: [1, 2],
    aligns: [PAGE_SIZE],
    windows: [{ vstart: 16, vend: 20 }],
  },
};
const BLOCKS: Space = {
  what: "blocks of four pages and pins",
  calls: ["map", "touch", "pin", "purge", "unmapAliases"],
  scope: {
    ...ALL.scope,
    cpus: 1,
    beforeInit: true,
    lazyMaxPages: 4,
    blockPages: 4,
    bitsPerLong: 2,
    vmalloc: { vstart: 16, vend: 28 },
  },
};
const TOP: Space = {
  what: "areas that wrap at the top of the word, past every violation",
  calls: ["alloc", "purge"],
  scope: {
    ...AREAS_ONLY,
    name: "top",
    wordPages: 16,
    cpus: 1,
    lazyMaxPages: 2,
    sizes: [1, 4, 8],
    aligns: [PAGE_SIZE, 8 * PAGE_SIZE],
    windows: [
      { vstart: 0, vend: 15 },
      { vstart: 9, vend: 15 },
    ],
  },
};

const PERCPU: Space = {
  what: "percpu areas above others, lazy ones purged above a limit",
  calls: ["alloc", "percpu", "purge"],
  scope: {
    ...AREAS_ONLY,
    name: "percpu",
    wordPages: 64,
    cpus: 1,
    lazyMaxPages: 2,
    vmalloc: { vstart: 16, vend: 24 },
    congruent: [
      { offsets: [0, 3], sizes: [1, 1], align: PAGE_SIZE },
      { offsets: [0, 4], sizes: [2, 2], align: 2 * PAGE_SIZE },
    ],
    sizes: [1, 2],
    aligns: [PAGE_SIZE],
    windows: [{ vstart: 16, vend: 22 }],
  },
};
const POOLS: Space = {
  what: "areas of two nodes with pools",
  calls: ["alloc", "purge", "unmapAliases"],
  scope: {
    ...AREAS_ONLY,
    name: "pools",
    wordPages: 64,
    cpus: 2,
    lazyMaxPages: 3,
    vmalloc: { vstart: 16, vend: 24 },
    sizes: [1, 2],
    aligns: [PAGE_SIZE, 2 * PAGE_SIZE],
    windows: [
      { vstart: 16, vend: 24 },
      { vstart: 19, vend: 22 },
    ],
  },
};
const WITH_POOLS = KERNELS.filter(({ release }) => release.pools !== "none");

/** Past every violation: the hash must distinguish the states there as well. */
const beyond = ({ calls }: Space): ExplorableOptions => ({ reduced: true, calls, beyondViolations: true });

const of = (note: (to: Fingerprint) => void): string => {
  const fingerprint = new Fingerprint();
  const words = new Int32Array(4);
  fingerprint.begin();
  note(fingerprint);
  fingerprint.write(words, 0);
  return words.join();
};

const CHANGED = BUGS.flatMap(({ changed }) => (changed === undefined ? [] : [changed]));

describe.each([...KERNELS, ...CHANGED])("states of $name whose hashes are equal", (kernel) => {
  test.each([ALL, BLOCKS, TOP, PERCPU])(
    `States of ${kernel.name} with equal fingerprints answer alike: $what`,
    (space) => {
      const { difference, states, forms } = compareAlike(kernel, space.scope, beyond(space), 150);
      expect(difference).toBeUndefined();
      // A kernel of the time before blocks has nothing to do where callers only map.
      if (kernel.release.fragments !== "no blocks") expect(forms).toBeLessThan(states);
    },
  );
});

describe.each(WITH_POOLS)("states of $name with pools whose hashes are equal", (kernel) => {
  test(`States of ${kernel.name} with pools and equal fingerprints answer alike`, () => {
    const { difference, states, forms } = compareAlike(kernel, POOLS.scope, beyond(POOLS), 600);
    expect(difference).toBeUndefined();
    expect(forms).toBeLessThan(states);
  });

  const ask = (cpu: number, size = 1) => {
    const { vstart, vend } = POOLS.scope.vmalloc;
    return { op: "alloc", size, align: PAGE_SIZE, vstart, vend, map: false, cpu } as const;
  };
  const sweep = { op: "unmapAliases" } as const;
  const free = (start: number) => ({ op: "free", start }) as const;
  const noted = (...commands: readonly Command[]) => {
    const state = kernel.initial(POOLS.scope);
    for (const command of commands) kernel.act(state, command);
    return of((to) => kernel.identity(POOLS.scope, { pin: false, areasAlone: false }).add(state, to));
  };

  test(`The fingerprint of ${kernel.name} has the node to which an area returns`, () => {
    expect(noted(ask(0))).not.toBe(noted(ask(1)));
    expect(noted(ask(0), free(16))).not.toBe(noted(ask(1), free(16)));
    expect(noted(ask(0), free(16), sweep)).not.toBe(noted(ask(1), free(16), sweep));
  });

  test(`The fingerprint of ${kernel.name} has the order in which a pool gives out its extents`, () => {
    const two = [ask(0), ask(0)];
    const upwards = noted(...two, free(16), sweep, free(17), sweep);
    const downwards = noted(...two, free(17), sweep, free(16), sweep);
    // 6.12's decay empties a pool of one, so that there is nothing to order.
    if (kernel.name === "6.19") expect(upwards).not.toBe(downwards);
    const atOnce = noted(...two, ask(0, 2), free(16), free(17), sweep, ask(0));
    const otherwise = noted(...two, ask(0, 2), free(17), free(16), sweep, ask(0));
    expect(atOnce).toBe(otherwise);
  });
});

describe("the comparison notices", () => {
  const kernel = (name: string) => KERNELS.find((each) => each.name === name) as Kernel<State>;
  /** The kernel whose state is distinguished as if it were another. */
  const noting = (name: string, as: (state: State) => State): Kernel<State> => {
    const good = kernel(name);
    const identity: typeof good.identity = (scope, callers) => {
      const { reductions, add } = good.identity(scope, callers);
      return { reductions, add: (state, to) => add(as(state), to) };
    };
    return { ...good, identity };
  };
  const blindToPins = kernel("2.6.39");
  const without: readonly (readonly [string, Kernel<State>, Space])[] = [
    ["the cached area", noting("3.1", (state) => ({ ...state, freeVmapCache: -1 })), TOP],
    ["the largest hole passed", noting("3.1", (state) => ({ ...state, cachedHoleSize: 0 })), TOP],
    [
      "free frames",
      {
        ...blindToPins,
        identity: (scope, callers) => blindToPins.identity(scope, { ...callers, pin: false }),
      },
      BLOCKS,
    ],
    [
      "the kernel's state",
      { ...kernel("3.16"), identity: () => ({ reductions: [], add: () => {} }) },
      BLOCKS,
    ],
  ];

  test.each(without)(
    "The comparison notices a fingerprint that leaves out %s",
    (_what, forgetting, space) => {
      expect(compareAlike(forgetting, space.scope, beyond(space), 4000).difference).toBeDefined();
    },
  );
});

describe("a hash", () => {
  const numbers = (...all: number[]) => of((to) => all.forEach((each) => void to.add(each)));
  const frames = (...all: number[]) => of((to) => all.forEach((each) => void to.addFrame(each)));

  test("A hash differs where a number does, also one of more than 32 bits", () => {
    const all = [
      numbers(),
      numbers(0),
      numbers(0, 0),
      numbers(1),
      numbers(-1),
      numbers(2 ** 32),
      numbers(2 ** 51),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(numbers(1, 2)).not.toBe(numbers(2, 1));
  });

  test("A hash depends not on a frame's number but on where the frame was added before", () => {
    expect(frames(7, 9, 7)).toBe(frames(3, 4, 3));
    expect(frames(7, 9, 7)).not.toBe(frames(7, 9, 9));
  });

  test("A hash spreads small changes over all of its words", () => {
    const words = Array.from({ length: 4096 }, (_none, nth) => numbers(nth & 63, nth >> 6).split(","));
    for (let word = 0; word < 4; word++)
      expect(new Set(words.map((all) => all[word])).size).toBeGreaterThan(4090);
  });
});

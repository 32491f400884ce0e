/** The reference answers as a page-by-page world, after every transition of three small machines. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kernelCalled } from "../../kernels/vmap/index.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { runChoices } from "../../properties/run-choices.ts";
import { choices } from "../../properties/vmap/choices.ts";
import { scopeCalled } from "../../properties/vmap/random-scopes.ts";
import { fingerprintOfBoth, type KernelAndWorld } from "../../properties/vmap/state-fingerprint.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { LAWS } from "../../spec/vmap/laws/index.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { type Extent, PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { witnessesFor } from "../../spec/vmap/witnesses.ts";
import type { World } from "../../spec/vmap/world.ts";
import { NaiveWorld } from "./naive-world.testing.ts";
import { type VmapSpec, vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

/** Areas of one and two pages, mapped or not, read by a CPU; more than one lazy page purges. */
const AREAS: Scope = {
  ...AREAS_ONLY,
  name: "areas",
  wordPages: 16,
  cpus: 1,
  lazyMaxPages: 1,
  sizes: [1, 2],
  aligns: [PAGE_SIZE],
  windows: [{ vstart: 4, vend: 7 }],
};
/** A block of two pages beside another area, and maps too large for it; a machine that is switched on. */
const BLOCKS: Scope = {
  ...AREAS_ONLY,
  name: "blocks",
  wordPages: 16,
  cpus: 1,
  lazyMaxPages: 4,
  vmalloc: { vstart: 4, vend: 7 },
  blockPages: 2,
  bitsPerLong: 1,
  beforeInit: true,
  counts: [1, 2],
  sizes: [],
  aligns: [],
  windows: [],
};
/** Pairs of percpu areas above others. */
const PERCPU: Scope = {
  ...AREAS,
  name: "percpu",
  vmalloc: { vstart: 4, vend: 9 },
  congruent: [
    { offsets: [0, 2], sizes: [1, 1], align: PAGE_SIZE },
    { offsets: [2, 0], sizes: [2, 2], align: 2 * PAGE_SIZE },
  ],
  sizes: [1],
  windows: [{ vstart: 4, vend: 6 }],
};

const range = (from: number, to: number) => Array.from({ length: to - from }, (_none, nth) => from + nth);

/** The pages about which both worlds are asked: those of the first windows, and some around. */
function pagesAsked({ windows, vmalloc }: Scope): readonly number[] {
  const from = Math.min(...[...windows, vmalloc].map(({ vstart }) => vstart).filter((page) => page > 0)) - 1;
  return range(from, from + 6);
}

function extentsAsked(scope: Scope): readonly Extent[] {
  return pagesAsked(scope).flatMap((start) => [1, 3].map((length) => ({ start, end: start + length })));
}

/** Without pools it makes no difference whether they are emptied. */
const PURGEABLES = ["taken", "gone"] as const;
const REQUESTS = [1, 3].flatMap((size) => [1, 2 * PAGE_SIZE].map((align) => ({ size, align })));
/** Each of them in the windows that begin at the first pages and end at the last. */
function requestsAsked(scope: Scope) {
  const pages = pagesAsked(scope);
  const windows = pages.slice(0, 3).map((vstart) => ({ vstart, vend: pages.at(-1) as number }));
  return windows.flatMap((window) => REQUESTS.map((request) => ({ ...request, ...window })));
}
const PAIRS = [
  { offsets: [0, 3], sizes: [1, 2], align: PAGE_SIZE },
  { offsets: [2, 0], sizes: [2, 2], align: 2 * PAGE_SIZE },
];

/** Every question of a World. */
const QUESTIONS: Readonly<Record<keyof World, (world: World, scope: Scope) => unknown>> = {
  scope: ({ scope }) => scope.name,
  promises: ({ promises }) => promises.labels,
  initialised: ({ initialised }) => initialised,
  areasIn: (world, scope) =>
    extentsAsked(scope).flatMap((extent) =>
      PURGEABLES.map((purgeable) =>
        world.areasIn(extent, purgeable).map(({ start, end, life, block, vmapped }) => {
          const { cpu, given, givenBack } = block ?? {};
          return { start, end, life, cpu, given, givenBack, vmapped };
        }),
      ),
    ),
  busyAt: (world, scope) =>
    pagesAsked(scope).map((page) => [world.busyAt(page)?.start, world.busyAt(page)?.end]),
  holdsMap: (world, scope) => extentsAsked(scope).map(({ start, end }) => world.holdsMap(start, end - start)),
  holdsPcpu: (world, scope) =>
    pagesAsked(scope).map((page) => [[0], [0, 2], [2, 0], [0, 3]].map((at) => world.holdsPcpu(page, at))),
  blockCanGive: (world, scope) => extentsAsked(scope).map((extent) => world.blockCanGive(extent)),
  lowestFit: (world, scope) =>
    requestsAsked(scope).flatMap((request) => PURGEABLES.map((each) => world.lowestFit(request, each))),
  lowestFree: (world, scope) =>
    requestsAsked(scope).flatMap((request) => PURGEABLES.map((each) => world.lowestFree(request, each))),
  highestCongruentFit: (world) =>
    PAIRS.flatMap((pair) => PURGEABLES.map((purgeable) => world.highestCongruentFit(pair, purgeable))),
  mayBePooled: (world, scope) => extentsAsked(scope).map((extent) => world.mayBePooled(extent, 0)),
  blockHasLeft: (world) => [1, 2, 3, 4].map((pages) => world.blockHasLeft(0, pages)),
  fragmentedBlocks: (world) => [undefined, 0, 1].map((cpu) => world.fragmentedBlocks(cpu)),
  leakedDescriptors: ({ leakedDescriptors }) => leakedDescriptors,
  lazyPages: ({ lazyPages }) => lazyPages,
  unflushedIn: (world, scope) => extentsAsked(scope).map((extent) => world.unflushedIn(extent)),
  releasedUnflushed: ({ releasedUnflushed }) => releasedUnflushed,
  frameAt: (world, scope) => pagesAsked(scope).map((page) => world.frameAt(page)),
  pteAt: (world, scope) => pagesAsked(scope).map((page) => world.pteAt(page)),
  isTranslated: (world, scope) => pagesAsked(scope).map((page) => world.isTranslated(page)),
  mayBeMapped: (world) => range(1, 12).map((frame) => world.mayBeMapped(frame)),
  lastMappedAt: (world) => range(1, 12).map((frame) => world.lastMappedAt(frame)),
  deadPtes: ({ deadPtes }) => deadPtes,
  deadTranslations: ({ deadTranslations }) => deadTranslations,
};

interface Worlds {
  readonly reference: ImmutableWorld;
  readonly naive: NaiveWorld;
}

/** Both worlds after a reply, or how a law, a witness or an answer differs between them. */
function follow(
  spec: VmapSpec,
  before: Worlds,
  command: Command,
  response: Response,
): Worlds | string | undefined {
  const { reference, naive } = before;
  const [next, naiveNext] = [spec.after(reference, command, response), naive.after(command, response)];
  const asked = [
    ...LAWS.map(({ id, holds }) => [id, holds] as const),
    ...witnessesFor(reference.promises).map(({ id, seen }) => [id, seen] as const),
  ];
  for (const [id, holds] of asked) {
    if (holds(reference, command, response, next) !== holds(naive, command, response, naiveNext)) return id;
  }
  if (next === undefined || naiveNext === undefined)
    return next === naiveNext ? undefined : "where the world ends";
  for (const [question, ask] of Object.entries(QUESTIONS)) {
    const [answer, expected] = [next, naiveNext].map((world) => JSON.stringify(ask(world, next.scope)));
    if (answer !== expected) return `${question}: ${answer} instead of ${expected}`;
  }
  return { reference: next, naive: naiveNext };
}

const emptyWorlds = (spec: VmapSpec, scope: Scope, { release }: Kernel<State>): Worlds => ({
  reference: spec.initial(scope),
  naive: new NaiveWorld(scope, release),
});

/** Every transition of the machine up to its fixpoint: how many, and the first on which the worlds differ. */
function everyTransition(kernel: Kernel<State>, scope: Scope, spec: VmapSpec = vmapSpec(kernel.release)) {
  const { words, write } = fingerprintOfBoth(kernel, scope, ["pin"]);
  const form = new Int32Array(words);
  const known = new Set<string>();
  const visited: (KernelAndWorld<State> & Worlds)[] = [];
  const meet = (state: State, worlds: Worlds) => {
    const both = { state, world: worlds.reference, ...worlds };
    write(both, form, 0);
    if (known.has(form.join())) return;
    known.add(form.join());
    visited.push(both);
  };
  meet(kernel.initial(scope), emptyWorlds(spec, scope, kernel));
  let transitions = 0;
  for (const { state, ...worlds } of visited) {
    for (const command of spec.enabled(worlds.reference, scope)) {
      const [now, response] = kernel.step(state, command);
      const after = follow(spec, worlds, command, response);
      transitions += 1;
      if (typeof after === "string") return { transitions, differs: `${JSON.stringify(command)}: ${after}` };
      if (after !== undefined) meet(now, after);
    }
  }
  return { transitions, differs: undefined };
}

const called = (name: string) => kernelCalled(name) as Kernel<State>;

/** Releases that differ in what a world follows: guard pages, when PTEs go, what a purge takes, percpu areas. */
const MACHINES: readonly (readonly [string, Scope, number])[] = [
  ["2.6.27", AREAS, 100],
  ["2.6.28", AREAS, 1000],
  ["2.6.39", AREAS, 1000],
  ["6.12", AREAS, 4000],
  ["2.6.28", BLOCKS, 900],
  ["3.1", BLOCKS, 3000],
  ["6.12", BLOCKS, 700],
  ["5.2", PERCPU, 2000],
  ["6.12", PERCPU, 2000],
];

describe("the reference answers every question as a world page by page does", () => {
  test.each(MACHINES.map(([name, scope, least]) => [name, scope.name, scope, least] as const))(
    "The reference answers every question as the page-by-page world after every transition of %s, %s",
    (name, _called, scope, least) => {
      const { transitions, differs } = everyTransition(called(name), scope);
      expect(differs).toBeUndefined();
      expect(transitions).toBeGreaterThan(least);
    },
  );

  test.each(["2.6.28", "3.16", "6.5"])(
    "The reference answers every question as the page-by-page world in random histories of %s with blocks of eight pages on two CPUs",
    (name) => {
      const [kernel, scope] = [called(name), scopeCalled("blocks") as Scope];
      const setting = benchFor(kernel, scope);
      for (const drawn of fc.sample(choices(scope, { longest: 50 }), { seed: 3, numRuns: 15 })) {
        let worlds: Worlds | string | undefined = emptyWorlds(setting.spec, scope, kernel);
        runChoices(setting, drawn, {
          played: ({ command, response }) => {
            if (typeof worlds !== "object" || command === undefined || response === undefined) return;
            worlds = follow(setting.spec, worlds, command, response);
            expect(worlds).not.toBeTypeOf("string");
          },
          violated: () => "continue",
        });
      }
    },
  );
});

describe("the world page by page notices a reference that", () => {
  const kernel = called("2.6.28");
  const right = vmapSpec(kernel.release);
  const wrong: readonly (readonly [
    string,
    (before: ImmutableWorld, after: ImmutableWorld) => ImmutableWorld,
  ])[] = [
    [
      "keeps TLB entries at a flush",
      (before, after) => after.with({ tlbs: before.tlbs.mergeDeep(after.tlbs) }),
    ],
    ["forgets what may still be translated", (_before, after) => after.with({ dead: [] })],
    ["counts no lazy pages", (_before, after) => after.with({ lazyPages: 0 })],
    [
      "keeps areas that were released",
      (before, after) => (after.areas.length < before.areas.length ? before : after),
    ],
    [
      "takes lazy areas for busy",
      (_before, after) => after.with({ areas: after.areas.map((area) => ({ ...area, life: "busy" })) }),
    ],
  ];

  test.each(wrong)("The page-by-page world notices a reference that %s", (_what, spoil) => {
    const after: VmapSpec["after"] = (before, command, response) => {
      const world = right.after(before, command, response);
      return world && spoil(before, world);
    };
    expect(everyTransition(kernel, AREAS, { ...right, after }).differs).toBeDefined();
  });
});

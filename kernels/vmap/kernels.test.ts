import { isDeepStrictEqual } from "node:util";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { IS_WHOLE, quickly } from "../../engine/bounds.testing.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import { type HistoryStep, misnamed, naming } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { RELEASES } from "../../spec/vmap/releases.ts";
import { AREAS_ONLY, type Scope, WORD64 } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";
import { TESTED_KERNELS } from "./families.testing.ts";
import { KERNELS, kernelCalled } from "./index.ts";
import type { State } from "./state.ts";

const scope: Scope = {
  ...AREAS_ONLY,
  name: "two windows",
  wordPages: 64,
  cpus: 2,
  lazyMaxPages: 5,
  sizes: [1, 2, 3, 4],
  aligns: [1, PAGE_SIZE, 2 * PAGE_SIZE, 4 * PAGE_SIZE],
  windows: [
    { vstart: 0, vend: 12 },
    { vstart: 3, vend: 12 },
    { vstart: 33, vend: 63 },
  ],
};

const LONGEST = 40;
const area = fc.nat(LONGEST - 1);

const step: fc.Arbitrary<HistoryStep> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        op: fc.constant("alloc" as const),
        size: fc.constantFrom(...scope.sizes),
        align: fc.constantFrom(...scope.aligns),
        window: fc.constantFrom(...scope.windows),
        map: fc.boolean(),
      })
      .map(({ window, ...others }) => ({ ...others, ...window })),
  },
  { weight: 6, arbitrary: fc.record({ op: fc.constant("free" as const), area }) },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant("touch" as const), cpu: fc.nat(1), area, page: fc.nat(3) }),
  },
  { weight: 3, arbitrary: fc.constantFrom("purge", "unmapAliases", "tlb").map((op) => ({ op }) as const) },
);

const steps = fc.array(step, { maxLength: LONGEST, size: "max" });

/** Blocks of four pages beside areas, on a machine that is switched on first. */
const withBlocks: Scope = {
  ...scope,
  name: "blocks beside areas",
  vmalloc: { vstart: 12, vend: 33 },
  blockPages: 4,
  bitsPerLong: 2,
  beforeInit: true,
};

const cpu = fc.nat(1);
const stepOfBlocks: fc.Arbitrary<HistoryStep> = fc.oneof(
  { weight: 4, arbitrary: step },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant("mapRam" as const), cpu, count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constant("unmapRam" as const), cpu, area }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      { op: "pcpuGet", offsets: [0, 4], sizes: [2, 1], align: PAGE_SIZE },
      { op: "pcpuGet", offsets: [8, 0], sizes: [4, 2], align: 2 * PAGE_SIZE },
    ),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("pcpuFree" as const), area }) },
  { weight: 2, arbitrary: fc.constant({ op: "pin" as const }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("unpin" as const), area }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("touch" as const),
      cpu,
      area,
      page: fc.nat(3),
      write: fc.constant(true),
    }),
  },
);

/** With blocks, a step must name one of its kind: no caller frees an area that a block fills. */
const stepsOfBlocks = fc
  .array(stepOfBlocks, { maxLength: LONGEST, size: "max" })
  .map((all) => namedRightly([{ op: "unmapAliases" }, { op: "init" }, ...all]));

/** The steps, each that names a wrong one naming the next before that is right; without those that have none. */
function namedRightly(all: readonly HistoryStep[]): HistoryStep[] {
  const history: HistoryStep[] = [];
  for (const each of all) {
    const at = history.length;
    const turns = "area" in each ? history.keys() : [0];
    const candidates = Array.from(turns, (turn) =>
      "area" in each ? { ...each, area: (each.area + turn) % at } : each,
    );
    const right = candidates.find((one) => misnamed([...history, one], at) === undefined);
    if (right !== undefined) history.push(right);
  }
  return history;
}

/** The commands a history turns into on this kernel, up to where the kernel stops. */
function commandsOf(kernel: Kernel<State>, history: readonly HistoryStep[], on: Scope): Command[] {
  const state = kernel.initial(on);
  const names = naming.begin();
  const commands: Command[] = [];
  for (const [index, each] of history.entries()) {
    const command = naming.resolve(names, each);
    const response = command && kernel.act(state, command);
    naming.note(names, index, each, response);
    if (command !== undefined) commands.push(command);
    if (response?.kind === "bug") break;
  }
  return commands;
}

/** Whether every step leaves the state given as it was, and is a copy followed by an act. */
function stepsAreCopies(kernel: Kernel<State>, history: readonly HistoryStep[], on = scope): boolean {
  let state = kernel.initial(on);
  return commandsOf(kernel, history, on).every((command) => {
    const untouched = structuredClone(state);
    const copy = kernel.copy(state);
    const response = kernel.act(copy, command);
    const [after, stepped] = kernel.step(state, command);
    const right =
      isDeepStrictEqual(state, untouched) &&
      isDeepStrictEqual(after, copy) &&
      isDeepStrictEqual(stepped, response);
    state = after;
    return right;
  });
}

/** Whether a copy taken after `share` of a history answers as the original does, which continues first. */
function copyGoesOnAlike(
  kernel: Kernel<State>,
  history: readonly HistoryStep[],
  share: number,
  on = scope,
): boolean {
  const commands = commandsOf(kernel, history, on);
  const middle = Math.floor(commands.length * share);
  const original = kernel.initial(on);
  for (const command of commands.slice(0, middle)) kernel.act(original, command);
  const copy = kernel.copy(original);
  const replies = commands.slice(middle).map((command) => kernel.act(original, command));
  const again = commands.slice(middle).map((command) => kernel.act(copy, command));
  return isDeepStrictEqual(again, replies) && isDeepStrictEqual(kernel.dump(copy), kernel.dump(original));
}

describe.each(TESTED_KERNELS.map((kernel) => [kernel.name, kernel] as const))("%s", (_name, kernel) => {
  test.prop([steps], { numRuns: quickly(60) })(
    `${kernel.name} steps by acting on a copy, and leaves the given state unchanged`,
    (history) => stepsAreCopies(kernel, history),
  );

  test.prop([steps, fc.nat(9)], { numRuns: quickly(60) })(
    `${kernel.name} answers the same from a state copied in the middle`,
    (history, tenths) => copyGoesOnAlike(kernel, history, tenths / 10),
  );

  test.prop([stepsOfBlocks], { numRuns: quickly(60) })(
    `${kernel.name} steps by acting on a copy, with maps, percpu areas, pins, writes and the boot`,
    (history) => stepsAreCopies(kernel, history, withBlocks),
  );

  test.prop([stepsOfBlocks, fc.nat(9)], { numRuns: quickly(60) })(
    `${kernel.name} answers the same from a copied state, with maps, percpu areas, pins, writes and the boot`,
    (history, tenths) => copyGoesOnAlike(kernel, history, tenths / 10, withBlocks),
  );

  test(`${kernel.name} fills a machine of 12 pages from the bottom, then refuses`, () => {
    const state = kernel.initial({ ...scope, wordPages: 16 });
    const placed: number[] = [];
    for (;;) {
      const reply = kernel.act(state, request(1, 0, 12));
      if (reply.kind !== "placed") break;
      placed.push(reply.start);
    }
    const { guard, lowestPage } = kernel.release;
    const [every, room] = [distanceOf(kernel, 1), 12 - guard.inside - lowestPage];
    expect(placed).toEqual(countUp(lowestPage, every, Math.ceil(room / every)));
    expect(kernel.act(state, request(1, 0, 12)).kind).toBe("refused");
  });
});

/** One of each way to search: a list, a tree, a tree with a cache, the same with lazy areas on a list, a tree of holes. */
test.each(
  ["2.6.27", "2.6.37", "2.6.39", "5.0.1", "5.17", "6.8"].filter((label) => IS_WHOLE || label > "5.1"),
)("%s keeps 100,000 areas in 2^52 pages in order while some are freed and placed again", (label) => {
  const kernel = kernelCalled(label) as Kernel<State>;
  const state = kernel.initial({ ...scope, wordPages: WORD64, lazyMaxPages: null });
  const [bottom, top] = [WORD64 - 2 ** 20, WORD64 - 1];
  const starts = countUp(bottom, distanceOf(kernel, 2), 100_000);
  const inOrder = (expected: readonly number[]) => {
    const { areas } = kernel.dump(state);
    return areas.length === expected.length && areas.every((area, nth) => area.start === expected[nth]);
  };
  // From the top down, so that no release has to walk far.
  for (const start of starts.toReversed()) kernel.act(state, request(2, start, top));
  expect(inOrder(starts)).toBe(true);

  const freed = starts.filter((_start, nth) => nth % 2_000 === 0);
  for (const start of freed) kernel.act(state, { op: "free", start });
  kernel.act(state, { op: "purge" });
  expect(inOrder(starts.filter((_start, nth) => nth % 2_000 !== 0))).toBe(true);

  const again = freed.map(() => kernel.act(state, request(2, bottom, top)));
  expect(again.map((reply) => reply.kind === "placed" && reply.start)).toEqual(freed);
  expect(inOrder(starts)).toBe(true);
});

describe("the check that a step is a copy followed by an act", () => {
  const kernel = kernelCalled("3.1") as Kernel<State>;
  const accepts = (wrong: Kernel<State>) => {
    const property = fc.property(stepsOfBlocks, (history) => stepsAreCopies(wrong, history, withBlocks));
    return !fc.check(property, { seed: 1, numRuns: quickly(60), endOnFailure: true }).failed;
  };
  const sharing = (part: (own: State, state: State) => Partial<State>): Kernel<State> => {
    const copy = (state: State): State => {
      const own = kernel.copy(state);
      return { ...own, ...part(own, state) };
    };
    return { ...kernel, copy };
  };

  test("The check of steps rejects a step that acts on the given state", () => {
    expect(accepts({ ...kernel, step: (state, command) => [state, kernel.act(state, command)] })).toBe(false);
  });

  test("The check of steps rejects a copy that shares something with the original", () => {
    const shared = [
      sharing((own, { memory }) => ({ memory: { ...own.memory, pageTable: memory.pageTable } })),
      sharing((own, { memory }) => ({ memory: { ...own.memory, cache: memory.cache } })),
      sharing((own, { blocks }) => ({ blocks: { ...own.blocks, given: blocks.given } })),
      sharing((own, { blocks }) => ({ blocks: { ...own.blocks, dirty: blocks.dirty } })),
    ];
    expect(shared.map(accepts)).toEqual(shared.map(() => false));
    expect(accepts(kernel)).toBe(true);
  });
});

function request(size: Pages, vstart: number, vend: number): Command {
  return { op: "alloc", size, align: PAGE_SIZE, vstart, vend, map: false };
}

/** From one area of this size to the next, packed as closely as the release allows. */
function distanceOf(kernel: Kernel<State>, size: Pages): Pages {
  const { inside, afterArea, beforeNext } = kernel.release.guard;
  return size + inside + Math.max(afterArea, beforeNext);
}

function countUp(from: number, by: number, count: number): number[] {
  return Array.from({ length: count }, (_none, nth) => from + nth * by);
}

describe("the list of kernels", () => {
  test("The list of kernels has one for each release, in the order of the releases", () => {
    expect(KERNELS.map((kernel) => kernel.release)).toEqual(RELEASES);
    expect(KERNELS.map((kernel) => kernel.name)).toEqual(RELEASES.map((release) => release.labels[0]));
  });

  test("The list of kernels finds a kernel by any label of its release, and has no label twice", () => {
    const labels = RELEASES.flatMap((release) => release.labels);
    expect(new Set(labels).size).toBe(labels.length);
    for (const release of RELEASES) {
      for (const label of release.labels) {
        const found = kernelCalled(label)?.release;
        // Of labels that answer alike, one that answers otherwise outside its calls' domain is a kernel like the first.
        expect(found === release || found?.like === release.labels[0]).toBe(true);
      }
    }
    expect(kernelCalled("2.6.29")).toBeUndefined();
  });
});

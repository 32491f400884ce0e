/** Failing allocations, tried on models with a scripted reply to a failure. */
import { expect, test } from "vitest";
import { begin } from "../../engine/run/stepper.ts";
import { kernelCalled } from "../../kernels/vmap/index.ts";
import { MEMORY_LAWS } from "../../spec/process.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { judgedAlsoBy, type Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { SCOPES } from "./random-scopes.ts";
import { benchFor } from "./test-bench.ts";

const MODEL = kernelCalled("6.12") as Kernel;
const BLOCKS = SCOPES.find(({ name }) => name === "blocks") as Scope;
const REFUSED = { kind: "refused", flushes: [], pteSet: 0, pteCleared: 0 } as const;

type Fails = (state: unknown, command: Command, usual: () => Response) => Response;

/** 6.12, each command of which allocates twice; where the second fails, it does this. */
function failing(second: Fails, live: (state: unknown) => number = () => 0): Kernel {
  const kernel: Kernel = {
    ...MODEL,
    memory: {
      actFailing: (state, command, allocation) => {
        const usual = () => MODEL.act(state, command);
        return allocation === 2 ? second(state, command, usual) : usual();
      },
      allocations: () => 2,
      live,
      scope: () => BLOCKS,
    },
  };
  return MEMORY_LAWS.reduce((held, { id }) => judgedAlsoBy(held, id), kernel);
}

/** What a first map of one page violates, and what is said of it. */
function violatedBy(kernel: Kernel) {
  const now = begin(benchFor(kernel, BLOCKS)).take({ op: "mapRam", cpu: 0, count: 1 });
  return { laws: now.violated.map(({ id }) => id), failing: now.response?.failing };
}

test("failure-leaves-nothing and failure-is-reported hold of a call that is refused and does nothing, or that needs no memory", () => {
  expect(violatedBy(failing(() => REFUSED))).toEqual({ laws: [], failing: undefined });
  expect(violatedBy(failing((_state, _command, usual) => usual()))).toEqual({ laws: [], failing: undefined });
});

test("failure-leaves-nothing is violated by a call that is refused, and leaves a block", () => {
  const { laws, failing: found } = violatedBy(
    failing((_state, _command, usual) => {
      usual();
      return REFUSED;
    }),
  );
  expect(laws).toEqual(["failure-leaves-nothing"]);
  expect(found).toMatchObject({ allocation: 2, wrong: "leaves", text: "areas: [64,72), and not none" });
});

test("failure-leaves-nothing is violated by a PTE that is left, and by memory", () => {
  const withPte = violatedBy(failing(() => ({ ...REFUSED, pteSet: 1 })));
  expect(withPte.failing?.text).toBe("PTEs: 1, and not 0");
  expect(withPte.laws).toEqual(["failure-leaves-nothing"]);
  let leaked = 0;
  const leaking = failing(
    () => {
      leaked = 1;
      return REFUSED;
    },
    () => leaked,
  );
  const withMemory = violatedBy(leaking);
  expect(withMemory.laws).toEqual(["failure-leaves-nothing"]);
  expect(withMemory.failing?.text).toMatch(/^allocations of memory: /);
});

test("failure-is-reported is violated by a call that succeeds and has done nothing, and by one that stops", () => {
  const placed = { ...REFUSED, kind: "placed", start: 64, mapStopped: false } as const;
  const unreported = violatedBy(failing(() => placed));
  expect(unreported.laws).toEqual(["failure-is-reported"]);
  expect(unreported.failing).toMatchObject({ wrong: "succeeds", text: "areas: none, and not [64,72)" });
  const stops = violatedBy(failing(() => ({ ...REFUSED, kind: "bug", text: "BUG_ON(!vb)" })));
  expect(stops.laws).toEqual(["failure-is-reported"]);
  expect(stops.failing).toEqual({ allocation: 2, wrong: "stops", text: "BUG_ON(!vb)" });
});

test("a command is answered as without them: only copies are tried", () => {
  const { state, take } = begin(
    benchFor(
      failing(() => REFUSED),
      BLOCKS,
    ),
  );
  take({ op: "mapRam", cpu: 0, count: 1 });
  expect(MODEL.dump(state).blocks).toHaveLength(1);
});

test("no kernel is asked that is not held to these laws, nor one in which no allocation can fail", () => {
  const asked = () => {
    throw new Error("it was asked");
  };
  const unasked: Kernel = {
    ...MODEL,
    memory: { actFailing: asked, allocations: asked, live: asked, scope: asked },
  };
  expect(violatedBy(unasked).laws).toEqual([]);
  expect(violatedBy(MEMORY_LAWS.reduce((held, { id }) => judgedAlsoBy(held, id), MODEL)).laws).toEqual([]);
});

/** What the release of a first area violates, on 6.12 with this many allocations alive for each of its copies. */
function violatedByRelease(live: (area: unknown) => number) {
  const noFailures: Kernel = {
    ...MODEL,
    memory: {
      actFailing: MODEL.act,
      allocations: () => 0,
      live: (state) => {
        const { areas, free, pool = [], blocks } = MODEL.dump(state);
        return areas.length + blocks.length + (free ?? []).length + pool.length + live(state);
      },
      scope: () => BLOCKS,
    },
  };
  const stepper = begin(benchFor(judgedAlsoBy(noFailures, "memory-is-freed"), BLOCKS));
  const alloc = { op: "alloc", size: 1, align: 4096, vstart: 64, vend: 104, map: false } as const;
  const first = stepper.take(alloc);
  const last = stepper.take({ op: "free", area: 0 });
  return { alloc: first.violated.length, free: last.violated.map(({ id }) => id), response: last.response };
}

test("memory-is-freed holds of a release after which as much is allocated as at first", () => {
  expect(violatedByRelease(() => 0)).toMatchObject({ alloc: 0, free: [] });
});

test("memory-is-freed is violated by a release that leaves one allocation", () => {
  let calls = 0;
  // The first count is that of the beginning.
  const { alloc, free, response } = violatedByRelease(() => (calls++ === 0 ? 0 : 1));
  expect({ alloc, free }).toEqual({ alloc: 0, free: ["memory-is-freed"] });
  expect(response?.leaked).toBe(1);
});

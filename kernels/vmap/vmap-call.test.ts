import { describe, expect, test } from "vitest";
import { begin } from "../../engine/run/stepper.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { areasAndLazy, type Kernel } from "../../spec/vmap/kernel.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { KERNELS, kernelCalled } from "./index.ts";
import type { State } from "./state.ts";

/** Eight pages from page 64 on, which is where vmap looks. */
const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "eight pages",
  wordPages: 256,
  cpus: 1,
  lazyMaxPages: 4,
  vmalloc: { vstart: 64, vend: 72 },
  sizes: [],
  aligns: [],
  windows: [],
};

const LABELS = KERNELS.map(({ name }) => name);
const OBEYING = ["4.4", "4.15.0", "4.15.18-ubuntu", "5.2", "5.10", "5.11"];
const OTHERS = LABELS.filter((label) => !OBEYING.includes(label));
/** A page is kept between areas beside the guard page that vmap adds. */
const APART = ["2.6.28", "2.6.28.10", "piggin-draft-1", "piggin-draft-3", "2.6.37", "2.6.39"];

const VMAP = { op: "vmap", count: 2 } as const;
const NO_GUARD = { ...VMAP, noGuard: true } as const;

function played(label: string, ...commands: readonly Command[]) {
  const kernel = kernelCalled(label) as Kernel<State>;
  const state = kernel.initial(SCOPE);
  return { replies: commands.map((command) => kernel.act(state, command)), kernel, state };
}

/** The window after these commands: a letter for a page with a PTE, a dash for one of an area without. */
function drawn(label: string, ...commands: readonly Command[]): string {
  const { kernel, state } = played(label, ...commands);
  const areas = areasAndLazy(kernel.dump(state));
  return Array.from({ length: 8 }, (_none, nth) => {
    const page = 64 + nth;
    const at = areas.findIndex(({ start, end }) => start <= page && page < end);
    const reply = kernel.step(state, { op: "touch", cpu: 0, page })[1];
    const isMapped = reply.kind === "reached" && reply.frame !== null;
    return at < 0 ? "." : isMapped ? String.fromCharCode(65 + at) : "-";
  }).join("");
}

describe("vmap", () => {
  const tight = LABELS.filter((label) => !APART.includes(label));

  test.each(tight)("On %s vmap adds a guard page without a PTE", (label) => {
    expect(drawn(label, VMAP, VMAP)).toBe("AA-BB-..");
  });

  test.each(APART)("On %s vmap adds a guard page to the page between areas", (label) => {
    expect(drawn(label, VMAP, VMAP)).toBe("AA-.BB-.");
  });

  test.each(OBEYING)("On %s vmap omits the guard page for a caller that passes VM_NO_GUARD", (label) => {
    expect(drawn(label, NO_GUARD, VMAP)).toBe("AABB-...");
    expect(drawn(label, VMAP, NO_GUARD, NO_GUARD)).toBe("AA-BBCC.");
  });

  test.each(OTHERS)("On %s vmap ignores VM_NO_GUARD", (label) => {
    expect(drawn(label, NO_GUARD, NO_GUARD)).toBe(drawn(label, VMAP, VMAP));
  });

  test.each(LABELS)("On %s a free releases the area of vmap with its guard page", (label) => {
    const kernel = kernelCalled(label) as Kernel<State>;
    const { replies } = played(label, VMAP, { op: "free", start: 64 });
    const { flushes, lazyPages } = replies[1] as Response;
    if (kernel.release.freesLazily) expect({ flushes, lazyPages }).toEqual({ flushes: [], lazyPages: 3 });
    else expect(flushes).toEqual([{ start: 64, end: 67 }]);
  });

  test.each(LABELS)("On %s vmap is refused if there is no room for the guard page", (label) => {
    const { replies } = played(label, { op: "vmap", count: 8 }, { op: "vmap", count: 7 });
    expect(replies.map(({ kind }) => kind)).toEqual(["refused", "placed"]);
  });

  test("On 5.11 vmap with VM_NO_GUARD takes the last page of a window", () => {
    expect(drawn("5.11", { op: "vmap", count: 8, noGuard: true })).toBe("AAAAAAAA");
  });
});

describe("guard-between-vmaps", () => {
  /** The violations of this law and of no-overlap by a history on 5.11, by command. */
  const violatedOn = (label: string, ...history: readonly HistoryStep[]) => {
    const setting = benchFor(kernelCalled(label) as Kernel<State>, SCOPE);
    const stepper = begin({ ...setting, laws: lawsCalled(["guard-between-vmaps", "no-overlap"]) });
    return history.flatMap((step, index) =>
      stepper.take(step).violated.map(({ id }) => `${id} in ${index + 1}`),
    );
  };
  const ALLOC = { op: "alloc", size: 2, align: 4096, vstart: 64, vend: 72, map: true } as const;

  test.each(OBEYING)(
    "guard-between-vmaps is violated on %s if the lower of two has no guard page",
    (label) => {
      expect(violatedOn(label, NO_GUARD, VMAP)).toEqual(["guard-between-vmaps in 2"]);
    },
  );

  test.each(OTHERS)("guard-between-vmaps is kept by the same calls on %s", (label) => {
    expect(violatedOn(label, NO_GUARD, VMAP)).toEqual([]);
  });

  test("guard-between-vmaps is kept if only the upper has none", () => {
    expect(violatedOn("5.11", VMAP, NO_GUARD)).toEqual([]);
  });

  test("guard-between-vmaps is also violated by a lower one that comes later: BB.... first, then AABB..", () => {
    const below = [ALLOC, VMAP, { op: "free", area: 0 }, { op: "purge" }, NO_GUARD] as const;
    expect(violatedOn("5.11", ...below)).toEqual(["guard-between-vmaps in 5"]);
  });

  test("guard-between-vmaps does not apply to an area of another call, nor to a freed one", () => {
    expect(violatedOn("5.11", ALLOC, VMAP)).toEqual([]);
    expect(violatedOn("5.11", NO_GUARD, ALLOC, VMAP)).toEqual([]);
    expect(violatedOn("5.11", NO_GUARD, { op: "free", area: 0 }, VMAP)).toEqual([]);
  });
});

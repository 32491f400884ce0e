import { describe, expect, test } from "vitest";
import { confirmRun, visitActions } from "../../engine/actions.ts";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { isEnabled } from "../../engine/machine.ts";
import { explore } from "../../engine/search/explore.ts";
import type { ShortestViolation } from "../../engine/search/visitable.ts";
import { ROOTS_ORDERS, type RootsScope, rootsMachine } from "./roots.ts";

/** One root beside init_mm's, and a second frame, so that a touch shows which frame it reaches. */
const SMALLEST: RootsScope = { cpus: 1, roots: 1, addresses: 1, frames: 2 };

type Order = Parameters<typeof rootsMachine>[2];
const machineOf = (name: string, scope: RootsScope) => rootsMachine(name, scope, ROOTS_ORDERS[name] as Order);
const visit = (name: string, scope: RootsScope) => {
  const machine = machineOf(name, scope);
  return { machine, ...explore(visitActions(machine, { symmetry: false }), { bounds: BOUNDS }) };
};

function violationOf(name: string) {
  const { machine, violations } = visit(name, SMALLEST);
  const { law, run } = violations[0] as ShortestViolation;
  expect(confirmRun(machine, law, run)).toBe(true);
  return { law, run: run.map((action) => machine.actions[action]?.name) };
}

describe("B7: an unmapping is not synchronised to all roots", () => {
  //  init_mm:  0   .   .   1
  //  root 0:   0   0   0   0     it is there, so no CPU faults
  test("up to 5.2 a touch of a mapped address reaches the frame that was mapped there before", () => {
    expect(violationOf("5.2")).toEqual({
      law: "no-stale-translation",
      run: [
        "CPU 0, ioremap maps address 0 to frame 0; returns",
        "CPU 0, touches address 0 on root 0: vmalloc_fault copies the reference's entry",
        "CPU 0, iounmap of address 0 clears its entry",
        "CPU 0, free_vmap_area_noflush 0: puts address 0 on the lazy list; returns",
        "CPU 0, a purge begins: takes the purge lock, gathers",
        "CPU 0, flush_tlb_kernel_range: asks every CPU to flush",
        "CPU 0, hardware: flushes what was gathered",
        "CPU 0, flushing: all have flushed",
        "CPU 0, release: releases what was gathered, unlocks; returns",
        "CPU 0, ioremap maps address 0 to frame 1; returns",
        "CPU 0, touches address 0 on root 0",
      ],
    });
  });

  test("synchronising after the flush is too late: flushed entries are cached again", () => {
    const { law, run } = violationOf("5.3-flushing-first");
    expect([law, run.length]).toEqual(["no-stale-translation", 13]);
    expect(run).toContain("CPU 0, hardware: caches address 0 from root 0");
  });

  test("a CPU may cache every entry of its root, of every frame at every address, and nothing else", () => {
    const scope = { cpus: 1, roots: 1, addresses: 2, frames: 3 };
    const machine = machineOf("5.3", scope);
    const { reached, states } = visit("5.3", scope);
    const caches = machine.actions.filter(({ says }) => says.startsWith("caches"));
    const seen = new Set<string>();
    for (let number = 0; number < states; number++) {
      const state = new Int32Array(machine.words);
      reached.read(number, state);
      const { "root 0": root = "", "TLB 0": tlb = "" } = machine.draw(state);
      for (const digits of [...tlb].entries()) seen.add(digits.join());
      const can = [0, 1].filter((address) => root[address] !== "." && tlb[address] === ".");
      const does = caches.flatMap((action, address) => (isEnabled(action, state) ? [address] : []));
      expect(does).toEqual(can);
    }
    expect([...seen].sort()).toEqual(["0,.", "0,0", "0,1", "0,2", "1,.", "1,0", "1,1", "1,2"]);
  });

  test.each([
    SMALLEST,
    { cpus: 2, roots: 2, addresses: 1, frames: 2 },
    { cpus: 2, roots: 2, addresses: 2, frames: 2 },
  ])("from 5.3 on every touch reaches the frame that is mapped now: %j", (scope) => {
    const { verdict, ended, deadlocks } = visit("5.3", scope);
    expect([verdict, ended, deadlocks]).toEqual(["holds", "fixpoint", 0]);
  });
});

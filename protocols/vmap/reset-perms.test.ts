import { describe, expect, test } from "vitest";
import { confirmRun, visitActions } from "../../engine/actions.ts";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { explore } from "../../engine/search/explore.ts";
import type { ShortestViolation } from "../../engine/search/visitable.ts";
import { RESET_PERMS_ORDERS, type ResetPermsScope, resetPermsMachine } from "./reset-perms.ts";

type Order = Parameters<typeof resetPermsMachine>[2];
function visit(name: string, scope: ResetPermsScope) {
  const machine = resetPermsMachine(name, scope, RESET_PERMS_ORDERS[name] as Order);
  return { machine, ...explore(visitActions(machine, { symmetry: false }), { bounds: BOUNDS }) };
}

describe("B9: a flush is requested although there is nothing to flush", () => {
  test("in 5.2-rc3, if another CPU purges the area before its range is worked out", () => {
    const { machine, violations } = visit("5.2-rc3", { cpus: 2, areas: 1 });
    const { law, run } = violations[0] as ShortestViolation;
    expect(confirmRun(machine, law, run)).toBe(true);
    expect([law, run.map((action) => machine.actions[action]?.name)]).toEqual([
      "flush-well-formed",
      [
        "CPU 0, vmalloc of area 0, its page in high memory",
        "CPU 0, vfree of area 0: remove_vm_area",
        "CPU 0, vm_remove_mappings: works out the range in the direct map",
        "CPU 1, a purge begins",
        "CPU 1, vmap_purge_lock: takes the purge lock",
        "CPU 1, __purge_vmap_area_lazy: gathers every lazy area",
        "CPU 1, flush_tlb_kernel_range: flushes the range, releases, unlocks; returns",
        "CPU 0, vmap_purge_lock: takes the purge lock",
        "CPU 0, __purge_vmap_area_lazy: finds no lazy area, but was asked to flush",
        "CPU 0, flush_tlb_kernel_range: flushes the range, releases, unlocks; returns",
      ],
    ]);
  });

  test("one CPU alone always has its own area to flush", () => {
    expect(visit("5.2-rc3", { cpus: 1, areas: 2 }).verdict).toBe("holds");
  });

  test.each([
    { cpus: 2, areas: 1 },
    { cpus: 2, areas: 2 },
    { cpus: 3, areas: 2 },
  ])("in 5.2 every flush has a range, which covers all freed pages: %j", (scope) => {
    const { verdict, ended, deadlocks } = visit("5.2", scope);
    expect([verdict, ended, deadlocks]).toEqual(["holds", "fixpoint", 0]);
  });
});

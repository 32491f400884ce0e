import { describe, expect, test } from "vitest";
import { visitActions } from "../../../engine/actions.ts";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import { explore } from "../../../engine/search/explore.ts";
import { spinlocksHeld, TAKE_ALL_ORDERS, type TakeAllOrder, takeAllMachine } from "./take-all.ts";

/** The most spinlocks that a CPU holds in any state. */
function mostHeld(name: string, mappings: number): number {
  const machine = takeAllMachine(name, { cpus: 1, mappings }, TAKE_ALL_ORDERS[name] as TakeAllOrder);
  const { reached, ended, states } = explore(visitActions(machine, { symmetry: false }), {
    bounds: BOUNDS,
    enough: () => false,
  });
  expect(ended).toBe("fixpoint");
  const state = new Int32Array(machine.words);
  let most = 0;
  for (let number = 0; number < states; number++) {
    reached.read(number, state);
    most = Math.max(most, spinlocksHeld(machine, state));
  }
  return most;
}

describe("mm_take_all_locks", () => {
  test("As spinlocks, preemption is off while as many locks are held as there are mappings and anon_vmas", () => {
    expect([1, 2, 3, 4, 5].map((mappings) => mostHeld("2.6.27", mappings))).toEqual([2, 4, 6, 8, 10]);
  });

  test("With i_mmap_lock as a mutex, only the anon_vmas count; with both as mutexes, none do", () => {
    const each = [1, 2, 3, 4, 5];
    expect(each.map((mappings) => mostHeld("2.6.27-half-converted", mappings))).toEqual([1, 2, 3, 4, 5]);
    expect(each.map((mappings) => mostHeld("3.0", mappings))).toEqual([0, 0, 0, 0, 0]);
  });
});

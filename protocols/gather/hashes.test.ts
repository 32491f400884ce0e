import { expect, test } from "vitest";
import { visitActions } from "../../engine/actions.ts";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { onChosen, sets } from "../../engine/operations.ts";
import { explore } from "../../engine/search/explore.ts";
import { HASHES_ORDERS, type HashesOrder, hashesMachine } from "./hashes.ts";

/** Whether some state has a batch that is not active and holds an address. */
function holdsWhileInactive(name: string, order: HashesOrder): boolean {
  const machine = hashesMachine(name, { cpus: 2, tasks: 2, preempts: 1 }, order);
  const { reached, states, ended } = explore(visitActions(machine, { symmetry: false }), {
    bounds: BOUNDS,
    enough: () => false,
  });
  expect(ended).toBe("fixpoint");
  const fields = (text: string) => machine.layout.fields.filter(({ name: own }) => own.startsWith(text));
  const [active, index] = [fields("batch active"), fields("batch index")];
  expect([active.length, index.length]).toEqual([2, 2]);
  const state = new Int32Array(machine.words);
  for (let number = 0; number < states; number++) {
    reached.read(number, state);
    if (index.some((each, cpu) => each.get(state) === 1 && active[cpu]?.get(state) === 0)) return true;
  }
  return false;
}

test("In no order has a hash batch an address while it is not active", () => {
  const holding = Object.entries(HASHES_ORDERS).filter(([name, order]) => holdsWhileInactive(name, order));
  expect(holding.map(([name]) => name)).toEqual([]);
});

test("It would be seen to have one: where a task leaves lazy mode and does not flush its batch", () => {
  const order = HASHES_ORDERS["2.6.28"] as HashesOrder;
  const leavesUnflushed: HashesOrder = {
    ...order,
    unmap: (m, task) =>
      order.unmap(m, task).map((step) => {
        if (step.at !== "arch_leave_lazy_mmu_mode") return step;
        const inactive = m.batches.map(({ isActive }) => sets(isActive, 0));
        return { ...step, does: onChosen(task.on, inactive, "active = 0", 1) };
      }),
  };
  expect(holdsWhileInactive("a canary", leavesUnflushed)).toBe(true);
});

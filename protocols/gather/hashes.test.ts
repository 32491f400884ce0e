import { expect, test } from "vitest";
import { visitActions } from "../../engine/actions.ts";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { explore } from "../../engine/search/explore.ts";
import { HASHES_ORDERS, type HashesOrder, hashesMachine } from "./hashes.ts";

/** Whether some state has a batch that is not active and holds an address. */
function holdsWhileInactive(name: string): boolean {
  const machine = hashesMachine(name, { cpus: 2, tasks: 2, preempts: 1 }, HASHES_ORDERS[name] as HashesOrder);
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
  expect(Object.keys(HASHES_ORDERS).filter(holdsWhileInactive)).toEqual([]);
});

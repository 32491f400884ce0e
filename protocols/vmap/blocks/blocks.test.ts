import { describe, expect, test } from "vitest";
import { confirmRun, visitActions } from "../../../engine/actions.ts";
import { BOUNDS, IS_WHOLE } from "../../../engine/bounds.testing.ts";
import { explore } from "../../../engine/search/explore.ts";
import type { Explored } from "../../../engine/search/visitable.ts";
import type { StepAction, StepMachine } from "../../program.ts";
import type { BlocksScope } from "./fields.ts";
import { BLOCK_ORDERS, type BlocksOrder, blocksMachine } from "./machine.ts";

const TWO_PAGES: BlocksScope = { cpus: 2, blocks: 1, pages: 2 };
const THREE_PAGES: BlocksScope = { cpus: 2, blocks: 1, pages: 3 };
const TWO_BLOCKS: BlocksScope = { cpus: 2, blocks: 2, pages: 1 };
const SMALL: readonly BlocksScope[] = [TWO_PAGES, TWO_BLOCKS];

/** By order: steps of a shortest run that violates the law of vm_unmap_aliases, if it does; and states, by symmetry. */
const EXPECTED: Readonly<Record<string, { readonly violations?: number; readonly states: number }>> = {
  "2.6.28": { violations: 13, states: 10_305 },
  "2.6.28-repaired": { states: 19_179 },
  "2.6.33": { violations: 15, states: 14_456 },
  "2.6.33-repaired": { states: 26_069 },
  "3.16": { violations: 16, states: 11_548 },
  "3.16-repaired": { states: 20_185 },
  "4.4": { violations: 15, states: 11_531 },
  "4.4-walking-all": { violations: 19, states: 21_822 },
  "4.4-repaired": { states: 20_150 },
  "5.13": { violations: 15, states: 11_531 },
  "5.13-repaired": { states: 20_150 },
  "6.5": { violations: 17, states: 7_023 },
  "6.5-repaired": { states: 7_036 },
  "6.10": { violations: 17, states: 7_023 },
  "6.12": { violations: 17, states: 7_023 },
  "6.12-repaired": { states: 7_036 },
  "6.12-publishing-alone": { violations: 17, states: 6_343 },
  "6.12-collecting-full": { violations: 18, states: 8_094 },
  "6.12-collecting-before-lock": { violations: 13, states: 17_372 },
};
const ORDERS = Object.keys(BLOCK_ORDERS);

const machineOf = (order: string, scope: BlocksScope) =>
  blocksMachine(order, scope, BLOCK_ORDERS[order] as BlocksOrder);
const visit = (machine: StepMachine): Explored =>
  explore(visitActions(machine, { symmetry: true }), { bounds: BOUNDS, enough: () => false });

/** All states of an order, visited once. */
function visited(order: string, scope: BlocksScope): Explored {
  const key = JSON.stringify([order, scope]);
  const found = VISITED.get(key) ?? visit(machineOf(order, scope));
  VISITED.set(key, found);
  return found;
}
const VISITED = new Map<string, Explored>();

/** The words of a step, without its block and page. */
const kindOf = ({ says }: StepAction) => says.replace(/\d+/g, "n");

describe("vm_unmap_aliases", () => {
  test("every order has an expected result", () => {
    expect(Object.keys(EXPECTED)).toEqual(ORDERS);
  });

  test.each(ORDERS)("of %s leaves an alias after as many steps as ever, or none", (order) => {
    const machine = machineOf(order, TWO_PAGES);
    const found = visited(order, TWO_PAGES);
    expect(found.ended).toBe("fixpoint");
    expect(found.violations.map(({ law, run }) => [law, run.length])).toEqual(
      EXPECTED[order]?.violations === undefined
        ? []
        : [["no-alias-after-unmap-aliases", EXPECTED[order].violations]],
    );
    for (const { law, run } of found.violations) expect(confirmRun(machine, law, run)).toBe(true);
  });

  const repaired = ORDERS.filter((order) => order.endsWith("-repaired"));
  test.each(IS_WHOLE ? repaired : ["4.4-repaired", "6.12-repaired"])(
    "of %s leaves none in a block of three pages either",
    (order) => {
      const found = visited(order, THREE_PAGES);
      expect([found.ended, found.violations]).toEqual(["fixpoint", []]);
    },
  );
});

describe("a step", () => {
  // Counted before redundant guards were left out, when all pages were bits of one field.
  test.each(ORDERS)("of %s is never disabled by a redundant guard", (order) => {
    const { states, deadlocks } = visited(order, TWO_PAGES);
    expect([states, deadlocks]).toEqual([EXPECTED[order]?.states, 0]);
  });

  test.each(ORDERS)("of %s is taken in some scope, on some block and page", (order) => {
    const left = new Set(machineOf(order, TWO_BLOCKS).actions.map(kindOf));
    for (const scope of [...SMALL, THREE_PAGES]) {
      if (left.size === 0) break;
      const { fired } = visited(order, scope);
      for (const [nth, action] of machineOf(order, scope).actions.entries()) {
        if ((fired[nth] ?? 0) > 0) left.delete(kindOf(action));
      }
    }
    expect([...left]).toEqual([]);
  });
});

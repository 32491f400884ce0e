import { describe, expect, test } from "vitest";
import { visitActions } from "../../../engine/actions.ts";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import { explore } from "../../../engine/search/explore.ts";
import { asidsMachine } from "./machine.ts";
import { ASIDS_ORDERS, type AsidsOrder } from "./switch.ts";

const SMALL = { cpus: 2, tasks: 4, asids: 3, generations: 2 };
const REPAIRED = ASIDS_ORDERS["4.16"] as AsidsOrder;

const visit = (order: AsidsOrder, scope = SMALL, symmetry = true) =>
  explore(visitActions(asidsMachine("asids", scope, order), { symmetry }), {
    bounds: BOUNDS,
    enough: () => false,
  });
const lawsOf = ({ violations }: ReturnType<typeof visit>) => violations.map(({ law }) => law).sort();

describe("ASID allocation on arm64", () => {
  test("From 4.16 on ASID allocation keeps all four laws in every state, with symmetry and without", () => {
    const scope = { cpus: 1, tasks: 3, asids: 2, generations: 3 };
    const [merged, all] = [visit(REPAIRED, scope), visit(REPAIRED, scope, false)];
    expect([merged.verdict, merged.ended, all.verdict, all.ended]).toEqual([
      "holds",
      "fixpoint",
      "holds",
      "fixpoint",
    ]);
    expect(all.states).toBeGreaterThan(5 * merged.states);
    expect(all.depth).toBe(merged.depth);
  });

  test("With two tasks ASID allocation never rolls over, so no old order violates anything", () => {
    for (const order of Object.values(ASIDS_ORDERS))
      expect(lawsOf(visit(order, { ...SMALL, tasks: 2 }))).toEqual([]);
  });

  test("A rollover after which no CPU flushes violates no-stale-entry-under-a-live-asid alone", () => {
    expect(lawsOf(visit({ ...REPAIRED, flush: () => {} }))).toEqual(["no-stale-entry-under-a-live-asid"]);
  });
});

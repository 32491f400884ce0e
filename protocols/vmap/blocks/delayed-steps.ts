/**
 * Partial order by hand. Some steps commute with all steps of other CPUs until a certain later one, and no law depends
 * on their effect before that one. In any order, they can as well be taken just before it (right movers; Lipton,
 * "Reduction: A Method of Proving Properties of Parallel Programs", 1975). So only that order is visited. Stubborn sets
 * cannot find this: they do not know what the laws depend on.
 *
 * - A CPU caches a page. It matters when the page's PTE is cleared, no sooner: until then no law depends on the CPUs
 *   that translate the page, and an entry that a flush drops may be cached again. So CPUs cache it, or do not, just
 *   before the PTE is cleared. (Without lazy PTEs: with them an unmapped page may still be cached.)
 * - A map begins, and has done nothing yet. So it begins with its first search.
 *
 * blocks.test.ts compares the violated laws with those of all orders. Liveness is checked in all orders.
 */
import { sets } from "../../../engine/operations.ts";
import { IDLE, type Step } from "../../program.ts";
import type { PageFields } from "./fields.ts";

/** The step that clears a page's PTE, after the page was cached by any set of CPUs. */
export function afterFills(step: Step, { tlb }: PageFields): Step[] {
  return Array.from({ length: 2 ** tlb.length }, (_none, cpus) => {
    const cached = tlb.filter((_field, cpu) => ((cpus >>> cpu) & 1) === 1);
    if (cached.length === 0) return step;
    return {
      ...step,
      says: `${step.says}, ${cached.map(({ name }) => name).join(" and ")} filled`,
      does: [cached.map((field) => sets(field, 1)), step.does ?? []],
    };
  });
}

/** Calls whose first step does nothing begin with their second step. */
export function beginningLate(steps: readonly Step[]): Step[] {
  const empty = steps.filter(({ at, does, when }) => at === IDLE && does === undefined && when === undefined);
  const entered = empty.map(({ to }) => to);
  const fromIdle = steps.filter(({ at }) => entered.includes(at)).map((step) => ({ ...step, at: IDLE }));
  // A repeated search is also entered from elsewhere.
  const others = steps.filter((step) => !empty.includes(step));
  const isEntered = ({ at }: Step) => !entered.includes(at) || others.some(({ to }) => to === at);
  return [...fromIdle, ...others.filter(isEntered)];
}

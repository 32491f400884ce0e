/**
 * Guards that hold in every reachable state in which the step's other guards hold: they forbid nothing. Partial-order
 * reduction knows no invariants; these guards show that two steps are never enabled in the same state, and so need not
 * commute. blocks.test.ts checks that they do not change the number of states.
 */
import { type Condition, has, hasNot } from "../../../engine/reduce/conditions.ts";
import { type BlockFields, type Blocks, type CpuFields, type PageFields, STANDING } from "./fields.ts";

/** No CPU has to flush: the lock is free, or its holder has not asked yet, or all have flushed. */
export const noFlushPending = ({ cpus }: Blocks): Condition[] => cpus.map(({ pending }) => has(pending, 0));

/**
 * The CPU holds the purge lock, and has not asked the others to flush. In the step that waits for their flushes, the
 * second guard is not redundant.
 */
export const underLock = (m: Blocks, cpu: CpuFields): Condition[] => [
  has(m.purgeLock, cpu.index + 1),
  ...noFlushPending(m),
];

/** The block is in use: a page of it is being mapped, is mapped, or was not given back. */
export const isInUse = ({ life }: BlockFields): Condition => has(life, STANDING);

/** No call on another CPU maps or unmaps the page, and no caller has it. */
export const onlyOurs = (m: Blocks, cpu: CpuFields, { page, live }: PageFields): Condition[] => [
  has(live, 0),
  ...m.cpus.filter((other) => other !== cpu).map((other) => hasNot(other.page, page + 1)),
];

/** No caller has a page of the block, and no call on a CPU but this one maps or unmaps one. */
export const nothingMapped = (m: Blocks, { pages }: BlockFields, but?: CpuFields): Condition[] => [
  ...pages.map(({ live }) => has(live, 0)),
  ...m.cpus.filter((cpu) => cpu !== but).map((cpu) => hasNot(cpu.page, ...pages.map(({ page }) => page + 1))),
];

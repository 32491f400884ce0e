/** The laws of the queues: two of the specification, and one of the index. */
import type { LawStatement } from "../../../../engine/machine.ts";
import { nothingLeaks, noUseAfterFree } from "../../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../../call-assertions.ts";
import type { Check } from "../../../program.ts";
import { type BlockFields, type CpuFields, type Locks, NONE, STANDING } from "./fields.ts";

/**
 * The specification has no half-made block, so this is a law of the step grain alone (catalogue C11, 3e3de7947c75).
 * vb->cpu is an index into an array of queues; before it is written it has any value.
 */
export const publishedIsInitialised: LawStatement = {
  id: "published-is-initialised",
  says: "A CPU that finds a block in the index finds every field written that it reads.",
};

export function isInitialised({ cpuIsSet }: BlockFields): Check {
  return { law: publishedIsInitialised, reads: [cpuIsSet], holds: (state) => cpuIsSet.get(state) === 1 };
}

/**
 * A map returns with a new block: nothing leaks if no other block of its CPU had room (nothing-leaks: a CPU gets no new
 * block while one of its blocks has room). No page of a block becomes free again, and no other CPU adds to this queue:
 * a block with a free page now had it when the call began, and was missed only because no link leads to it.
 */
export function servedFromQueue(m: Locks, cpu: CpuFields, made: BlockFields): Check {
  const { pages, blocks } = m.scope;
  const reads = m.blocks.flatMap(({ life, maker, free }) => [life, maker, free]);
  const scope = { bitsPerLong: pages, blockPages: pages, vmalloc: { vstart: 0, vend: blocks * pages } };
  return keeps(nothingLeaks, reads, (state) => ({
    command: { op: "mapRam", cpu: cpu.index, count: 1 },
    response: { ...done, kind: "placed", start: made.index * pages, mapStopped: false },
    before: {
      scope,
      promises: { guard: { inside: 0 }, fragments: "purged" },
      leakedDescriptors: 0,
      blockHasLeft: (_cpu, count) => m.blocks.some((block) => givesTo(block, cpu, count, state)),
      blockCanGive: () => false,
      areasIn: () => [],
    },
    after: { leakedDescriptors: 0 },
  }));
}

function givesTo(
  { life, maker, free }: BlockFields,
  cpu: CpuFields,
  count: number,
  state: Int32Array,
): boolean {
  return life.get(state) === STANDING && maker.get(state) === cpu.index && free.get(state) >= count;
}

/** A block that a walk looks at still exists. */
export function isThere({ life }: BlockFields): Check {
  return keeps(noUseAfterFree, [life], (state) => ({
    command: { op: "unmapAliases" },
    response: { ...done, usedAfterFree: life.get(state) === NONE },
  }));
}

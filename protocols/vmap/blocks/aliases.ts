/** vm_unmap_aliases up to the purge: how it finds the pages given back inside blocks. */
import {
  all,
  any,
  called,
  clears,
  compare,
  type Guard,
  inCase,
  not,
  type Operations,
  plus,
  type Range,
  sets,
  type Test,
  widens,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import {
  type BlockFields,
  type Blocks,
  type CpuFields,
  losesPte,
  noFlushPending,
  owesFlush,
  sharedRange,
  underLock,
} from "./fields.ts";
import { condemnsBlock, freePurgedBlocks, isFragmentedBlock } from "./purge.ts";

const begins = (m: Blocks, cpu: CpuFields, to: string): Step => ({
  at: IDLE,
  says: "vm_unmap_aliases",
  to,
  does: owesFlush(m, cpu),
});

/** The range collected before is merged into the flush range. */
const takesLock = (m: Blocks, cpu: CpuFields, to: string, collected?: Range): Step => ({
  at: "purge lock",
  says: "takes the purge lock",
  to,
  when: [has(m.purgeLock, 0)],
  redundant: noFlushPending(m),
  does: [
    sets(m.purgeLock, cpu.index + 1),
    collected === undefined
      ? []
      : [widens(sharedRange(m), collected), clears(collected.start, collected.end)],
  ],
});

const phaseOf = ({ blocks }: Blocks, at: number, end: string) =>
  at < blocks.length ? `looks at block ${at}` : end;

/** The work of a walk on one block, under the block's lock. */
type Look = Pick<Step, "says" | "does"> & { readonly when: readonly Guard[] };

/** Looks at every block in turn; exactly one of the steps is enabled at a time. */
function walk(
  m: Blocks,
  end: string,
  redundant: Step["redundant"],
  looks: (block: BlockFields) => readonly Look[],
): Step[] {
  return m.blocks.flatMap((block) =>
    looks(block).map((look) => ({
      ...look,
      at: phaseOf(m, block.index, end),
      says: `${look.says} block ${block.index}`,
      to: phaseOf(m, block.index + 1, end),
      ...(redundant === undefined ? {} : { redundant }),
    })),
  );
}

/** The phase in which the dirty range is collected, and further guards and operations. */
export interface CollectRules {
  /** Only blocks with pages left, which are on lists (to 6.4), or all. */
  readonly looksAt: "listed" | "all";
  /** Completely dirty blocks are skipped (from 5.13 on: ad216c0316ad). */
  readonly passesFull: boolean;
}

function isCollected(m: Blocks, { looksAt, passesFull }: CollectRules, block: BlockFields): Test {
  const { listed, indexed, dirty, dirtyMin, dirtyMax } = block;
  return all(
    has(looksAt === "listed" ? listed : indexed, 1),
    compare(dirtyMin, "<", dirtyMax),
    ...(passesFull ? [hasNot(dirty, m.scope.pages)] : []),
  );
}

/** Widens a range by the dirty range of the block. */
const collect = ({ first, dirtyMin, dirtyMax }: BlockFields, into: Range): Operations =>
  widens(into, { start: plus(dirtyMin, first), end: plus(dirtyMax, first) });

/** To 6.4: ranges are collected first, each under its block's lock, and the purge lock is taken after that. */
export const collectsFirst =
  (rules: CollectRules & { readonly purgesFragments: boolean }) =>
  (m: Blocks, cpu: CpuFields): Step[] => [
    begins(m, cpu, phaseOf(m, 0, "purge lock")),
    ...walk(m, "purge lock", [], (block) => [
      { says: "passes", when: [not(isCollected(m, rules, block))] },
      {
        says: "collects the dirty range of",
        when: [isCollected(m, rules, block)],
        does: [collect(block, cpu), m.lazyPtes ? losesDirtyPtes(m, block) : []],
      },
    ]),
    takesLock(m, cpu, rules.purgesFragments ? "purge_fragmented_blocks" : "gather", cpu),
    ...(rules.purgesFragments ? purgesFragments(m, cpu) : []),
  ];

/** Up to 2.6.37 a dirty page still has its PTE. A page becomes dirty only at the end of its unmap. */
const losesDirtyPtes = ({ cpus }: Blocks, { pages }: BlockFields): Operations =>
  pages.map((page) => {
    const isHeld = any(has(page.live, 1), ...cpus.map((cpu) => has(cpu.page, page.page + 1)));
    return inCase(called(`page ${page.page} is dirty`, not(isHeld)), losesPte(page));
  });

/** From 2.6.33 on, under the purge lock: blocks in which nothing is mapped are condemned, and then freed. */
function purgesFragments(m: Blocks, cpu: CpuFields): Step[] {
  const at = "purge_fragmented_blocks";
  const fragmented = m.blocks.map((block) => isFragmentedBlock(m, block));
  return [
    ...m.blocks.map((block, nth) => ({
      at,
      says: `condemns fragmented block ${block.index}`,
      to: at,
      when: [fragmented[nth] as Test],
      redundant: underLock(m, cpu),
      does: condemnsBlock(m, block),
    })),
    {
      at,
      says: "has condemned all of them",
      to: "free_purged_blocks",
      when: [not(any(...fragmented))],
      redundant: underLock(m, cpu),
    },
    ...freePurgedBlocks(m, cpu),
  ];
}

/** From 6.5 on (fc1e0d980037, a09fad96ffb1): under the purge lock, over all blocks; a collected range is reset. */
export const collectsUnderLock =
  (passesFull: boolean) =>
  (m: Blocks, cpu: CpuFields): Step[] => [
    begins(m, cpu, "purge lock"),
    takesLock(m, cpu, phaseOf(m, 0, "free_purged_blocks")),
    ...walk(m, "free_purged_blocks", underLock(m, cpu), (block) => {
      // A fragmented block is kept if enough of it is left to map from: a quarter in the kernel, half here, as blocks
      // are small.
      const isUsable = compare(m.scope.pages, "<=", plus(block.free, block.free));
      const isCondemned = called(
        `block ${block.index} is fragmented and not usable`,
        all(has(block.indexed, 1), isFragmentedBlock(m, block), not(isUsable)),
      );
      return [
        ...collects(m, block, sharedRange(m), passesFull, [not(isCondemned)]),
        { says: "condemns fragmented", when: [isCondemned], does: condemnsBlock(m, block) },
      ];
    }),
    ...freePurgedBlocks(m, cpu),
  ];

/** C9's mutant: the ranges are reset when they are collected, before the purge lock is taken. */
export const collectsBeforeLock = (m: Blocks, cpu: CpuFields): Step[] => [
  begins(m, cpu, phaseOf(m, 0, "purge lock")),
  ...walk(m, "purge lock", [], (block) => collects(m, block, cpu, false)),
  takesLock(m, cpu, "gather", cpu),
];

/** Looks at a block whose range may be collected. */
function collects(
  m: Blocks,
  block: BlockFields,
  into: Range,
  passesFull: boolean,
  isLeft: readonly Guard[] = [],
): Look[] {
  const isOne = isCollected(m, { looksAt: "all", passesFull }, block);
  return [
    { says: "passes", when: [...isLeft, not(isOne)] },
    {
      says: "collects and forgets the dirty range of",
      when: [...isLeft, isOne],
      does: [collect(block, into), clears(block.dirtyMin, block.dirtyMax)],
    },
  ];
}

/** vm_unmap_aliases up to the purge: how it finds what was given back inside blocks. */
import { has } from "../../engine/conditions.ts";
import { IDLE, type Step } from "../program.ts";
import {
  allOf,
  type BlockFields,
  type Blocks,
  type CpuFields,
  forgetUnmapped,
  forgotten,
  tlbsOf,
  widen,
} from "./fields.ts";
import { condemn, freePurgedBlocks, isFragmented } from "./purge.ts";

const begins = (m: Blocks, cpu: CpuFields, to: string): Step => ({
  at: IDLE,
  says: "vm_unmap_aliases",
  to,
  does: (state) => cpu.owed.set(state, m.stale.get(state)),
  reads: [m.stale],
  writes: [cpu.owed],
});

const takesLock = (m: Blocks, cpu: CpuFields, to: string): Step => ({
  at: "purge lock",
  says: "takes the purge lock",
  to,
  when: [has(m.purgeLock, 0)],
  does: (state) => {
    m.purgeLock.set(state, cpu.index + 1);
    widen(m.rangeStart, m.rangeEnd, state, cpu.start.get(state), cpu.end.get(state));
    cpu.start.set(state, 0);
    cpu.end.set(state, 0);
  },
  reads: [cpu.start, cpu.end, m.rangeStart, m.rangeEnd],
  writes: [m.purgeLock, m.rangeStart, m.rangeEnd, cpu.start, cpu.end],
});

const phaseOf = ({ blocks }: Blocks, at: number, end: string) =>
  at < blocks.length ? `looks at block ${at}` : end;

/** What a walk does of a block that it looks at, under the block's lock. */
interface Look {
  readonly says: string;
  readonly guard: (state: Int32Array) => boolean;
  readonly does?: (state: Int32Array) => void;
  readonly writes?: Step["writes"];
}

/** Looks at every block in turn; of its looks just one is possible at a time. */
function walk(m: Blocks, end: string, looks: (block: BlockFields) => readonly Look[]): Step[] {
  return m.blocks.flatMap((block) =>
    looks(block).map(({ says, guard, does, writes = [] }) => ({
      at: phaseOf(m, block.index, end),
      says: `${says} block ${block.index}`,
      to: phaseOf(m, block.index + 1, end),
      guard,
      ...(does === undefined ? {} : { does }),
      reads: [...allOf(block), ...writes],
      writes,
    })),
  );
}

/** Where the range given back is collected, and what else is asked and done. */
export interface CollectRules {
  /** Only blocks with pages left, which are on lists (to 6.4), or all. */
  readonly looksAt: "listed" | "all";
  /** Blocks all of which is dirty are passed by (from 5.13 on: ad216c0316ad). */
  readonly passesFull: boolean;
}

function isCollected(
  m: Blocks,
  { looksAt, passesFull }: CollectRules,
  block: BlockFields,
  state: Int32Array,
): boolean {
  const { listed, indexed, dirty, dirtyMin, dirtyMax } = block;
  const seen = (looksAt === "listed" ? listed : indexed).get(state) === 1;
  const full = dirty.get(state) === m.scope.pages;
  return seen && dirtyMin.get(state) < dirtyMax.get(state) && !(passesFull && full);
}

/** Widens a range by what was given back in the block. */
function collect(
  block: BlockFields,
  start: CpuFields["start"],
  end: CpuFields["end"],
  state: Int32Array,
): void {
  const { first, dirtyMin, dirtyMax } = block;
  widen(start, end, state, first + dirtyMin.get(state), first + dirtyMax.get(state));
}

function forgetRange({ dirtyMin, dirtyMax }: BlockFields, state: Int32Array): void {
  dirtyMin.set(state, 0);
  dirtyMax.set(state, 0);
}

/** To 6.4: ranges are collected first, each under its block's lock, and the purge lock is taken after that. */
export const collectsFirst =
  (rules: CollectRules & { readonly clearsPtes: boolean; readonly purgesFragments: boolean }) =>
  (m: Blocks, cpu: CpuFields): Step[] => [
    begins(m, cpu, phaseOf(m, 0, "purge lock")),
    ...walk(m, "purge lock", (block) => [
      { says: "passes", guard: (state) => !isCollected(m, rules, block, state) },
      {
        says: "collects the dirty range of",
        guard: (state) => isCollected(m, rules, block, state),
        does: (state) => {
          collect(block, cpu.start, cpu.end, state);
          if (rules.clearsPtes) clearDirtyPtes(m, block, state);
        },
        writes: [
          cpu.start,
          cpu.end,
          ...(rules.clearsPtes ? [m.ptes, m.live, ...forgotten(m), ...tlbsOf(m), ...pagesInFlight(m)] : []),
        ],
      },
    ]),
    takesLock(m, cpu, rules.purgesFragments ? "purge_fragmented_blocks" : "gather"),
    ...(rules.purgesFragments ? purgesFragments(m) : []),
  ];

const pagesInFlight = ({ cpus }: Blocks) => cpus.map(({ page }) => page);

/** To 2.6.37 what is dirty has its PTEs still. A page whose unmap has begun is dirty only when that is done. */
function clearDirtyPtes(m: Blocks, block: BlockFields, state: Int32Array): void {
  let held = m.live.get(state);
  for (const { page } of m.cpus) if (page.get(state) > 0) held |= 1 << (page.get(state) - 1);
  m.ptes.set(state, m.ptes.get(state) & ~(block.all & ~held));
  forgetUnmapped(m, state);
}

/** From 2.6.33 on, under the purge lock: blocks in which nothing is mapped are condemned, and then freed. */
function purgesFragments(m: Blocks): Step[] {
  const [condemns, frees] = ["purge_fragmented_blocks", "free_purged_blocks"];
  return [
    ...m.blocks.map((block) => ({
      at: condemns,
      says: `condemns fragmented block ${block.index}`,
      to: condemns,
      guard: (state: Int32Array) => isFragmented(m, block, state),
      does: (state: Int32Array) => condemn(m, block, state),
      reads: allOf(block),
      writes: allOf(block),
    })),
    {
      at: condemns,
      says: "has condemned all of them",
      to: frees,
      guard: (state) => !m.blocks.some((block) => isFragmented(m, block, state)),
      reads: m.blocks.flatMap(allOf),
    },
    ...freePurgedBlocks(m, frees, "gather"),
  ];
}

/** From 6.5 on (fc1e0d980037, a09fad96ffb1): under the purge lock, over all blocks; what is collected is forgotten. */
export const collectsUnderLock = (m: Blocks, cpu: CpuFields): Step[] => [
  begins(m, cpu, "purge lock"),
  takesLock(m, cpu, phaseOf(m, 0, "free_purged_blocks")),
  ...collects(m, m.rangeStart, m.rangeEnd, "free_purged_blocks"),
  ...freePurgedBlocks(m, "free_purged_blocks", "gather"),
];

/** C9's mutant: the ranges are forgotten when they are collected, and that is before the purge lock is taken. */
export const collectsBeforeLock = (m: Blocks, cpu: CpuFields): Step[] => [
  begins(m, cpu, phaseOf(m, 0, "purge lock")),
  ...collects(m, cpu.start, cpu.end, "purge lock", false),
  takesLock(m, cpu, "gather"),
];

function collects(
  m: Blocks,
  start: CpuFields["start"],
  end: CpuFields["end"],
  next: string,
  condemns = true,
): Step[] {
  const rules: CollectRules = { looksAt: "all", passesFull: true };
  const isCondemned = (block: BlockFields, state: Int32Array) =>
    condemns && block.indexed.get(state) === 1 && isFragmented(m, block, state) && !isUsable(m, block, state);
  return walk(m, next, (block) => [
    {
      says: "passes",
      guard: (state) => !isCondemned(block, state) && !isCollected(m, rules, block, state),
    },
    {
      says: "condemns fragmented",
      guard: (state) => isCondemned(block, state),
      does: (state) => condemn(m, block, state),
      writes: allOf(block),
    },
    {
      says: "collects and forgets the dirty range of",
      guard: (state) => !isCondemned(block, state) && isCollected(m, rules, block, state),
      does: (state) => {
        collect(block, start, end, state);
        forgetRange(block, state);
      },
      writes: [start, end, block.dirtyMin, block.dirtyMax],
    },
  ]);
}

/** Whether enough of a fragmented block is left to map from: a quarter in the kernel, here half, for blocks are small. */
function isUsable({ scope }: Blocks, { free }: BlockFields, state: Int32Array): boolean {
  return free.get(state) * 2 >= scope.pages;
}

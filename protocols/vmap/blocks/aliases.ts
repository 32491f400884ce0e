/** vm_unmap_aliases up to the purge: how it finds what was given back inside blocks. */
import { type Condition, has } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { IDLE, type Step } from "../../program.ts";
import { type BlockFields, type Blocks, type CpuFields, type PageFields, widen } from "./fields.ts";
import { condemns, fragmentedReads, freePurgedBlocks, isFragmented } from "./purge.ts";
import { nobodyFlushes, underLock } from "./redundant-guards.ts";
import { losesPte, owes, type Part } from "./stale-pages.ts";

const begins = (m: Blocks, cpu: CpuFields, to: string): Step => ({
  at: IDLE,
  says: "vm_unmap_aliases",
  to,
  ...owes(m, cpu),
});

/** A range that is being collected. */
interface Range {
  readonly start: Field;
  readonly end: Field;
}
const sharedRange = ({ rangeStart, rangeEnd }: Blocks): Range => ({ start: rangeStart, end: rangeEnd });

/** What was collected before joins the range. */
const takesLock = (m: Blocks, cpu: CpuFields, to: string, collected?: Range): Step => {
  const own = collected === undefined ? [] : [collected.start, collected.end, m.rangeStart, m.rangeEnd];
  return {
    at: "purge lock",
    says: "takes the purge lock",
    to,
    when: [has(m.purgeLock, 0), ...nobodyFlushes(m)],
    does: (state) => {
      m.purgeLock.set(state, cpu.index + 1);
      if (collected === undefined) return;
      const { start, end } = collected;
      widen(m.rangeStart, m.rangeEnd, state, start.get(state), end.get(state));
      start.set(state, 0);
      end.set(state, 0);
    },
    reads: own,
    writes: [m.purgeLock, ...own],
  };
};

const phaseOf = ({ blocks }: Blocks, at: number, end: string) =>
  at < blocks.length ? `looks at block ${at}` : end;

/** What a walk does of a block that it looks at, under the block's lock. */
type Look = Required<Pick<Step, "says" | "guard" | "reads">> & Pick<Step, "does" | "writes">;

/** Looks at every block in turn; of its looks just one is possible at a time. */
function walk(
  m: Blocks,
  end: string,
  when: readonly Condition[],
  looks: (block: BlockFields) => readonly Look[],
): Step[] {
  return m.blocks.flatMap((block) =>
    looks(block).map((look) => ({
      ...look,
      at: phaseOf(m, block.index, end),
      says: `${look.says} block ${block.index}`,
      to: phaseOf(m, block.index + 1, end),
      when,
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
const collectedReads = (
  { looksAt, passesFull }: CollectRules,
  { listed, indexed, dirty, dirtyMin, dirtyMax }: BlockFields,
) => [looksAt === "listed" ? listed : indexed, dirtyMin, dirtyMax, ...(passesFull ? [dirty] : [])];

/** Widens a range by what was given back in the block. */
function collect(block: BlockFields, { start, end }: Range, state: Int32Array): void {
  const { first, dirtyMin, dirtyMax } = block;
  widen(start, end, state, first + dirtyMin.get(state), first + dirtyMax.get(state));
}

function forgetRange({ dirtyMin, dirtyMax }: BlockFields, state: Int32Array): void {
  dirtyMin.set(state, 0);
  dirtyMax.set(state, 0);
}

/** To 6.4: ranges are collected first, each under its block's lock, and the purge lock is taken after that. */
export const collectsFirst =
  (rules: CollectRules & { readonly purgesFragments: boolean }) =>
  (m: Blocks, cpu: CpuFields): Step[] => [
    begins(m, cpu, phaseOf(m, 0, "purge lock")),
    ...walk(m, "purge lock", [], (block) => {
      const reads = collectedReads(rules, block);
      const parts = m.lazyPtes ? block.pages.map((page) => losesDirtyPte(m, page)) : [];
      return [
        { says: "passes", guard: (state) => !isCollected(m, rules, block, state), reads },
        {
          says: "collects the dirty range of",
          guard: (state) => isCollected(m, rules, block, state),
          does: (state) => {
            collect(block, cpu, state);
            for (const part of parts) part.does(state);
          },
          reads: [...reads, cpu.start, cpu.end, ...parts.flatMap((part) => part.reads)],
          writes: [cpu.start, cpu.end, ...parts.flatMap((part) => part.writes)],
        },
      ];
    }),
    takesLock(m, cpu, rules.purgesFragments ? "purge_fragmented_blocks" : "gather", cpu),
    ...(rules.purgesFragments ? purgesFragments(m, cpu) : []),
  ];

/** To 2.6.37 what is dirty has its PTE still. A page whose unmap has begun is dirty only when that is done. */
function losesDirtyPte({ cpus }: Blocks, page: PageFields): Part {
  const { does, reads, writes } = losesPte(page);
  return {
    does: (state) => {
      const isHeld = page.live.get(state) === 1 || cpus.some((cpu) => cpu.page.get(state) === page.page + 1);
      if (!isHeld) does(state);
    },
    reads: [...reads, page.live, ...cpus.map((cpu) => cpu.page)],
    writes,
  };
}

/** From 2.6.33 on, under the purge lock: blocks in which nothing is mapped are condemned, and then freed. */
function purgesFragments(m: Blocks, cpu: CpuFields): Step[] {
  const [condemning, frees] = ["purge_fragmented_blocks", "free_purged_blocks"];
  return [
    ...m.blocks.map((block) => ({
      at: condemning,
      says: `condemns fragmented block ${block.index}`,
      to: condemning,
      when: underLock(m, cpu),
      guard: (state: Int32Array) => isFragmented(m, block, state),
      reads: fragmentedReads(block),
      ...condemns(m, block),
    })),
    {
      at: condemning,
      says: "has condemned all of them",
      to: frees,
      when: underLock(m, cpu),
      guard: (state) => !m.blocks.some((block) => isFragmented(m, block, state)),
      reads: m.blocks.flatMap(fragmentedReads),
    },
    ...freePurgedBlocks(m, cpu, frees, "gather"),
  ];
}

/** From 6.5 on (fc1e0d980037, a09fad96ffb1): under the purge lock, over all blocks; what is collected is forgotten. */
export const collectsUnderLock =
  (passesFull: boolean) =>
  (m: Blocks, cpu: CpuFields): Step[] => [
    begins(m, cpu, "purge lock"),
    takesLock(m, cpu, phaseOf(m, 0, "free_purged_blocks")),
    ...walk(m, "free_purged_blocks", underLock(m, cpu), collectsOrCondemns(m, sharedRange(m), passesFull)),
    ...freePurgedBlocks(m, cpu, "free_purged_blocks", "gather"),
  ];

/** C9's mutant: the ranges are forgotten when they are collected, and that is before the purge lock is taken. */
export const collectsBeforeLock = (m: Blocks, cpu: CpuFields): Step[] => [
  begins(m, cpu, phaseOf(m, 0, "purge lock")),
  ...walk(m, "purge lock", [], collects(m, cpu, false)),
  takesLock(m, cpu, "gather", cpu),
];

/** Looks at a block of which some may be collected; a step is also passed up where this is so. */
const collects =
  (
    m: Blocks,
    into: Range,
    passesFull: boolean,
    isLeft: (block: BlockFields, state: Int32Array) => boolean = () => true,
  ) =>
  (block: BlockFields): Look[] => {
    const rules: CollectRules = { looksAt: "all", passesFull };
    const reads = collectedReads(rules, block);
    return [
      {
        says: "passes",
        guard: (state) => isLeft(block, state) && !isCollected(m, rules, block, state),
        reads,
      },
      {
        says: "collects and forgets the dirty range of",
        guard: (state) => isLeft(block, state) && isCollected(m, rules, block, state),
        does: (state) => {
          collect(block, into, state);
          forgetRange(block, state);
        },
        reads: [...reads, into.start, into.end],
        writes: [into.start, into.end, block.dirtyMin, block.dirtyMax],
      },
    ];
  };

function collectsOrCondemns(m: Blocks, into: Range, passesFull: boolean): (block: BlockFields) => Look[] {
  const isCondemned = (block: BlockFields, state: Int32Array) =>
    block.indexed.get(state) === 1 && isFragmented(m, block, state) && !isUsable(m, block, state);
  const collecting = collects(m, into, passesFull, (block, state) => !isCondemned(block, state));
  return (block) => {
    const reads = [...fragmentedReads(block), block.indexed];
    return [
      ...collecting(block).map((look) => ({ ...look, reads: [...reads, ...look.reads] })),
      {
        says: "condemns fragmented",
        guard: (state) => isCondemned(block, state),
        reads,
        ...condemns(m, block),
      },
    ];
  };
}

/** Whether enough of a fragmented block is left to map from: a quarter in the kernel, here half, for blocks are small. */
function isUsable({ scope }: Blocks, { free }: BlockFields, state: Int32Array): boolean {
  return free.get(state) * 2 >= scope.pages;
}

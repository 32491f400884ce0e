/** What was left in blocks, aliases or blocks themselves: the evidence that distinguishes their bugs. */
import type { Vpn } from "../../../spec/vmap/vocabulary.ts";
import type { AreaView } from "../../../spec/vmap/world.ts";
import type { Evidence } from "../bug.ts";

/** The releases whose vm_unmap_aliases purges every block in which nothing is mapped (02b709df817c to 6.4). */
export const PURGING_ALL_FRAGMENTED: readonly string[] = [
  "2.6.37",
  "2.6.39",
  "3.1",
  "3.10.65",
  "3.16",
  "4.4",
  "4.15.0",
  "4.15.18-ubuntu",
  "5.2",
  "5.10",
  "5.11",
  "5.17",
  "6.1",
  "6.4",
  "piggin-draft-1",
  "piggin-draft-3",
];

/** The blocks, as they were before the call, in which something unmapped is still translated, or may be. */
export function blocksWithStale({ before, response }: Evidence): readonly AreaView[] {
  const blockAt = (page: Vpn) =>
    before.areasIn({ start: page, end: page + 1 }).filter(({ block }) => block !== undefined);
  if (response.kind === "pinned") {
    const page = before.lastMappedAt(response.frame);
    return page === undefined ? [] : blockAt(page);
  }
  if (response.kind !== "done" || response.aliases === undefined) return [];
  const { staleTlb, deadTlb, deadPtes } = response.aliases;
  const blocks = [...staleTlb, ...deadTlb].flatMap(({ page }) => blockAt(page));
  if (blocks.length > 0 || deadPtes === 0) return blocks;
  // PTEs are only counted: any block with pages given back may have them.
  const everywhere = { start: 0, end: before.scope.wordPages };
  return before.areasIn(everywhere).filter(({ block }) => block !== undefined && block.givenBack > 0);
}

/** Whether a block had given out all its pages: it is then on no list. */
export function isUsedUp({ start, end, block }: AreaView): boolean {
  return block !== undefined && block.given === end - start;
}

/** Whether blocks in which nothing is mapped were left, and no other descriptors. */
export function leavesFragments({ before, after }: Evidence): boolean {
  if (after === undefined || after.leakedDescriptors > before.leakedDescriptors) return false;
  return after.fragmentedBlocks() > 0;
}

/** Everything that is flushed again lies in blocks to which pages were given back. */
export function liesInBlocks({ before, response }: Evidence): boolean {
  return response.flushes
    .filter((flush) => !before.unflushedIn(flush))
    .every((flush) => before.areasIn(flush).some(({ block }) => (block?.givenBack ?? 0) > 0));
}

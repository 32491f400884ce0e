/** In which blocks an alias was left: what tells the bugs of vm_unmap_aliases apart. */
import type { Vpn } from "../spec/vocabulary.ts";
import type { AreaView } from "../spec/world.ts";
import type { Evidence } from "./bug.ts";

/** The blocks, as they were before the call, in which something let go is still translated, or may be. */
export function blocksWithDead({ before, response }: Evidence): readonly AreaView[] {
  const everywhere = { start: 0, end: before.scope.wordPages };
  const withDead = before
    .areasIn(everywhere)
    .filter(({ block, life }) => life === "busy" && block !== undefined && block.givenBack > 0);
  if (response.kind !== "done" || response.aliases === undefined) return withDead;
  const { staleTlb, deadTlb, deadPtes } = response.aliases;
  const pages: Vpn[] = [...staleTlb, ...deadTlb].map(({ page }) => page);
  // PTEs are only counted: any block that has pages back may have them.
  if (pages.length === 0 && deadPtes > 0) return withDead;
  return withDead.filter(({ start, end }) => pages.some((page) => start <= page && page < end));
}

/** Whether a block had given out all its pages: it is on no list then. */
export function isUsedUp({ start, end, block }: AreaView): boolean {
  return block !== undefined && block.given === end - start;
}

/**
 * A vm_unmap_ram that no kernel has: it tests whether maps hold every page that it shall unmap, and warns if not. A
 * kernel does not record where one map ends and the next begins, so a part of a map still passes.
 */

import { frameOf } from "../../../kernels/hardware/page-map.ts";
import { MADE_BY_RAM, NONE } from "../../../kernels/vmap/areas.ts";
import type { Steps } from "../../../kernels/vmap/steps.ts";
import { unmapRam } from "../../../kernels/vmap/unmap-calls.ts";
import { outsideOf } from "../../../spec/vmap/laws/domain.ts";
import { fitsBlock } from "../../../spec/vmap/scope.ts";
import type { Evidence } from "../bug.ts";

export const checkingUnmap: Steps["unmapRam"] = (state, start, count, steps) => {
  const { areas, blocks, memory, scope } = state;
  const slot = fitsBlock(scope, count)
    ? (blocks.area[frameOf(blocks.index, Math.floor(start / scope.blockPages)) - 1] ?? NONE)
    : steps.busy.find(areas, start);
  const isMap = slot !== NONE && ((areas.flags[slot] as number) & MADE_BY_RAM) !== 0;
  const holds = Array.from({ length: count }, (_none, nth) => frameOf(memory.held, start + nth) !== 0);
  if (isMap && count > 0 && holds.every((held) => held)) unmapRam(state, start, count, steps);
  else state.warning = "vm_unmap_ram: not what was mapped";
};

/** Whether pages of a block are given back of which none has a PTE: they were given back before. */
export function isGivenBackAgain({ before, command, response }: Evidence): boolean {
  if (command.op !== "unmapRam" || !fitsBlock(before.scope, command.count)) return false;
  return response.pteCleared === 0 && outsideOf(before, command) === "unmapInBlock";
}

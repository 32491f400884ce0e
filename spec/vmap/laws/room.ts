/** What users want of the space: ideals, which no release promises. A promise may itself prevent them. */
import type { Command } from "../commands.ts";
import { fitsBlock, vmapNodes } from "../scope.ts";
import type { World } from "../world.ts";
import { cannotWait, findsRoomInBlock, hasRoom, purged, requestOf, type VmapLaw } from "./law.ts";

/** Whether a map needs a new block: it is small enough for one, and no block of its CPU has room. */
function needsBlock(before: World, command: Command): boolean {
  if (command.op !== "mapRam" || command.count === 0 || !fitsBlock(before.scope, command.count)) return false;
  return !findsRoomInBlock(before, command);
}

export const blocksPack: VmapLaw = {
  id: "blocks-pack",
  says: "A map that needs a block is refused, or purges, only if no free extent of a block's size and alignment lies in its window; pages kept between areas count as free.",
  source:
    'the thread of "xfs: flush vmap aliases when mapping fails", linux-mm, 2011-03-21; kernel bugzilla 27492; 248ac0e1943a (3.0)',
  needs: ["map"],
  worldAfterViolation: "sound",
  holds(before, command, response) {
    if (!needsBlock(before, command)) return true;
    const request = requestOf(before, command);
    if (request === undefined) return true;
    if (response.kind === "refused") return before.lowestFree(request, "gone") === undefined;
    return !purged(response) || before.lowestFree(request, "taken") === undefined;
  },
};

export const freeSpaceIsUsable: VmapLaw = {
  id: "free-space-is-usable",
  says: "A request is refused only if no free extent of its size and alignment lies in its window; pages kept between areas count as free, and so does what a purge takes if the caller can wait.",
  source:
    "248ac0e1943a (3.0): callers that want a guard page have it inside their areas, and a page between areas is of no use to them",
  worldAfterViolation: "sound",
  holds(before, command, response) {
    return response.kind !== "refused" || !hasRoom(before, command, "lowestFree");
  },
};

// The cost of pools for requests they do not serve.

export const poolsHideNoRoom: VmapLaw = {
  id: "pools-hide-no-room",
  says: "What lies in a pool is room for every CPU and every size: no call purges for what fits there, and none that cannot wait is refused.",
  source:
    "inferred: node_alloc looks for exactly one size in the pools of one node, and only a purge after a failed search empties them (the series of 6.9)",
  // A single node has no pools, and no other node to keep pages from.
  isTriedIn: (scope) => vmapNodes(scope) > 1,
  holds(before, command, response) {
    const request = requestOf(before, command);
    if (request === undefined || findsRoomInBlock(before, command)) return true;
    const isTurnedAway = response.kind === "refused" && cannotWait(before, command);
    if (!isTurnedAway && !purged(response)) return true;
    const fitsBeside = before.lowestFit(request, "taken") !== undefined;
    return fitsBeside || before.lowestFit(request, "pools emptied") === undefined;
  },
};

/** The cost of pools for requests they do not serve: an ideal, which no release promises. */
import { vmapNodes } from "../scope.ts";
import { cannotWait, findsRoomInBlock, purged, requestOf, type VmapLaw } from "./law.ts";

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

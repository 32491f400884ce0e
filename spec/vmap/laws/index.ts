/** Every law, in reading order. A new law is one constant and one line here. */
import { MEMORY_LAWS, PROCESS_LAWS } from "../../process.ts";
import type { Call } from "../commands/command.ts";
import type { Scope } from "../scope.ts";
import { argumentDomain, isLegal } from "./domain.ts";
import {
  callsReturn,
  findsAreas,
  initOrder,
  noBug,
  nothingLeaks,
  noUseAfterFree,
  spaceReturns,
} from "./integrity.ts";
import type { VmapLaw } from "./law.ts";
import {
  aligned,
  guardBetweenVmaps,
  guardGap,
  highestCongruentFit,
  inWindow,
  lowestFit,
  lowestFitAtAPage,
  lowestRoomyHole,
  noOverlap,
  refusedOnlyWhenFull,
} from "./placement.ts";
import {
  flushBeforeReuse,
  flushOnlyOnce,
  flushWellFormed,
  lazyBounded,
  lazyCount,
  oneFlushPerPurge,
  purgeOnlyWhenFull,
  usableBlocksStay,
} from "./purging.ts";
import { blocksPack, freeSpaceIsUsable, poolsHideNoRoom } from "./room.ts";
import {
  cacheFlushedBeforeUnmap,
  noAliasAfterUnmapAliases,
  noStaleTranslation,
  pinnedIsUnaliased,
  unmappedMeansNoPte,
} from "./translation.ts";

/** Every law has every field, used or not: the loop of a judge is hot. */
function inOneShape({
  id,
  says,
  source,
  isPromisedByAll,
  needs,
  isTriedIn,
  worldAfterViolation,
  judgeableAfterOverlap,
  holds,
}: VmapLaw): VmapLaw {
  return {
    id,
    says,
    source,
    isPromisedByAll,
    needs,
    isTriedIn,
    worldAfterViolation,
    judgeableAfterOverlap,
    holds,
  };
}

export const LAWS: readonly VmapLaw[] = [
  inWindow,
  aligned,
  noOverlap,
  guardGap,
  guardBetweenVmaps,
  lowestFit,
  lowestFitAtAPage,
  lowestRoomyHole,
  highestCongruentFit,
  refusedOnlyWhenFull,
  purgeOnlyWhenFull,
  poolsHideNoRoom,
  blocksPack,
  freeSpaceIsUsable,
  noBug,
  callsReturn,
  flushBeforeReuse,
  noStaleTranslation,
  noAliasAfterUnmapAliases,
  pinnedIsUnaliased,
  unmappedMeansNoPte,
  cacheFlushedBeforeUnmap,
  flushWellFormed,
  oneFlushPerPurge,
  flushOnlyOnce,
  usableBlocksStay,
  lazyCount,
  lazyBounded,
  nothingLeaks,
  spaceReturns,
  noUseAfterFree,
  findsAreas,
  argumentDomain,
  initOrder,
].map(inOneShape);

/** The laws that such callers can violate on machines of this scope. The others are not judged. */
export function lawsTried(
  laws: readonly VmapLaw[],
  calls: readonly Call[],
  scope: Scope,
): readonly VmapLaw[] {
  return laws.filter(
    ({ needs, isTriedIn = () => true }) =>
      isTriedIn(scope, calls) && (needs === undefined || needs.some((call) => calls.includes(call))),
  );
}

/** The same with the laws of processes, which no model can violate: for code that runs. */
export const ALL_LAWS: readonly VmapLaw[] = [
  ...LAWS,
  ...[...PROCESS_LAWS, ...MEMORY_LAWS].map((law) =>
    inOneShape({
      ...law,
      holds: (before, command, response, after) =>
        law.holds(before, command, response, after) || !isLegal(before, command),
    }),
  ),
];

/** The laws with these ids, in the order of ALL_LAWS. */
export function lawsCalled(ids: readonly string[]): readonly VmapLaw[] {
  return ALL_LAWS.filter((law) => ids.includes(law.id));
}

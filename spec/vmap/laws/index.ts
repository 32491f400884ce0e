/** Every law, in the order a reader should meet them. A new law is one constant and one line here. */
import { PROCESS_LAWS } from "../../process.ts";
import { argumentDomain } from "./domain.ts";
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
import { poolsHideNoRoom } from "./pools.ts";
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
import { blocksPack, freeSpaceIsUsable } from "./room.ts";
import {
  cacheFlushedBeforeUnmap,
  noAliasAfterUnmapAliases,
  noStaleTranslation,
  pinnedIsUnaliased,
  unmappedMeansNoPte,
} from "./translation.ts";

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
];

/** With those of processes, which no model can violate. */
export const ALL_LAWS: readonly VmapLaw[] = [...LAWS, ...PROCESS_LAWS];

/** The laws with these ids, in the order of ALL_LAWS. */
export function lawsCalled(ids: readonly string[]): readonly VmapLaw[] {
  return ALL_LAWS.filter((law) => ids.includes(law.id));
}

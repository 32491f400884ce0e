/** Every bug of vmap that shows at the step grain, in the order of its numbers. A new one is one folder and one line here. */

import type { InterleavedBug } from "../interleaved.ts";
import { callerContext } from "./caller-context/interleaved.ts";
import { drainHogsCpu } from "./drain-hogs-cpu/interleaved.ts";
import { drainWaitsForOwnRescuer } from "./drain-waits-for-own-rescuer/interleaved.ts";
import { dumpReadsFreed } from "./dump-reads-freed/interleaved.ts";
import { halfMadeAreaVfreed } from "./half-made-area-vfreed/interleaved.ts";
import { hugeFallback } from "./huge-fallback/interleaved.ts";
import { iotlbKernelPt } from "./iotlb-kernel-pt/interleaved.ts";
import { iounmapOverwritesLazyNr } from "./iounmap-overwrites-lazy-nr/interleaved.ts";
import { lazyLeftAboveLimit } from "./lazy-left-above-limit/interleaved.ts";
import { lazyMmuLeftOn } from "./lazy-mmu-left-on/interleaved.ts";
import { lazyNrRacyBugon } from "./lazy-nr-racy-bugon/interleaved.ts";
import { nofailMeetsItsOwnPtes } from "./nofail-meets-its-own-ptes/interleaved.ts";
import { objectsDroppedLate } from "./objects-dropped-late/interleaved.ts";
import { pinBitLost } from "./pin-bit-lost/interleaved.ts";
import { pinFromUnsweptStock } from "./pin-from-unswept-stock/interleaved.ts";
import { pinSkipsPendingFlush } from "./pin-skips-pending-flush/interleaved.ts";
import { purgeFlushesPerArea } from "./purge-flushes-per-area/interleaved.ts";
import { purgeKeepsCpu } from "./purge-keeps-cpu/interleaved.ts";
import { purgeStarvedByAlloc } from "./purge-starved-by-alloc/interleaved.ts";
import { purgeWaitsForReclaim } from "./purge-waits-for-reclaim/interleaved.ts";
import { purgeWithoutRescuer } from "./purge-without-rescuer/interleaved.ts";
import { ramNoShadow } from "./ram-no-shadow/interleaved.ts";
import { resetPermsInvertedRange } from "./reset-perms-inverted-range/interleaved.ts";
import { shadowGfp } from "./shadow-gfp/interleaved.ts";
import { shadowRace } from "./shadow-race/interleaved.ts";
import { shadowSleeps } from "./shadow-sleeps/interleaved.ts";
import { shrinkerBesidePurge } from "./shrinker-beside-purge/interleaved.ts";
import { syncSkippedOnError } from "./sync-skipped-on-error/interleaved.ts";
import { tableFreedUnderPtdump } from "./table-freed-under-ptdump/interleaved.ts";
import { tableFreedUnflushed } from "./table-freed-unflushed/interleaved.ts";
import { tablesIgnoreMask } from "./tables-ignore-mask/interleaved.ts";
import { tablesUnderHuge } from "./tables-under-huge/interleaved.ts";
import { toPageOfHuge } from "./to-page-of-huge/interleaved.ts";
import { unsyncedUnmapPgd } from "./unsynced-unmap-pgd/interleaved.ts";
import { vaPurgeTrylock } from "./va-purge-trylock/interleaved.ts";
import { vaRetriesForEver } from "./va-retries-for-ever/interleaved.ts";
import { vaRetryOnce } from "./va-retry-once/interleaved.ts";
import { vbCpuUninit } from "./vb-cpu-uninit/interleaved.ts";
import { vbDirtyReflushedEarly } from "./vb-dirty-reflushed-early/interleaved.ts";
import { vbFinalFreeWindow } from "./vb-final-free-window/interleaved.ts";
import { vbFullBlockStale } from "./vb-full-block-stale/interleaved.ts";
import { vbNewBlockStolen } from "./vb-new-block-stolen/interleaved.ts";
import { vbPurgedVaUaf } from "./vb-purged-va-uaf/interleaved.ts";
import { vbRcuUnion } from "./vb-rcu-union/interleaved.ts";
import { vbWrongQueueLock } from "./vb-wrong-queue-lock/interleaved.ts";
import { vmallocInSoftirq } from "./vmalloc-in-softirq/interleaved.ts";
import { vmallocinfoSharedCounters } from "./vmallocinfo-shared-counters/interleaved.ts";
import { vreadRepeatsForEver } from "./vread-repeats-for-ever/interleaved.ts";
import { vreallocSize } from "./vrealloc-size/interleaved.ts";

export const INTERLEAVED: readonly InterleavedBug[] = [
  vaPurgeTrylock,
  purgeStarvedByAlloc,
  lazyNrRacyBugon,
  iounmapOverwritesLazyNr,
  vaRetryOnce,
  vaRetriesForEver,
  lazyLeftAboveLimit,
  shrinkerBesidePurge,
  purgeWaitsForReclaim,
  drainHogsCpu,
  purgeWithoutRescuer,
  drainWaitsForOwnRescuer,
  purgeKeepsCpu,
  vmallocinfoSharedCounters,
  dumpReadsFreed,
  vreadRepeatsForEver,
  unsyncedUnmapPgd,
  resetPermsInvertedRange,
  syncSkippedOnError,
  iotlbKernelPt,
  purgeFlushesPerArea,
  callerContext,
  shadowGfp,
  shadowRace,
  shadowSleeps,
  lazyMmuLeftOn,
  hugeFallback,
  ramNoShadow,
  vreallocSize,
  tablesUnderHuge,
  vbRcuUnion,
  vbNewBlockStolen,
  vbPurgedVaUaf,
  vbFullBlockStale,
  vbDirtyReflushedEarly,
  vbWrongQueueLock,
  vbCpuUninit,
  vbFinalFreeWindow,
  pinSkipsPendingFlush,
  pinBitLost,
  pinFromUnsweptStock,
  tablesIgnoreMask,
  halfMadeAreaVfreed,
  vmallocInSoftirq,
  nofailMeetsItsOwnPtes,
  objectsDroppedLate,
  tableFreedUnflushed,
  tableFreedUnderPtdump,
  toPageOfHuge,
];

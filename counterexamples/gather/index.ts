/** The catalogue of this wing, in the order of its numbers. A new bug is one folder and one line here. */
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Bug } from "../../spec/wing.ts";
import { batchKept } from "./batch-kept/bug.ts";
import { batchesUnbounded } from "./batches-unbounded/bug.ts";
import { collapseLazyCpu } from "./collapse-lazy-cpu/bug.ts";
import { failedBatchPassed } from "./failed-batch-passed/bug.ts";
import { flushOfNothing } from "./flush-of-nothing/bug.ts";
import { forceFlushReset } from "./force-flush-reset/bug.ts";
import { gatherPreempted } from "./gather-preempted/bug.ts";
import { gatherRangeCorner } from "./gather-range-corner/bug.ts";
import { hugetlbUnshareNoflush } from "./hugetlb-unshare-noflush/bug.ts";
import { madvFlushMiss } from "./madv-flush-miss/bug.ts";
import { oomReaperFullmm } from "./oom-reaper-fullmm/bug.ts";
import { pfnmapUnlinkBeforeFlush } from "./pfnmap-unlink-before-flush/bug.ts";
import { ppcHashDuplicate } from "./ppc-hash-duplicate/bug.ts";
import { rcuIgnoresIrqsOff } from "./rcu-ignores-irqs-off/bug.ts";
import { rcuTableMmUsers } from "./rcu-table-mm-users/bug.ts";
import { rcuTableNoInvalidate } from "./rcu-table-no-invalidate/bug.ts";
import { s390FlushesFirst } from "./s390-flushes-first/bug.ts";
import { tableOutsideRange } from "./table-outside-range/bug.ts";
import { tlbFastMode } from "./tlb-fast-mode/bug.ts";
import { zapMissesLastPage } from "./zap-misses-last-page/bug.ts";
import { zapRangeWrongHalf } from "./zap-range-wrong-half/bug.ts";

export const BUGS: readonly Bug<GatherTerms>[] = [
  tlbFastMode,
  zapRangeWrongHalf,
  gatherRangeCorner,
  zapMissesLastPage,
  tableOutsideRange,
  madvFlushMiss,
  oomReaperFullmm,
  rcuTableNoInvalidate,
  s390FlushesFirst,
  rcuTableMmUsers,
  forceFlushReset,
  hugetlbUnshareNoflush,
  pfnmapUnlinkBeforeFlush,
  collapseLazyCpu,
  ppcHashDuplicate,
  batchesUnbounded,
  flushOfNothing,
  gatherPreempted,
  batchKept,
  failedBatchPassed,
  rcuIgnoresIrqsOff,
];

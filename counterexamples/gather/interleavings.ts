/** Every bug of user-space unmapping that shows at the step grain, in the order of its numbers. */
import type { InterleavedBug } from "../interleaved.ts";
import { anonVmaCountTrusted } from "./anon-vma-count-trusted/interleaved.ts";
import { anonVmaRootReused } from "./anon-vma-root-reused/interleaved.ts";
import { anonVmaWithoutReference } from "./anon-vma-without-reference/interleaved.ts";
import { asidActiveOverwritten } from "./asid-active-overwritten/interleaved.ts";
import { asidReservedLeftBehind } from "./asid-reserved-left-behind/interleaved.ts";
import { batchedFlushFlagLost } from "./batched-flush-flag-lost/interleaved.ts";
import { collapseLazyCpu } from "./collapse-lazy-cpu/interleaved.ts";
import { gupFastVsCollapse } from "./gup-fast-vs-collapse/interleaved.ts";
import { holderPreempted } from "./holder-preempted/interleaved.ts";
import { hugetlbUnshareVsGup } from "./hugetlb-unshare-vs-gup/interleaved.ts";
import { madvFlushMiss } from "./madv-flush-miss/interleaved.ts";
import { mmUsersShortcutRemoteWalk } from "./mm-users-shortcut-remote-walk/interleaved.ts";
import { mprotectSkipsNonePte } from "./mprotect-skips-none-pte/interleaved.ts";
import { mremapDirtyPte } from "./mremap-dirty-pte/interleaved.ts";
import { mremapLateFlush } from "./mremap-late-flush/interleaved.ts";
import { mutexTakenWhileAtomic } from "./mutex-taken-while-atomic/interleaved.ts";
import { numaMigrateVsPendingFlush } from "./numa-migrate-vs-pending-flush/interleaved.ts";
import { oomReaperFullmm } from "./oom-reaper-fullmm/interleaved.ts";
import { pendingFlushIsBoolean } from "./pending-flush-is-boolean/interleaved.ts";
import { pfnmapUnlinkBeforeFlush } from "./pfnmap-unlink-before-flush/interleaved.ts";
import { ppcHashDuplicate } from "./ppc-hash-duplicate/interleaved.ts";
import { ppcLazyModePreemptible } from "./ppc-lazy-mode-preemptible/interleaved.ts";
import { quicklistUnderLocklessWalk } from "./quicklist-under-lockless-walk/interleaved.ts";
import { rcuIgnoresIrqsOff } from "./rcu-ignores-irqs-off/interleaved.ts";
import { rcuTableMmUsers } from "./rcu-table-mm-users/interleaved.ts";
import { rcuTableNoInvalidate } from "./rcu-table-no-invalidate/interleaved.ts";
import { spinningKeepsTheCpu } from "./spinning-keeps-the-cpu/interleaved.ts";
import { takeAllLockOrder } from "./take-all-lock-order/interleaved.ts";
import { takeAllWithoutPreemption } from "./take-all-without-preemption/interleaved.ts";
import { tlbFastMode } from "./tlb-fast-mode/interleaved.ts";
import { truncationSharesRestart } from "./truncation-shares-restart/interleaved.ts";
import { waiterStarves } from "./waiter-starves/interleaved.ts";

export const INTERLEAVED: readonly InterleavedBug[] = [
  tlbFastMode,
  numaMigrateVsPendingFlush,
  pendingFlushIsBoolean,
  mprotectSkipsNonePte,
  batchedFlushFlagLost,
  madvFlushMiss,
  oomReaperFullmm,
  mremapDirtyPte,
  mremapLateFlush,
  pfnmapUnlinkBeforeFlush,
  ppcHashDuplicate,
  ppcLazyModePreemptible,
  rcuTableNoInvalidate,
  rcuTableMmUsers,
  mmUsersShortcutRemoteWalk,
  rcuIgnoresIrqsOff,
  quicklistUnderLocklessWalk,
  hugetlbUnshareVsGup,
  gupFastVsCollapse,
  collapseLazyCpu,
  takeAllLockOrder,
  takeAllWithoutPreemption,
  mutexTakenWhileAtomic,
  anonVmaRootReused,
  anonVmaCountTrusted,
  anonVmaWithoutReference,
  truncationSharesRestart,
  waiterStarves,
  spinningKeepsTheCpu,
  holderPreempted,
  asidReservedLeftBehind,
  asidActiveOverwritten,
];

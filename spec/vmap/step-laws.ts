/**
 * Laws of the step grain that no reply to a single call shows: where extents lie, who waits for whom, and for how long a
 * thread keeps a CPU. Protocols assert them of their states (protocols/vmap), and trees are judged by the first two where
 * all calls have returned.
 */
import type { Law } from "../contract.ts";

/** What lies where, as far as it was counted. */
export interface Space {
  /** Pages that lie nowhere, and pages that lie in two places. */
  readonly lost: number;
  readonly twice: number;
  /** Pools whose length is not the number of their extents. */
  readonly miscounted: number;
}

type StepLaw = Law<unknown, unknown, { readonly space?: Space | undefined }>;

export const extentInOnePlace: StepLaw = {
  id: "extent-in-one-place",
  says: "Each page of the window lies in exactly one place: free, busy, lazy, being purged, or in a pool. None is lost.",
  source: "72210662c5a2 (6.9): pools and lists of nodes; ec05f51f1e65, where two that empty a pool meet",
  holds: (_before, _command, { space }) => space === undefined || (space.lost === 0 && space.twice === 0),
};

export const poolsCounted: StepLaw = {
  id: "pools-counted",
  says: "At rest the length of a pool is the number of its extents.",
  source: "7679ba6b36db (6.9): the shrinker counts by it; from 6.16 on a purge empties a pool by it",
  holds: (_before, _command, { space }) => space === undefined || space.miscounted === 0,
};

/** As a law of the step grain is printed: a protocol asserts it of its states. */
export interface StepStatement {
  readonly id: string;
  readonly says: string;
  readonly source: string;
}

export const noCircularWait: StepStatement = {
  id: "no-circular-wait",
  says: "No thread waits, through others, for itself: not through locks, queued work, workers and reclaim together.",
  source:
    "6c06fec56a63d (2026), where reclaim waits for the purge lock; the third version of the drain workqueues",
};

export const othersGetTheCpu: StepStatement = {
  id: "others-get-the-cpu",
  says: "A purge releases no more areas at a time than it may, while others wait for its CPU.",
  source:
    "workqueue.cpu_intensive_thresh_us: 10 ms for a work item; 5747435e0fd4 (CVE-2026-43292): 32 areas between two pauses",
};

export const shownExisted: StepStatement = {
  id: "shown-existed",
  says: "What a reader is shown of an area is true of that area, which was busy or lazy then.",
  source: "5c5f0468d172 (6.16): counters that two readers of /proc/vmallocinfo shared",
};

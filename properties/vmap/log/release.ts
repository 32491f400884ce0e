/**
 * Whether the log can be of the release that its reader says: a release whose rules the log contradicts again and again,
 * where those of another hold, is not it.
 */
import type { LawId } from "../../../spec/contract.ts";
import type { LawTally } from "./account.ts";
import { OF_ROOM } from "./laws.ts";
import type { Purging } from "./purging.ts";
import type { Space } from "./space.ts";

/** What is known of the release, if the caller says it; undefined where its neighbours differ. */
export interface ReleaseFacts {
  /** What the caller says. */
  readonly name: string;
  /** The layer has tracepoints (6.2 on). */
  readonly hasTracepoints: boolean | undefined;
  /** It has nodes, and counts purged areas one by one (6.9 on). */
  readonly hasNodes: boolean | undefined;
  /** Areas aligned to a page take the lowest fit (5.17 on). */
  readonly exactFit: boolean | undefined;
}

/** Why it is not, and the laws that were judged by its rules. */
export interface Mismatch {
  readonly why: string;
  readonly laws: readonly LawId[];
}

/** Fewer contradictions, or a smaller share of what was judged, may be faults. */
const LEAST_PLACED = 8;
const SHARE_PLACED = 0.05;
const LEAST_PURGED = 2;
const SHARE_PURGED = 0.5;

/** What speaks against the release, and is too little, or contradicts none of its rules: kernels have later work in them. */
export function hintOf(
  { hasTracepoints, hasNodes }: ReleaseFacts,
  { seen, account, nodes }: Space,
  { merged }: Purging,
): string | null {
  const isTraced = seen.allocated || seen.freed || seen.purged;
  if (hasTracepoints === false && isTraced) return "the tracepoints of vmalloc came with 6.2";
  if (hasNodes === false && account.violations.some(({ law }) => OF_ROOM.includes(law)))
    return "from 6.9 on, where nodes have pools, areas may pass over holes";
  if (hasNodes === true && nodes === undefined && merged.fewer > 0)
    return "up to 6.8 purges count areas that touch as one";
  return null;
}

export function mismatchOf(
  { hasNodes }: ReleaseFacts,
  { nodes, account }: Space,
  { merged }: Purging,
): Mismatch | undefined {
  if (hasNodes === false && nodes !== undefined)
    return {
      laws: [...OF_ROOM, "purge-takes-all"],
      why: "its purges call decay_va_pool_node, which came with 6.9",
    };
  if (hasNodes === false) {
    const tallies = OF_ROOM.map((law) => account.tallies.get(law) as LawTally);
    const judged = tallies.reduce((sum, each) => sum + each.judged, 0);
    const contradicted = tallies.reduce((sum, { violated, more }) => sum + violated + more, 0);
    if (contradicted >= Math.max(LEAST_PLACED, judged * SHARE_PLACED))
      return {
        laws: OF_ROOM,
        why: `${contradicted} of ${judged} placements pass over a hole, as they do where nodes have pools (6.9 on)`,
      };
  }
  // Where a kprobe shows nodes, it has them.
  if (
    hasNodes === true &&
    nodes === undefined &&
    merged.fewer >= Math.max(LEAST_PURGED, merged.differ * SHARE_PURGED)
  )
    return {
      laws: ["purge-takes-all"],
      why: `${merged.fewer} of ${merged.differ} purges count areas that touch as one, as they do up to 6.8`,
    };
  return undefined;
}

/** Callers' contexts and masks on a tree: every call that its version allows, judged by the laws of contexts. */
import { nameInterleaved } from "../counterexamples/interleavings.ts";
import { callersOf } from "../protocols/vmap/contexts/releases.ts";
import { type Version, versionOf } from "../spec/vmap/change.ts";
import { type CallFrom, MASKS } from "../spec/vmap/concepts/contexts.ts";
import { type Callers, type WatchedViolation, watchCalls } from "../trees/vmap/watched-calls.ts";
import { surestProtocolFor } from "./interleaved-orders.ts";
import type { TreeSubject } from "./trees.ts";

export interface ContextViolation extends WatchedViolation {
  /** The bug of the catalogue by which a protocol of the tree's version violates the same law. */
  readonly bug: string | undefined;
}

export interface TreeContexts {
  readonly kernel: string;
  /** The version whose callers these are. */
  readonly as: string;
  /** The calls of vmalloc that it allows. */
  readonly callers: readonly CallFrom[];
  readonly calls: number;
  readonly violations: readonly ContextViolation[];
}

/** @param callers In place of those that the version allows. */
export function contextsOnTree(subject: TreeSubject, callers?: Callers): TreeContexts {
  const { built, kernel, version } = subject;
  const protocol = surestProtocolFor(versionOf(version) as Version, "contexts");
  if (protocol === undefined)
    throw new Error(`vmapcheck itself is wrong: no order of callers is as old as ${version}`);
  const asked = callers ?? allowedBy(protocol.replace(/^contexts-/, ""));
  const { calls, violations } = watchCalls(built, asked);
  return {
    kernel: kernel.name,
    as: version,
    callers: asked.vmalloc,
    calls,
    violations: violations.map((each) => ({ ...each, bug: bugOf(protocol, each) })),
  };
}

/** The order of all releases from 5.17 on where a call needs two page tables. */
const TWO_TABLES = "contexts-7.1-mapping-two-tables";

function bugOf(protocol: string, { law, fails, isEndless }: WatchedViolation): string | undefined {
  const here = nameInterleaved(protocol, law);
  return here ?? (isEndless && fails > 0 ? nameInterleaved(TWO_TABLES, law) : undefined);
}

/** The callers of an order, by the number of each mask. */
function allowedBy(order: string): Callers {
  const { vmalloc, vfree } = callersOf(order);
  const masked = vmalloc.flatMap(({ context, mask }) => {
    const meant = MASKS[mask];
    return meant === undefined ? [] : [{ context, mask: meant }];
  });
  return { vmalloc: masked, vfree };
}

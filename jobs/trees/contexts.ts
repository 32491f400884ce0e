/** Callers' contexts and masks on a tree: every call that its version allows, judged by the laws of contexts. */
import { formatWatchedCall, type WatchedCallFile } from "../../adapters/watched-call-file.ts";
import { nameInterleaved } from "../../counterexamples/interleavings.ts";
import { callersOf } from "../../protocols/vmap/contexts/releases.ts";
import { type Version, versionOf } from "../../spec/vmap/change.ts";
import { type CallFrom, type Context, MASKS } from "../../spec/vmap/concepts.ts";
import { type Callers, type WatchedViolation, watchCalls } from "../../trees/vmap/watched-calls.ts";
import { dropStaleCalls, keepCall } from "../failures.ts";
import { surestProtocolFor } from "../interleaved-orders.ts";
import { replayLine } from "../names.ts";
import type { TreeSubject } from "./trees.ts";

export interface ContextViolation extends WatchedViolation {
  /** The bug of the catalogue by which a protocol of the tree's version violates the same law. */
  readonly bug: string | undefined;
  /** The line that replays it, if it was kept as a file. */
  readonly replay?: string;
}

export interface TreeContexts {
  readonly kernel: string;
  /** The version whose callers these are. */
  readonly as: string;
  /** The calls of vmalloc that it allows. */
  readonly callers: readonly CallFrom[];
  /** The contexts of vfree. */
  readonly vfree: readonly Context[];
  readonly calls: number;
  readonly violations: readonly ContextViolation[];
}

/**
 * @param callers In place of those that the version allows.
 * @param isEach Each violation, not only the first of a law and call.
 */
export function contextsOnTree(subject: TreeSubject, callers?: Callers, isEach = false): TreeContexts {
  const { built, kernel, version } = subject;
  const protocol = surestProtocolFor(versionOf(version) as Version, "contexts");
  if (protocol === undefined)
    throw new Error(`vmapcheck itself is wrong: no order of callers is as old as ${version}`);
  const asked = callers ?? allowedBy(protocol.replace(/^contexts-/, ""));
  const { calls, violations } = watchCalls(built, asked, isEach);
  return {
    kernel: kernel.name,
    as: version,
    callers: asked.vmalloc,
    vfree: asked.vfree,
    calls,
    violations: violations.map((each) => ({ ...each, bug: bugOf(protocol, each) })),
  };
}

/** The order of all releases from 5.17 on where a call needs two page tables. */
const TWO_TABLES = "contexts-7.1-mapping-two-tables";

/** What tries for ever does so by that bug only if it meets its own PTEs: those that a round left that failed. */
function bugOf(protocol: string, found: WatchedViolation): string | undefined {
  const { law, fails, isEndless, leavesPtes } = found;
  if (isEndless) return fails > 0 && leavesPtes ? nameInterleaved(TWO_TABLES, law) : undefined;
  return nameInterleaved(protocol, law);
}

/** Each violation with a file that `replay` takes, in place of those that an earlier check of this tree kept. */
export async function keepCalls(found: TreeContexts, directory: string): Promise<TreeContexts> {
  await dropStaleCalls(directory);
  const violations: ContextViolation[] = [];
  for (const [nth, each] of found.violations.entries()) {
    const path = await keepCall(found.kernel, each.law, nth, fileOfWatched(each, found, directory));
    violations.push({ ...each, replay: replayLine(`${path} --tree ${directory}`) });
  }
  return { ...found, violations };
}

function fileOfWatched(
  found: ContextViolation,
  { as, callers, vfree }: TreeContexts,
  directory: string,
): string {
  const { law, call, context, mask, situation, fails } = found;
  return formatWatchedCall({
    ...{ tree: as, directory, law, watched: call, context, mask: mask.name, situation, fails },
    ...{ vmalloc: callers.map((each) => ({ context: each.context, mask: each.mask.name })), vfree },
  });
}

/** The calls of such a file, made on a tree again. */
export interface ReplayedWatchedCall {
  readonly kind: "watched call";
  readonly target: string;
  readonly file: WatchedCallFile;
  readonly contexts: TreeContexts;
  /** Those of its law by its call: from its context, with its mask and failure, in its situation. */
  readonly found: readonly ContextViolation[];
  readonly accepted: boolean;
}

export function replayWatchedCall(
  target: string,
  file: WatchedCallFile,
  subject: TreeSubject,
): ReplayedWatchedCall {
  const masked = file.vmalloc.flatMap(({ context, mask }) => {
    const meant = MASKS.find(({ name }) => name === mask);
    return meant === undefined ? [] : [{ context, mask: meant }];
  });
  const contexts = contextsOnTree(subject, { vmalloc: masked, vfree: file.vfree }, true);
  const found = contexts.violations.filter((each) => isOf(file, each));
  return { kind: "watched call", target, file, contexts, found, accepted: found.length === 0 };
}

/** Whether it is the violation in the file: of its law, by its call, in its situation, with the same failure. */
export const isOf = (
  file: WatchedCallFile,
  { law, call, context, mask, situation, fails }: WatchedViolation,
) =>
  law === file.law &&
  call === file.watched &&
  context === file.context &&
  mask.name === file.mask &&
  situation === file.situation &&
  fails === file.fails;

/** The callers of an order, by the number of each mask. */
function allowedBy(order: string): Callers {
  const { vmalloc, vfree } = callersOf(order);
  const masked = vmalloc.flatMap(({ context, mask }) => {
    const meant = MASKS[mask];
    return meant === undefined ? [] : [{ context, mask: meant }];
  });
  return { vmalloc: masked, vfree };
}

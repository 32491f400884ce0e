/** Judges a recording as a plain history: the specification alone, none of our kernels. */

import { judge, type Spec } from "../../spec/contract.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { VmapLaw } from "../../spec/vmap/laws/law.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Trace } from "./recording.ts";

type VmapSpec<W> = Spec<Scope, W, Command, Response>;

/** A recorded reply, and what the laws say of it. */
export interface JudgedReply<W> {
  /** Index of the command in its trace. */
  readonly index: number;
  readonly before: W;
  readonly command: Command;
  readonly response: Response;
  /** Undefined where the allocator stopped: the trace ends here. */
  readonly after: W | undefined;
  /** The laws that the reply violates. */
  readonly laws: readonly VmapLaw<W>[];
  /** Laws violated after an area was placed on another, except by the placement itself: not accusations. */
  readonly following: readonly VmapLaw<W>[];
}

export interface JudgedTrace<W> {
  /** The replies that violate a law. */
  readonly violations: readonly JudgedReply<W>[];
  /** How often a law was violated as a consequence of areas that overlap. */
  readonly consequences: number;
}

/**
 * Every reply of a trace, judged in the world that follows those before it, also after a violation. Once two areas
 * overlap, a free is ambiguous: from then on only placement is judged.
 */
export function* judgeReplies<W>(
  spec: VmapSpec<W>,
  laws: readonly VmapLaw<W>[],
  { scope, exchanges }: Pick<Trace, "scope" | "exchanges">,
): Generator<JudgedReply<W>> {
  let overlapped = false;
  let before = spec.initial(scope);
  for (const [index, { command, response }] of exchanges.entries()) {
    const verdict = judge(spec, laws, before, command, response);
    const all = verdict.accepted ? [] : verdict.violated;
    const isAccused = (law: VmapLaw<W>) => !overlapped || law.judgeableAfterOverlap === true;
    const accused = all.filter(isAccused);
    const following = all.filter((law) => !accused.includes(law));
    overlapped ||= all.some(({ id }) => id === "no-overlap");
    yield { index, before, command, response, after: verdict.world, laws: accused, following };
    if (verdict.world === undefined) return;
    before = verdict.world;
  }
}

/** Judges a trace to its end. */
export function judgeTrace<W>(
  spec: VmapSpec<W>,
  laws: readonly VmapLaw<W>[],
  trace: Pick<Trace, "scope" | "exchanges">,
): JudgedTrace<W> {
  const violations: JudgedReply<W>[] = [];
  let consequences = 0;
  for (const reply of judgeReplies(spec, laws, trace)) {
    consequences += reply.following.length;
    if (reply.laws.length > 0) violations.push(reply);
  }
  return { violations, consequences };
}

/** Judges a recording as a plain history: the specification alone, none of our kernels. */
import { judge, type Spec } from "../../spec/contract.ts";
import type { Command } from "../../spec/gather/commands.ts";
import type { GatherLaw } from "../../spec/gather/laws/index.ts";
import type { Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { World } from "../../spec/gather/world.ts";
import type { JudgedReply, RecordedTrace } from "../../spec/wing.ts";

/** Every reply of a trace, judged. What follows from a caller that removes a page without its entry is no accusation. */
export function* judgeReplies(
  spec: Spec<Scope, World, Command, Response>,
  laws: readonly GatherLaw[],
  { scope, exchanges }: Pick<RecordedTrace<GatherTerms>, "scope" | "exchanges">,
): Generator<JudgedReply<GatherTerms>> {
  let before = spec.initial(scope);
  for (const [index, { command, response }] of exchanges.entries()) {
    const verdict = judge(spec, laws, before, command, response);
    const violated = verdict.accepted ? [] : verdict.violated;
    const after = verdict.world;
    // From 3.9.6 to 3.16 such a gather asserts that an entry was removed, and flushes and frees nothing.
    const asserts =
      command.op === "removePage" &&
      !before.entries.has(command.addr) &&
      response.events.some(({ kind }) => kind === "bug");
    const byCaller = violated.filter(({ id }) =>
      id === "page-after-flush"
        ? after?.reply.early.every(({ unannounced }) => unannounced)
        : id === "failed-allocation-flushes" && asserts,
    );
    const accused = violated.filter((law) => !byCaller.includes(law));
    yield { index, before, command, response, after, laws: accused, following: byCaller };
    if (after === undefined) return;
    before = after;
  }
}

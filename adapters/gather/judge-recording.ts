/** Judges a recording as a plain history: the specification alone, none of our kernels. */
import { judge, type Spec } from "../../spec/contract.ts";
import type { Command } from "../../spec/gather/commands.ts";
import type { GatherLaw } from "../../spec/gather/laws/index.ts";
import type { Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import type { World } from "../../spec/gather/world.ts";
import type { Trace } from "./recording.ts";

/** A recorded reply that violates laws. */
export interface JudgedReply {
  /** Index of the command in its trace, without `init`. */
  readonly index: number;
  readonly before: World;
  readonly command: Command;
  readonly response: Response;
  readonly after: World;
  readonly laws: readonly GatherLaw[];
}

/** Every reply of a trace that violates one of the laws. The world follows each reply, so judging continues. */
export function* judgeReplies<W extends World>(
  spec: Spec<Scope, W, Command, Response>,
  laws: readonly GatherLaw[],
  { scope, exchanges }: Pick<Trace, "scope" | "exchanges">,
): Generator<JudgedReply> {
  let before: W = spec.initial(scope);
  for (const [index, { command, response }] of exchanges.entries()) {
    const verdict = judge<Scope, W, Command, Response>(spec, laws, before, command, response);
    const after: W = verdict.world ?? before;
    if (!verdict.accepted)
      yield { index, before, command, response, after, laws: verdict.violated as GatherLaw[] };
    before = after;
  }
}

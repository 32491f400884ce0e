/** Random histories of callers who keep the rules, on a kernel beside the reference: what tests of the wing walk. */
import type { GatherKernel } from "../../kernels/gather/gather-kernel.ts";
import type { State as KernelState } from "../../kernels/gather/state.ts";
import { type Command, choosing, type Response } from "../../spec/gather/commands.ts";
import { type GatherLaw, lawsCalled } from "../../spec/gather/laws/index.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import { gatherSpec } from "./after.ts";
import type { State } from "./world.ts";

export interface Stepped {
  readonly before: State;
  readonly command: Command;
  readonly response: Response;
  readonly after: State;
  readonly violated: readonly GatherLaw[];
  readonly state: KernelState;
}

/** Mulberry32. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** The steps of some histories, one after another. */
export function* walk(
  kernel: GatherKernel,
  scope: Scope,
  { seed, histories, length }: { readonly seed: number; readonly histories: number; readonly length: number },
): Generator<Stepped> {
  const spec = gatherSpec(kernel.release);
  const laws = lawsCalled(kernel.promises);
  const next = numbersFrom(seed);
  const chosen = choosing(scope, kernel.release);
  for (let history = 0; history < histories; history++) {
    const state = kernel.initial(scope);
    let before = spec.initial(scope);
    for (let step = 0; step < length; step++) {
      const command = chosen(before, next());
      if (command === undefined) continue;
      const response = kernel.act(state, command);
      const after = spec.after(before, command, response) as State;
      const violated = laws.filter((law) => !law.holds(before, command, response, after));
      yield { before, command, response, after, violated, state };
      before = after;
    }
  }
}

/** In which turns random histories are drawn: some hundreds at a time, so that other things may happen between. */
import { scopesFor } from "../properties/vmap/random-scopes.ts";
import { FAILURE_LAWS } from "../spec/process.ts";
import { judgedAlsoBy, type Kernel } from "../spec/vmap/kernel.ts";
import type { Scope } from "../spec/vmap/scope.ts";

/** Histories drawn before anything else may happen: a fraction of a second. */
const TURN = 500;
/** In each scope, where allocations of memory fail: each command is tried several times. */
const FAILING = 40;

/**
 * The random histories of a run, some hundreds at a time, every scope in turn; then some in which allocations of memory
 * fail, where that can be asked.
 */
export function* turns(
  kernel: Kernel,
  { runs, seed }: { readonly runs: number; readonly seed: number },
): Iterable<{ asked: Kernel; scope: Scope; histories: number; seed: number }> {
  const scopes = scopesFor(kernel.release);
  for (let done = 0, turn = 0; done < runs; done += TURN, turn++) {
    for (const scope of scopes)
      yield { asked: kernel, scope, histories: Math.min(TURN, runs - done), seed: seed + turn };
  }
  if (kernel.memory === undefined) return;
  const asked = FAILURE_LAWS.reduce((held, { id }) => judgedAlsoBy(held, id), kernel);
  for (const scope of scopes.filter(({ outside, beforeInit }) => outside !== true && !beforeInit))
    yield { asked, scope, histories: Math.min(FAILING, runs), seed };
}

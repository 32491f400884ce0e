/** How a state with a world is distinguished from others: one fingerprint of the world and of the other parts. */
import { addWorld } from "../../model/vmap/fingerprint.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import { FINGERPRINT_BITS, FINGERPRINT_WORDS, Fingerprint } from "../../spec/fingerprint.ts";
import { AREA_CALLS, type Call } from "../../spec/vmap/commands/command.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Form } from "../../spec/wing.ts";

/** The kernel's state, and the world its replies speak of. */
export interface KernelAndWorld<S> {
  state: S;
  world: ImmutableWorld;
}

const MERGED_ALWAYS = ["which frame is which, slots, and counters that only grow"];

/** The fingerprint of both for callers who do this, everything in it. */
export function fingerprintOfBoth<S>(
  kernel: Kernel<S>,
  scope: Scope,
  calls: readonly Call[],
): Form<KernelAndWorld<S>> {
  const { add } = kernel.identity(scope, { pin: calls.includes("pin"), areasAlone: false });
  return fingerprintWith((both, to) => add(both.state, to));
}

/** Of the world, and then of what is added beside it: a frame has the same place in all of it. */
export function fingerprintWith<T extends { readonly world: ImmutableWorld }>(
  addRest: (state: T, to: Fingerprint) => void,
): Form<T> {
  return fingerprintOf(MERGED_ALWAYS, (state, to) => {
    // The world first: which free frames are clean is known once all that may map one was added.
    addWorld(state.world, to);
    addRest(state, to);
  });
}

/** Whether callers only allocate, free and purge: then states are merged that only other callers distinguish. */
export function doAreasAlone(calls: readonly Call[]): boolean {
  return calls.every((call) => AREA_CALLS.includes(call));
}

/**
 * The fingerprint for callers that do areas alone, with everything merged that they cannot distinguish. Nothing is
 * mapped then, and the world adds nothing to the kernel's state.
 */
export function fingerprintOfAreas<S>(kernel: Kernel<S>, scope: Scope): Form<{ readonly state: S }> {
  const { reductions, add } = kernel.identity(scope, { pin: false, areasAlone: true });
  return fingerprintOf([...MERGED_ALWAYS, ...reductions], ({ state }, to) => add(state, to));
}

function fingerprintOf<T>(reductions: readonly string[], add: (state: T, to: Fingerprint) => void): Form<T> {
  const fingerprint = new Fingerprint();
  return {
    words: FINGERPRINT_WORDS,
    hashBits: FINGERPRINT_BITS,
    reductions,
    write: (state, into, at) => {
      fingerprint.begin();
      add(state, fingerprint);
      fingerprint.write(into, at);
    },
  };
}

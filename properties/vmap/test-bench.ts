/** Puts a kernel and its judge side by side: all that a run needs. */
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import { isWellFormed, naming, simpler } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Bench } from "../../spec/wing.ts";
import type { PlayedOf } from "../run-choices.ts";
import { askedForFailures } from "./failing-allocations.ts";
import { resolveChoice } from "./resolve-choice.ts";
import type { Vmap } from "./terms.ts";

/** A kernel on a machine, and its judge. */
export type TestBench<S> = Bench<Vmap<S>>;
export type JudgedStep = PlayedOf<Vmap>;

/** The kernel judged by what its release promises, on a machine of this scope. */
export function benchFor<S>(kernel: Kernel<S>, scope: Scope): TestBench<S> {
  return {
    machine: askedForFailures(kernel),
    spec: vmapSpec(kernel.release),
    laws: lawsCalled(kernel.promises),
    naming,
    scope,
    resolve: resolveChoice,
    isWellFormed: (history) => isWellFormed(history, scope),
    simpler: (step) => simpler(step, scope),
  };
}

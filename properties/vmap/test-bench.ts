/** Puts a kernel and its judge side by side: all that a run needs. */
import type { Played, Setting } from "../../engine/run/stepper.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { type HistoryStep, naming } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import type { Ledger } from "../../spec/vmap/ledger.ts";
import type { Scope } from "../../spec/vmap/scope.ts";

/** A kernel on a machine, and its judge. */
export type TestBench<S> = Setting<Scope, S, ImmutableWorld, Ledger, HistoryStep, Command, Response> & {
  readonly machine: Kernel<S>;
};
export type JudgedStep = Played<ImmutableWorld, HistoryStep, Command, Response>;

/** The kernel judged by what its release promises, on a machine of this scope. */
export function benchFor<S>(kernel: Kernel<S>, scope: Scope): TestBench<S> {
  return {
    machine: kernel,
    spec: vmapSpec(kernel.release),
    laws: lawsCalled(kernel.promises),
    naming,
    scope,
  };
}

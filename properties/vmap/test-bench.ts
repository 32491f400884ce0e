/** Puts a kernel and what judges it side by side: all a run needs. */
import type { Played, Setting } from "../../engine/run/stepper.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { type HistoryStep, naming } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import type { Ledger } from "../../spec/vmap/ledger.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { askedForFailures } from "./failing-allocations.ts";

/** A kernel on a machine, and its judge. */
export type VmapSetting<S> = Setting<Scope, S, ImmutableWorld, Ledger, HistoryStep, Command, Response> & {
  readonly machine: Kernel<S>;
};
export type VmapPlayed = Played<ImmutableWorld, HistoryStep, Command, Response>;

/** The kernel judged by what its release promises, on a machine of this scope. */
export function settingFor<S>(kernel: Kernel<S>, scope: Scope): VmapSetting<S> {
  return {
    machine: askedForFailures(kernel),
    spec: vmapSpec(kernel.release),
    laws: lawsCalled(kernel.promises),
    naming,
    scope,
  };
}

/** Puts a kernel and what judges it side by side: all a run needs. */
import type { Played, Setting } from "../engine/stepper.ts";
import type { ImmutableWorld } from "../model/immutable-world.ts";
import { vmapSpec } from "../model/vmap-spec.ts";
import type { Command, Response } from "../spec/commands.ts";
import { type HistoryStep, type Names, naming } from "../spec/history.ts";
import type { Kernel } from "../spec/kernel.ts";
import { lawsCalled } from "../spec/laws/index.ts";
import type { Scope } from "../spec/scope.ts";

/** A kernel on a machine, and its judge. */
export type VmapSetting<S> = Setting<Scope, S, ImmutableWorld, Names, HistoryStep, Command, Response> & {
  readonly machine: Kernel<S>;
};
export type VmapPlayed = Played<ImmutableWorld, HistoryStep, Command, Response>;

/** The kernel judged by what its release promises, on a machine of this scope. */
export function settingFor<S>(kernel: Kernel<S>, scope: Scope): VmapSetting<S> {
  return {
    machine: kernel,
    spec: vmapSpec(kernel.release),
    laws: lawsCalled(kernel.promises),
    naming,
    scope,
  };
}

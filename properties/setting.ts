/** Puts a kernel and what judges it side by side: all a run needs. */
import type { Played, Setting } from "../engine/stepper.ts";
import type { ImmutableWorld } from "../model/immutable-world.ts";
import { packedSpec } from "../model/packed-spec.ts";
import type { PackedWorld } from "../model/packed-world.ts";
import { vmapSpec } from "../model/vmap-spec.ts";
import type { Command, Response } from "../spec/commands.ts";
import { type HistoryStep, type Names, naming } from "../spec/history.ts";
import type { Kernel } from "../spec/kernel.ts";
import { lawsCalled } from "../spec/laws/index.ts";
import type { Scope } from "../spec/scope.ts";
import type { World } from "../spec/world.ts";

/** A kernel on a machine, judged in worlds of one kind: the reference's, if none is named. */
export type VmapSetting<S, W extends World = ImmutableWorld> = Setting<
  Scope,
  S,
  W,
  Names,
  HistoryStep,
  Command,
  Response
> & {
  readonly machine: Kernel<S>;
};
export type VmapPlayed<W extends World = ImmutableWorld> = Played<W, HistoryStep, Command, Response>;

/** The kernel judged by what its release promises, on a machine of this scope. What is reported is judged so. */
export function settingFor<S>(kernel: Kernel<S>, scope: Scope): VmapSetting<S> {
  return { ...withoutSpec(kernel, scope), spec: vmapSpec(kernel.release) };
}

/** The same in the packed world: for runs that are too long for the reference, which judges again what they find. */
export function quickSettingFor<S>(kernel: Kernel<S>, scope: Scope): VmapSetting<S, PackedWorld> {
  return { ...withoutSpec(kernel, scope), spec: packedSpec(kernel.release) };
}

function withoutSpec<S>(kernel: Kernel<S>, scope: Scope) {
  return { machine: kernel, laws: lawsCalled(kernel.promises), naming, scope };
}

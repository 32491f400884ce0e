/** The specification of a vmap layer, ready for `judge`: it speaks of the immutable world. */
import type { Command, Response } from "../spec/commands.ts";
import type { Spec } from "../spec/contract.ts";
import type { Promises } from "../spec/releases.ts";
import type { Scope } from "../spec/scope.ts";
import { after } from "./after.ts";
import { ImmutableWorld } from "./immutable-world.ts";

export type VmapSpec = Spec<Scope, ImmutableWorld, Command, Response>;

/** The specification by which a release with these promises is judged. */
export function vmapSpec(promises: Promises): VmapSpec {
  return { initial: (scope) => ImmutableWorld.empty(scope, promises), enabled, after };
}

/** Every command that is legal now: all requests the scope names, and what the areas that are there allow. */
function* enabled(world: ImmutableWorld, scope: Scope): Iterable<Command> {
  for (const { vstart, vend } of scope.windows) {
    for (const size of scope.sizes) {
      for (const align of scope.aligns) {
        yield { op: "alloc", size, align, vstart, vend, map: false };
        yield { op: "alloc", size, align, vstart, vend, map: true };
      }
    }
  }
  for (const area of world.areas) {
    if (area.life === "busy") yield { op: "free", start: area.start };
    for (let cpu = 0; cpu < scope.cpus; cpu++) {
      for (let page = area.start; page < area.start + area.mapped; page++) yield { op: "touch", cpu, page };
    }
  }
  yield { op: "purge" };
  yield { op: "unmapAliases" };
  yield { op: "tlb" };
}

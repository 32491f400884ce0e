/** The specification of a vmap layer, ready for `judge`: it speaks of the immutable world. */
import type { Command, Response } from "../spec/commands.ts";
import type { Spec } from "../spec/contract.ts";
import type { Promises } from "../spec/releases.ts";
import type { Scope } from "../spec/scope.ts";
import type { Pages, Vpn } from "../spec/vocabulary.ts";
import { after } from "./after.ts";
import { ImmutableWorld } from "./immutable-world.ts";

export type VmapSpec = Spec<Scope, ImmutableWorld, Command, Response>;

/** The specification by which a release with these promises is judged. */
export function vmapSpec(promises: Promises): VmapSpec {
  return { initial: (scope) => ImmutableWorld.empty(scope, promises), enabled, after };
}

/** Every command that is legal now: all requests the scope names, and what the areas that are there allow. */
function* enabled(world: ImmutableWorld, scope: Scope): Iterable<Command> {
  yield { op: "unmapAliases" };
  if (!world.initialised) {
    yield { op: "init" };
    return;
  }
  for (const { vstart, vend } of scope.windows) {
    for (const size of scope.sizes) {
      for (const align of scope.aligns) {
        yield { op: "alloc", size, align, vstart, vend, map: false };
        yield { op: "alloc", size, align, vstart, vend, map: true };
      }
    }
  }
  for (const count of world.promises.fragments === "no blocks" ? [] : scope.counts) {
    for (let cpu = 0; cpu < scope.cpus; cpu++) yield { op: "mapRam", cpu, count };
  }
  for (const area of world.areas) {
    if (area.life === "busy" && area.block === undefined) yield { op: "free", start: area.start };
    yield* touches(area.start, area.mapped, scope);
    for (const { start, count, held } of area.block?.maps ?? []) {
      if (held) yield { op: "unmapRam", cpu: 0, start, count };
      yield* touches(start, count, scope);
    }
  }
  yield { op: "pin" };
  yield { op: "purge" };
  yield { op: "tlb" };
}

function* touches(start: Vpn, pages: Pages, { cpus }: Scope): Iterable<Command> {
  for (let cpu = 0; cpu < cpus; cpu++) {
    for (let page = start; page < start + pages; page++) yield { op: "touch", cpu, page };
  }
}

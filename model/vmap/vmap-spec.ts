/** The specification of a vmap layer for `judge`, over the immutable world. */

import type { Spec } from "../../spec/contract.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { possibleCpus, type Scope, vmapCounts } from "../../spec/vmap/scope.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import { after } from "./after.ts";
import type { Area } from "./area.ts";
import { ImmutableWorld } from "./world.ts";

export type VmapSpec = Spec<Scope, ImmutableWorld, Command, Response>;

/** The specification by which a release with these promises is judged. */
export function vmapSpec(promises: Promises): VmapSpec {
  return { initial: (scope) => ImmutableWorld.empty(scope, promises), enabled, after };
}

/**
 * The commands that are legal now and within the scope: all its requests, and what the existing areas allow. A map is
 * unmapped only on CPU 0, since the CPU makes no difference. Writes and unpins are not among them.
 */
function* enabled(world: ImmutableWorld, scope: Scope): Iterable<Command> {
  yield { op: "unmapAliases" };
  if (!world.initialised) {
    yield { op: "find", page: scope.vmalloc.vstart };
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
    for (const cpu of possibleCpus(scope)) yield { op: "mapRam", cpu, count };
  }
  for (const count of vmapCounts(scope)) {
    yield { op: "vmap", count };
    yield { op: "vmap", count, noGuard: true };
  }
  for (const congruent of world.promises.percpu ? scope.congruent : []) yield { op: "pcpuGet", ...congruent };
  for (const area of world.areas) {
    yield { op: "find", page: area.start };
    yield { op: "find", page: area.end - 1 };
    if (area.life === "busy") yield* letsGo(area, world);
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

/** The command that frees a whole area: none frees a block. */
function* letsGo({ start, by, mapped, block }: Area, world: ImmutableWorld): Iterable<Command> {
  if (by === "alloc" || by === "vmap") yield { op: "free", start };
  else if (by === start)
    yield { op: "pcpuFree", start, offsets: world.percpuAt(start).map((area) => area.start - start) };
  else if (by === "map" && block === undefined) yield { op: "unmapRam", cpu: 0, start, count: mapped };
}

function* touches(start: Vpn, pages: Pages, scope: Scope): Iterable<Command> {
  for (const cpu of possibleCpus(scope)) {
    for (let page = start; page < start + pages; page++) yield { op: "touch", cpu, page };
  }
}

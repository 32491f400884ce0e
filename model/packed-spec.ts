/** The specification of a vmap layer that speaks of the packed world: the same as vmap-spec.ts, faster. */
import type { Command, Response } from "../spec/commands.ts";
import type { Spec } from "../spec/contract.ts";
import type { Promises } from "../spec/releases.ts";
import { isPossible, possibleCpus, type Scope, vmapCounts } from "../spec/scope.ts";
import type { Pages, Vpn } from "../spec/vocabulary.ts";
import { packedAfter } from "./packed-after.ts";
import {
  AREA,
  BLOCK,
  BUSY,
  BY,
  BY_ALLOC,
  BY_MAP,
  BY_PERCPU,
  BY_VMAP,
  COUNT,
  END,
  HELD,
  LIFE,
  MAP,
  MAPPED,
  MAPS,
  NO_BLOCK,
  type Packed,
  START,
} from "./packed-layout.ts";
import { PackedWorld } from "./packed-world.ts";

export type PackedSpec = Spec<Scope, PackedWorld, Command, Response>;

/** The specification by which a release with these promises is judged. */
export function packedSpec(promises: Promises): PackedSpec {
  return { initial: (scope) => PackedWorld.empty(scope, promises), enabled, after: packedAfter };
}

const UNMAP_ALIASES: Command = { op: "unmapAliases" };
const LAST: readonly Command[] = [{ op: "pin" }, { op: "purge" }, { op: "tlb" }];

/** As the reference's: the same commands in the same order, but in an array. */
function enabled(world: PackedWorld, scope: Scope): readonly Command[] {
  if (!world.initialised) {
    return [UNMAP_ALIASES, { op: "find", page: scope.vmalloc.vstart }, { op: "init" }];
  }
  const { areas, blocks } = world;
  const commands = requestsOf(scope, world.promises).slice();
  for (let at = 0; at < areas.length; at += AREA) {
    const start = areas[at + START] as Vpn;
    const mapped = areas[at + MAPPED] as Pages;
    const number = areas[at + BLOCK] as number;
    commands.push({ op: "find", page: start }, { op: "find", page: (areas[at + END] as Vpn) - 1 });
    if (areas[at + LIFE] === BUSY) {
      const by = areas[at + BY] as number;
      if (by === BY_ALLOC || by === BY_VMAP) commands.push({ op: "free", start });
      else if (by === BY_PERCPU + start)
        commands.push({ op: "pcpuFree", start, offsets: offsetsFrom(areas, start) });
      else if (by === BY_MAP && number === NO_BLOCK)
        commands.push({ op: "unmapRam", cpu: 0, start, count: mapped });
    }
    pushTouches(commands, start, mapped, scope);
    if (number !== NO_BLOCK) pushMaps(commands, blocks[number] as Packed, scope);
  }
  for (let nth = 0; nth < LAST.length; nth++) commands.push(LAST[nth] as Command);
  return commands;
}

/** Where the areas lie that a pcpuGet placed at this base. */
function offsetsFrom(areas: Packed, base: Vpn): readonly Pages[] {
  const offsets: Pages[] = [];
  for (let at = 0; at < areas.length; at += AREA) {
    if (areas[at + BY] === BY_PERCPU + base && areas[at + LIFE] === BUSY)
      offsets.push((areas[at + START] as Vpn) - base);
  }
  return offsets;
}

/** What may be done with the maps of a block. */
function pushMaps(to: Command[], block: Packed, scope: Scope): void {
  for (let at = MAPS; at < block.length; at += MAP) {
    const start = block[at + START] as Vpn;
    const count = block[at + COUNT] as Pages;
    if (block[at + HELD] === 1) to.push({ op: "unmapRam", cpu: 0, start, count });
    pushTouches(to, start, count, scope);
  }
}

function pushTouches(to: Command[], start: Vpn, pages: Pages, scope: Scope): void {
  for (let cpu = 0; cpu < scope.cpus; cpu++) {
    if (!isPossible(scope, cpu)) continue;
    for (let page = start; page < start + pages; page++) to.push({ op: "touch", cpu, page });
  }
}

/** What is asked in every world of a scope and a release: made once. */
const requests = new WeakMap<Scope, Map<Promises, readonly Command[]>>();

function requestsOf(scope: Scope, promises: Promises): readonly Command[] {
  let ofScope = requests.get(scope);
  if (ofScope === undefined) {
    ofScope = new Map();
    requests.set(scope, ofScope);
  }
  let found = ofScope.get(promises);
  if (found === undefined) {
    found = allRequests(scope, promises);
    ofScope.set(promises, found);
  }
  return found;
}

function allRequests(scope: Scope, { fragments, percpu }: Promises): readonly Command[] {
  const commands: Command[] = [UNMAP_ALIASES];
  for (const { vstart, vend } of scope.windows) {
    for (const size of scope.sizes) {
      for (const align of scope.aligns) {
        for (const map of [false, true]) commands.push({ op: "alloc", size, align, vstart, vend, map });
      }
    }
  }
  for (const count of fragments === "no blocks" ? [] : scope.counts) {
    for (const cpu of possibleCpus(scope)) commands.push({ op: "mapRam", cpu, count });
  }
  for (const count of vmapCounts(scope)) {
    commands.push({ op: "vmap", count }, { op: "vmap", count, noGuard: true });
  }
  for (const congruent of percpu ? scope.congruent : []) commands.push({ op: "pcpuGet", ...congruent });
  return commands;
}

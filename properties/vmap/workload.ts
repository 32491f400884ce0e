/** What callers do on a machine that is explored: every command they may give, and when it can be given. */

import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import { comesBeforeInit } from "../../spec/vmap/history.ts";
import type { Promises } from "../../spec/vmap/releases.ts";
import { possibleCpus, type Scope, vmapCounts, type Window } from "../../spec/vmap/scope.ts";
import { alignmentInPages, PAGE_SIZE, type Vpn } from "../../spec/vmap/vocabulary.ts";

/**
 * A kind of call. Who allocates also frees, and who maps also lets go. A machine that begins before vmalloc_init is
 * also switched on. Frames that were pinned are not given back.
 */
export type Call =
  /** An allocation under which nothing is mapped, and one with a frame under every page. */
  | "alloc"
  | "allocMapped"
  /** vmap of each of the scope's counts, with VM_NO_GUARD and without. */
  | "vmap"
  /** A search for the area at each page. */
  | "find"
  /** mapRam of each of the scope's counts, on each CPU. */
  | "map"
  /** A read, or a write, by each CPU of each page that is or was mapped. */
  | "touch"
  | "write"
  /** A pcpuGet of each of the scope's congruent areas. */
  | "percpu"
  | "pin"
  | "purge"
  | "unmapAliases";

/** What laws about areas need. */
export const OF_AREAS: readonly Call[] = ["alloc", "purge"];

/** Whose areas are freed. */
const FREED: readonly Call[] = ["alloc", "allocMapped", "vmap"];

const WITHOUT_ARGUMENTS = ["pin", "purge", "unmapAliases"] as const;

/** The most pages whose frees and touches are listed one by one. */
const MOST_PAGES = 4096;

/**
 * Every command of such callers. `everywhere`: they free and touch whatever page of the word was given out, not only
 * those of their windows. Throws a RangeError where that is too many.
 */
export function commandsOf(
  scope: Scope,
  calls: readonly Call[] = OF_AREAS,
  everywhere = false,
): readonly Command[] {
  const pages = everywhere ? pagesBetween(0, scope.wordPages) : pagesOfWindows(scope, calls);
  const commands: Command[] = [];
  if (scope.beforeInit) commands.push({ op: "init" });
  if (calls.includes("alloc")) commands.push(...requestsOf(scope, false));
  if (calls.includes("allocMapped")) commands.push(...requestsOf(scope, true));
  if (calls.includes("vmap")) commands.push(...vmapsOf(scope));
  if (calls.some((call) => FREED.includes(call)))
    commands.push(...pages.map((start) => ({ op: "free", start }) as const));
  if (calls.includes("find")) commands.push(...pages.map((page) => ({ op: "find", page }) as const));
  if (calls.includes("map")) commands.push(...mapsOf(scope, pages));
  if (calls.includes("percpu")) commands.push(...percpuOf(scope, pages));
  if (calls.includes("touch")) commands.push(...touchesOf(scope, pages, false));
  if (calls.includes("write")) commands.push(...touchesOf(scope, pages, true));
  for (const op of WITHOUT_ARGUMENTS) if (calls.includes(op)) commands.push({ op });
  if (scope.outside) commands.push(...outsideOnly(scope, calls, pages));
  return commands;
}

/**
 * What is outside its domain whatever is held. That of the other frees and unmaps which are, callers in such a scope may
 * give as well (isEnabled).
 */
function outsideOnly(scope: Scope, calls: readonly Call[], pages: readonly Vpn[]): readonly Command[] {
  const { vstart, vend } = scope.windows[0] as Window;
  const commands: Command[] = [];
  if (calls.includes("alloc") || calls.includes("allocMapped"))
    commands.push({ op: "alloc", size: 0, align: PAGE_SIZE, vstart, vend, map: false });
  if (calls.includes("vmap")) commands.push({ op: "vmap", count: 0 });
  if (!calls.includes("map")) return commands;
  if (!scope.counts.includes(0)) commands.push({ op: "mapRam", cpu: 0, count: 0 });
  for (const start of pages) commands.push({ op: "unmapRam", cpu: 0, start, count: 0 });
  return commands;
}

/**
 * Every command of such callers to one release: an allocation is asked for on each CPU where that makes a difference,
 * and also without waiting where a caller may say so.
 */
export function commandsTo(
  { pools, noblock }: Promises,
  scope: Scope,
  calls: readonly Call[] = OF_AREAS,
  everywhere = false,
): readonly Command[] {
  const commands = commandsOf(scope, calls, everywhere);
  const asked = pools === "none" ? commands : onEachCpu(scope, commands);
  if (!noblock) return asked;
  return asked.flatMap((command): readonly Command[] =>
    command.op === "alloc" ? [command, { ...command, noblock: true }] : [command],
  );
}

/** The same commands, an allocation on every CPU. */
export function onEachCpu(scope: Scope, commands: readonly Command[]): readonly Command[] {
  const others = possibleCpus(scope).slice(1);
  return commands.flatMap((command): readonly Command[] => {
    if (command.op !== "alloc") return [command];
    return [command, ...others.map((cpu) => ({ ...command, cpu }))];
  });
}

function pagesOfWindows({ windows, vmalloc }: Scope, calls: readonly Call[]): readonly Vpn[] {
  const inVmalloc = calls.some((call) => call === "map" || call === "percpu" || call === "vmap");
  const all = inVmalloc ? [...windows, vmalloc] : windows;
  return pagesBetween(Math.min(...all.map(({ vstart }) => vstart)), Math.max(...all.map(({ vend }) => vend)));
}

function pagesBetween(base: Vpn, end: Vpn): readonly Vpn[] {
  if (!(end - base <= MOST_PAGES)) throw new RangeError(`it has ${end - base} pages: at most ${MOST_PAGES}`);
  return Array.from({ length: end - base }, (_none, nth) => base + nth);
}

function requestsOf({ sizes, aligns, windows }: Scope, map: boolean): Command[] {
  return windows.flatMap(({ vstart, vend }) =>
    aligns.flatMap((align) =>
      sizes.map((size) => ({ op: "alloc", size, align, vstart, vend, map }) as const),
    ),
  );
}

function vmapsOf(scope: Scope): Command[] {
  return vmapCounts(scope).flatMap((count) => [
    { op: "vmap", count } as const,
    { op: "vmap", count, noGuard: true } as const,
  ]);
}

/** On which CPU a map is let go makes no difference to any release here. */
function mapsOf(scope: Scope, pages: readonly Vpn[]): Command[] {
  const { counts } = scope;
  const onEach = possibleCpus(scope);
  const maps = counts.flatMap((count) => onEach.map((cpu) => ({ op: "mapRam", cpu, count }) as const));
  const held = counts.filter((count) => count > 0);
  const letGo = pages.flatMap((start) =>
    held.map((count) => ({ op: "unmapRam", cpu: 0, start, count }) as const),
  );
  return [...maps, ...letGo];
}

function percpuOf({ congruent }: Scope, pages: readonly Vpn[]): Command[] {
  const gets = congruent.map((asked) => ({ op: "pcpuGet", ...asked }) as const);
  const distinct = [...new Map(congruent.map(({ offsets }) => [offsets.join(), offsets])).values()];
  const frees = pages.flatMap((start) =>
    distinct.map((offsets) => ({ op: "pcpuFree", start, offsets }) as const),
  );
  return [...gets, ...frees];
}

function touchesOf(scope: Scope, pages: readonly Vpn[], write: boolean): Command[] {
  return possibleCpus(scope).flatMap((cpu) =>
    pages.map((page): Command => (write ? { op: "touch", cpu, page, write } : { op: "touch", cpu, page })),
  );
}

/**
 * Whether a caller can give this command now: it frees and unmaps only what is held, if the scope does not say otherwise,
 * and touches what was mapped.
 */
export function isEnabled(world: ImmutableWorld, command: Command): boolean {
  if (!world.initialised && !comesBeforeInit(command)) return false;
  const outside = world.scope.outside === true;
  switch (command.op) {
    case "free":
      return outside || world.busyAt(command.start) !== undefined;
    case "unmapRam":
      if (world.promises.fragments === "no blocks") return false;
      return outside || world.holdsMap(command.start, command.count);
    case "pcpuFree":
      return world.promises.percpu && (outside || world.holdsPcpu(command.start, command.offsets));
    case "pcpuGet":
      return world.promises.percpu;
    case "mapRam":
      return world.promises.fragments !== "no blocks";
    case "touch":
      return wasMapped(world, command.page);
    case "init":
      return !world.initialised;
    default:
      return true;
  }
}

/** Whether a page is mapped, or may still be translated. Anything else only faults. */
function wasMapped(world: ImmutableWorld, page: Vpn): boolean {
  if (world.frameAt(page) !== undefined) return true;
  for (const { start, end } of world.dead) if (start <= page && page < end) return true;
  return world.tlbs.some((tlb) => tlb.has(page));
}

/** A command in a few words. */
export function nameOf(command: Command): string {
  switch (command.op) {
    case "alloc": {
      const { size, align, vstart, vend, map, cpu, noblock } = command;
      const alignment = alignmentInPages(align);
      const aligned = alignment > 1 ? ` align ${alignment}` : "";
      const how = `${map ? " mapped" : ""}${cpu ? ` on ${cpu}` : ""}${noblock ? " without waiting" : ""}`;
      return `alloc ${size}${aligned} in [${vstart},${vend})${how}`;
    }
    case "free":
      return `free ${command.start}`;
    case "find":
      return `find ${command.page}`;
    case "vmap":
      return `vmap ${command.count}${command.noGuard ? " without guard" : ""}`;
    case "mapRam":
      return `mapRam ${command.count} on ${command.cpu}`;
    case "unmapRam":
      return `unmapRam ${command.count} at ${command.start}`;
    case "pcpuGet": {
      const { offsets, sizes } = command;
      const areas = offsets.map((offset, nth) => `${sizes[nth]} at +${offset}`);
      const alignment = alignmentInPages(command.align);
      return `pcpuGet ${areas.join(", ")}${alignment > 1 ? ` align ${alignment}` : ""}`;
    }
    case "pcpuFree":
      return `pcpuFree ${command.offsets.map((offset) => command.start + offset).join(", ")}`;
    case "touch":
      return `${command.write ? "write" : "touch"} ${command.page} on ${command.cpu}`;
    default:
      return command.op;
  }
}

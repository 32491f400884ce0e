/** Makes a choice into a step of a history, in the world it meets. */
import type { Response } from "../spec/commands.ts";
import { comesBeforeInit, type HistoryStep } from "../spec/history.ts";
import type { Pages, Vpn } from "../spec/vocabulary.ts";
import type { World } from "../spec/world.ts";
import type { Choice, SizeChoice } from "./choices.ts";

/** An area or a map that is held: the step that asked for it, and where it lies. */
interface Held {
  readonly index: number;
  readonly start: Vpn;
  readonly pages: Pages;
}

/** What has been asked so far, as far as choices refer to it. */
export interface Asked {
  /** What is held, by address. */
  readonly areas: Held[];
  readonly maps: Held[];
  /** What each pcpuGet got, by its base. */
  readonly percpu: Held[];
  /** Indices of the pins whose frames are not given back. */
  readonly pins: number[];
  lastAlloc: (HistoryStep & { readonly op: "alloc" }) | undefined;
}

export function nothingAsked(): Asked {
  return { areas: [], maps: [], percpu: [], pins: [], lastAlloc: undefined };
}

/** What a choice may ask of the world it meets. */
type Met = Pick<World, "initialised" | "promises" | "scope" | "areasIn">;

/** The step meant, or undefined if it cannot be meant here (there is nothing to free, say). */
export function intend(choice: Choice, world: Met, asked: Asked): HistoryStep | undefined {
  if (!world.initialised && !comesBeforeInit(choice)) return undefined;
  switch (choice.op) {
    case "alloc": {
      const { align, map, cpu, noblock } = choice;
      const { vstart, vend } = choice.window;
      const size = sizeMeant(choice.size, world, vstart, vend);
      const { pools, noblock: maySayNoblock } = world.promises;
      return {
        op: "alloc",
        ...{ size, align, vstart, vend, map },
        ...(pools !== "none" && cpu > 0 ? { cpu } : {}),
        ...(maySayNoblock && noblock ? { noblock } : {}),
      };
    }
    case "again":
      return asked.lastAlloc;
    case "mapRam":
      return world.promises.fragments === "no blocks" ? undefined : choice;
    case "find": {
      const from = sharedOut(asked.areas, choice.share)?.start ?? world.scope.vmalloc.vstart;
      return { op: "find", page: from + choice.page };
    }
    case "vmap": {
      const { count, noGuard } = choice;
      return noGuard ? { op: "vmap", count, noGuard } : { op: "vmap", count };
    }
    case "free": {
      const area = sharedOut(asked.areas, choice.share);
      return area && { op: "free", area: area.index };
    }
    case "unmapRam": {
      const map = sharedOut(asked.maps, choice.share);
      return map && { op: "unmapRam", cpu: choice.cpu, area: map.index };
    }
    case "pcpuGet":
      return world.promises.percpu ? { op: "pcpuGet", ...choice.congruent } : undefined;
    case "pcpuFree": {
      const areas = sharedOut(asked.percpu, choice.share);
      return areas && { op: "pcpuFree", area: areas.index };
    }
    case "unpin": {
      const pin = sharedOut(asked.pins, choice.share);
      return pin === undefined ? undefined : { op: "unpin", area: pin };
    }
    case "touch": {
      const { cpu, write } = choice;
      const held = sharedOutOfBoth(asked, choice.share);
      if (held === undefined) return undefined;
      const { index: area, pages } = held;
      const page = Math.min(choice.page, pages - 1);
      return write ? { op: "touch", cpu, area, page, write } : { op: "touch", cpu, area, page };
    }
    case "init":
      return world.initialised ? undefined : choice;
    default:
      return choice;
  }
}

function sharedOut<T>(all: readonly T[], share: number): T | undefined {
  return all[Math.floor(share * all.length)];
}

/** Of the areas and then the maps. */
function sharedOutOfBoth({ areas, maps }: Asked, share: number): Held | undefined {
  const nth = Math.floor(share * (areas.length + maps.length));
  return nth < areas.length ? areas[nth] : maps[nth - areas.length];
}

/** Notes, in place, what a step got. */
export function noteAsked(
  asked: Asked,
  index: number,
  step: HistoryStep,
  response: Response | undefined,
): void {
  const start = response?.kind === "placed" ? response.start : undefined;
  switch (step.op) {
    case "alloc":
      asked.lastAlloc = step;
      if (start !== undefined) insert(asked.areas, { index, start, pages: step.size });
      break;
    case "vmap":
      if (start !== undefined) insert(asked.areas, { index, start, pages: step.count });
      break;
    case "mapRam":
      if (start !== undefined) insert(asked.maps, { index, start, pages: step.count });
      break;
    case "pcpuGet":
      if (start !== undefined) insert(asked.percpu, { index, start, pages: 0 });
      break;
    case "pcpuFree":
      drop(asked.percpu, ({ index }) => index === step.area);
      break;
    case "free":
      drop(asked.areas, ({ index }) => index === step.area);
      break;
    case "unmapRam":
      drop(asked.maps, ({ index }) => index === step.area);
      break;
    case "pin":
      if (response?.kind === "pinned") asked.pins.push(index);
      break;
    case "unpin":
      drop(asked.pins, (index) => index === step.area);
      break;
  }
}

function insert(all: Held[], one: Held): void {
  const above = all.findIndex((each) => each.start > one.start);
  all.splice(above < 0 ? all.length : above, 0, one);
}

function drop<T>(all: T[], which: (one: T) => boolean): void {
  const at = all.findIndex(which);
  if (at >= 0) all.splice(at, 1);
}

/** The size of the hole chosen: they are counted from the lowest in the window, and round again. */
function sizeMeant(size: SizeChoice, world: Met, vstart: Vpn, vend: Vpn): Pages {
  if ("pages" in size) return size.pages;
  const holes: Pages[] = [];
  let from = vstart;
  for (const area of world.areasIn({ start: vstart, end: vend })) {
    if (area.start > from) holes.push(area.start - from);
    from = Math.max(from, area.end);
  }
  if (vend > from) holes.push(vend - from);
  const hole = holes[size.hole % Math.max(1, holes.length)] ?? 1;
  return Math.max(1, hole - size.less);
}

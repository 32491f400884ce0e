/** Makes a choice into a step of a history, in the world it meets. */
import { comesBeforeInit, type HistoryStep } from "../../spec/vmap/history.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { World } from "../../spec/vmap/world.ts";
import { type Asked, type Held, sharedOut } from "./asked.ts";
import type { Choice, SizeChoice } from "./choices.ts";
import { intendOutside, type OutsideMade } from "./resolve-outside.ts";

/** The step meant, or undefined if it cannot be meant here (there is nothing to free, say). */
export function intend(
  choice: Choice,
  world: World,
  asked: Asked,
  made: OutsideMade = "answered",
): HistoryStep | undefined {
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
    case "outside":
      return intendOutside(choice, world, asked, made);
    case "init":
      return world.initialised ? undefined : choice;
    default:
      return choice;
  }
}

/** Of the areas and then the maps. */
function sharedOutOfBoth({ areas, maps }: Asked, share: number): Held | undefined {
  const nth = Math.floor(share * (areas.length + maps.length));
  return nth < areas.length ? areas[nth] : maps[nth - areas.length];
}

/** The size of the hole chosen: they are counted from the lowest in the window, and round again. */
function sizeMeant(size: SizeChoice, world: World, vstart: Vpn, vend: Vpn): Pages {
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

/** Makes a choice into a step of a history, in the world it meets. */
import type { HistoryStep } from "../spec/history.ts";
import type { Pages, Vpn } from "../spec/vocabulary.ts";
import type { World } from "../spec/world.ts";
import type { Choice, SizeChoice } from "./choices.ts";

/** What has been asked so far, as far as choices refer to it. */
export interface Asked {
  /** Indices of the steps whose areas are busy, and where they lie; by address. */
  readonly busy: { readonly index: number; readonly start: Vpn; readonly pages: Pages }[];
  lastAlloc: (HistoryStep & { readonly op: "alloc" }) | undefined;
}

export function nothingAsked(): Asked {
  return { busy: [], lastAlloc: undefined };
}

/** The step meant, or undefined if it cannot be meant here (there is nothing to free, say). */
export function intend(choice: Choice, world: World, asked: Asked): HistoryStep | undefined {
  switch (choice.op) {
    case "alloc": {
      const size = sizeMeant(choice.size, world, choice.window.vstart, choice.window.vend);
      return { op: "alloc", size, align: choice.align, ...choice.window, map: choice.map };
    }
    case "again":
      return asked.lastAlloc;
    case "free": {
      const area = asked.busy[Math.floor(choice.share * asked.busy.length)];
      return area && { op: "free", area: area.index };
    }
    case "touch": {
      const area = asked.busy[Math.floor(choice.share * asked.busy.length)];
      return (
        area && {
          op: "touch",
          cpu: choice.cpu,
          area: area.index,
          page: Math.min(choice.page, area.pages - 1),
        }
      );
    }
    default:
      return choice;
  }
}

/** Notes, in place, what a step got. */
export function noteAsked(asked: Asked, index: number, step: HistoryStep, start: Vpn | undefined): void {
  if (step.op === "alloc") {
    asked.lastAlloc = step;
    if (start === undefined) return;
    const above = asked.busy.findIndex((area) => area.start > start);
    asked.busy.splice(above < 0 ? asked.busy.length : above, 0, { index, start, pages: step.size });
  } else if (step.op === "free") {
    const freed = asked.busy.findIndex((area) => area.index === step.area);
    if (freed >= 0) asked.busy.splice(freed, 1);
  }
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

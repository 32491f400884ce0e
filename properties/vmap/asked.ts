/** What callers have asked for so far, as far as choices refer to it. */
import type { Response } from "../../spec/vmap/commands.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";

/** An area or a map that is held: the step that asked for it, and where it lies. */
export interface Held {
  readonly index: number;
  readonly start: Vpn;
  readonly pages: Pages;
}

/** What has been asked so far, as far as choices refer to it. */
export interface Asked {
  /** What is held, by address. */
  readonly areas: Held[];
  readonly maps: Held[];
  /** The same of what was freed, the latest last. */
  readonly freed: Held[];
  readonly unmapped: Held[];
  /** What each pcpuGet got, by its base. */
  readonly percpu: Held[];
  /** Indices of the pins whose frames are not given back. */
  readonly pins: number[];
  lastAlloc: (HistoryStep & { readonly op: "alloc" }) | undefined;
}

export function nothingAsked(): Asked {
  return { areas: [], maps: [], freed: [], unmapped: [], percpu: [], pins: [], lastAlloc: undefined };
}

/** The share of them that a choice means, in [0, 1). */
export function sharedOut<T>(all: readonly T[], share: number): T | undefined {
  return all[Math.floor(share * all.length)];
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
      if ("area" in step) move(asked.areas, asked.freed, step.area);
      break;
    case "unmapRam":
      if ("area" in step) move(asked.maps, asked.unmapped, step.area);
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

/** What command number `index` got is held no more. */
function move(from: Held[], to: Held[], index: number): void {
  const at = from.findIndex((held) => held.index === index);
  if (at >= 0) to.push(...from.splice(at, 1));
}

function drop<T>(all: T[], which: (one: T) => boolean): void {
  const at = all.findIndex(which);
  if (at >= 0) all.splice(at, 1);
}

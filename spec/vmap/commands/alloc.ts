/** alloc_vmap_area, an area in a window of the caller's; and free_vmap_area. */
import type { Outside } from "../outside.ts";
import { MOST_MAPPED, type Window } from "../scope.ts";
import {
  alignment,
  alignmentInPages,
  type Bytes,
  type Cpu,
  PAGE_SIZE,
  type Pages,
  page,
  pagesText,
  type Vpn,
} from "../vocabulary.ts";
import type { World } from "../world.ts";
import {
  type Address,
  addressIn,
  addressOf,
  type Call,
  type Callers,
  command,
  nearer,
  sharedOut,
  smaller,
} from "./command.ts";

/** alloc_vmap_area(size, align, vstart, vend), and then, if `map`, one fresh frame under every page. */
export interface Alloc {
  readonly op: "alloc";
  /** In pages. 0 is outside the call's domain. */
  readonly size: Pages;
  /** In bytes, a power of two; below a page it places like a page, but a cache compares the raw value. */
  readonly align: Bytes;
  readonly vstart: Vpn;
  readonly vend: Vpn;
  readonly map: boolean;
  /** 2.6.27 only: the caller was ioremap. It shows in the area's flags and nowhere else. */
  readonly ioremap?: boolean;
  /** The CPU that asks, if not 0. From 6.9 on the search begins in the pools of its node. */
  readonly cpu?: Cpu;
  /** The caller cannot wait (a gfp mask without __GFP_DIRECT_RECLAIM, 6.19 on): no purge, no retry. */
  readonly noblock?: boolean;
  /**
   * The caller's window ends inside the page `vend`, for example at the last byte of the word: it is longer than its
   * whole pages. Only a search that compares the window's length with the size notices (from 5.18 on).
   */
  readonly endsInside?: boolean;
}

/** A size, or the size of a hole (by number, from the lowest) less a number of pages. */
export type SizeChoice = { readonly pages: Pages } | { readonly hole: number; readonly less: Pages };

export interface AllocChoice {
  readonly op: "alloc";
  readonly size: SizeChoice;
  readonly align: Bytes;
  readonly window: Window;
  readonly map: boolean;
  /** Both only where they make a difference. */
  readonly cpu: Cpu;
  readonly noblock: boolean;
}

/** The same request on each CPU, and also by callers who cannot wait, where they may say so. */
function byEach({ cpus, noblock }: Callers, request: Alloc): readonly Alloc[] {
  const asked = cpus.map((cpu) => (cpu === 0 ? request : { ...request, cpu }));
  return noblock ? asked.flatMap((each) => [each, { ...each, noblock }]) : asked;
}

function requests(callers: Callers, map: boolean): readonly Alloc[] {
  const { sizes, aligns, windows } = callers.scope;
  return windows.flatMap(({ vstart, vend }) =>
    aligns.flatMap((align) =>
      sizes.flatMap((size) => byEach(callers, { op: "alloc", size, align, vstart, vend, map })),
    ),
  );
}

/** The size of the hole chosen: they are counted from the lowest in the window, and round again. */
function sizeMeant(size: SizeChoice, world: World, { vstart, vend }: Window): Pages {
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

export const alloc = command<Alloc, Alloc, AllocChoice>({
  op: "alloc",
  fields: {
    size: "size",
    align: "align",
    vstart: "edge",
    vend: "edge",
    map: "flag",
    cpu: "cpu?",
    noblock: "true?",
    endsInside: "true?",
  },
  gives: "area",
  asksIn: "windows",
  weight: { usual: 40, maps: 10 },
  pages: ({ size }) => size,
  // Only a dump of 2.6.27 shows that flag.
  named: ({ ioremap: _shown, ...step }) => step,
  inDomain: (_world, { size }) => size > 0,
  outside: () => "allocOfNothing",
  asks: (_world, request) => (request.size > 0 ? request : undefined),
  every: (callers) => [
    ...(callers.calls.includes("alloc") ? requests(callers, false) : []),
    ...(callers.calls.includes("allocMapped") ? requests(callers, true) : []),
  ],
  everyOutside: (callers) => {
    if (!callers.calls.includes("alloc") && !callers.calls.includes("allocMapped")) return [];
    const { vstart, vend } = callers.scope.windows[0] as Window;
    return byEach(callers, { op: "alloc", size: 0, align: PAGE_SIZE, vstart, vend, map: false });
  },
  drawn: ({ aligns, windows }) => ({
    size: "size",
    align: { from: aligns },
    window: { from: windows },
    map: "flag",
    cpu: "cpu",
    noblock: "seldom",
  }),
  means: ({ size, align, window, map, cpu, noblock }, world) => {
    const { vstart, vend } = window;
    const { pools, noblock: maySayNoblock } = world.promises;
    const step = { op: "alloc", size: sizeMeant(size, world, window), align, vstart, vend, map } as const;
    const onCpu = pools !== "none" && cpu > 0 ? { ...step, cpu } : step;
    return maySayNoblock && noblock ? { ...onCpu, noblock } : onCpu;
  },
  *simpler(step, scope) {
    // A request whose only purpose is to be refused, and so to purge.
    yield { op: "purge" };
    for (const special of ["noblock", "endsInside", "cpu"] as const) {
      const { [special]: asked, ...plain } = step;
      if (asked !== undefined) yield plain;
    }
    if (step.map) yield { ...step, map: false };
    for (const size of smaller(step.size)) yield { ...step, size };
    if (step.align !== PAGE_SIZE) yield { ...step, align: PAGE_SIZE };
    for (let align = 2 * PAGE_SIZE; align < step.align; align *= 2) yield { ...step, align };
    for (const window of scope.windows) {
      if (window.vstart === step.vstart && window.vend === step.vend) break;
      yield { ...step, ...window };
    }
  },
  misfit: ({ map, size }) =>
    map && size > MOST_MAPPED
      ? { field: "size", says: `expected at most ${MOST_MAPPED} pages where they are mapped` }
      : undefined,
  askedFor: ({ size, align, vstart, vend }) => ({
    sizes: [size],
    aligns: [align],
    windows: [{ vstart, vend }],
  }),
  amongAreas: ({ cpu: _cpu, ...request }) => ({ ...request, map: false }),
  name: ({ size, align, vstart, vend, map, cpu, noblock }) => {
    const pages = alignmentInPages(align);
    const how = `${map ? " mapped" : ""}${cpu ? ` on ${cpu}` : ""}${noblock ? " without waiting" : ""}`;
    return `alloc ${size}${pages > 1 ? ` align ${pages}` : ""} in [${vstart},${vend})${how}`;
  },
  says: ({ size, align, vstart, vend, endsInside, map, cpu, noblock }) => {
    const part = endsInside === true ? " and a part" : "";
    const more = `${map ? ", mapped" : ""}${cpu ? ` on CPU ${cpu}` : ""}${noblock ? ", not waiting" : ""}`;
    return `alloc ${pagesText(size)}${alignment(align)} in [${page(vstart)},${page(vend)}${part})${more}`;
  },
});

// vfree and vunmap.

/** The caller frees the area of an alloc or a vmap that starts here. Anything else is outside its domain. */
export interface Free {
  readonly op: "free";
  readonly start: Vpn;
}

/**
 * Frees what command number `area` got, or `offset` pages behind its start, or this page, whether it is held or not. If
 * that command got nothing, there is no address, and this does nothing.
 */
type FreeStep = { readonly op: "free" } & Address;

export interface FreeChoice {
  readonly op: "free";
  /** Of the areas that are held, counted from the lowest. */
  readonly share: number;
}

/** The owner whose areas are freed. */
const FREED: readonly Call[] = ["alloc", "allocMapped", "vmap"];

function outside(world: World, { start }: Free): Outside {
  const here = world.areasIn({ start, end: start + 1 });
  if (here.some(({ life }) => life === "busy")) return "freeElsewhere";
  return here.some((area) => area.start === start) ? "freeAgain" : "freeNowhere";
}

export const free = command<Free, FreeStep, FreeChoice>({
  op: "free",
  fields: { area: "index?", offset: "offset?", page: "page?" },
  takes: "area",
  names: ["area", "map"],
  weight: { usual: 24, maps: 8 },
  resolve: (step, ledger) => {
    const start = addressIn(ledger, step);
    return start === undefined ? undefined : { op: "free", start };
  },
  named: ({ start }, ledger) => {
    const got = ledger.heldAt("area", start) ?? ledger.heldAround(start);
    return { op: "free", ...addressOf(got, start) };
  },
  inDomain: (world, { start }) => world.busyAt(start) !== undefined,
  outside,
  every: ({ calls, pages }) =>
    calls.some((call) => FREED.includes(call)) ? pages.map((start) => ({ op: "free", start })) : [],
  drawn: () => ({ share: "share" }),
  means: ({ share }, _world, ledger) => {
    const area = sharedOut(ledger.held("area"), share);
    return area && { op: "free", area: area.index };
  },
  simpler: nearer,
  name: ({ start }) => `free ${start}`,
  says: ({ start }) => `free ${page(start)}`,
});

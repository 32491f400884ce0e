/**
 * Commands on no area of the caller's: init, purge, vm_unmap_aliases; and those that change nothing but TLBs:
 * find_vmap_area, a read or a write by a CPU, a report of what TLBs hold.
 */
import { possibleCpus } from "../scope.ts";
import { type Cpu, type Pages, page as pageText, type Vpn } from "../vocabulary.ts";
import { type Callers, command, sharedOut } from "./command.ts";

/** find_vmap_area(addr): which area is here? May be asked before vmalloc_init, and was (catalogue B10). */
export interface Find {
  readonly op: "find";
  readonly page: Vpn;
}

/** An area that is held, or a place for one, by its first page or by a later one. */
export interface FindChoice {
  readonly op: "find";
  readonly share: number;
  readonly page: Pages;
}

/** A CPU reads one page, or writes to it: through its TLB if it can, else by the page table. */
export interface Touch {
  readonly op: "touch";
  readonly cpu: Cpu;
  readonly page: Vpn;
  /** A write leaves a dirty line in a cache indexed by virtual address. */
  readonly write?: boolean;
}

/** Of page number `page` of what command number `area` got, also after it was freed. */
export interface TouchStep {
  readonly op: "touch";
  readonly cpu: Cpu;
  readonly area: number;
  readonly page: Pages;
  readonly write?: boolean;
}

/** Of one of the areas and maps that are held. */
export interface TouchChoice {
  readonly op: "touch";
  readonly cpu: Cpu;
  readonly share: number;
  readonly page: Pages;
  readonly write: boolean;
}

/** Only reports what the TLBs hold. */
export interface Tlb {
  readonly op: "tlb";
}

export const find = command<Find, Find, FindChoice>({
  op: "find",
  fields: { page: "page" },
  beforeInit: true,
  weight: { usual: 0, maps: 2 },
  every: ({ calls, pages }) => (calls.includes("find") ? pages.map((page) => ({ op: "find", page })) : []),
  drawn: ({ sizes, blockPages }) => ({
    share: "share",
    page: { to: blockPages > 0 ? 3 : Math.max(3, ...sizes) },
  }),
  means: ({ share, page }, { scope }, ledger) => {
    const from = sharedOut(ledger.held("area"), share)?.start ?? scope.vmalloc.vstart;
    return { op: "find", page: from + page };
  },
  name: ({ page }) => `find ${page}`,
  says: ({ page }) => `find ${pageText(page)}`,
});

function touches({ scope, pages }: Callers, write: boolean): readonly Touch[] {
  return possibleCpus(scope).flatMap((cpu) =>
    pages.map((page): Touch => (write ? { op: "touch", cpu, page, write } : { op: "touch", cpu, page })),
  );
}

export const touch = command<Touch, TouchStep, TouchChoice>({
  op: "touch",
  fields: { cpu: "cpu", area: "index", page: "offset", write: "true?" },
  names: ["area", "map"],
  weight: { usual: 8, maps: 20, mapsAlone: 4, amongAreas: 0 },
  resolve: ({ cpu, area, page, write }, ledger) => {
    const got = ledger.at(area);
    if (got === undefined) return undefined;
    const at = { op: "touch", cpu, page: got.start + page } as const;
    return write ? { ...at, write } : at;
  },
  named: ({ cpu, page, write }, ledger) => {
    const got = ledger.lastAround(page);
    if (got === undefined) return undefined;
    const at = { op: "touch", cpu, area: got.index, page: page - got.start } as const;
    return write ? { ...at, write } : at;
  },
  enabled: (world, { page }) => world.isTranslated(page),
  every: (callers) => [
    ...(callers.calls.includes("touch") ? touches(callers, false) : []),
    ...(callers.calls.includes("write") ? touches(callers, true) : []),
  ],
  drawn: () => ({ cpu: "cpu", share: "share", page: { to: 3 }, write: "flag" }),
  means: ({ cpu, share, page, write }, _world, ledger) => {
    const [areas, maps] = [ledger.held("area"), ledger.held("map")];
    const nth = Math.floor(share * (areas.length + maps.length));
    const got = nth < areas.length ? areas[nth] : maps[nth - areas.length];
    if (got === undefined) return undefined;
    const at = { op: "touch", cpu, area: got.index, page: Math.min(page, got.pages - 1) } as const;
    return write ? { ...at, write } : at;
  },
  *simpler(step) {
    if (step.write) yield { op: "touch", cpu: step.cpu, area: step.area, page: step.page };
    if (step.cpu > 0) yield { ...step, cpu: 0 };
    if (step.page > 0) yield { ...step, page: 0 };
  },
  name: ({ cpu, page, write }) => `${write ? "write" : "touch"} ${page} on ${cpu}`,
  says: ({ cpu, page, write }) => `${write ? "write to" : "touch"} ${pageText(page)} from CPU ${cpu}`,
});

export const tlb = command<Tlb>({
  op: "tlb",
  fields: {},
  beforeInit: true,
  weight: { usual: 1, maps: 1 },
});

// Commands for the whole space: vmalloc_init, purge, vm_unmap_aliases.

/** vmalloc_init(), in a scope that begins before it. */
export interface Init {
  readonly op: "init";
}

/** purge_vmap_area_lazy(): flush and release every lazy area now. */
export interface Purge {
  readonly op: "purge";
}

/** vm_unmap_aliases(). */
export interface UnmapAliases {
  readonly op: "unmapAliases";
}

export const init = command<Init>({
  op: "init",
  fields: {},
  beforeInit: true,
  weight: { usual: 60, maps: 60, mapsAlone: 60 },
  enabled: ({ initialised }) => !initialised,
  every: ({ scope }) => (scope.beforeInit ? [{ op: "init" }] : []),
  drawn: ({ beforeInit }) => (beforeInit ? {} : undefined),
  means: (choice, { initialised }) => (initialised ? undefined : choice),
});

export const purge = command<Purge>({
  op: "purge",
  fields: {},
  weight: { usual: 5, maps: 4 },
  every: ({ calls }) => (calls.includes("purge") ? [{ op: "purge" }] : []),
});

export const unmapAliases = command<UnmapAliases>({
  op: "unmapAliases",
  fields: {},
  beforeInit: true,
  weight: { usual: 3, maps: 12 },
  every: ({ calls }) => (calls.includes("unmapAliases") ? [{ op: "unmapAliases" }] : []),
  // A call whose only purpose was to purge.
  simpler: () => [{ op: "purge" }],
  amongAreas: () => ({ op: "purge" }),
});

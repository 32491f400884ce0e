/** What a gather removes: entries, pages and page tables. */
import { PTES_OF_TABLE, type Scope } from "../scope.ts";
import { type Addr, PAGE, PUD } from "../vocabulary.ts";
import type { World } from "../world.ts";
import { command, forSlots, hex, optional, owesPage, removing } from "./command.ts";
import type { Of } from "./kinds.ts";

/** Runs of the scope's pages. */
function runs({ pages, calls }: Scope): { readonly addr: Addr; readonly n: number }[] {
  const longest = calls.includes("folios") ? 3 : 2;
  return pages.flatMap((addr, from) => {
    const lengths = Array.from({ length: Math.min(longest, pages.length - from) }, (_none, less) => less + 1);
    const isRun = (n: number) => pages[from + n - 1] === addr + (n - 1) * PAGE;
    return lengths.filter(isRun).map((n) => ({ addr, n }));
  });
}

/** Whether a gather is open, and a page mapped. Most histories are long after the last one; zaps were half of what was tried. */
const mapsPages = ({ gathers, ptes }: World): boolean => gathers.size > 0 && ptes.size > 0;

/** Whether these pages are mapped, by these frames. */
function mapped({ ptes }: World, addr: Addr, n: number, pfn: number): boolean {
  for (let nth = 0; nth < n; nth++) if (ptes.get(addr + nth * PAGE) !== pfn + nth) return false;
  return true;
}

export const zap = command<Of<"zap">>({
  op: "zap",
  fields: {
    ...{ g: "slot", addr: "addr", n: "count", pfn: "frame" },
    ...{ dirty: optional("true"), folio: optional("count") },
  },
  call: "zap",
  weight: 20,
  mayBeLegal: mapsPages,
  every: (scope) =>
    forSlots(scope, (g) =>
      runs(scope).flatMap(({ addr, n }) =>
        scope.frames
          // Where pages may be mapped anew, by any frame.
          .filter((_pfn, at) => scope.calls.includes("insert") || scope.pages[at] === addr)
          .flatMap((pfn): Of<"zap">[] => {
            const plain = { op: "zap", g, addr, n, pfn } as const;
            return [
              plain,
              ...(scope.calls.includes("dirty") ? [{ ...plain, dirty: true } as const] : []),
              ...(scope.calls.includes("folios") && n > 1 ? [{ ...plain, folio: n }] : []),
            ];
          }),
      ),
    ),
  legal: (world, { g, addr, n, pfn, folio }) => {
    const open = removing(world, g);
    if (open === undefined || open.vma === "frames" || open.locked || owesPage(world, g)) return false;
    return mapped(world, addr, n, pfn) && (folio === undefined || world.promises.has.folios);
  },
  says: ({ g, addr, n, dirty, folio }) =>
    `gather ${g} zaps ${n === 1 ? "the page" : `${n} pages`} at ${hex(addr)}${dirty ? ", dirty" : ""}${folio ? ", of one folio" : ""}`,
  *simpler({ dirty, folio, ...plain }) {
    if (dirty || folio) yield plain;
    if (plain.n > 1) yield { ...plain, n: plain.n - 1 };
  },
});

export const removeEntry = command<Of<"removeEntry">>({
  op: "removeEntry",
  fields: {
    g: "slot",
    level: ["pte", "pmd", "pud", "huge"],
    addr: "addr",
    n: optional("count"),
    size: optional("count"),
  },
  call: "entries",
  weight: 10,
  mayBeLegal: mapsPages,
  offered: (_promises, { arch }) => arch !== "ppc64" && arch !== "s390",
  every: (scope) =>
    forSlots(scope, (g) =>
      scope.pages.map((addr): Of<"removeEntry"> => ({ op: "removeEntry", g, level: "pte", addr })),
    ),
  legal: (world, { g, addr }) =>
    removing(world, g) !== undefined && !owesPage(world, g) && world.ptes.has(addr),
  says: ({ g, level, addr, n = 1 }) =>
    `gather ${g} removes ${n === 1 ? `the ${level} entry` : `${n} entries`} at ${hex(addr)}`,
});

/** Whether the entry of this page was removed, and the page has not come. */
const isOwed = ({ entries }: World, g: number, addr: Addr, pfn: number): boolean => {
  const entry = entries.get(addr);
  return entry?.g === g && entry.pfn === pfn;
};

export const removePage = command<Of<"removePage">>({
  op: "removePage",
  fields: {
    ...{ g: "slot", pfn: "frame", addr: "addr" },
    ...{ raw: optional("true"), size: optional("count"), npages: optional("count") },
  },
  call: "entries",
  weight: 20,
  offered: (_promises, { arch }) => arch !== "s390",
  mayBeLegal: ({ entries, scope }) => entries.size > 0 || scope.outside === true,
  every: (scope) =>
    forSlots(scope, (g) =>
      scope.pages.flatMap((addr) =>
        scope.frames.flatMap((pfn): Of<"removePage">[] => [
          { op: "removePage", g, pfn, addr },
          { op: "removePage", g, pfn, addr, raw: true },
        ]),
      ),
    ),
  legal: (world, { g, addr, pfn, raw }) => {
    if (removing(world, g) === undefined || (raw && world.promises.perCpu)) return false;
    return isOwed(world, g, addr, pfn) || (world.scope.outside === true && world.ptes.get(addr) === pfn);
  },
  says: ({ g, addr, raw }) => `gather ${g} takes the page at ${hex(addr)}${raw ? ", without a flush" : ""}`,
  *simpler({ raw, ...plain }) {
    if (raw) yield plain;
  },
});

export const removeFolio = command<Of<"removeFolio">>({
  op: "removeFolio",
  fields: { g: "slot", pfn: "frame", n: "count", addr: "addr" },
  call: "folios",
  feature: "folios",
  every: () => [],
  legal: () => false,
  says: ({ g, addr, n }) => `gather ${g} takes a run of ${n} pages at ${hex(addr)}`,
});

export const freeTable = command<Of<"freeTable">>({
  op: "freeTable",
  fields: { g: "slot", level: ["pte", "pmd", "pud", "p4d"], id: "table", addr: "addr" },
  call: "tables",
  weight: 12,
  every: (scope) =>
    forSlots(scope, (g) =>
      scope.tableIds.map(
        (id): Of<"freeTable"> => ({ op: "freeTable", g, level: "pte", id, addr: id * PTES_OF_TABLE }),
      ),
    ),
  legal: (world, { g, id, addr }) => {
    const open = world.gathers.get(g);
    if (open === undefined || open.vma !== "none" || open.mustFlush || open.locked || owesPage(world, g))
      return false;
    return world.linked.has(id) && isEmpty(world, addr);
  },
  says: ({ g, level, id }) => `gather ${g} frees ${level} table ${id}`,
});

/** Whether no PTE of a table is present. */
export function isEmpty({ ptes }: World, addr: Addr): boolean {
  for (const each of ptes.keys()) if (addr <= each && each < addr + PTES_OF_TABLE) return false;
  return true;
}

/** Shared tables have numbers above those of the scope's own. */
const SHARED = [1000, 1001];

export const unshare = command<Of<"unshare">>({
  op: "unshare",
  fields: { g: "slot", id: "table", shares: "count", addr: "addr" },
  call: "unshare",
  weight: 6,
  feature: "unshare",
  every: (scope) =>
    forSlots(scope, (g) =>
      SHARED.flatMap((id, nth) =>
        [2, 1].map((shares): Of<"unshare"> => ({ op: "unshare", g, id, shares, addr: (nth + 1) * PUD })),
      ),
    ),
  legal: (world, { g, id }) =>
    removing(world, g) !== undefined && !owesPage(world, g) && !world.unshared.has(id),
  says: ({ g, id, shares }) =>
    `gather ${g} unshares table ${id}, which ${shares === 1 ? "one other uses" : `${shares} others use`}`,
});

/** What the owner of a gather does with it as a whole. */

import type { Feature } from "../releases.ts";
import type { Scope } from "../scope.ts";
import { type Addr, PAGE, TOP } from "../vocabulary.ts";
import { command, forSlots, free, hex, optional, owesPage, removing } from "./command.ts";
import type { Of } from "./kinds.ts";

type Plain = Of<"endVma" | "freeVmas" | "flush" | "flushTlbOnly" | "needFlushAll" | "flushUnshared">;

/** All that is mapped. */
export function wholeRange({ pages }: Scope): { readonly start: Addr; readonly end: Addr } {
  return { start: pages[0] ?? 0, end: (pages.at(-1) ?? 0) + PAGE };
}

export const gather = command<Of<"gather">>({
  op: "gather",
  fields: { g: "slot", start: "addr", end: "addr", fullmm: optional("true") },
  weight: 8,
  every: (scope) =>
    forSlots(scope, (g): Of<"gather">[] => [
      { op: "gather", g, ...wholeRange(scope) },
      ...(scope.calls.includes("fullmm")
        ? [{ op: "gather", g, start: 0, end: TOP, fullmm: true } as const]
        : []),
    ]),
  legal: ({ gathers, promises, scope }, { g }) => {
    // Up to 2.6.39 a gather is its CPU's.
    if (promises.perCpu && g >= scope.cpus) return false;
    const open = gathers.get(g);
    return open === undefined || (promises.perCpu && open.migrated);
  },
  says: ({ g, start, end, fullmm }) =>
    `gather ${g}: ${fullmm ? "the whole mm" : `${hex(start)} to ${hex(end)}`}`,
});

export const finish = command<Of<"finish">>({
  op: "finish",
  fields: { g: "slot", start: "addr", end: "addr" },
  weight: 8,
  every: (scope) =>
    forSlots(scope, (g): Of<"finish">[] => [
      { op: "finish", g, ...wholeRange(scope) },
      ...(scope.calls.includes("fullmm") ? [{ op: "finish", g, start: 0, end: TOP } as const] : []),
    ]),
  legal: (world, { g, start, end }) => {
    const open = free(world, g);
    if (open === undefined || open.vma !== "none" || open.locked || owesPage(world, g)) return false;
    return open.start === start && open.end === end;
  },
  says: ({ g }) => `finish ${g}`,
});

function plain(op: Plain["op"], call: "flushes" | "vmas" | "unshare", says: string, feature?: Feature) {
  const legal: Record<Plain["op"], (open: NonNullable<ReturnType<typeof free>>) => boolean> = {
    endVma: ({ vma, locked }) => vma !== "none" && !locked,
    freeVmas: ({ vma, ended }) => vma === "none" && ended,
    flush: () => true,
    flushTlbOnly: ({ mustFlush }) => !mustFlush,
    needFlushAll: ({ mustFlush }) => !mustFlush,
    flushUnshared: ({ mustFlush }) => !mustFlush,
  };
  return command<Plain>({
    op,
    fields: { g: "slot" },
    call,
    weight: op === "flush" ? 6 : 4,
    feature,
    every: (scope) => forSlots(scope, (g): Plain[] => [{ op, g }]),
    legal: (world, { g }) => {
      const open = world.gathers.get(g);
      return (
        open !== undefined && legal[op](open) && (op === "flush" || !open.mustFlush) && !owesPage(world, g)
      );
    },
    says: ({ g }) => `${says} of gather ${g}`,
  });
}

export const endVma = plain("endVma", "vmas", "end of the vma");
export const freeVmas = plain("freeVmas", "vmas", "the vmas are to be freed:", "freeVmas");
export const flush = plain("flush", "flushes", "flush");
export const flushTlbOnly = plain("flushTlbOnly", "flushes", "TLB part of a flush", "tlbOnly");
export const needFlushAll = plain("needFlushAll", "flushes", "all is to be flushed:", "ranges");
export const flushUnshared = plain("flushUnshared", "unshare", "flush of unshared tables", "unshare");

export const startVma = command<Of<"startVma">>({
  op: "startVma",
  fields: {
    ...{ g: "slot", start: "addr", end: "addr" },
    ...{ exec: optional("true"), huge: optional("true"), pfnmap: optional("true") },
  },
  call: "vmas",
  weight: 5,
  every: (scope) =>
    forSlots(scope, (g): Of<"startVma">[] => [
      { op: "startVma", g, ...wholeRange(scope) },
      ...(scope.calls.includes("frames")
        ? [{ op: "startVma", g, ...wholeRange(scope), pfnmap: true } as const]
        : []),
    ]),
  legal: (world, { g }) => removing(world, g)?.vma === "none",
  says: ({ g, pfnmap }) => `gather ${g} enters a vma${pfnmap ? " of frames without pages" : ""}`,
  *simpler({ pfnmap: _frames, ...vma }) {
    if (_frames) yield vma;
  },
});

export const pageSize = command<Of<"pageSize">>({
  op: "pageSize",
  fields: { g: "slot", size: "count" },
  call: "huge",
  weight: 8,
  feature: "pageSizes",
  every: (scope) =>
    forSlots(scope, (g) => [PAGE, 2 ** 21].map((size): Of<"pageSize"> => ({ op: "pageSize", g, size }))),
  legal: (world, { g }) => removing(world, g) !== undefined && !owesPage(world, g),
  says: ({ g, size }) => `gather ${g} has pages of ${size / 1024} KiB`,
});

export const migrate = command<Of<"migrate">>({
  op: "migrate",
  fields: { g: "slot", cpu: "cpu" },
  call: "migrate",
  weight: 2,
  offered: ({ preemptible }) => preemptible,
  every: (scope) => forSlots(scope, (g): Of<"migrate">[] => [{ op: "migrate", g, cpu: scope.cpus - 1 }]),
  legal: ({ gathers }, { g }) => gathers.get(g)?.migrated === false,
  says: ({ g, cpu }) => `the owner of gather ${g} sleeps and continues on CPU ${cpu}`,
});

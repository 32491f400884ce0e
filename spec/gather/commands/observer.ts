/** What the rest of the machine does meanwhile: faults, accesses, walkers, and those who reuse what was freed. */
import { numbers, PTES_OF_TABLE, tableOf } from "../scope.ts";
import { command, forSlots, hex, optional } from "./command.ts";
import type { Of } from "./kinds.ts";
import { isEmpty } from "./removal.ts";

export const insert = command<Of<"insert">>({
  op: "insert",
  fields: { addr: "addr", pfn: "frame", table: "table" },
  call: "insert",
  weight: 5,
  mayBeLegal: ({ freed }) => freed.size > 0,
  every: ({ pages, frames }) =>
    pages.flatMap((addr) =>
      frames.map((pfn): Of<"insert"> => ({ op: "insert", addr, pfn, table: tableOf(addr) })),
    ),
  legal: ({ ptes, linked, freed, gathers }, { addr, pfn, table }) => {
    // A fault takes the PTE lock.
    for (const { locked } of gathers.values()) if (locked) return false;
    return !ptes.has(addr) && linked.has(table) && freed.get(pfn) === "free";
  },
  says: ({ addr, pfn }) => `a fault maps frame ${pfn} at ${hex(addr)}`,
});

export const touch = command<Of<"touch">>({
  op: "touch",
  fields: { cpu: "cpu", addr: "addr" },
  call: "touch",
  weight: 10,
  every: (scope) =>
    numbers(scope.cpus).flatMap((cpu) =>
      scope.pages.map((addr): Of<"touch"> => ({ op: "touch", cpu, addr })),
    ),
  legal: ({ loaded, promises, gathers, scope }, { cpu }) => {
    // Up to 2.6.39 the CPU of a gather runs nothing else until it finishes.
    if (promises.perCpu && gathers.has(cpu)) return false;
    return loaded[cpu] !== "none" && cpu < scope.cpus;
  },
  says: ({ cpu, addr }) => `CPU ${cpu} touches ${hex(addr)}`,
});

export const load = command<Of<"load">>({
  op: "load",
  fields: { cpu: "cpu", how: ["active", "lazy", "none"] },
  call: "touch",
  weight: 6,
  every: (scope) =>
    numbers(scope.cpus).flatMap((cpu) =>
      (["active", "lazy", "none"] as const)
        .filter((how) => how !== "lazy" || scope.calls.includes("lazy"))
        .map((how): Of<"load"> => ({ op: "load", cpu, how })),
    ),
  legal: ({ loaded, promises, gathers }, { cpu, how }) => {
    if (promises.perCpu && gathers.has(cpu)) return false;
    return loaded[cpu] !== how && (how !== "lazy" || loaded[cpu] === "active");
  },
  says: ({ cpu, how }) =>
    how === "none"
      ? `CPU ${cpu} drops the mm`
      : `CPU ${cpu} has the mm loaded${how === "lazy" ? ", lazily" : ""}`,
});

export const walk = command<Of<"walk">>({
  op: "walk",
  fields: { cpu: "cpu", table: optional("table") },
  call: "walk",
  weight: 5,
  every: (scope) =>
    numbers(scope.cpus).flatMap((cpu) => [
      ...scope.tableIds.map((table): Of<"walk"> => ({ op: "walk", cpu, table })),
      { op: "walk", cpu } as const,
    ]),
  legal: ({ walkers, linked }, { cpu, table }) =>
    table === undefined ? walkers.has(cpu) : !walkers.has(cpu) && linked.has(table),
  says: ({ cpu, table }) =>
    table === undefined ? `the walker on CPU ${cpu} ends` : `a walker on CPU ${cpu} enters table ${table}`,
});

export const reuse = command<Of<"reuse">>({
  op: "reuse",
  fields: { pfn: "frame" },
  call: "reuse",
  weight: 4,
  every: ({ frames }) => frames.map((pfn): Of<"reuse"> => ({ op: "reuse", pfn })),
  legal: ({ freed }, { pfn }) => freed.get(pfn) === "free",
  says: ({ pfn }) => `someone else gets frame ${pfn}`,
});

export const unlink = command<Of<"unlink">>({
  op: "unlink",
  fields: { g: "slot" },
  call: "frames",
  weight: 12,
  every: (scope) => forSlots(scope, (g): Of<"unlink">[] => [{ op: "unlink", g }]),
  legal: ({ gathers, promises }, { g }) => {
    const open = gathers.get(g);
    return open?.ended === true && open.vma === "none" && (open.vmasFreed || !promises.has.freeVmas);
  },
  says: ({ g }) => `the vmas that gather ${g} ended leave the rmap`,
});

export const driverFree = command<Of<"driverFree">>({
  op: "driverFree",
  fields: { pfn: "frame" },
  call: "frames",
  weight: 12,
  every: ({ frames }) => frames.map((pfn): Of<"driverFree"> => ({ op: "driverFree", pfn })),
  legal: ({ drivers }, { pfn }) => drivers.has(pfn),
  says: ({ pfn }) => `its driver finds frame ${pfn} mapped nowhere, and frees it`,
});

export const collapse = command<Of<"collapse">>({
  op: "collapse",
  fields: { addr: "addr", table: "table" },
  call: "collapse",
  weight: 4,
  offered: ({ has }) => has.unshare,
  every: ({ tableIds }) =>
    tableIds.map((table): Of<"collapse"> => ({ op: "collapse", addr: table * PTES_OF_TABLE, table })),
  legal: (world, { addr, table }) => world.linked.has(table) && isEmpty(world, addr),
  says: ({ table }) => `khugepaged replaces table ${table} by a huge page`,
});

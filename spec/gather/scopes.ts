/** Machines on which random histories run, and small ones to explore. */
import type { LawId } from "../contract.ts";
import { archOf, isOwnArch } from "./bibliography.ts";
import type { Promises } from "./releases.ts";
import { type Call, numbers, pagesOf, type Scope, TINY } from "./scope.ts";
import type { Arch } from "./vocabulary.ts";

const PLAIN: Scope = {
  name: "plain",
  arch: "x86",
  cpus: 2,
  tables: "rcu",
  limits: TINY,
  pages: pagesOf(3),
  frames: numbers(3, 100),
  tableIds: [],
  slots: 1,
  calls: [],
};

/** One CPU, so that releases with a fast mode use it. */
const ONE = { cpus: 1, pages: pagesOf(2), frames: numbers(3, 100) } as const;

export const SCOPES: readonly Scope[] = [
  {
    ...PLAIN,
    name: "one gather",
    pages: pagesOf(6),
    frames: numbers(6, 100),
    calls: ["zap", "entries", "flushes", "fail"],
  },
  {
    ...PLAIN,
    name: "one gather, touched",
    pages: pagesOf(2),
    frames: numbers(2, 100),
    calls: ["zap", "flushes", "fail", "touch"],
  },
  { ...PLAIN, ...ONE, name: "one CPU", calls: ["zap", "entries", "touch", "insert", "reuse"] },
  {
    ...PLAIN,
    name: "tables",
    pages: pagesOf(2, true),
    frames: numbers(2, 100),
    tableIds: numbers(4),
    calls: ["zap", "tables", "rcu", "users", "fail", "flushes"],
  },
  {
    ...PLAIN,
    name: "two gathers",
    slots: 2,
    frames: numbers(4, 100),
    tableIds: [0, 1],
    calls: ["zap", "tables", "pending", "touch", "insert", "reuse", "migrate", "fullmm"],
  },
  {
    ...PLAIN,
    name: "walkers",
    pages: pagesOf(1),
    frames: numbers(2, 100),
    tableIds: [0, 1],
    calls: ["zap", "tables", "rcu", "users", "touch", "lazy", "walk", "fail", "collapse"],
  },
  {
    ...PLAIN,
    name: "vmas",
    pages: pagesOf(2),
    frames: numbers(2, 100),
    tableIds: [0],
    calls: ["zap", "entries", "vmas", "frames", "touch", "tables"],
  },
  {
    ...PLAIN,
    name: "frames without pages",
    cpus: 1,
    pages: pagesOf(1),
    frames: numbers(1, 100),
    calls: ["entries", "vmas", "frames", "touch"],
  },
  {
    ...PLAIN,
    name: "minimal architecture",
    arch: "gen",
    tableIds: [0, 1, 2],
    calls: ["zap", "entries", "vmas", "huge", "tables", "rcu", "fail", "flushes"],
  },
  {
    ...PLAIN,
    name: "minimal architecture that invalidates",
    arch: "geninv",
    tableIds: [0, 1, 2],
    calls: ["zap", "entries", "vmas", "huge", "tables", "rcu", "fail", "flushes"],
  },
  {
    ...PLAIN,
    name: "folios",
    pages: pagesOf(6),
    frames: numbers(6, 100),
    limits: { ...TINY, bundle: 4, batch: 4 },
    calls: ["zap", "folios", "dirty", "fail"],
  },
  { ...PLAIN, name: "unannounced pages", pages: pagesOf(2), calls: ["entries"], outside: true },
  { ...PLAIN, name: "shared tables", tableIds: [0], calls: ["zap", "unshare", "tables", "flushes", "touch"] },
  {
    ...PLAIN,
    name: "tables as pages",
    tables: "page",
    tableIds: [0, 1, 2],
    calls: ["zap", "tables", "flushes", "fail"],
  },
  {
    ...PLAIN,
    name: "single tables through RCU",
    arch: "ptr",
    tableIds: [0, 1, 2],
    calls: ["zap", "tables", "rcu", "fail", "walk"],
  },
  {
    ...PLAIN,
    name: "s390",
    arch: "s390",
    limits: { ...TINY, array: 3 },
    tableIds: numbers(4),
    slots: 2,
    calls: ["zap", "tables", "rcu", "users", "fail", "flushes", "walk"],
  },
  {
    ...PLAIN,
    name: "s390, touched",
    arch: "s390",
    pages: pagesOf(1),
    frames: numbers(2, 100),
    tableIds: [0],
    calls: ["zap", "tables", "rcu", "touch", "lazy"],
  },
  {
    ...PLAIN,
    name: "hash table",
    arch: "ppc64",
    frames: numbers(4, 100),
    tableIds: [0, 1, 2],
    calls: ["zap", "hash", "entries", "insert", "tables", "rcu", "users", "fail", "walk"],
  },
  {
    ...PLAIN,
    ...ONE,
    name: "hash table on one CPU",
    arch: "ppc64",
    calls: ["zap", "hash", "touch", "insert", "reuse"],
  },
];

/** Whether a release was recorded, or is known, on an architecture. */
function runsOn({ labels: [label = ""], invalidates, has }: Promises, arch: Arch): boolean {
  const own = archOf(label);
  if (own !== undefined) return arch === own;
  if (isOwnArch(arch)) return false;
  if (arch === "geninv") return invalidates;
  return arch !== "ptr" || has.unshare;
}

/** The same scopes where the page of a table is freed like any other: all that x86 had up to 2.6.39. */
const AS_PAGES: ReadonlyMap<Scope, Scope> = new Map(
  SCOPES.map((scope) => [scope, { ...scope, tables: "page" }]),
);

/** Calls without which a law cannot be violated; any others will do. */
const NEEDS: Readonly<Record<LawId, readonly Call[]>> = {
  "table-after-flush": ["tables"],
  "table-after-walkers": ["tables", "walk"],
  "freed-not-reached": ["touch"],
  "freed-table-not-walked": ["tables", "touch"],
  "unlinked-is-flushed": ["frames"],
  "one-hash-entry": ["insert"],
  "hash-empty-outside-lazy": ["hash"],
};

/** The scopes in which a release can run, and violate a law. Where it lacks the calls of one, it makes the others. */
export function scopesFor(promises: Promises, law?: LawId, outside = false): readonly Scope[] {
  const needed = law === undefined ? [] : (NEEDS[law] ?? []);
  return SCOPES.filter(({ arch, calls, outside: isOutside = false }) => {
    if ((isOutside && !outside) || !needed.every((call) => calls.includes(call))) return false;
    if (calls.includes("unshare") && !promises.has.unshare) return false;
    if (calls.includes("folios") && !promises.has.folios && calls.includes("dirty") && !promises.has.ranges)
      return false;
    return runsOn(promises, arch);
  }).map((scope) => {
    return promises.perCpu && !isOwnArch(scope.arch) ? (AS_PAGES.get(scope) as Scope) : scope;
  });
}

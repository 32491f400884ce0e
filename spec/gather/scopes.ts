/** Machines on which random histories run, and small ones to explore. */
import type { LawId } from "../contract.ts";
import { archOf, isOwnArch } from "./bibliography.ts";
import type { Promises } from "./releases.ts";
import { type Call, numbers, pagesOf, type Scope, TINY } from "./scope.ts";
import type { Arch } from "./vocabulary.ts";

const PLAIN: Omit<Scope, "name" | "calls"> = {
  arch: "x86",
  cpus: 2,
  tables: "rcu",
  limits: TINY,
  ...mapped(3),
  tableIds: [],
  slots: 1,
};

/** Pages, each mapped by a frame, and frames beside those. */
function mapped(pages: number, more = 0): Pick<Scope, "pages" | "frames"> {
  return { pages: pagesOf(pages), frames: numbers(pages + more, 100) };
}

const machine = (name: string, calls: readonly Call[], differs: Partial<Scope> = {}): Scope => ({
  ...PLAIN,
  name,
  calls,
  ...differs,
});

const OF_MINIMAL: readonly Call[] = ["zap", "entries", "vmas", "huge", "tables", "rcu", "fail", "flushes"];

export const SCOPES: readonly Scope[] = [
  machine("one gather", ["zap", "entries", "flushes", "fail"], mapped(6)),
  machine("one gather, touched", ["zap", "flushes", "fail", "touch"], mapped(2)),
  // One CPU, so that releases with a fast mode use it.
  machine("one CPU", ["zap", "entries", "touch", "insert", "reuse"], { cpus: 1, ...mapped(2, 1) }),
  machine("tables", ["zap", "tables", "rcu", "users", "fail", "flushes"], {
    pages: pagesOf(2, true),
    frames: numbers(2, 100),
    tableIds: numbers(4),
  }),
  machine("two gathers", ["zap", "tables", "pending", "touch", "insert", "reuse", "migrate", "fullmm"], {
    slots: 2,
    ...mapped(3, 1),
    tableIds: [0, 1],
  }),
  machine("walkers", ["zap", "tables", "rcu", "users", "touch", "lazy", "walk", "fail", "collapse"], {
    ...mapped(1, 1),
    tableIds: [0, 1],
  }),
  machine("vmas", ["zap", "entries", "vmas", "frames", "touch", "tables"], { ...mapped(2), tableIds: [0] }),
  machine("frames without pages", ["entries", "vmas", "frames", "touch"], { cpus: 1, ...mapped(1) }),
  machine("minimal architecture", OF_MINIMAL, { arch: "gen", tableIds: numbers(3) }),
  machine("minimal architecture that invalidates", OF_MINIMAL, { arch: "geninv", tableIds: numbers(3) }),
  machine("folios", ["zap", "folios", "dirty", "fail"], {
    ...mapped(6),
    limits: { ...TINY, bundle: 4, batch: 4 },
  }),
  machine("unannounced pages", ["entries"], { ...mapped(2, 1), outside: true }),
  machine("shared tables", ["zap", "unshare", "tables", "flushes", "touch"], { tableIds: [0] }),
  machine("tables as pages", ["zap", "tables", "flushes", "fail"], { tables: "page", tableIds: numbers(3) }),
  machine("single tables through RCU", ["zap", "tables", "rcu", "fail", "walk"], {
    arch: "ptr",
    tableIds: numbers(3),
  }),
  machine("s390", ["zap", "tables", "rcu", "users", "fail", "flushes", "walk"], {
    arch: "s390",
    limits: { ...TINY, array: 3 },
    tableIds: numbers(4),
    slots: 2,
  }),
  machine("s390, touched", ["zap", "tables", "rcu", "touch", "lazy"], {
    arch: "s390",
    ...mapped(1, 1),
    tableIds: [0],
  }),
  machine("hash table", ["zap", "hash", "entries", "insert", "tables", "rcu", "users", "fail", "walk"], {
    arch: "ppc64",
    ...mapped(3, 1),
    tableIds: numbers(3),
  }),
  machine("hash table on one CPU", ["zap", "hash", "touch", "insert", "reuse"], {
    arch: "ppc64",
    cpus: 1,
    ...mapped(2, 1),
  }),
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

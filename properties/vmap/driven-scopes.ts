/** The machines on which a child is driven: those of random histories, as far as the child has their commands. */

import type { LawId } from "../../spec/contract.ts";
import { PROCESS_LAWS } from "../../spec/process.ts";
import type { Call } from "../../spec/vmap/commands/command.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { lawsCalled, lawsTried } from "../../spec/vmap/laws/index.ts";
import type { VmapLaw } from "../../spec/vmap/laws/law.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import type { Scope, Window } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";
import type { Can, Hello } from "../../trees/vmap/hello.ts";
import { scopesFor } from "./random-scopes.ts";

/** Scopes that no child can run: a child is initialised when it begins, and its callers keep to the domain. */
const NOT_DRIVEN = ["boot", "outside"];

/** None, if nothing fits what the child says of itself. */
export function drivenScopes(hello: Hello, promises: Promises): readonly Scope[] {
  const scopes = scopesFor({ percpu: promises.percpu && hello.can.has("pget") })
    .filter(
      ({ name, absentCpus }) =>
        !NOT_DRIVEN.includes(name) && (absentCpus === undefined || hello.can.has("absent")),
    )
    .flatMap((scope) => fitted(scope, hello) ?? []);
  const { can } = hello;
  return scopes.filter(({ blockPages }) => can.has(blockPages > 0 ? "map" : "alloc") || can.has("vmap"));
}

/** The scope in the child's word and space, with its CPUs and blocks; undefined where it does not fit there. */
function fitted(scope: Scope, hello: Hello): Scope | undefined {
  const { wordPages, space, cpus, blocks } = hello;
  if (scope.absentCpus !== undefined && cpus < scope.cpus) return undefined;
  const sized = scope.blockPages === 0 ? scope : blocks && withBlocks(scope, blocks);
  if (sized === undefined) return undefined;
  const windows = [...sized.windows, ...(sized.vmalloc.vend > 0 ? [sized.vmalloc] : [])];
  const from = Math.min(...windows.map(({ vstart }) => vstart));
  const to = Math.max(...windows.map(({ vend }) => vend));
  const by = shift(sized, { from, to }, wordPages, space);
  if (by === undefined) return undefined;
  const moved = ({ vstart, vend }: Window) => ({ vstart: vstart + by, vend: vend + by });
  return {
    ...sized,
    wordPages,
    cpus: Math.min(sized.cpus, cpus),
    windows: sized.windows.map(moved),
    vmalloc: sized.vmalloc.vend > 0 ? moved(sized.vmalloc) : sized.vmalloc,
  };
}

/** Alignments are at most this much: a move by this number of pages keeps every alignment. */
const MOST_ALIGNED: Pages = 32;

/**
 * By how many pages a scope is moved: one that ends at the top of its word still does, the rest to the start of the
 * space.
 */
function shift(
  { name, wordPages: own, blockPages }: Scope,
  { from, to }: { readonly from: Pages; readonly to: Pages },
  wordPages: Pages,
  space: Hello["space"],
): Pages | undefined {
  if (name === "top") {
    const by = wordPages - own;
    return space === undefined || (space.start <= from + by && to + by <= space.end) ? by : undefined;
  }
  if (space === undefined) return 0;
  const step = Math.max(MOST_ALIGNED, blockPages);
  const by = Math.ceil((space.start - from) / step) * step;
  return to + by <= space.end ? by : undefined;
}

/**
 * The scope with blocks of another size: the same number of them, and maps up to the largest in one and a page above.
 */
function withBlocks(scope: Scope, { blockPages, bitsPerLong }: NonNullable<Hello["blocks"]>): Scope {
  if (scope.blockPages === blockPages && scope.bitsPerLong === bitsPerLong) return scope;
  const { vstart, vend } = scope.vmalloc;
  const start = Math.ceil(vstart / blockPages) * blockPages;
  const vmalloc = { vstart: start, vend: start + ((vend - vstart) / scope.blockPages) * blockPages };
  const counts = [...scope.counts.filter((count) => count <= bitsPerLong), bitsPerLong, bitsPerLong + 1];
  return {
    ...scope,
    ...{ vmalloc, blockPages, bitsPerLong, counts: [...new Set(counts)], windows: [vmalloc] },
    sizes: [1, blockPages],
    aligns: [PAGE_SIZE, blockPages * PAGE_SIZE],
  };
}

/** What callers of the child do, for the laws that no others can violate. */
function callsOf({ can, tells }: Hello): readonly Call[] {
  const calls: [Call, boolean][] = [
    ["alloc", can.has("alloc")],
    ["allocMapped", can.has("mapped") && tells.has("pte")],
    ["vmap", can.has("vmap") && tells.has("pte")],
    ["find", can.has("find")],
    ["map", can.has("map")],
    ["touch", tells.has("pte") && tells.has("flush")],
    ["percpu", can.has("pget")],
    ["purge", can.has("purge")],
    ["unmapAliases", can.has("aliases")],
  ];
  return calls.filter(([, does]) => does).map(([call]) => call);
}

/** The fields that a child's replies need for a law to be judged. No child gives those that the last ones need. */
const NEEDS: Readonly<Record<LawId, string>> = {
  "flush-before-reuse": "flush",
  "flush-well-formed": "flush",
  "purge-only-when-full": "flush",
  "one-flush-per-purge": "flush",
  "flush-only-once": "flush",
  "no-stale-translation": "pte",
  "no-alias-after-unmap-aliases": "pte",
  "unmapped-means-no-pte": "pte",
  "lazy-count": "lazy",
  "pinned-is-unaliased": "pins",
  "cache-flushed-before-unmap": "cache lines",
  "no-use-after-free": "freed memory",
  "space-returns": "what would be granted",
};

export interface LawsDriven {
  readonly judged: readonly VmapLaw[];
  /** Promised, and why it is not judged. */
  readonly unjudged: readonly { readonly law: LawId; readonly why: string }[];
}

/**
 * Which laws are judged in these scopes: the promised ones for which replies have enough fields, and those of every
 * process.
 */
export function lawsDriven(hello: Hello, promises: Promises, scopes: readonly Scope[]): LawsDriven {
  const ids = [...promises.laws, ...PROCESS_LAWS.map(({ id }) => id)];
  const tells: ReadonlySet<string> = hello.tells;
  const calls = callsOf(hello);
  const why = (law: VmapLaw): string | undefined => {
    const needed = NEEDS[law.id];
    if (needed !== undefined && !tells.has(needed)) return `its replies do not tell ${needed}`;
    if (!scopes.some((scope) => lawsTried([law], calls, scope).length > 0))
      return "it cannot be asked for what would try it";
    return undefined;
  };
  const asked = lawsCalled(ids);
  return {
    judged: asked.filter((law) => why(law) === undefined),
    unjudged: asked.flatMap((law) => {
      const reason = why(law);
      return reason === undefined ? [] : [{ law: law.id, why: reason }];
    }),
  };
}

/** The step as the child can be asked for it, or undefined where it cannot. */
export function offeredStep(
  step: HistoryStep,
  history: readonly HistoryStep[],
  hello: Hello,
): HistoryStep | undefined {
  const { can, tells } = hello;
  const maps = tells.has("pte");
  switch (step.op) {
    case "alloc": {
      if (!can.has("alloc")) return undefined;
      const { noblock, align, ...rest } = step;
      return {
        ...rest,
        align: can.has("align") ? align : PAGE_SIZE,
        map: step.map && maps && can.has("mapped"),
        ...(noblock && can.has("noblock") ? { noblock } : {}),
      };
    }
    case "free":
      if (!("area" in step)) return undefined;
      return can.has(history[step.area]?.op === "vmap" ? "vunmap" : "free") ? step : undefined;
    case "touch": {
      if (!maps || !tells.has("flush")) return undefined;
      const { write: _none, ...read } = step;
      return read;
    }
    case "tlb":
      return maps && tells.has("flush") ? step : undefined;
    case "vmap":
      return maps && can.has("vmap") ? step : undefined;
    case "pin":
    case "unpin":
    case "init":
      return undefined;
    default:
      return can.has(REQUEST[step.op]) ? step : undefined;
  }
}

const REQUEST = {
  mapRam: "map",
  unmapRam: "unmap",
  pcpuGet: "pget",
  pcpuFree: "pfree",
  purge: "purge",
  unmapAliases: "aliases",
  find: "find",
} as const satisfies Record<string, Can>;

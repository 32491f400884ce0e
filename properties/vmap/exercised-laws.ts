/** Which laws callers can break at all: a law that nobody tries is not kept, but unasked. */
import type { LawId } from "../../spec/contract.ts";
import type { VmapLaw } from "../../spec/vmap/laws/law.ts";
import { type Scope, vmapNodes } from "../../spec/vmap/scope.ts";
import type { Call } from "./workload.ts";

/** What callers must do, one of these at least, for a law to say anything. Laws not named here speak of every call. */
const TRIED_BY: Readonly<Record<LawId, readonly Call[]>> = {
  "no-stale-translation": ["touch", "write"],
  "no-alias-after-unmap-aliases": ["unmapAliases"],
  "blocks-pack": ["map"],
  "flush-only-once": ["unmapAliases"],
  "usable-blocks-stay": ["unmapAliases"],
  "space-returns": ["purge"],
  "highest-congruent-fit": ["percpu"],
  "pinned-is-unaliased": ["pin"],
  "unmapped-means-no-pte": ["allocMapped", "map", "vmap"],
  "guard-between-vmaps": ["vmap"],
  "finds-areas": ["find"],
  "cache-flushed-before-unmap": ["write"],
};

/** Those of the laws that such callers try on machines of this scope. */
export function lawsTried(
  laws: readonly VmapLaw[],
  calls: readonly Call[],
  scope: Scope,
): readonly VmapLaw[] {
  const { beforeInit, counts, lazyMaxPages, absentCpus, outside } = scope;
  return laws.filter(({ id }) => {
    if (id === "init-order") return beforeInit;
    // The kernel's own limit is far above what a small space holds.
    if (id === "lazy-bounded") return lazyMaxPages !== null;
    // One node has no pools, and nobody else to keep pages from.
    if (id === "pools-hide-no-room") return vmapNodes(scope) > 1;
    // Elsewhere callers free only what is held: what is left outside a domain is a map of nothing, and a CPU's number.
    if (id === "argument-domain" && !outside)
      return calls.includes("map") && (counts.includes(0) || absentCpus !== undefined);
    return TRIED_BY[id]?.some((call) => calls.includes(call)) ?? true;
  });
}

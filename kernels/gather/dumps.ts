/** What a dump shows, of the fields that a release has. */
import type { Dump, DumpedGather, DumpedList } from "../../spec/gather/response.ts";
import { type Gather, openGathers, type Rules, type State, type TableBatch } from "./state.ts";
import { checksPageSize } from "./zap.ts";

const listOf = (list: TableBatch | undefined): DumpedList | null =>
  list === undefined ? null : { id: list.id, nr: list.tables.length };

export function dumpOf(state: State, rules: Rules): Dump {
  const { allocated: allocPages, rcu, users, pending } = state;
  const gathers = state.gathers.flatMap((gather) =>
    gather === undefined ? [] : gatherOf(state, gather, rules),
  );
  const counts = rules.facts.nested !== "ignored";
  return {
    gathers,
    allocPages,
    rcuQueued: rcu.length,
    users,
    ...(counts ? { pending: openGathers(state) + pending } : {}),
  };
}

function gatherOf(state: State, gather: Gather, rules: Rules): DumpedGather {
  const { g, fullmm, needFlush } = gather;
  const { arch, limits } = state.scope;
  const { facts } = rules;
  if (arch === "s390") {
    if (facts.s390Tables === "rcu") return { g, fullmm, needFlush, tables: listOf(gather.tables) };
    const { ptes, pxds } = gather;
    return { g, fullmm, nrPtes: ptes.length, nrPxds: limits.array - pxds.length, max: limits.array };
  }
  const hash = state.hash[g];
  const ofHash = hash === undefined ? {} : { hash: { active: hash.active, index: hash.addrs.length } };
  const [first] = gather.chain;
  if (facts.pagesIn === "array") {
    const freelist = arch === "ppc64" ? { freelist: listOf(state.freelist[g]) } : {};
    const { fast } = gather;
    const nr = fast ? -1 : (first?.nr ?? 0);
    return { g, fullmm, ...ofHash, ...freelist, nr, max: limits.array, fast, needFlush };
  }
  return {
    g,
    fullmm,
    ...ofHash,
    ...rangeOf(state, gather, rules),
    ...(facts.limitsBatches ? { batchCount: gather.batchCount } : {}),
    batches: gather.chain.map(({ id, nr, max }, index) => ({
      id,
      nr,
      max,
      ...(index === gather.active ? { active: 1 as const } : {}),
    })),
    tables: listOf(gather.tables),
  };
}

function rangeOf(state: State, gather: Gather, rules: Rules): Partial<DumpedGather> {
  const { facts } = rules;
  const { needFlush, fast, start, end, all, freedTables, cleared, exec, huge, delayedRmap } = gather;
  const { unshared, fullyUnshared, pageSize } = gather;
  return {
    ...(facts.range === "gathered" ? {} : { needFlush }),
    ...(facts.fastMode ? { fast } : {}),
    ...(facts.range === "none" ? {} : { start, end, all }),
    ...(facts.tracks === "levels" ? { freedTables, cleared } : {}),
    ...(facts.tracks === "levels" && !gather.fullmm ? { exec, huge } : {}),
    ...(facts.delaysRmap ? { delayedRmap } : {}),
    ...(facts.sharedTables ? { unshared, fullyUnshared } : {}),
    ...(facts.pageSize !== "unknown" && checksPageSize(state, rules) ? { pageSize } : {}),
  };
}

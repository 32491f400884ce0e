/** The order in which each release allocates, frees and purges areas. A bug is an order with one step replaced. */
import { sets } from "../../../engine/operations.ts";
import { type Facts, factsOf } from "../../../kernels/changes.ts";
import { IDLE, type Step } from "../../program.ts";
import { allocates, allocatesUnderLock } from "./alloc.ts";
import { type Areas, type CpuFields, countOf } from "./fields.ts";
import { frees } from "./free.ts";
import { type PurgeRules, purges, tries, waits, works } from "./purge.ts";

type Steps = (m: Areas, cpu: CpuFields) => readonly Step[];

export interface AreasOrder {
  readonly alloc: Steps;
  readonly free: Steps;
  /** How a purge takes its lock, and who else begins a purge. */
  readonly begin: Steps;
  readonly purge: Steps;
}

/** A free tries the purge lock; an allocation waits for it. */
const triesOrWaits: Steps = (m, cpu) => [...tries(m, cpu), waits(m, cpu)];

/** set_iounmap_nonlazy (3ee48b6af49c): so that the next iounmap purges, the counter is overwritten. */
const overwritesCounterBeside =
  (begin: Steps): Steps =>
  (m, cpu) => [
    ...begin(m, cpu),
    {
      at: IDLE,
      says: "set_iounmap_nonlazy: the counter is one above the limit",
      to: IDLE,
      does: sets(m.lazyNr, countOf(m, m.scope.lazyMax + 1)),
    },
  ];

/** The pools of an order with nodes: the worker fills them and does not look at them again. */
function purgeRulesOf({ assertsCount, uncounts, releases, lazyAreas, worker }: Facts): PurgeRules {
  const fillsPools = lazyAreas === "on nodes";
  const looksAgain = worker && !fillsPools;
  return { assertsCount, uncounts, releases, fillsPools, looksAgain, searchesUnderLock: false };
}

function orderFrom(facts: Facts): AreasOrder {
  const { triesPurge, worker, countsFirst, overwritesCounter } = facts;
  // Only a purge that looks again loops for ever on an overwritten counter (B3).
  const drains = worker && overwritesCounter ? overwritesCounterBeside(works) : works;
  return {
    alloc: allocates({
      purges: triesPurge ? "try purge" : "purge lock",
      hasNodes: facts.lazyAreas === "on nodes",
    }),
    free: frees({
      publishes: countsFirst ? "after it counted" : "before it counts",
      purges: worker ? "worker" : "try purge",
    }),
    begin: worker ? drains : triesPurge ? tries : triesOrWaits,
    purge: purges(purgeRulesOf(facts)),
  };
}

const orderOf = (label: string): AreasOrder => orderFrom(factsOf(label));

export const AREA_ORDERS: Readonly<Record<string, AreasOrder>> = {
  /** A3: an allocation that found nothing gives up while another CPU purges. */
  "2.6.28-rc3": orderOf("2.6.28-rc3"),
  /** B1: gathered areas may not yet be counted. */
  "2.6.28": orderOf("2.6.28"),
  "2.6.33": orderOf("2.6.33"),
  /** A15: the lock is dropped after each area. */
  "4.10": orderOf("4.10"),
  "5.1": orderOf("5.1"),
  /** B3: the worker looks again, and the counter was overwritten. */
  "5.18-rc1": orderOf("5.18-rc1"),
  "5.18": orderOf("5.18"),
  "5.18-searching-under-lock": {
    ...orderOf("5.18"),
    alloc: allocatesUnderLock,
    purge: purges({ ...purgeRulesOf(factsOf("5.18")), searchesUnderLock: true }),
  },
  "6.12": orderOf("6.12"),
};

/** In which order each release allocates, frees and purges areas. A bug is an order with one step replaced. */
import { sets } from "../../../engine/operations.ts";
import { IDLE, type Step } from "../../program.ts";
import { allocates, allocatesUnderLock } from "./alloc.ts";
import { type Areas, type CpuFields, countOf } from "./fields.ts";
import { frees } from "./free.ts";
import { type PurgeRules, purges, tries, waits, works } from "./purge.ts";

type Steps = (m: Areas, cpu: CpuFields) => readonly Step[];

export interface AreasOrder {
  readonly alloc: Steps;
  readonly free: Steps;
  /** How a purge takes its lock, and who else begins one. */
  readonly begin: Steps;
  readonly purge: Steps;
}

const rules2_6_28: PurgeRules = {
  assertsCount: true,
  uncounts: "when gathered",
  releases: "at once",
  fillsPools: false,
  looksAgain: false,
  searchesUnderLock: false,
};
const rules4_10: PurgeRules = {
  ...rules2_6_28,
  assertsCount: false,
  uncounts: "when released",
  releases: "one by one",
};
const rules5_1: PurgeRules = { ...rules4_10, releases: "one by one below the threshold" };

/** A free tries the purge lock; an allocation waits for it. */
const triesOrWaits: Steps = (m, cpu) => [...tries(m, cpu), waits(m, cpu)];

const linux2_6_28: AreasOrder = {
  alloc: allocates({ purges: "purge lock", hasNodes: false }),
  free: frees({ publishes: "before it counts", purges: "try purge" }),
  begin: triesOrWaits,
  purge: purges(rules2_6_28),
};
const linux2_6_33: AreasOrder = { ...linux2_6_28, purge: purges({ ...rules2_6_28, assertsCount: false }) };
const linux4_10: AreasOrder = {
  ...linux2_6_33,
  free: frees({ publishes: "after it counted", purges: "try purge" }),
  purge: purges(rules4_10),
};
const linux5_1: AreasOrder = { ...linux4_10, purge: purges(rules5_1) };
const linux5_18: AreasOrder = {
  ...linux5_1,
  free: frees({ publishes: "after it counted", purges: "worker" }),
  begin: works,
};
const linux6_12: AreasOrder = {
  alloc: allocates({ purges: "purge lock", hasNodes: true }),
  free: frees({ publishes: "after it counted", purges: "worker" }),
  begin: works,
  purge: purges({ ...rules5_1, uncounts: "when released", releases: "at once", fillsPools: true }),
};

/** set_iounmap_nonlazy (3ee48b6af49c): so that the next iounmap purges, the counter is overwritten. */
const overwritesCounter: Steps = (m) => [
  {
    at: IDLE,
    says: "set_iounmap_nonlazy: the counter is one above the limit",
    to: IDLE,
    does: sets(m.lazyNr, countOf(m, m.scope.lazyMax + 1)),
  },
];

export const AREA_ORDERS: Readonly<Record<string, AreasOrder>> = {
  /** A3: an allocation that found nothing gives up where another purges. */
  "2.6.28-rc3": {
    ...linux2_6_28,
    alloc: allocates({ purges: "try purge", hasNodes: false }),
    begin: tries,
  },
  /** B1: what is gathered may not be counted yet. */
  "2.6.28": linux2_6_28,
  "2.6.33": linux2_6_33,
  /** A15: the lock is dropped after each area. */
  "4.10": linux4_10,
  "5.1": linux5_1,
  /** B3: the worker looks again, and the counter was overwritten. */
  "5.18-rc1": {
    ...linux5_18,
    begin: (m, cpu) => [...works(m, cpu), ...overwritesCounter(m, cpu)],
    purge: purges({ ...rules5_1, looksAgain: true }),
  },
  "5.18": { ...linux5_18, purge: purges({ ...rules5_1, looksAgain: true }) },
  "5.18-searching-under-lock": {
    ...linux5_18,
    alloc: allocatesUnderLock,
    purge: purges({ ...rules5_1, looksAgain: true, searchesUnderLock: true }),
  },
  "6.12": linux6_12,
};

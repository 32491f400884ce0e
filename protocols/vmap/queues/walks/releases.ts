/** In which order each release does what a call does. A bug is one of these replaced. */
import type { Step } from "../../../program.ts";
import { aliasesOnQueue } from "./aliases.ts";
import type { CpuFields, Walks } from "./fields.ts";
import { besideLinks, listAdd, listAddTail, listDelInit, listDelRcu, overLinks } from "./links.ts";
import { mapOnQueue } from "./map.ts";
import { freeAreaAtOnce, freeAreaByRcu, purgeAreas, purgeFragmentsAndAreas } from "./purge.ts";
import { unmapFromBlock } from "./unmap.ts";

type Steps = (m: Walks, cpu: CpuFields) => readonly Step[];

export interface WalksOrder {
  readonly map: Steps;
  readonly unmap: Steps;
  /** vm_unmap_aliases, until it takes the purge lock, and from there on. */
  readonly aliases: Steps;
  readonly purge: Steps;
}

const linux2_6_28: WalksOrder = {
  map: mapOnQueue({ adds: listAdd, removes: listDelInit, bornTaken: false }),
  unmap: unmapFromBlock(overLinks),
  aliases: aliasesOnQueue(false),
  purge: purgeAreas(freeAreaByRcu),
};
/** With de5604231ce4 alone, and without 02b709df817c. */
const rcuLists: WalksOrder = {
  ...linux2_6_28,
  map: mapOnQueue({ adds: listAdd, removes: listDelRcu, bornTaken: false }),
  unmap: unmapFromBlock(besideLinks),
};
const linux2_6_33: WalksOrder = {
  ...rcuLists,
  purge: purgeFragmentsAndAreas(listDelRcu, besideLinks, freeAreaByRcu),
};
const linux4_4: WalksOrder = {
  ...linux2_6_33,
  map: mapOnQueue({ adds: listAddTail, removes: listDelRcu, bornTaken: true }),
};
const linux5_2: WalksOrder = {
  ...linux4_4,
  purge: purgeFragmentsAndAreas(listDelRcu, besideLinks, freeAreaAtOnce),
};
const linux5_13: WalksOrder = { ...linux5_2, aliases: aliasesOnQueue(true) };

export const WALKS_ORDERS: Readonly<Record<string, WalksOrder>> = {
  "2.6.28": linux2_6_28,
  "2.6.33": linux2_6_33,
  "4.4": linux4_4,
  "5.2": linux5_2,
  "5.13": linux5_13,
  /** The two halves of C1, each with the other repaired, and both repaired. */
  "2.6.28-rcu-head-over-links": { ...rcuLists, unmap: unmapFromBlock(overLinks) },
  "2.6.28-removed-points-at-itself": {
    ...rcuLists,
    map: mapOnQueue({ adds: listAdd, removes: listDelInit, bornTaken: false }),
  },
  "2.6.28-rcu-lists": rcuLists,
};

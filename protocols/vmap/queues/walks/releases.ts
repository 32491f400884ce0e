/** The order of steps of each release's calls. A bug is an order with one of them replaced. */
import { type Facts, factsOf } from "../../../../kernels/changes.ts";
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
  /** vm_unmap_aliases before it takes the purge lock, and after. */
  readonly aliases: Steps;
  readonly purge: Steps;
}

function orderFrom({ newBlock, bornTaken, rcuLists, ...facts }: Facts): WalksOrder {
  const adds = newBlock === "first" ? listAdd : listAddTail;
  const removes = rcuLists ? listDelRcu : listDelInit;
  const hands = rcuLists ? besideLinks : overLinks;
  const freesArea = facts.search === "free space" ? freeAreaAtOnce : freeAreaByRcu;
  return {
    map: mapOnQueue({ adds, removes, bornTaken }),
    unmap: unmapFromBlock(hands),
    aliases: aliasesOnQueue(facts.passesFull),
    purge: facts.purgesFragments ? purgeFragmentsAndAreas(removes, hands, freesArea) : purgeAreas(freesArea),
  };
}

const orderOf = (label: string): WalksOrder => orderFrom(factsOf(label));

/** With de5604231ce4 alone, and without 02b709df817c. */
const rcuLists = orderFrom({ ...factsOf("2.6.28"), rcuLists: true });

export const WALKS_ORDERS: Readonly<Record<string, WalksOrder>> = {
  "2.6.28": orderOf("2.6.28"),
  "2.6.33": orderOf("2.6.33"),
  "4.4": orderOf("4.4"),
  "5.2": orderOf("5.2"),
  "5.13": orderOf("5.13"),
  /** The two halves of C1, each with the other repaired, and both repaired. */
  "2.6.28-rcu-head-over-links": { ...rcuLists, unmap: unmapFromBlock(overLinks) },
  "2.6.28-removed-points-at-itself": { ...rcuLists, map: orderOf("2.6.28").map },
  "2.6.28-rcu-lists": rcuLists,
};

/** Which protocol is held to which kernel: every order that describes a release, in each family. */

import { orderOf } from "../../../kernels/versions.ts";
import { AREA_ORDERS } from "../../../protocols/vmap/areas/releases.ts";
import { BLOCK_ORDERS } from "../../../protocols/vmap/blocks/releases.ts";
import { WALKS_ORDERS } from "../../../protocols/vmap/queues/walks/releases.ts";
import { RESET_PERMS_ORDERS } from "../../../protocols/vmap/reset-perms/machine.ts";
import { ROOTS_ORDERS } from "../../../protocols/vmap/roots/purge.ts";
import type { Family, Version } from "../../../spec/vmap/change.ts";
import type { Promises } from "../../../spec/vmap/releases.ts";
import { ofAreas } from "./areas.ts";
import { ofBlocks } from "./blocks.ts";
import type { Abstraction } from "./compare.ts";
import { ofResetPerms, ofRoots } from "./page-tables.ts";
import { ofWalks } from "./queues.ts";

type Abstracts<Order> = (order: Order, release: Promises, name: string) => readonly Abstraction[];

interface Orders<Order = unknown> {
  readonly family: Family;
  readonly orders: Readonly<Record<string, Order>>;
  /** In each scope in which it is compared. */
  readonly abstracts: Abstracts<Order>;
}

function orders<Order>(
  family: Family,
  all: Readonly<Record<string, Order>>,
  abstracts: Abstracts<Order>,
): Orders {
  return { family, orders: all, abstracts: abstracts as Abstracts<unknown> };
}

/** Only with several CPUs there are several nodes, which keep pools. Both call, one after the other. */
const WITH_POOLS = "6.12";
const TWO_OF_TWO = { blocks: 2, pages: 2 };

export const FAMILIES: readonly Orders[] = [
  orders("areas", AREA_ORDERS, (order, release, name) =>
    name === WITH_POOLS
      ? [
          ofAreas(order, release, { places: 2, lazyMax: 1, cpus: 2, caches: true }),
          ofAreas(order, release, { places: 3, lazyMax: 1, cpus: 2, caches: false }),
        ]
      : [0, 1].map((lazyMax) => ofAreas(order, release, { places: 3, lazyMax, cpus: 1, caches: true })),
  ),
  orders("blocks", BLOCK_ORDERS, (order, release) => [ofBlocks(order, release, TWO_OF_TWO)]),
  orders("walks", WALKS_ORDERS, (order, release) => [ofWalks(order, release, TWO_OF_TWO)]),
  orders("roots", ROOTS_ORDERS, (order, release) => [ofRoots(order, release)]),
  orders("reset-perms", RESET_PERMS_ORDERS, (order, release) => [ofResetPerms(order, release)]),
];

export interface Described {
  readonly protocol: string;
  readonly family: Family;
  readonly abstractions: readonly Abstraction[];
}

/** The protocols that describe a version, seen as its kernel is. */
export function describing(version: Version, release: Promises): readonly Described[] {
  return FAMILIES.flatMap(({ family, orders, abstracts }) => {
    const name = orderOf(version, family, Object.keys(orders));
    if (name === undefined) return [];
    return [{ protocol: `${family}-${name}`, family, abstractions: abstracts(orders[name], release, name) }];
  });
}

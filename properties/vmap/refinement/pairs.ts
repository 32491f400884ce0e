/** Which protocol is compared with which kernel: every order that describes a release, in each family. */
import { orderOf } from "../../../kernels/versions.ts";
import { AREA_ORDERS } from "../../../protocols/vmap/areas/machine.ts";
import { BLOCK_ORDERS } from "../../../protocols/vmap/blocks/machine.ts";
import { LOCKS_ORDERS } from "../../../protocols/vmap/queues/locks/machine.ts";
import { WALKS_ORDERS } from "../../../protocols/vmap/queues/walks/machine.ts";
import { RESET_PERMS_ORDERS } from "../../../protocols/vmap/reset-perms.ts";
import { ROOTS_ORDERS } from "../../../protocols/vmap/roots.ts";
import { type Family, type Version, versionOf } from "../../../spec/vmap/change.ts";
import type { Promises } from "../../../spec/vmap/promises.ts";
import { promisesOf } from "../../../spec/vmap/releases.ts";
import { ofAreas } from "./areas.ts";
import { ofBlocks } from "./blocks.ts";
import type { Abstraction } from "./compare.ts";
import { ofResetPerms, ofRoots } from "./page-tables.ts";
import { ofLocks, ofWalks } from "./queues.ts";

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

/** Only several CPUs have several nodes, which keep pools. Both call, one after the other. */
const WITH_POOLS = "6.12";
const TWO_OF_TWO = { blocks: 2, pages: 2 };
const ONE_OF_FOUR = { blocks: 1, pages: 4 };

const FAMILIES: readonly Orders[] = [
  orders("areas", AREA_ORDERS, (order, release, name) =>
    name === WITH_POOLS
      ? [
          ofAreas(order, release, { places: 2, lazyMax: 1, cpus: 2, caches: true }),
          ofAreas(order, release, { places: 3, lazyMax: 1, cpus: 2, caches: false }),
        ]
      : [0, 1].map((lazyMax) => ofAreas(order, release, { places: 3, lazyMax, cpus: 1, caches: true })),
  ),
  orders("blocks", BLOCK_ORDERS, (order, release) =>
    [TWO_OF_TWO, ONE_OF_FOUR].map((scope) => ofBlocks(order, release, scope)),
  ),
  orders("walks", WALKS_ORDERS, (order, release) => [ofWalks(order, release, TWO_OF_TWO)]),
  orders("locks", LOCKS_ORDERS, (order, release) =>
    [TWO_OF_TWO, ONE_OF_FOUR].map((scope) => ofLocks(order, release, scope)),
  ),
  orders("roots", ROOTS_ORDERS, (order, release) => [ofRoots(order, release)]),
  orders("reset-perms", RESET_PERMS_ORDERS, (order, release) => [ofResetPerms(order, release)]),
];

interface Described {
  readonly protocol: string;
  /** The version of the kernel it is compared with. */
  readonly label: string;
  readonly abstractions: readonly Abstraction[];
}

/** The protocols that describe a version, each to be compared with that version's kernel. */
export function describing(label: string): readonly Described[] {
  const version = versionOf(label) as Version;
  return FAMILIES.flatMap(({ family, orders }) => {
    const name = orderOf(version, family, Object.keys(orders));
    return name === undefined ? [] : [described(family, name, label)];
  });
}

/** The orders named after a version that is no release here, each to be compared with a kernel made of its facts. */
export function namedAfterOthers(labels: readonly string[]): readonly Described[] {
  return FAMILIES.flatMap(({ family, orders }) =>
    Object.keys(orders)
      .filter((name) => versionOf(name)?.suffix === "" && !labels.includes(name))
      .map((name) => described(family, name, name)),
  );
}

function described(family: Family, name: string, label: string): Described {
  const { orders, abstracts } = FAMILIES.find((each) => each.family === family) as Orders;
  return {
    protocol: `${family}-${name}`,
    label,
    abstractions: abstracts(orders[name], promisesOf(label), name),
  };
}

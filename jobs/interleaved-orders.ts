/** Which protocol describes a version in each family: there its calls are explored as phases of several CPUs. */
import { changesBetween, orderOf, surestOrderOf } from "../kernels/versions.ts";
import { STEP_PROTOCOLS } from "../protocols/index.ts";
import type { Family } from "../spec/vmap/change.ts";
import { compareVersions, type Version, versionOf } from "../spec/vmap/change.ts";
import type { Promises } from "../spec/vmap/promises.ts";
import { commitText } from "./versions.ts";

const FAMILIES: readonly Family[] = [
  "areas",
  "pools",
  "waits",
  "blocks",
  "walks",
  "locks",
  "roots",
  "reset-perms",
  "contexts",
  "kasan",
  "objects",
  "levels",
];

/** The orders of each family, by their names without the family's. */
const ORDERS: ReadonlyMap<Family, readonly string[]> = new Map(
  FAMILIES.map((family) => {
    const names = STEP_PROTOCOLS.map(({ name }) => name).filter((name) => name.startsWith(`${family}-`));
    return [family, names.map((name) => name.slice(family.length + 1))];
  }),
);

const ordersOf = (family: Family): readonly string[] => ORDERS.get(family) ?? [];

/** The family of a protocol; undefined for one that follows no release, such as a policy of pins. */
export function familyOf(protocol: string): Family | undefined {
  return FAMILIES.find((family) => protocol.startsWith(`${family}-`));
}

/** The protocol that describes a version in a family, or undefined. */
export function protocolFor(version: Version, family: Family): string | undefined {
  const order = orderOf(version, family, ordersOf(family));
  return order === undefined ? undefined : `${family}-${order}`;
}

/** The protocol that describes a version in a family; if none does, the newest whose changes the version surely has. */
export function surestProtocolFor(version: Version, family: Family): string | undefined {
  const order = surestOrderOf(version, family, ordersOf(family));
  return protocolFor(version, family) ?? (order === undefined ? undefined : `${family}-${order}`);
}

/** The protocol that is meant by a family and a version that another stands for: `blocks-6.6` is `blocks-6.5`. */
export function orderCalled(name: string): string | undefined {
  const family = familyOf(name);
  const version = family === undefined ? undefined : versionOf(name.slice(family.length + 1));
  const isOwn = STEP_PROTOCOLS.some((each) => each.name === name);
  return isOwn || family === undefined || version === undefined ? undefined : protocolFor(version, family);
}

/** The protocols that describe a version. */
export function protocolsOf(version: Version): readonly string[] {
  return FAMILIES.flatMap((family) => protocolFor(version, family) ?? []);
}

/** Why no protocol of a family describes a version: how the nearest differs. */
export function whyNone(version: Version, family: Family): string {
  const orders = ordersOf(family).flatMap((order) => {
    const named = versionOf(order);
    return named === undefined || named.suffix !== "" ? [] : [named];
  });
  const nearest = orders.findLast((each) => compareVersions(each, version) <= 0) ?? (orders[0] as Version);
  const { gained, lost } = changesBetween(nearest, version, family);
  const parts = [
    ...(gained.length === 0 ? [] : [`lacks ${gained.map(commitText).join(", ")}`]),
    ...(lost.length === 0 ? [] : [`has ${lost.map(commitText).join(", ")} beside`]),
  ];
  const how = parts.length === 0 ? "may differ by a backport" : parts.join(" and ");
  return `no order of ${family} is that of ${version.text}: the nearest, ${family}-${nearest.text}, ${how}`;
}

/** For the description of one kernel; empty where no protocol describes it. */
export function inSteps({ labels }: Promises): string {
  const version = versionOf(labels[0] as string);
  const own = version === undefined ? [] : protocolsOf(version);
  return own.length === 0 ? "" : ` Calls that interleave: explore ${own.join(", ")}.`;
}

/** Where two kernels are compared: small machines by their parameters, as `explore` has them and two more. */

import { hasBlocks, type Place } from "../properties/vmap/diff/shortest-difference.ts";
import type { Parameter } from "../protocols/protocol.ts";
import type { Call } from "../spec/vmap/commands/command.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import { callsIn, KERNEL_PARAMETERS, refuseMisfits, scopeOf } from "./kernel-scope.ts";
import { parametersOf } from "./parameters.ts";
import { UsageError } from "./usage-error.ts";

const PARAMETERS: Readonly<Record<string, Parameter>> = {
  ...KERNEL_PARAMETERS,
  pages: { ...(KERNEL_PARAMETERS.pages as Parameter), usual: 5 },
  cpus: { counts: "CPUs that ask, map and read, where there are blocks or pools", usual: 1, most: 2 },
};

/** What callers do where there are blocks. Pins show nothing beyond vm_unmap_aliases. */
const MAPPING: readonly Call[] = ["allocMapped", "map", "touch", "purge", "unmapAliases"];

const AREAS = [
  "pages=4,aligns=2",
  "pages=4,aligns=2,windows=2,top=1",
  "pages=5,aligns=1,windows=1,lazy=1",
  "pages=6,sizes=3,aligns=3,windows=3",
];
/** From 6.9 on a node of several CPUs keeps released areas in pools, which decay by vm_unmap_aliases. */
const POOLS = [
  "pages=4,sizes=1,aligns=1,windows=1,block=4,cpus=2",
  "pages=5,sizes=2,aligns=1,windows=1,block=2,cpus=2,lazy=1",
];
const PERCPU = ["pages=6,sizes=2,aligns=1,windows=2,percpu=2"];
const BLOCKS = [
  "pages=4,sizes=1,aligns=1,windows=1,block=4",
  "pages=8,sizes=1,aligns=1,windows=1,block=4",
  "pages=8,sizes=1,aligns=1,windows=1,block=8",
  "pages=4,sizes=1,aligns=1,windows=1,block=2,vmap=1",
];

/** The usual places for these two, or the requested one. Throws a UsageError if that is not possible. */
export function placesFor<S>(one: Kernel<S>, other: Kernel<S>, asked: string | undefined): readonly Place[] {
  const bothPercpu = one.release.percpu && other.release.percpu;
  if (asked !== undefined) return [placeOf(asked, [one, other])];
  const pools = [one, other].some(({ release }) => release.pools !== "none") ? POOLS : [];
  const blocks = hasBlocks(one) && hasBlocks(other) ? BLOCKS : [];
  const percpu = bothPercpu ? PERCPU : [];
  return [...AREAS, ...pools, ...percpu, ...blocks].map((name) => placeOf(name, [one, other]));
}

function placeOf<S>(name: string, kernels: readonly Kernel<S>[]): Place {
  const parameters = parametersOf({ name: "diff", parameters: PARAMETERS }, name);
  try {
    const scope = scopeOf(parameters);
    refuseMisfits(scope, kernels);
    return { name, scope, calls: callsIn(scope, parameters.vmap === 1, MAPPING) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`--scope ${name}: ${error.message}`);
  }
}

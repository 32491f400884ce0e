/** How the replies of two kernels of this wing are compared, and on which machines: as `explore` has them and two more. */
import type { Call } from "../../spec/vmap/commands/command.ts";
import { endsHistory, recordOf } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { possibleCpus } from "../../spec/vmap/scope.ts";
import type { Comparison, Pair, Parameter } from "../../spec/wing.ts";
import type { Compared } from "../diff/lockstep.ts";
import { choices } from "./choices.ts";
import { ALIKE, differences, KINDS, PARTS_WAYS } from "./differences.ts";
import { SCOPES } from "./random-scopes.ts";
import { KERNEL_PARAMETERS, placeOf, refuseMisfits } from "./spaces.ts";
import { fingerprintWith } from "./state-fingerprint.ts";
import type { Vmap } from "./terms.ts";
import { benchFor } from "./test-bench.ts";
import { commandsOf, isEnabled, nameOf } from "./workload.ts";

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

/** Callers of areas notice no difference: both refuse, or place at the same address, and flush alike. */
export const ALIKE_TO_CALLERS: Compared = {
  laws: [{ id: "answers-alike", says: "Both refuse, or place at the same address, and flush alike." }],
  bits: (differing) => ((differing & ALIKE) === 0 ? 0 : 1),
  ends: 1,
};

/** Whether both have vm_map_ram and vm_unmap_aliases. */
function bothHaveBlocks(one: Kernel, other: Kernel): boolean {
  return [one, other].every(({ release }) => release.fragments !== "no blocks");
}

/** Calls that take blocks. */
const OF_BLOCKS: readonly string[] = ["map", "mapRam", "unmapAliases", "pin"];

export const COMPARISON: Comparison<Vmap> = {
  bench: benchFor,
  kinds: KINDS,
  differences,
  partsWays: PARTS_WAYS,
  endsHistory,
  parameters: PARAMETERS,
  spaces(one, other) {
    const pools = [one, other].some(({ release }) => release.pools !== "none") ? POOLS : [];
    const blocks = bothHaveBlocks(one, other) ? BLOCKS : [];
    const percpu = one.release.percpu && other.release.percpu ? PERCPU : [];
    return [...AREAS, ...pools, ...percpu, ...blocks];
  },
  place(parameters, kernels) {
    const place = placeOf(parameters, MAPPING);
    refuseMisfits(place.scope, kernels);
    return place;
  },
  workload(one, other, { scope, calls }) {
    const both = bothHaveBlocks(one, other) ? calls : calls.filter((call) => !OF_BLOCKS.includes(call));
    // Nothing is merged: one kernel may depend on what the other ignores.
    const callers = { pin: both.includes("pin"), areasAlone: false };
    const [ofOne, ofOther] = [one.identity(scope, callers), other.identity(scope, callers)];
    return {
      commands: commandsOf(scope, both, false, { cpus: possibleCpus(scope) }),
      isEnabled,
      nameOf,
      asGiven: (command) => recordOf(command).amongAreas(command),
      form: fingerprintWith<Pair<Vmap>>((pair, to) => {
        ofOne.add(pair.one, to);
        ofOther.add(pair.other, to);
      }),
    };
  },
  // Calls outside their domain are compared only in a scope that is asked for.
  scopes: SCOPES.filter(({ outside }) => outside !== true),
  canBoth(one, other, { blockPages, beforeInit, congruent }) {
    const percpu = one.release.percpu && other.release.percpu;
    return (
      (bothHaveBlocks(one, other) || (blockPages === 0 && !beforeInit)) && (percpu || congruent.length === 0)
    );
  },
  choices,
  ofBoth: (drawn, one, other) =>
    bothHaveBlocks(one, other) ? drawn : drawn.filter(({ op }) => !OF_BLOCKS.includes(op)),
};

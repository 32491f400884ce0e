/** How the replies of two kernels of this wing are compared, and on which machines: as `explore` has them and two more. */
import type { Call } from "../../spec/vmap/commands/command.ts";
import {
  type AliasReport,
  endsHistory,
  type Response,
  recordOf,
  type Translation,
} from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { possibleCpus } from "../../spec/vmap/scope.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Comparison, Kind, Pair, Parameter } from "../../spec/wing.ts";
import type { Compared } from "../diff/lockstep.ts";
import { choices } from "./choices.ts";
import { SCOPES } from "./random-scopes.ts";
import { KERNEL_PARAMETERS, placeOf, refuseMisfits } from "./spaces.ts";
import { fingerprintWith } from "./state-fingerprint.ts";
import type { Vmap } from "./terms.ts";
import { benchFor } from "./test-bench.ts";
import { commandsOf, isEnabled, nameOf } from "./workload.ts";

// How two kernels' replies to one command differ, as callers, page tables and TLBs would notice.

const KINDS = [
  { id: "stop", says: "Both stop, both do not return, or both answer." },
  { id: "refusal", says: "Both refuse, or neither does." },
  { id: "address", says: "Both place at the same address." },
  { id: "flush", says: "Both flush the same ranges in the same order." },
  { id: "ptes", says: "Both set as many PTEs, and clear as many." },
  { id: "lazy-pages", says: "Both count as many lazy pages." },
  { id: "touch", says: "A touch reaches the same frame by the same way." },
  { id: "found", says: "A search for an address finds the same area." },
  { id: "aliases", says: "The same translations and PTEs are left of what was freed." },
  { id: "warning", says: "Both warn, or neither does." },
  { id: "dirty-lines", says: "The same pages have dirty lines in a cache indexed by virtual address." },
] as const satisfies readonly Kind[];

const [STOP, REFUSAL, ADDRESS, FLUSH, PTES, LAZY_PAGES, TOUCH, FOUND, ALIASES, WARNING, DIRTY_LINES] =
  KINDS.map((_each, nth) => 1 << nth) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];

/** After these the same commands no longer mean the same: the kernels gave out different addresses. */
export const PARTS_WAYS: number = STOP | REFUSAL | ADDRESS;
/** What both must do alike for callers of areas not to notice. */
const ALIKE: number = PARTS_WAYS | FLUSH;

/**
 * Bits of the kinds in which the replies differ; 0 if they are alike. Not compared: what only one of them reports,
 * descriptors, a use after free, and the text of a stop.
 */
export function differences(one: Response, other: Response): number {
  if (endsHistory(one) || endsHistory(other)) return one.kind === other.kind ? 0 : STOP;
  let bits = 0;
  if (one.kind !== other.kind) bits |= REFUSAL;
  else bits |= ofResults(one, other);
  if (!sameExtents(one.flushes, other.flushes)) bits |= FLUSH;
  if (one.pteSet !== other.pteSet || one.pteCleared !== other.pteCleared) bits |= PTES;
  if (bothTell(one.lazyPages, other.lazyPages) && one.lazyPages !== other.lazyPages) bits |= LAZY_PAGES;
  if ((one.warning === undefined) !== (other.warning === undefined)) bits |= WARNING;
  if (!sameLines(one.dirtyLines, other.dirtyLines)) bits |= DIRTY_LINES;
  return bits;
}

/** Two replies of one kind, what they did beside it left out. */
function ofResults(one: Response, other: Response): number {
  if (one.kind === "placed" && other.kind === "placed") {
    return (one.start === other.start ? 0 : ADDRESS) | (one.mapStopped === other.mapStopped ? 0 : PTES);
  }
  if (one.kind === "reached" && other.kind === "reached")
    return one.hit === other.hit && one.frame === other.frame ? 0 : TOUCH;
  if (one.kind === "found" && other.kind === "found") return one.start === other.start ? 0 : FOUND;
  if (one.kind === "pinned" && other.kind === "pinned") {
    const same = one.frame === other.frame && one.traps === other.traps && one.ptes === other.ptes;
    return same ? 0 : ALIASES;
  }
  if (one.kind === "done" && other.kind === "done")
    return sameAliases(one.aliases, other.aliases) ? 0 : ALIASES;
  return 0;
}

function bothTell<T>(one: T | undefined, other: T | undefined): boolean {
  return one !== undefined && other !== undefined;
}

function sameExtents(one: readonly Extent[], other: readonly Extent[]): boolean {
  if (one.length !== other.length) return false;
  return one.every(({ start, end }, nth) => start === other[nth]?.start && end === other[nth]?.end);
}

function sameLines(one: readonly Vpn[] | undefined, other: readonly Vpn[] | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  return one.length === other.length && one.every((page, nth) => page === other[nth]);
}

function sameAliases(one: AliasReport | undefined, other: AliasReport | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  if (one.deadPtes !== other.deadPtes) return false;
  return sameEntries(one.staleTlb, other.staleTlb) && sameEntries(one.deadTlb, other.deadTlb);
}

function sameEntries(one: readonly Translation[], other: readonly Translation[]): boolean {
  if (one.length !== other.length) return false;
  return one.every(({ cpu, page, frame }, nth) => {
    const entry = other[nth];
    return entry?.cpu === cpu && entry.page === page && entry.frame === frame;
  });
}

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

// The comparison, and its machines.

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

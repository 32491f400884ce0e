/**
 * What fast-check draws: choices, not commands. First the kind of command, then its arguments; a choice may
 * say "as large as a hole" or "free the lowest area", and becomes a command only against the world it meets
 * (intend.ts). So every choice means something wherever it stands, and dropping one leaves the others sense.
 */
import fc from "fast-check";
import type { Congruent } from "../../spec/vmap/commands.ts";
import { possibleCpus, type Scope, vmapCounts, type Window } from "../../spec/vmap/scope.ts";
import { type Bytes, type Cpu, PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";

/** A size as such, or that of a hole (by number, from the lowest) less so many pages. */
export type SizeChoice = { readonly pages: Pages } | { readonly hole: number; readonly less: Pages };

export type Choice =
  | {
      readonly op: "alloc";
      readonly size: SizeChoice;
      readonly align: Bytes;
      readonly window: Window;
      readonly map: boolean;
      /** Both only where they make a difference. */
      readonly cpu: Cpu;
      readonly noblock: boolean;
    }
  /** The last request once more, as after a refusal. */
  | { readonly op: "again" }
  /** Frees one of the busy areas: a share of them counted from the lowest. */
  | { readonly op: "free"; readonly share: number }
  | { readonly op: "mapRam"; readonly cpu: Cpu; readonly count: Pages }
  /** Lets one of the maps go. */
  | { readonly op: "unmapRam"; readonly cpu: Cpu; readonly share: number }
  | { readonly op: "pcpuGet"; readonly congruent: Congruent }
  /** Lets the areas of one pcpuGet go. */
  | { readonly op: "pcpuFree"; readonly share: number }
  /** Looks for one of the areas that are held, or where one would be, by its first page or by one behind that. */
  | { readonly op: "find"; readonly share: number; readonly page: Pages }
  | { readonly op: "vmap"; readonly count: Pages; readonly noGuard: boolean }
  /** Reads or writes a page of one of the areas and maps. */
  | {
      readonly op: "touch";
      readonly cpu: Cpu;
      readonly share: number;
      readonly page: Pages;
      readonly write: boolean;
    }
  | { readonly op: "pin" }
  /** Gives back one of the frames that are pinned. */
  | { readonly op: "unpin"; readonly share: number }
  /** A call outside its domain, about one of the areas or maps that are, or were, held. */
  | {
      readonly op: "outside";
      readonly call: OutsideCall;
      readonly cpu: Cpu;
      readonly share: number;
      /** How far behind its start, or how many pages more than were asked for. */
      readonly pages: Pages;
    }
  | { readonly op: "init" }
  | { readonly op: "purge" }
  | { readonly op: "unmapAliases" }
  | { readonly op: "tlb" };

/** Frees and unmaps of what is held by another or no more, and what asks for no page. */
export const OUTSIDE_CALLS = [
  "free again",
  "free inside",
  "free a map",
  "free nowhere",
  "unmap again",
  "unmap others",
  "unmap an area",
  "unmap nowhere",
  "alloc nothing",
  "vmap nothing",
] as const;
export type OutsideCall = (typeof OUTSIDE_CALLS)[number];

/** How often each kind of command is drawn. */
export interface Weights {
  readonly alloc: number;
  readonly again: number;
  readonly free: number;
  /** Of maps, and of what lets them go; for scopes that have blocks. */
  readonly mapRam: number;
  readonly unmapRam: number;
  /** Of percpu areas; for scopes that have some. */
  readonly pcpuGet: number;
  readonly pcpuFree: number;
  /** For scopes that have a window for it. */
  readonly vmap: number;
  readonly find: number;
  readonly pin: number;
  readonly unpin: number;
  readonly touch: number;
  readonly purge: number;
  readonly unmapAliases: number;
  readonly tlb: number;
}

export const WEIGHTS: Weights = {
  alloc: 40,
  again: 4,
  free: 24,
  mapRam: 0,
  unmapRam: 0,
  pcpuGet: 24,
  pcpuFree: 14,
  vmap: 0,
  find: 0,
  pin: 4,
  unpin: 1,
  touch: 8,
  purge: 5,
  unmapAliases: 3,
  tlb: 1,
};

/** Where there are blocks: maps more than areas, and more of what looks at their TLB entries. */
const WEIGHTS_OF_MAPS: Weights = {
  alloc: 10,
  again: 1,
  free: 8,
  mapRam: 40,
  unmapRam: 30,
  pcpuGet: 0,
  pcpuFree: 0,
  vmap: 4,
  find: 2,
  pin: 5,
  unpin: 1,
  touch: 20,
  purge: 4,
  unmapAliases: 12,
  tlb: 1,
};

/** Only maps: nothing purges, so that blocks fragment and pile up. */
const WEIGHTS_OF_MAPS_ALONE: Weights = {
  ...WEIGHTS_OF_MAPS,
  alloc: 0,
  again: 0,
  free: 0,
  vmap: 0,
  find: 0,
  pin: 0,
  unpin: 0,
  touch: 4,
  purge: 0,
  unmapAliases: 0,
  tlb: 0,
};

/** Blocks of two pages are soon used up: what matters is how they lie among areas. */
const WEIGHTS_AMONG_AREAS: Weights = { ...WEIGHTS, mapRam: 30, unmapRam: 8, touch: 0, pin: 0, unpin: 0 };

function weightsFor({ blockPages }: Scope): Weights {
  if (blockPages === 2) return WEIGHTS_AMONG_AREAS;
  return blockPages > 0 ? WEIGHTS_OF_MAPS : WEIGHTS;
}

/** Which area is meant is known only when the areas are: a share of them, in [0, 1). */
const SHARE: fc.Arbitrary<number> = fc.oneof(
  { arbitrary: fc.constant(0), weight: 1 },
  { arbitrary: fc.nat(999).map((nth) => nth / 1000), weight: 3 },
);

function percpuChoices({ congruent }: Scope, { pcpuGet, pcpuFree }: Weights) {
  const get = { op: fc.constant("pcpuGet" as const), congruent: fc.constantFrom(...congruent) };
  const free = { op: fc.constant("pcpuFree" as const), share: SHARE };
  return [
    { weight: pcpuGet, arbitrary: fc.record(get) },
    { weight: pcpuFree, arbitrary: fc.record(free) },
  ];
}

/** One choice in this scope. */
export function choice(scope: Scope, weights: Weights = weightsFor(scope)): fc.Arbitrary<Choice> {
  const share = SHARE;
  const pages: fc.Arbitrary<SizeChoice> = fc.constantFrom(...scope.sizes).map((size) => ({ pages: size }));
  const hole: fc.Arbitrary<SizeChoice> = fc.record({ hole: fc.nat(3), less: fc.nat(1) });
  const size = fc.oneof({ arbitrary: pages, weight: 2 }, { arbitrary: hole, weight: 1 });
  const possible = possibleCpus(scope);
  const cpu = fc.nat(possible.length - 1).map((nth) => possible[nth] as Cpu);
  const seldom = fc.oneof(
    { arbitrary: fc.constant(false), weight: 7 },
    { arbitrary: fc.constant(true), weight: 1 },
  );
  const op = <K extends string>(name: K) => fc.constant(name);
  const areas = [
    {
      weight: weights.alloc,
      arbitrary: fc.record({
        op: op("alloc"),
        size,
        align: fc.constantFrom(...scope.aligns),
        window: fc.constantFrom(...scope.windows),
        map: fc.boolean(),
        cpu,
        noblock: seldom,
      }),
    },
    { weight: weights.free, arbitrary: fc.record({ op: op("free"), share }) },
    {
      weight: weights.touch,
      arbitrary: fc.record({ op: op("touch"), cpu, share, page: fc.nat(3), write: fc.boolean() }),
    },
    { weight: weights.again, arbitrary: fc.constant({ op: "again" as const }) },
    { weight: weights.purge, arbitrary: fc.constant({ op: "purge" as const }) },
    { weight: weights.unmapAliases, arbitrary: fc.constant({ op: "unmapAliases" as const }) },
    { weight: weights.tlb, arbitrary: fc.constant({ op: "tlb" as const }) },
    { weight: weights.pin, arbitrary: fc.constant({ op: "pin" as const }) },
    { weight: weights.find, arbitrary: fc.record({ op: op("find"), share, page: fc.nat(3) }) },
    { weight: weights.unpin, arbitrary: fc.record({ op: op("unpin"), share }) },
  ];
  // Seldom a map of nothing: it is outside the call's domain, and stops most kernels.
  const count = fc.oneof(
    { arbitrary: fc.constantFrom(...scope.counts, 1), weight: 60 },
    { arbitrary: fc.constant(0), weight: 1 },
  );
  const maps = [
    { weight: weights.mapRam, arbitrary: fc.record({ op: op("mapRam"), cpu, count }) },
    { weight: weights.unmapRam, arbitrary: fc.record({ op: op("unmapRam"), cpu, share }) },
  ];
  const percpu = scope.congruent.length === 0 ? [] : percpuChoices(scope, weights);
  const vmaps = vmapCounts(scope).length === 0 ? [] : [vmapOf(scope, weights)];
  const outside = {
    weight: 12,
    arbitrary: fc.record({
      op: op("outside"),
      call: fc.constantFrom(...OUTSIDE_CALLS),
      cpu,
      share,
      pages: fc.integer({ min: 1, max: 4 }),
    }),
  };
  const init = { weight: 60, arbitrary: fc.constant({ op: "init" as const }) };
  return fc.oneof(
    ...areas,
    ...vmaps,
    ...(scope.blockPages > 0 ? maps : []),
    ...percpu,
    ...(scope.beforeInit ? [init] : []),
    ...(scope.outside ? [outside] : []),
  );
}

function vmapOf(scope: Scope, { vmap: weight }: Weights) {
  const count = fc.constantFrom(...vmapCounts(scope));
  return { weight, arbitrary: fc.record({ op: fc.constant("vmap" as const), count, noGuard: fc.boolean() }) };
}

/** How many choices a history is drawn from, and of which kinds. */
export interface Lengths {
  readonly shortest?: number;
  readonly longest: number;
  readonly weights?: Weights;
}

/**
 * A history's worth of choices. Most histories keep to a window or two and an alignment or two: changing
 * either resets a search cache, so a history in which they always change never uses one for long.
 */
export function choices(
  scope: Scope,
  { shortest = 1, longest, weights = weightsFor(scope) }: Lengths,
): fc.Arbitrary<Choice[]> {
  const lengths = { shortest, longest, weights };
  const window = fc.constantFrom(...scope.windows);
  const align = fc.constantFrom(...scope.aligns);
  const steady = fc
    .tuple(window, align)
    .chain(([window, align]) => many({ ...scope, windows: [window], aligns: [align] }, lengths));
  const alternating = fc
    .tuple(window, window, align)
    .chain(([a, b, align]) => many({ ...scope, windows: [a, b], aligns: [align, PAGE_SIZE] }, lengths));
  if (scope.blockPages > 0) {
    const mapsAlone = many(scope, { ...lengths, weights: WEIGHTS_OF_MAPS_ALONE });
    return fc.oneof(
      { arbitrary: many(scope, lengths), weight: 5 },
      { arbitrary: steady, weight: 1 },
      { arbitrary: mapsAlone, weight: 2 },
    );
  }
  return fc.oneof(many(scope, lengths), alternating, steady);
}

function many(scope: Scope, { shortest, longest, weights }: Required<Lengths>): fc.Arbitrary<Choice[]> {
  // "max" because the default size keeps arrays near ten, whatever maxLength says.
  return fc.array(choice(scope, weights), { minLength: shortest, maxLength: longest, size: "max" });
}

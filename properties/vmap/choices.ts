/**
 * What fast-check draws: choices, not commands. First the kind of command, then its arguments. A choice may say "as
 * large as a hole" or "free the lowest area", and becomes a command only in the world it is resolved in
 * (resolve-choice.ts). So every choice has a meaning at any position, and the others keep theirs if one is dropped.
 */
import fc from "fast-check";
import type { SizeChoice } from "../../spec/vmap/commands/alloc.ts";
import type { Draw, Weight } from "../../spec/vmap/commands/command.ts";
import { COMMANDS, type CommandChoice, type CommandName, RECORDS } from "../../spec/vmap/commands.ts";
import { possibleCpus, type Scope } from "../../spec/vmap/scope.ts";
import { type Cpu, PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";

export type Choice =
  | CommandChoice
  /** The last request again, as after a refusal. */
  | { readonly op: "again" }
  /** A call outside its domain, about one of the areas or maps that are, or were, held. */
  | {
      readonly op: "outside";
      readonly call: OutsideCall;
      readonly cpu: Cpu;
      readonly share: number;
      /** How far behind its start, or how many pages more than were asked for. */
      readonly pages: Pages;
    };

/** Frees and unmaps of what another caller holds or no caller holds any more, and requests for no page. */
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

/** How often each command, and the last request once more, is drawn. */
export type Weights = Readonly<Record<CommandName | "again", number>>;

function weightsOf(kind: keyof Weight, again: number): Weights {
  const weights = RECORDS.map(({ op, weight }) => {
    const otherwise = kind === "amongAreas" ? weight.usual : 0;
    return [op, weight[kind] ?? otherwise] as const;
  });
  return { ...(Object.fromEntries(weights) as Record<CommandName, number>), again };
}

export const WEIGHTS: Weights = weightsOf("usual", 4);
/** With blocks: maps more than areas, and more commands that look at their TLB entries. */
const WEIGHTS_OF_MAPS = weightsOf("maps", 1);
/** Only maps: nothing purges, so that blocks fragment and pile up. */
const WEIGHTS_OF_MAPS_ALONE = weightsOf("mapsAlone", 0);
/** Blocks of two pages are soon used up: what matters is how they lie among areas. */
const WEIGHTS_AMONG_AREAS = weightsOf("amongAreas", 4);

/** Areas that span zones are looked up as often as they are freed. */
const WEIGHTS_OF_ZONES: Weights = { ...WEIGHTS, find: WEIGHTS.free };
const ZONES_FROM: Pages = 48;

function weightsFor({ blockPages, vmalloc, congruent }: Scope): Weights {
  const isAlone = blockPages === 0 && congruent.length === 0;
  if (isAlone && vmalloc.vend - vmalloc.vstart >= ZONES_FROM) return WEIGHTS_OF_ZONES;
  if (blockPages === 2) return WEIGHTS_AMONG_AREAS;
  return blockPages > 0 ? WEIGHTS_OF_MAPS : WEIGHTS;
}

/** The commands with which drawing begins, in an order that seeds depend on; the others follow in their own order. */
const DRAWN_FIRST = [
  "alloc",
  "free",
  "touch",
  "again",
  "purge",
  "unmapAliases",
  "tlb",
  "pin",
  "find",
  "unpin",
] as const satisfies readonly (CommandName | "again")[];
/** Drawn after all others, for the same reason. */
const DRAWN_LAST: CommandName = "init";

/** The area is known only when the areas exist: a share of them, in [0, 1). */
const SHARE: fc.Arbitrary<number> = fc.oneof(
  { arbitrary: fc.constant(0), weight: 1 },
  { arbitrary: fc.nat(999).map((nth) => nth / 1000), weight: 3 },
);

/** What is drawn for a field. */
function drawn(of: Draw, scope: Scope): fc.Arbitrary<unknown> {
  switch (of) {
    case "share":
      return SHARE;
    case "flag":
      return fc.boolean();
    case "cpu": {
      const possible = possibleCpus(scope);
      return fc.nat(possible.length - 1).map((nth) => possible[nth] as Cpu);
    }
    case "seldom":
      return fc.oneof(
        { arbitrary: fc.constant(false), weight: 7 },
        { arbitrary: fc.constant(true), weight: 1 },
      );
    case "size": {
      const pages: fc.Arbitrary<SizeChoice> = fc
        .constantFrom(...scope.sizes)
        .map((size) => ({ pages: size }));
      const hole: fc.Arbitrary<SizeChoice> = fc.record({ hole: fc.nat(3), less: fc.nat(1) });
      return fc.oneof({ arbitrary: pages, weight: 2 }, { arbitrary: hole, weight: 1 });
    }
  }
  if ("to" in of) return fc.nat(of.to);
  if ("from" in of) return fc.constantFrom(...of.from);
  return fc.oneof(
    { arbitrary: fc.constantFrom(...of.fromOrZero), weight: 60 },
    { arbitrary: fc.constant(0), weight: 1 },
  );
}

/** The choices for one command in this scope; none, where nothing is to be drawn. */
function choicesOf(op: CommandName, scope: Scope, weights: Weights) {
  const fields = COMMANDS[op].drawn(scope);
  if (fields === undefined) return [];
  const named = Object.entries(fields).map(([name, of]) => [name, drawn(of, scope)] as const);
  const arbitrary =
    named.length === 0
      ? fc.constant({ op })
      : fc.record({ op: fc.constant(op), ...Object.fromEntries(named) });
  return [{ weight: weights[op], arbitrary: arbitrary as fc.Arbitrary<Choice> }];
}

/** One choice in this scope. */
export function choice(scope: Scope, weights: Weights = weightsFor(scope)): fc.Arbitrary<Choice> {
  const again = { weight: weights.again, arbitrary: fc.constant({ op: "again" as const }) };
  const others = RECORDS.map(({ op }) => op).filter(
    (op) => op !== DRAWN_LAST && !(DRAWN_FIRST as readonly string[]).includes(op),
  );
  const of = (op: CommandName) => choicesOf(op, scope, weights);
  const outside = {
    weight: 12,
    arbitrary: fc.record({
      op: fc.constant("outside" as const),
      call: fc.constantFrom(...OUTSIDE_CALLS),
      cpu: drawn("cpu", scope) as fc.Arbitrary<Cpu>,
      share: SHARE,
      pages: fc.integer({ min: 1, max: 4 }),
    }),
  };
  return fc.oneof(
    ...DRAWN_FIRST.flatMap((op) => (op === "again" ? [again] : of(op))),
    ...others.flatMap(of),
    ...of(DRAWN_LAST),
    ...(scope.outside ? [outside] : []),
  );
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
  const made = new Map<string, fc.Arbitrary<Choice[]>>();
  // Made once for each combination that is drawn: making it for each history took 4 % of a check.
  const among = (windows: Scope["windows"], aligns: Scope["aligns"]) => {
    const key = JSON.stringify([windows, aligns]);
    const known = made.get(key) ?? many({ ...scope, windows, aligns }, lengths);
    made.set(key, known);
    return known;
  };
  const steady = fc.tuple(window, align).chain(([window, align]) => among([window], [align]));
  const alternating = fc
    .tuple(window, window, align)
    .chain(([a, b, align]) => among([a, b], [align, PAGE_SIZE]));
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

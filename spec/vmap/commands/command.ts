/**
 * The record of a command: all that is known of it except what kernels do and how the world follows. Code that handles
 * every kind of command is a loop over the records (table: spec/vmap/commands.ts).
 */
import type { Got, Kind, Ledger } from "../ledger.ts";
import type { Outside } from "../outside.ts";
import type { Promises } from "../promises.ts";
import type { Scope } from "../scope.ts";
import type { Cpu, Pages, Vpn } from "../vocabulary.ts";
import type { Request, World } from "../world.ts";

/**
 * A kind of call on a machine that is explored. Callers that allocate also free, and callers that map also unmap. A
 * machine that begins before vmalloc_init also calls it. Pinned frames are not given back.
 */
export type Call =
  /** An allocation under which nothing is mapped, and one with a frame under every page. */
  | "alloc"
  | "allocMapped"
  /** vmap of each of the scope's counts, with VM_NO_GUARD and without. */
  | "vmap"
  /** A search for the area at each page. */
  | "find"
  /** mapRam of each of the scope's counts, on each CPU. */
  | "map"
  /** A read, or a write, by each CPU of each page that is or was mapped. */
  | "touch"
  | "write"
  /** A pcpuGet of each of the scope's congruent areas. */
  | "percpu"
  | "pin"
  | "purge"
  | "unmapAliases";

/** What laws about areas need. */
export const AREA_CALLS: readonly Call[] = ["alloc", "purge"];

/**
 * A field of a step as files have it. "size" is at most the whole space, "edge" an edge of a window, "page" an address,
 * "offset" counted from one; "count" is of pages that are mapped, "index" of the command that is named.
 */
export type Field =
  | "size"
  | "edge"
  | "page"
  | "offset"
  | "count"
  | "cpu"
  | "index"
  /** In bytes; of percpu areas at least a page. */
  | "align"
  | "page align"
  | "flag"
  /** Absent or true. */
  | "true"
  | "offsets"
  | "sizes";

/** The values that are drawn for a field of a choice (properties/vmap/choices.ts). */
export type Draw =
  /** A CPU that is possible; a share of what is held, in [0, 1); the size of a request; seldom true. */
  | "cpu"
  | "share"
  | "size"
  | "flag"
  | "seldom"
  | { readonly to: number }
  | { readonly from: readonly unknown[] }
  /** Usually one of these, seldom 0, which is outside the call's domain and stops most kernels. */
  | { readonly fromOrZero: readonly Pages[] };

/** What callers do on a machine that is explored, and where. */
export interface Callers {
  readonly scope: Scope;
  readonly calls: readonly Call[];
  /** The pages that they free, unmap, look for and touch. */
  readonly pages: readonly Vpn[];
  /** The CPUs that ask for an allocation; and whether callers that cannot wait ask too. */
  readonly cpus: readonly Cpu[];
  readonly noblock: boolean;
}

/** How often a command is drawn: among areas, and where callers map. */
export interface Weight {
  readonly usual: number;
  readonly maps: number;
  /** Where callers do nothing but map; 0, if not given. */
  readonly mapsAlone?: number;
  /** Where blocks have two pages and matter for where they lie; as usual, if not given. */
  readonly amongAreas?: number;
}

/** Something that does not fit its place, and what was expected there. */
export interface Misfit {
  readonly field: string;
  readonly says: string;
}

/** What a scope lists of what its callers ask for. */
export type AskedFor = Partial<Pick<Scope, "counts" | "sizes" | "aligns" | "windows" | "congruent">>;

/** What a simpler history may do in place of a command whose only purpose was to purge. */
type Purging = { readonly op: "purge" } | { readonly op: "unmapAliases" };

interface Op {
  readonly op: string;
}

/** C: the command, with addresses. S: the step, which names what earlier ones got. H: the choice, which is drawn. */
export interface CommandRecord<C extends Op, S = C, H = C> {
  readonly op: C["op"];
  readonly fields: Readonly<Record<string, Field | `${Field}?`>>;
  /** What its caller holds once it was placed, or pinned; and what it gives back. */
  readonly gives: Kind | undefined;
  readonly takes: Kind | undefined;
  /** What a step may name. */
  readonly names: readonly Kind[];
  /** The part of a scope that lists its arguments. */
  readonly asksIn: "windows" | "vmalloc" | "blocks" | "percpu" | undefined;
  /** It may come before vmalloc_init: vm_unmap_aliases and its callers, and calls that only read. */
  readonly beforeInit: boolean;
  /** Why a history that has it cannot be run on a kernel that does not offer it. */
  readonly unmodelled: string | undefined;
  readonly weight: Weight;
  /** Pages of the one area or map asked for. */
  pages(step: S): Pages | undefined;
  /** Offsets of the areas asked for together. */
  offsets(step: S): readonly Pages[] | undefined;
  /** The step with addresses for names; undefined if what it names got nothing: it then does nothing. */
  resolve(step: S, ledger: Ledger): C | undefined;
  /** The other way round; undefined where it is about nothing that any command got. */
  named(command: C, ledger: Ledger): S | undefined;
  /** Whether a release has it, or its model. */
  offered(promises: Promises): boolean;
  /** Whether it is inside its domain; and what it is where it is not. */
  inDomain(world: World, command: C): boolean;
  outside(world: World, command: C): Outside | undefined;
  /** Whether it makes sense now, for callers inside its domain. */
  enabled(world: World, command: C): boolean;
  /** The one area it asks for, or a block if it finds none with room; undefined if it asks for none, or several. */
  asks(world: World, command: C): Request | undefined;
  /** All commands of such callers; and those that are outside the domain whatever is held. */
  every(callers: Callers): readonly C[];
  everyOutside(callers: Callers): readonly C[];
  /** The fields that are drawn in a scope, in order; undefined where none is drawn. */
  drawn(scope: Scope): Readonly<Record<string, Draw>> | undefined;
  /** The step that a choice means, in the world it meets; undefined if it cannot be meant there. */
  means(choice: H, world: World, ledger: Ledger): S | undefined;
  /** Simpler forms, best first. Each differs in one argument, which is smaller. */
  simpler(step: S, scope: Scope): Iterable<S | Purging>;
  /** What in a step does not fit a space of this many pages, though each field does. */
  misfit(step: S, wordPages: Pages): Misfit | undefined;
  askedFor(step: S): AskedFor;
  /** The command's index in an exploration of areas, which distinguishes mapped pages and callers that purge. */
  amongAreas(command: C): C | Purging;
  /** In a few words, as the name of an action; and for a reader. */
  name(command: C): string;
  says(command: C): string;
}

type Optional<C extends Op, S, H> = Omit<CommandRecord<C, S, H>, "op" | "fields">;

/** The least that a record states where a step, a choice and a command are the same. */
type Given<C extends Op, S, H> = Pick<CommandRecord<C, S, H>, "op" | "fields"> &
  Partial<Optional<C, S, H>> &
  (C extends S ? unknown : Pick<CommandRecord<C, S, H>, "resolve" | "named">) &
  (H extends S ? unknown : Pick<CommandRecord<C, S, H>, "means">);

/** With what holds of most commands. All records have one shape: loops over them are hot. */
export function command<C extends Op, S = C, H = C>(given: Given<C, S, H>): CommandRecord<C, S, H> {
  const usual: Optional<C, C, C> = {
    gives: undefined,
    takes: undefined,
    names: [],
    asksIn: undefined,
    beforeInit: false,
    unmodelled: undefined,
    weight: { usual: 0, maps: 0 },
    pages: () => undefined,
    offsets: () => undefined,
    resolve: (step) => step,
    named: (command) => command,
    offered: () => true,
    inDomain: () => true,
    outside: () => undefined,
    enabled: () => true,
    asks: () => undefined,
    every: () => [],
    everyOutside: () => [],
    drawn: () => ({}),
    means: (choice) => choice,
    simpler: () => [],
    misfit: () => undefined,
    askedFor: () => ({}),
    amongAreas: (command) => command,
    name: ({ op }) => op,
    says: ({ op }) => op,
  };
  // Given demands whatever does not hold where the three forms differ.
  return { ...(usual as unknown as Optional<C, S, H>), ...given };
}

/** The share of them that a choice means, in [0, 1). */
export function sharedOut<T>(all: readonly T[], share: number): T | undefined {
  return all[Math.floor(share * all.length)];
}

/**
 * What a free or an unmap names: a page of the space, or a page at an offset behind the start of what a command got.
 */
export type Address = { readonly area: number; readonly offset?: Pages } | { readonly page: Vpn };

export function addressIn(ledger: Ledger, step: Address): Vpn | undefined {
  if ("page" in step) return step.page;
  const got = ledger.at(step.area);
  return got && got.start + (step.offset ?? 0);
}

/** The opposite direction, for what lies there. */
export function addressOf(got: Got | undefined, start: Vpn): Address {
  if (got === undefined) return { page: start };
  return start === got.start ? { area: got.index } : { area: got.index, offset: start - got.start };
}

/** At the start of what is named, or nearer to it; or the first page of a window. */
export function* nearer<S extends Address>(step: S, { windows, vmalloc }: Scope): Iterable<S> {
  if ("page" in step) {
    for (const { vstart } of [...windows, vmalloc]) if (vstart < step.page) yield { ...step, page: vstart };
    return;
  }
  const { offset, ...plain } = step;
  if (offset === undefined) return;
  yield plain as S;
  for (const closer of smaller(offset)) yield { ...step, offset: closer };
}

/** Every smaller count, the least first; of a large one only some. */
export function* smaller(count: Pages): Iterable<Pages> {
  if (count > 64) yield* lessThan(count, 1);
  else for (let pages = 1; pages < count; pages++) yield pages;
}

/**
 * Multiples of a step below one of them, with decreasing differences: the smallest that suffices is reached soon,
 * however far it is.
 */
export function* lessThan(value: Pages, step: Pages): Iterable<Pages> {
  for (let less = step * 2 ** Math.floor(Math.log2(value / step)); less >= step; less /= 2)
    yield value - less;
}

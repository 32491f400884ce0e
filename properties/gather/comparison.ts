/** How the replies of two gathers are compared. */
import { every, isEnabled, says } from "../../spec/gather/commands.ts";
import type { Event, Response } from "../../spec/gather/response.ts";
import { SCOPES, scopesFor } from "../../spec/gather/scopes.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Comparison, Kernel, Kind } from "../../spec/wing.ts";
import { benchFor, HISTORIES } from "./bench.ts";
import { formWith, ownArchOf, PARAMETERS, placeOf } from "./spaces.ts";

/** A kind of difference: the events that it is about, or the fields of a reply. */
interface Compared extends Kind {
  readonly events?: readonly Event["kind"][];
  readonly fields?: readonly (keyof Response)[];
  /** After it the same commands no longer mean the same. */
  readonly parts?: true;
}

const KINDS: readonly Compared[] = [
  { id: "refusal", says: "Both refuse, or neither does.", fields: ["refused"], parts: true },
  {
    id: "full",
    says: "Both say that the gather is full, or neither does.",
    fields: ["ret", "full", "forceFlushes"],
    parts: true,
  },
  {
    id: "pages",
    says: "The same pages are freed by the same calls.",
    events: ["pages", "page"],
    parts: true,
  },
  {
    id: "tables",
    says: "The same page tables are freed, or handed to RCU.",
    events: ["tableFree", "callRcu", "callRcuTable", "ipi"],
    fields: ["ran"],
    parts: true,
  },
  {
    id: "flush",
    says: "Both flush the same, in the same order.",
    events: ["flush", "hashPage", "hashRange"],
  },
  { id: "notify", says: "The same is said to the mmu notifier and the cache.", events: ["notify", "cache"] },
  {
    id: "batches",
    says: "Both allocate and free as many batch pages.",
    events: ["alloc", "allocFail", "free"],
  },
  { id: "rmap", says: "The rmap of the same pages is removed after the flush.", events: ["rmap"] },
  { id: "warning", says: "Both warn, or neither does.", events: ["warn", "bug"] },
  { id: "touch", says: "A touch reaches the same frame by the same way.", fields: ["reached"] },
];

const shown = ({ events = [], fields = [] }: Compared, response: Response): string =>
  JSON.stringify([
    response.events.filter(({ kind }) => events.includes(kind)),
    fields.map((field) => response[field] ?? null),
  ]);

/** Spaces with what most releases differ in, the smallest first. */
const PLACES = [
  "pages=2,tables=0,batch=1",
  "pages=3,tables=0,batch=1,entries=1",
  "pages=2,tables=0,cpus=1",
  "pages=1,tables=2,batch=1,users=1",
  "pages=2,tables=1,gathers=2,pending=1",
  "pages=2,tables=1,arch=1,vmas=1,flushes=1",
  "pages=2,tables=1,vmas=1,huge=1,flushes=1",
  "pages=3,tables=0,batch=3,folios=1",
];

/** Kernels of one architecture have no other. */
const OF_ONE = PLACES.filter((place) => !place.includes("arch"));

const isOfOne = (kernel: Kernel<GatherTerms>) => ownArchOf(kernel) !== undefined;

export const COMPARISON: Comparison<GatherTerms> = {
  bench: benchFor,
  kinds: KINDS,
  differences: (one, other) =>
    KINDS.reduce(
      (bits, kind, nth) => (shown(kind, one) === shown(kind, other) ? bits : bits | (1 << nth)),
      0,
    ),
  partsWays: KINDS.reduce((bits, { parts }, nth) => (parts ? bits | (1 << nth) : bits), 0),
  endsHistory: () => false,
  parameters: PARAMETERS,
  spaces: (one, other) => (isOfOne(one) || isOfOne(other) ? OF_ONE : PLACES),
  place: placeOf,
  workload(one, other, { scope }) {
    const both = every(scope, other.release).map(says);
    return {
      commands: every(scope, one.release).filter((command) => both.includes(says(command))),
      isEnabled,
      nameOf: says,
      asGiven: (command) => command,
      form: formWith((pair, to) => {
        one.add(pair.one, to);
        other.add(pair.other, to);
      }),
    };
  },
  scopes: SCOPES,
  canBoth: (one, other, scope) =>
    [one, other].every(({ release }) => scopesFor(release).some(({ name }) => name === scope.name)),
  choices: HISTORIES.choices,
  ofBoth: (drawn) => drawn,
};

/** vfree and vunmap. */
import type { Outside } from "../outside.ts";
import { page, type Vpn } from "../vocabulary.ts";
import type { World } from "../world.ts";
import { type Address, addressIn, addressOf, type Call, command, nearer, sharedOut } from "./command.ts";

/** The caller frees the area of an alloc or a vmap that starts here. Anything else is outside its domain. */
export interface Free {
  readonly op: "free";
  readonly start: Vpn;
}

/**
 * Frees what command number `area` got, or `offset` pages behind its start, or this page, whether it is held or not. If
 * that command got nothing, there is no address, and this does nothing.
 */
export type FreeStep = { readonly op: "free" } & Address;

export interface FreeChoice {
  readonly op: "free";
  /** Of the areas that are held, counted from the lowest. */
  readonly share: number;
}

/** The owner whose areas are freed. */
const FREED: readonly Call[] = ["alloc", "allocMapped", "vmap"];

function outside(world: World, { start }: Free): Outside {
  const here = world.areasIn({ start, end: start + 1 });
  if (here.some(({ life }) => life === "busy")) return "freeElsewhere";
  return here.some((area) => area.start === start) ? "freeAgain" : "freeNowhere";
}

export const free = command<Free, FreeStep, FreeChoice>({
  op: "free",
  fields: { area: "index?", offset: "offset?", page: "page?" },
  takes: "area",
  names: ["area", "map"],
  weight: { usual: 24, maps: 8 },
  resolve: (step, ledger) => {
    const start = addressIn(ledger, step);
    return start === undefined ? undefined : { op: "free", start };
  },
  named: ({ start }, ledger) => {
    const got = ledger.heldAt("area", start) ?? ledger.heldAround(start);
    return { op: "free", ...addressOf(got, start) };
  },
  inDomain: (world, { start }) => world.busyAt(start) !== undefined,
  outside,
  every: ({ calls, pages }) =>
    calls.some((call) => FREED.includes(call)) ? pages.map((start) => ({ op: "free", start })) : [],
  drawn: () => ({ share: "share" }),
  means: ({ share }, _world, ledger) => {
    const area = sharedOut(ledger.held("area"), share);
    return area && { op: "free", area: area.index };
  },
  simpler: nearer,
  name: ({ start }) => `free ${start}`,
  says: ({ start }) => `free ${page(start)}`,
});

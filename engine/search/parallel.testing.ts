/** Machines that threads can build: by a module, the name of a function in it, and plain values. */
import { visitActions } from "../actions.ts";
import { counter, inPlaceCounter, inPlaceRing, ring, wide } from "../machines.testing.ts";
import { visitInPlace } from "../run/in-place.ts";
import type { MachineSource } from "./parallel-worker.ts";
import type { Visitable } from "./visitable.ts";

const packed = (machine: Parameters<typeof visitActions>[0]) => visitActions(machine, { symmetry: false });

const BY_NAME = {
  ring: (places: number, tokens: number, forbidden = -1) => packed(ring(places, tokens, forbidden)),
  counter: (limit: number, forbidden = -1) => packed(counter(limit, forbidden)),
  "pairs of words": (places: number, tokens: number) => packed({ ...ring(places, tokens), words: 2 }),
  "wide ring": (places: number, tokens: number) => packed(wide(ring(places, tokens))),
  "live ring": (places: number, tokens: number, forbidden = -1) =>
    visitInPlace(inPlaceRing(places, tokens, forbidden)),
  "live counter": (limit: number, forbidden = -1) => visitInPlace(inPlaceCounter(limit, forbidden)),
  "a ring that is watched": (places: number, tokens: number) => watched(places, tokens),
  "a machine that throws": () => faulty(() => raise("no such state")),
  "a machine that ends its thread": () => faulty(() => process.exit(7)),
  "a machine that is never built": () => raise("no such machine"),
} satisfies Readonly<Record<string, (...given: number[]) => Visitable>>;

export interface Given {
  readonly name: keyof typeof BY_NAME;
  readonly numbers: readonly number[];
}

export function machineOf({ name, numbers }: Given): Visitable {
  return (BY_NAME[name] as (...given: readonly number[]) => Visitable)(...numbers);
}

export function sourceOf(given: Given): MachineSource {
  return { module: import.meta.url, name: "machineOf", given };
}

function raise(message: string): never {
  throw new Error(message);
}

/** A ring that fails at its state 100. */
function faulty(fail: () => never): Visitable {
  const machine = packed(ring(10, 5));
  return {
    ...machine,
    expand: (number, reached, batch) => (number === 100 ? fail() : machine.expand(number, reached, batch)),
  };
}

/** A ring in which a step is to be seen, and something that never is. */
function watched(places: number, tokens: number): Visitable {
  const live = inPlaceRing(places, tokens);
  const seen = new Map([
    ["the last place left", 0],
    ["nothing", 0],
  ]);
  return visitInPlace({
    ...live,
    take: (state, action) => {
      const outcome = live.take(state, action);
      if (outcome >= 0 && action === places - 1) seen.set("the last place left", 1);
      return outcome;
    },
    witnesses: () => seen,
  });
}

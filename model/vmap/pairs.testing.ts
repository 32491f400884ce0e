/** Commands with their replies, as a recording has them: for the tests of how the world follows small maps. */
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import type { Cpu, Extent, Pages, Vpn } from "../../spec/vmap/vocabulary.ts";

/** Four blocks of eight pages, of which a map takes at most four. */
export const FOUR_BLOCKS: Scope = {
  ...AREAS_ONLY,
  name: "blocks",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: null,
  vmalloc: { vstart: 64, vend: 96 },
  blockPages: 8,
  bitsPerLong: 4,
  sizes: [],
  aligns: [],
  windows: [],
};

export type Pair = readonly [Command, Response];
/** Fields of a reply that differ from what is usual, and the CPU of a map. */
export type More = { readonly cpu?: Cpu } & Record<string, unknown>;

export const quiet = { flushes: [], pteSet: 0, pteCleared: 0 } as const;
export const done = (more: object = {}) => ({ ...quiet, ...more, kind: "done" }) as Response;
export const flush = (...extents: readonly [Vpn, Vpn][]): { readonly flushes: readonly Extent[] } => ({
  flushes: extents.map(([start, end]) => ({ start, end })),
});

export function mapped(start: Vpn, count: Pages, { cpu = 0, ...more }: More = {}): Pair {
  const reply = { ...quiet, pteSet: count, ...more, kind: "placed", start, mapStopped: false };
  return [{ op: "mapRam", cpu, count }, reply as Response];
}

/** PTEs are cleared at once, unless stated otherwise. */
export function unmapped(start: Vpn, count: Pages, more: More = {}): Pair {
  return [{ op: "unmapRam", cpu: 0, start, count }, done({ pteCleared: count, ...more })];
}

export function refused(count: Pages, more: More = {}): Pair {
  return [{ op: "mapRam", cpu: 0, count }, { ...quiet, ...more, kind: "refused" } as Response];
}

export function pinned(frame: number, swept: boolean, more: More = {}): Pair {
  return [{ op: "pin" }, { ...quiet, kind: "pinned", frame, traps: 0, swept, ptes: 0, ...more } as Response];
}

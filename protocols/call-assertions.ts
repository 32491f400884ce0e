/** The laws of the specification, judged at the step in which a call returns. */
import type { Field } from "../engine/search/layout.ts";
import type { Law } from "../spec/contract.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";
import type { VmapLaw } from "../spec/vmap/laws/law.ts";
import type { World } from "../spec/vmap/world.ts";
import type { Check } from "./program.ts";

/** The part of a world that a protocol models: as much as a law needs. */
export type Known = Partial<Omit<World, "promises" | "scope">> & {
  readonly promises?: {
    readonly guard?: { readonly inside: number };
    readonly fragments?: string;
    readonly freesLazily?: boolean;
  };
  readonly scope?: Partial<World["scope"]>;
};

/** A call that returns: its command, its response, and the parts of the worlds before and after that a law needs. */
export interface CallReturn {
  readonly command: Command;
  readonly response: Response;
  readonly before?: Known;
  readonly after?: Known;
}

/** The assertion that a call which returns here keeps the law. The fields that it reads have to be named. */
export function keeps(
  law: VmapLaw,
  reads: readonly Field[],
  returns: (state: Int32Array) => CallReturn,
): Check {
  return {
    law,
    reads,
    holds: (state) => {
      const { command, response, before = {}, after } = returns(state);
      return law.holds(worldThatKnows(before), command, response, after && worldThatKnows(after));
    },
  };
}

interface Pair<C, R> {
  readonly command: C;
  readonly response: R;
}

/** The assertion that what is seen at this step keeps a law that asks for no world (spec/vmap/concepts). */
export function seen<C, R>(
  law: Law<unknown, C, R>,
  reads: readonly Field[],
  pair: (state: Int32Array) => Pair<C, R>,
): Check {
  return {
    law,
    reads,
    holds: (state) => {
      const { command, response } = pair(state);
      return law.holds(undefined, command, response, undefined);
    },
  };
}

/** A world that answers from its fields. Any other query is an error: a law that makes it cannot be judged here. */
export function worldThatKnows(known: Known): World {
  return new Proxy(known, {
    get: (target, name) => {
      if (name in target) return target[name as keyof Known];
      throw new Error(`a protocol was asked for ${String(name)} of its world, and does not say it`);
    },
  }) as World;
}

/** A response without flushes and PTEs. */
export const done = { kind: "done", flushes: [], pteSet: 0, pteCleared: 0 } as const;

/**
 * vm_unmap_aliases returns: of the pages that were unmapped before it began (bits), the PTEs that are present and those
 * that each CPU's TLB holds. A page represents its frame.
 */
export function aliasesLeft(unmapped: number, ptes: number, tlbs: readonly number[]): CallReturn {
  const translations = (without: number) =>
    tlbs.flatMap((held, cpu) =>
      pagesIn(held & unmapped & ~without).map((page) => ({ cpu, page, frame: page + 1 })),
    );
  const aliases = {
    staleTlb: translations(ptes),
    deadTlb: translations(0),
    deadPtes: pagesIn(unmapped & ptes).length,
  };
  return {
    command: { op: "unmapAliases" },
    response: { ...done, aliases },
    before: { initialised: true },
  };
}

/** The pages of a set of bits. */
export function pagesIn(bits: number): number[] {
  return Array.from({ length: 32 - Math.clz32(bits) }, (_none, page) => page).filter(
    (page) => (bits >>> page) & 1,
  );
}

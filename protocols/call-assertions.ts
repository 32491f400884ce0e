/** The laws of the specification, asked of the step in which a call returns. */
import type { Assertion } from "../engine/actions.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";
import type { VmapLaw } from "../spec/vmap/laws/law.ts";
import type { World } from "../spec/vmap/world.ts";

/** A call that returns: what was asked, what is answered, and what of the world before and after a law needs. */
export interface Returned {
  readonly command: Command;
  readonly response: Response;
  readonly before?: Partial<World>;
  readonly after?: Partial<World>;
}

/** That a call which returns here keeps the law. */
export function keeps(law: VmapLaw, returned: (state: Int32Array) => Returned): Assertion {
  return {
    law,
    holds: (state) => {
      const { command, response, before = {}, after } = returned(state);
      return law.holds(worldThatKnows(before), command, response, after && worldThatKnows(after));
    },
  };
}

/** A world that answers what it knows. Asked anything else it throws: a protocol that leaves that out judges nothing. */
function worldThatKnows(known: Partial<World>): World {
  return new Proxy(known, {
    get: (target, name) => {
      if (name in target) return target[name as keyof World];
      throw new Error(`a protocol was asked for ${String(name)} of its world, and does not say it`);
    },
  }) as World;
}

/** An answer that flushed nothing and set no PTE. */
export const done = { kind: "done", flushes: [], pteSet: 0, pteCleared: 0 } as const;

/**
 * vm_unmap_aliases returns: of the pages that had been let go before it began (bits), the PTEs that are there and what
 * each CPU's TLB holds. A page stands for its frame.
 */
export function aliasesLeft(letGo: number, ptes: number, tlbs: readonly number[]): Returned {
  const translations = (without: number) =>
    tlbs.flatMap((held, cpu) =>
      pagesIn(held & letGo & ~without).map((page) => ({ cpu, page, frame: page + 1 })),
    );
  const aliases = {
    staleTlb: translations(ptes),
    deadTlb: translations(0),
    deadPtes: pagesIn(letGo & ptes).length,
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

/**
 * The state of page tables that are not shared: x86-32 with PTI has, for each process, a root whose upper level is its
 * own, beside that of init_mm, which is the reference. All map with huge entries here, one for each address.
 */
import { type Field, type Layout, plain } from "../../engine/layout.ts";
import { MOST_PHASES } from "../program.ts";

export interface RootsScope {
  readonly cpus: number;
  /** Roots beside that of init_mm. */
  readonly roots: number;
  /** Addresses, each as large as a huge entry maps. */
  readonly addresses: number;
  readonly frames: number;
}

/** An address: free, mapped and held by a caller, unmapped, on the lazy list, gathered by a purge. */
export const [FREE, LIVE, UNMAPPED, LAZY, PURGING] = [0, 1, 2, 3, 4] as const;

export interface AddressFields {
  readonly index: number;
  readonly life: Field;
  /** Entries are 0 for none, or one more than a frame: the reference's, and each root's. */
  readonly reference: Field;
  readonly entries: readonly Field[];
}

export interface CpuFields {
  readonly index: number;
  readonly phase: Field;
  /** The root it runs on. */
  readonly root: Field;
  /** What its TLB holds, by address: as an entry. */
  readonly tlb: readonly Field[];
}

export interface Roots {
  readonly scope: RootsScope;
  readonly purgeLock: Field;
  /** CPUs that have yet to flush what was gathered. */
  readonly pending: Field;
  readonly addresses: readonly AddressFields[];
  readonly cpus: readonly CpuFields[];
}

export function fieldsOf(layout: Layout, scope: RootsScope): Roots {
  const { cpus, roots, addresses, frames } = scope;
  const entry = plain(frames + 1);
  const upTo = (size: number) => Array.from({ length: size }, (_none, index) => index);
  return {
    scope,
    purgeLock: layout.field("purge lock", plain(cpus + 1)),
    pending: layout.field("pending", plain(2 ** cpus)),
    addresses: upTo(addresses).map((index) => ({
      index,
      life: layout.field(`life ${index}`, plain(5)),
      reference: layout.field(`reference ${index}`, entry),
      entries: upTo(roots).map((root) => layout.field(`entry ${root},${index}`, entry)),
    })),
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase ${index}`, plain(MOST_PHASES)),
      root: layout.field(`root ${index}`, plain(roots)),
      tlb: upTo(addresses).map((address) => layout.field(`tlb ${index},${address}`, entry)),
    })),
  };
}

export const livesOf = ({ addresses }: Roots): readonly Field[] => addresses.map(({ life }) => life);

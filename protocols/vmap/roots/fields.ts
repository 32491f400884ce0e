/**
 * The state of page tables that are not shared: x86-32 with PTI has, for each process, a root whose upper level is its
 * own, beside that of init_mm, which is the reference. All map with huge entries here, one for each address.
 */
import { bitsOf, type Field, type Layout, named, noneOr, plain } from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

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
  const entry = noneOr(frames, "frame");
  const upTo = (size: number) => Array.from({ length: size }, (_none, index) => index);
  return {
    scope,
    purgeLock: layout.field("purge lock", noneOr(cpus, "CPU")),
    pending: layout.field("pending", bitsOf(cpus)),
    addresses: upTo(addresses).map((index) => ({
      index,
      life: layout.field(`life of address ${index}`, named("free", "live", "unmapped", "lazy", "purging")),
      reference: layout.field(`reference of address ${index}`, entry),
      entries: upTo(roots).map((root) => layout.field(`entry of root ${root}, address ${index}`, entry)),
    })),
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      root: layout.field(
        `root of CPU ${index}`,
        plain(roots, (root) => `root ${root}`),
      ),
      tlb: upTo(addresses).map((address) => layout.field(`tlb of CPU ${index}, address ${address}`, entry)),
    })),
  };
}

export const livesOf = ({ addresses }: Roots): readonly Field[] => addresses.map(({ life }) => life);

/**
 * The state of page tables that are not shared: x86-32 with PTI has, for each process, a root whose upper level is its
 * own, beside that of init_mm, which is the reference. All map with huge entries here, one for each address.
 */
import {
  bitsOf,
  type Field,
  type Layout,
  named,
  noneOr,
  plain,
  upTo,
} from "../../../engine/search/layout.ts";
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

export type Roots = ReturnType<typeof fieldsOf>;
export type AddressFields = Roots["addresses"][number];
export type CpuFields = Roots["cpus"][number];

export function fieldsOf(layout: Layout, scope: RootsScope) {
  const { cpus, roots, addresses, frames } = scope;
  const entry = noneOr(frames, "frame");
  return {
    scope,
    purgeLock: layout.field("purge lock", noneOr(cpus, "CPU")),
    /** CPUs that have not yet flushed the gathered addresses. */
    pending: layout.field("pending", bitsOf(cpus)),
    addresses: upTo(addresses).map((index) => ({
      index,
      life: layout.field(`life of address ${index}`, named("free", "live", "unmapped", "lazy", "purging")),
      /** The reference's entry, and each root's. */
      reference: layout.field(`reference of address ${index}`, entry),
      entries: upTo(roots).map((root) => layout.field(`entry of root ${root}, address ${index}`, entry)),
    })),
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The root it runs on. */
      root: layout.field(
        `root of CPU ${index}`,
        plain(roots, (root) => `root ${root}`),
      ),
      /** The contents of its TLB, by address, as entries. */
      tlb: upTo(addresses).map((address) => layout.field(`tlb of CPU ${index}, address ${address}`, entry)),
    })),
  };
}

export const livesOf = ({ addresses }: Roots): readonly Field[] => addresses.map(({ life }) => life);

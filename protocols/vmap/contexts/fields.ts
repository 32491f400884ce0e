/** The state of callers: from where and with which mask each calls, and what its call has got so far. */
import { bitsOf, type Field, FLAG, type Layout, named, plain, upTo } from "../../../engine/search/layout.ts";
import { type CallFrom, CONTEXTS, MASKS } from "../../../spec/vmap/concepts.ts";
import { MOST_PHASES } from "../../program.ts";

export interface ContextsScope {
  readonly cpus: number;
  /** Whether KASAN is on, in the releases that have shadow for areas. */
  readonly shadow: boolean;
}

/** What a call gets, in the order of vmalloc and then of vm_map_ram. */
export const PARTS = [
  "vm_struct",
  "vmap_area",
  "address range",
  "shadow",
  "page array",
  "pages",
  "some PTEs",
  "all PTEs",
  "vmap_block",
  "xarray node",
] as const;
export type Part = (typeof PARTS)[number];
export const numberOf = (part: Part) => PARTS.indexOf(part);

/** The area of a caller: none, held, queued in its own memory, or by its vm_struct. */
export const [NONE, HELD, QUEUED, QUEUED_ASIDE] = [0, 1, 2, 3] as const;

export const [GFP_NOWAIT, GFP_NOIO, GFP_NOFS, GFP_KERNEL, NOFAIL] = [0, 1, 2, 3, 4] as const;

export type Contexts = ReturnType<typeof fieldsOf>;
export type CpuFields = Contexts["cpus"][number];

export function fieldsOf(layout: Layout, scope: ContextsScope) {
  return {
    scope,
    /** Whether free_vmap_area_lock was taken in a softirq, and by a process that a softirq may interrupt. */
    lockInSoftirq: layout.field("lock taken in a softirq", FLAG),
    lockInProcess: layout.field("lock taken where a softirq may come", FLAG),
    cpus: upTo(scope.cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      context: layout.field(`context of CPU ${index}`, named(...CONTEXTS)),
      mask: layout.field(`mask of CPU ${index}`, named(...MASKS.map(({ name }) => name))),
      /** It is in lazy MMU mode, in which nothing may sleep. */
      section: layout.field(`section of CPU ${index}`, FLAG),
      area: layout.field(
        `area of CPU ${index}`,
        named("none", "held", "queued in its memory", "queued by its vm_struct"),
      ),
      /** What its call, or its area, has. */
      parts: layout.field(`parts of CPU ${index}`, bitsOf(PARTS.length)),
    })),
  };
}

/** The call as the laws know it. */
export function callOf({ context, mask }: Pick<CpuFields, "context" | "mask">, state: Int32Array): CallFrom {
  return {
    context: CONTEXTS[context.get(state)] as CallFrom["context"],
    mask: MASKS[mask.get(state)] as CallFrom["mask"],
  };
}

export function hasPart(parts: Field, part: Part, state: Int32Array): boolean {
  return ((parts.get(state) >>> numberOf(part)) & 1) === 1;
}

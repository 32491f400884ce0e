/**
 * An observer outside the allocator: the code's reports change the page table, TLBs and caches, and callers hold what
 * they got. The hardware is that of the models (kernels/hardware), in every kind of process.
 */

import { dropPte, flushCacheVunmap, flushTlbKernelRange } from "../kernels/hardware/memory.ts";
import { setFrame } from "../kernels/hardware/page-map.ts";
import type { State } from "../kernels/vmap/state.ts";
import type { Pages, Pfn, Vpn } from "../spec/vmap/vocabulary.ts";

/** One effect of the code, in order. Ranges are in pages. */
export type Observed =
  | { readonly kind: "set"; readonly page: Vpn; readonly frame: Pfn }
  | { readonly kind: "clear"; readonly page: Vpn }
  | { readonly kind: "flush" | "flushCache"; readonly start: Vpn; readonly end: Vpn }
  | { readonly kind: "warn"; readonly text: string }
  | { readonly kind: "absentCpu" };

/** Notes it in place. */
export function observe(state: State, seen: Observed): void {
  switch (seen.kind) {
    case "set":
      setPte(state, seen.page, seen.frame);
      break;
    case "clear":
      dropPte(state, seen.page);
      break;
    case "flush":
      flushTlbKernelRange(state, seen.start, seen.end);
      break;
    case "flushCache":
      flushCacheVunmap(state, seen.start, seen.end);
      break;
    case "warn":
      state.warning = seen.text;
      break;
    case "absentCpu":
      state.usedAbsentCpu = true;
  }
}

/** A PTE is installed. */
export function setPte(state: State, page: Vpn, frame: Pfn): void {
  setFrame(state.memory.pageTable, page, frame);
  state.pteSet += 1;
}

/** A caller holds `count` pages from here on: the latest map counts. */
export function hold({ memory }: State, start: Vpn, pages: Pages, firstFrame: Pfn): void {
  for (let nth = 0; nth < pages; nth++) setFrame(memory.held, start + nth, firstFrame + nth);
}

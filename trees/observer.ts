/**
 * What an observer outside the allocator sees: page table, TLBs and caches change by what the code reports, callers hold
 * what they were given. The same hardware as that of the models (kernels/hardware), whatever the code runs in.
 */

import { dropPte, flushCacheVunmap, flushTlbKernelRange } from "../kernels/hardware/memory.ts";
import { setFrame } from "../kernels/hardware/page-map.ts";
import type { State } from "../kernels/vmap/state.ts";
import type { Pages, Pfn, Vpn } from "../spec/vmap/vocabulary.ts";

/** One thing that the code did, in the order in which it happened. Ranges are in pages. */
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

/** A caller holds so many pages from here on, whatever was there before: the latest map counts. */
export function hold({ memory }: State, start: Vpn, pages: Pages, firstFrame: Pfn): void {
  for (let nth = 0; nth < pages; nth++) setFrame(memory.held, start + nth, firstFrame + nth);
}

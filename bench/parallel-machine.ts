/** What the threads of `parallel.ts` visit. */
import { visitActions } from "../engine/actions.ts";
import type { Visitable } from "../engine/search/visitable.ts";
import { type LazyUnmapScope, lazyUnmap } from "../protocols/vmap/lazy-unmap.ts";

/** The lazy-unmap protocol, no states merged. */
export function lazyUnmapWhole(scope: LazyUnmapScope): Visitable {
  return visitActions(lazyUnmap(scope), { symmetry: false });
}

/** vmap. */
import { vmapCounts } from "../scope.ts";
import { type Pages, pagesText } from "../vocabulary.ts";
import { command, smaller } from "./command.ts";

/**
 * vmap(pages, count, flags): maps `count` fresh frames in an area of their own in the vmalloc window, which is freed as
 * that of an alloc is. The last page of the area has no PTE: it is the guard page.
 */
export interface Vmap {
  readonly op: "vmap";
  /** In pages. 0 is outside the call's domain. */
  readonly count: Pages;
  /** The caller passes VM_NO_GUARD: no guard page. The effect differs between releases. */
  readonly noGuard?: boolean;
}

export const vmap = command<Vmap>({
  op: "vmap",
  fields: { count: "count", noGuard: "true?" },
  gives: "area",
  asksIn: "vmalloc",
  weight: { usual: 0, maps: 4 },
  pages: ({ count }) => count,
  inDomain: (_world, { count }) => count > 0,
  outside: () => "vmapOfNothing",
  // A guard page, unless the allocator adds one by itself (2.6.27) or the release omits it for a caller that passed
  // VM_NO_GUARD.
  asks: ({ promises, scope }, { count, noGuard }) => {
    if (count === 0) return undefined;
    const isLeftOut = noGuard === true && promises.obeysNoGuard;
    const size = isLeftOut || promises.guard.inside > 0 ? count : count + 1;
    return { size, align: 1, ...scope.vmalloc };
  },
  every: ({ scope, calls }) =>
    calls.includes("vmap")
      ? vmapCounts(scope).flatMap((count): Vmap[] => [
          { op: "vmap", count },
          { op: "vmap", count, noGuard: true },
        ])
      : [],
  everyOutside: ({ calls }) => (calls.includes("vmap") ? [{ op: "vmap", count: 0 }] : []),
  drawn: (scope) => {
    const counts = vmapCounts(scope);
    return counts.length === 0 ? undefined : { count: { from: counts }, noGuard: "flag" };
  },
  means: ({ count, noGuard }) => (noGuard ? { op: "vmap", count, noGuard } : { op: "vmap", count }),
  *simpler(step) {
    yield { op: "purge" };
    if (step.noGuard) yield { op: "vmap", count: step.count };
    for (const count of smaller(step.count)) yield { ...step, count };
  },
  askedFor: ({ count }) => ({ counts: [count] }),
  name: ({ count, noGuard }) => `vmap ${count}${noGuard ? " without guard" : ""}`,
  says: ({ count, noGuard }) => `vmap ${pagesText(count)}${noGuard ? ", VM_NO_GUARD" : ""}`,
});

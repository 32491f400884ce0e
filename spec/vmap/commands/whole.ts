/** Commands for the whole space: vmalloc_init, purge, vm_unmap_aliases. */
import { command } from "./command.ts";

/** vmalloc_init(), in a scope that begins before it. */
export interface Init {
  readonly op: "init";
}

/** purge_vmap_area_lazy(): flush and release every lazy area now. */
export interface Purge {
  readonly op: "purge";
}

/** vm_unmap_aliases(). */
export interface UnmapAliases {
  readonly op: "unmapAliases";
}

export const init = command<Init>({
  op: "init",
  fields: {},
  beforeInit: true,
  weight: { usual: 60, maps: 60, mapsAlone: 60 },
  enabled: ({ initialised }) => !initialised,
  every: ({ scope }) => (scope.beforeInit ? [{ op: "init" }] : []),
  drawn: ({ beforeInit }) => (beforeInit ? {} : undefined),
  means: (choice, { initialised }) => (initialised ? undefined : choice),
});

export const purge = command<Purge>({
  op: "purge",
  fields: {},
  weight: { usual: 5, maps: 4 },
  every: ({ calls }) => (calls.includes("purge") ? [{ op: "purge" }] : []),
});

export const unmapAliases = command<UnmapAliases>({
  op: "unmapAliases",
  fields: {},
  beforeInit: true,
  weight: { usual: 3, maps: 12 },
  every: ({ calls }) => (calls.includes("unmapAliases") ? [{ op: "unmapAliases" }] : []),
  // A call whose only purpose was to purge.
  simpler: () => [{ op: "purge" }],
  amongAreas: () => ({ op: "purge" }),
});

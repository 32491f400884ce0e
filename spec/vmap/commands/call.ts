/** What callers do on a machine that is explored, in kinds: who allocates also frees, and who maps also unmaps. */

/** A machine that begins before vmalloc_init is also switched on. Frames that were pinned are not given back. */
export type Call =
  /** An allocation under which nothing is mapped, and one with a frame under every page. */
  | "alloc"
  | "allocMapped"
  /** vmap of each of the scope's counts, with VM_NO_GUARD and without. */
  | "vmap"
  /** A search for the area at each page. */
  | "find"
  /** mapRam of each of the scope's counts, on each CPU. */
  | "map"
  /** A read, or a write, by each CPU of each page that is or was mapped. */
  | "touch"
  | "write"
  /** A pcpuGet of each of the scope's congruent areas. */
  | "percpu"
  | "pin"
  | "purge"
  | "unmapAliases";

/** What laws about areas need. */
export const OF_AREAS: readonly Call[] = ["alloc", "purge"];

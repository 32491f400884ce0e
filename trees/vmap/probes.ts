/** What the glue has to know of a tree's mm/vmalloc.c: an expression of C that compiles only where it is so. */

export interface Probe {
  /** The macro that glue.c reads. */
  readonly name: string;
  /** In words, as `trees` prints it. */
  readonly says: string;
  readonly expression: string;
  /** Why nothing can be done without it. */
  readonly required?: true;
}

const has = (name: string, says: string, expression: string): Probe => ({ name, says, expression });
const needs = (identifier: string): Probe => ({
  name: identifier,
  says: identifier,
  expression: `(void *)&${identifier}`,
  required: true,
});

export const PROBES: readonly Probe[] = [
  needs("alloc_vmap_area"),
  needs("free_unmap_vmap_area"),
  needs("find_vmap_area"),
  needs("vmalloc_init"),
  needs("vm_map_ram"),
  needs("vm_unmap_ram"),
  needs("vm_unmap_aliases"),
  needs("vmap"),
  needs("vunmap"),
  needs("vfree"),
  needs("pcpu_get_vm_areas"),
  needs("pcpu_free_vm_areas"),
  needs("find_vm_area"),
  needs("vmap_lazy_nr"),
  needs("free_vmap_area_root"),
  needs("free_vmap_area_list"),
  needs("vmap_block_queue"),
  has("HAVE_NODES", "areas on vmap nodes, with pools (6.9)", "vmap_nodes[0].pool"),
  has("HAVE_BLOCKS_BY_CPU", "an index of blocks for each CPU (6.4)", "vmap_block_queue[0].vmap_blocks"),
  has("HAVE_BLOCK_CPU", "a block knows its CPU (6.4)", "((struct vmap_block *)0)->cpu"),
  has("HAVE_AREA_FLAGS", "areas have flags (6.3)", "((struct vmap_area *)0)->flags"),
  has("HAVE_FIND_UNLINK", "find_unlink_vmap_area (6.3)", "(void *)&find_unlink_vmap_area"),
  has("HAVE_RECLAIM", "reclaim_and_purge_vmap_areas (6.5)", "(void *)&reclaim_and_purge_vmap_areas"),
  has("HAVE_LAZY_LLIST", "lazy areas on a lockless list (to 5.10)", "vmap_purge_list.first"),
];

/**
 * The probes of a tree's mm/vmalloc.c that the glue needs: each is a C expression that compiles only if the probe
 * holds.
 */

export interface Probe {
  /** The macro that glue.c reads. */
  readonly name: string;
  /** In words, as `trees` prints it. */
  readonly says: string;
  readonly expression: string;
  /** The first and the last modelled release in which it holds. */
  readonly since?: string;
  readonly until?: string;
  /** Why the tree cannot be built without it. */
  readonly required?: true;
}

const since = (release: string, name: string, says: string, expression: string): Probe => ({
  name,
  says: `${says} (${release})`,
  expression,
  since: release,
});
const needs = (identifier: string): Probe => ({
  name: identifier,
  says: identifier,
  expression: `(void *)&${identifier}`,
  required: true,
});

/** Older files, which lack it, do not compile either: that they are too old is what to say of them. */
export const OLDEST = "free_vmap_area_root";

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
  needs(OLDEST),
  needs("free_vmap_area_list"),
  needs("vmap_block_queue"),
  since("6.9", "HAVE_NODES", "areas on vmap nodes, with pools", "vmap_nodes[0].pool"),
  since("6.4", "HAVE_BLOCKS_BY_CPU", "an index of blocks for each CPU", "vmap_block_queue[0].vmap_blocks"),
  {
    name: "HAVE_BLOCK_CPU",
    says: "a block knows its CPU (6.10, and stable versions before: 8c61291fd850)",
    expression: "((struct vmap_block *)0)->cpu",
  },
  since(
    "6.3",
    "HAVE_AREA_FLAGS",
    "areas say what vm_map_ram has",
    "((struct vmap_area *)0)->flags & VMAP_RAM",
  ),
  since("6.3", "HAVE_FIND_UNLINK", "find_unlink_vmap_area", "(void *)&find_unlink_vmap_area"),
  since("6.5", "HAVE_RECLAIM", "reclaim_and_purge_vmap_areas", "(void *)&reclaim_and_purge_vmap_areas"),
  {
    name: "HAVE_VMALLOC_PROT",
    says: "__vmalloc and vm_map_ram take a protection (to 5.7)",
    // A call of a macro with too many arguments would be an error in the header.
    expression:
      "sizeof(char[__builtin_types_compatible_p(__typeof__(__vmalloc), void *(unsigned long, gfp_t, pgprot_t)) ? 1 : -1])",
  },
  {
    name: "HAVE_RADIX_TREE",
    says: "blocks in a radix tree (to 5.8)",
    expression: "(void *)&vmap_block_tree",
  },
  {
    name: "HAVE_LAZY_AMONG_AREAS",
    says: "lazy areas stay among the others (to 5.3)",
    expression: "VM_LAZY_FREE",
    until: "5.3",
  },
  {
    name: "HAVE_LAZY_LLIST",
    says: "lazy areas on a lockless list (to 5.10)",
    expression: "vmap_purge_list.first",
    until: "5.10",
  },
];

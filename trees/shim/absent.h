/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of the kernel that are configured out: debugging, tracing, sanitizers, accounting; and what reads areas. */
#pragma once
#define debug_pagealloc_enabled_static() 0
#define debug_check_no_locks_freed(...) ((void)0)
#define debug_check_no_obj_freed(...) ((void)0)
#define KASAN_VMALLOC_NONE 0
#define KASAN_VMALLOC_PROT_NORMAL 0
#define KASAN_VMALLOC_VM_ALLOC 0
#define KASAN_VMALLOC_INIT 0
#define KASAN_VMALLOC_KEEP_TAG 0
#define KASAN_VMALLOC_PAGE_RANGE 1
#define KASAN_VMALLOC_TLB_FLUSH 2
#define kasan_reset_tag(p) (p)
#define kasan_populate_vmalloc(at, size, ...) drive_shadow(DRIVE_FLAGS(__VA_ARGS__), __LINE__)
#define kasan_hw_tags_enabled() 0
#define want_init_on_alloc(flags) 0
#define want_init_on_free() 0
#define split_page(page, order) ((void)0)
#define mod_memcg_page_state(...) ((void)0)
#define mod_lruvec_page_state(...) ((void)0)
#define kasan_release_vmalloc(...) ((void)0)
#define kasan_poison_vmalloc(...) ((void)0)
#define kasan_unpoison_vmalloc(p, ...) ((void *)(p))
#define kasan_unpoison_vmap_areas(...) ((void)0)
#define kasan_free_module_shadow(v) ((void)0)
#define kasan_free_shadow(v) ((void)0)
#define kmsan_vmap_pages_range_noflush(...) 0
#define kmsan_ioremap_page_range(...) 0
#define kmsan_vunmap_range_noflush(...) ((void)0)
#define kmemleak_scan_area(...) ((void)0)
#define kmemleak_vmalloc(...) ((void)0)
#define kmemleak_free(...) ((void)0)
#define trace_alloc_vmap_area(...) ((void)0)
#define trace_purge_vmap_area_lazy(...) ((void)0)
#define trace_free_vmap_area_noflush(...) ((void)0)
#define MEMCG_VMALLOC 0
#define NR_VMALLOC 0
#define VM_DONTEXPAND 0
#define VM_DONTDUMP 0
#define SHRINK_EMPTY (~0UL - 1)
#define SHRINK_STOP (~0UL)
extern struct shrinker drive_shrinker;
#define shrinker_alloc(...) (&drive_shrinker)
#define shrinker_register(s) ((void)0)

/* Readers, where several CPUs call at once. */
#define ZERO_PAGE(at) ((struct page *)0)
#define copy_page_to_iter_nofault(page, offset, size, iter) ((void)(page), (size_t)(size))
#ifdef DRIVE_POINTS
#define CONFIG_PROC_FS 1
#define seq_printf(m, ...) drive_shown(__VA_ARGS__)
#define N_HIGH_MEMORY 0
#define for_each_node_state(node, state) for ((node) = 0; (node) < nr_node_ids; (node)++)
#define page_to_nid(page) 0
#define seq_puts(m, text) ((void)0)
#define seq_putc(m, letter) ((void)0)
static inline void drive_shown(const char *format, ...)
{
}
#endif

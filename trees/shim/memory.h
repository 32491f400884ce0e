/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for descriptors: one arena, whatever the caller may wait for. The flags' values only have to differ. Pages: numbers. */
#pragma once
void *drive_alloc(size_t size, int zeroed);
void *drive_alloc_for(gfp_t flags, size_t size, int zeroed, int line);
void drive_asks(gfp_t flags, int line);		/* memory is asked for with these flags, in that line */
int drive_shadow(gfp_t flags, int line);	/* as mm/kasan/shadow.c allocates it: whether it cannot */
struct page *drive_page(gfp_t flags, unsigned int order, int line);
unsigned long drive_bulk(gfp_t flags, unsigned long count, struct page **pages, int line);
void drive_free_pages(struct page *page, unsigned long count);
void drive_free(const void *p);
void drive_shrink(void);
long drive_allocated(void);
/* 7.2 asks for this with no pages as well. */
void free_pages_bulk(struct page **pages, unsigned long count);
void drive_freed_memory(const void *p, size_t size);	/* of the lanes: none of it may be used any more */

#define __GFP_DMA 0x1u
#define __GFP_HIGHMEM 0x2u
#define __GFP_DMA32 0x4u
#define __GFP_IO 0x40u
#define __GFP_FS 0x80u
#define __GFP_ZERO 0x100u
#define __GFP_DIRECT_RECLAIM 0x400u
#define __GFP_KSWAPD_RECLAIM 0x800u
#define __GFP_RECLAIM (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define __GFP_NOWARN 0x2000u
#define __GFP_RETRY_MAYFAIL 0x4000u
#define __GFP_NOFAIL 0x8000u
#define __GFP_NORETRY 0x10000u
#define __GFP_MEMALLOC 0x20000u
#define __GFP_COMP 0x40000u
#define __GFP_NOMEMALLOC 0x80000u
#define __GFP_HARDWALL 0x100000u
#define __GFP_ACCOUNT 0x400000u
#define __GFP_SKIP_KASAN 0u
#define __GFP_SKIP_KASAN_UNPOISON 0u
#define __GFP_SKIP_ZERO 0u
#define __GFP_NOLOCKDEP 0u
#define __GFP_THISNODE 0u
#define GFP_ZONEMASK 0xfu
#define GFP_DMA __GFP_DMA
#define GFP_DMA32 __GFP_DMA32
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_NOFS (__GFP_RECLAIM | __GFP_IO)
#define GFP_NOIO __GFP_RECLAIM
#define GFP_NOWAIT __GFP_KSWAPD_RECLAIM
#define GFP_ATOMIC (0x20u | __GFP_KSWAPD_RECLAIM)
#define GFP_USER (GFP_KERNEL | __GFP_HARDWALL)
#define GFP_KERNEL_ACCOUNT (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_RECLAIM_MASK (GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN | __GFP_RETRY_MAYFAIL | __GFP_NOFAIL | \
	__GFP_NORETRY | __GFP_MEMALLOC | __GFP_NOMEMALLOC)
#define gfpflags_allow_blocking(f) (!!((f) & __GFP_DIRECT_RECLAIM))
#define NUMA_NO_NODE (-1)
#define MAX_PAGE_ORDER 10
#define MAX_ORDER 11

/* One cache, of areas: the last one made. */
extern struct kmem_cache drive_area_cache;
#define SLAB_PANIC 0
#define KMEM_CACHE(n, f) (drive_area_cache = (struct kmem_cache){ #n, sizeof(struct n) }, &drive_area_cache)
#define kmem_cache_create(n, s, ...) (drive_area_cache = (struct kmem_cache){ n, s }, &drive_area_cache)
#ifdef DRIVE_POINTS
void drive_reclaim(gfp_t flags);	/* memory is short: the caller may have to shrink the pools first */
#else
#define drive_reclaim(f) ((void)0)
#endif
#define drive_new(s, f, zeroed) drive_alloc_for(f, s, zeroed, __LINE__)
#define kmem_cache_alloc(c, f) (drive_reclaim(f), drive_new((c)->size, f, 0))
#define kmem_cache_alloc_node(c, f, n) (drive_reclaim(f), drive_new((c)->size, f, 0))
#define kmem_cache_zalloc(c, f) (drive_reclaim(f), drive_new((c)->size, f, 1))
#define kmem_cache_free(c, p) drive_free(p)
#define kmalloc(s, f) drive_new(s, f, 0)
#define kmalloc_node(s, f, n) (drive_reclaim(f), drive_new(s, f, 0))
#define kmalloc_node_noprof kmalloc_node
#define kmalloc_array(n, s, f) drive_new((n) * (s), f, 0)
#define kzalloc(s, f) drive_new(s, f, 1)
#define kzalloc_node(s, f, n) drive_new(s, f, 1)
#define kcalloc(n, s, f) drive_new((n) * (s), f, 1)
#define kvmalloc_array(n, s, f) drive_new((n) * (s), f, 0)
#define kvmalloc_node(s, f, n) drive_new(s, f, 0)
/* Flags that may be left out. */
#define DRIVE_SECOND(a, b, ...) b
#define DRIVE_FLAGS(...) DRIVE_SECOND(0, ##__VA_ARGS__, GFP_KERNEL, 0)
#define drive_new_objs(o, n, zeroed, ...) ((__typeof__(o) *)drive_new(sizeof(o) * (n), DRIVE_FLAGS(__VA_ARGS__), zeroed))
#define kmalloc_obj(o, ...) drive_new_objs(o, 1, 0, ##__VA_ARGS__)
#define kmalloc_node_obj kmalloc_obj
#define kmalloc_objs(o, n, ...) drive_new_objs(o, n, 0, ##__VA_ARGS__)
#define kzalloc_obj(o, ...) drive_new_objs(o, 1, 1, ##__VA_ARGS__)
#define kzalloc_node_obj kzalloc_obj
#define kzalloc_objs(o, n, ...) drive_new_objs(o, n, 1, ##__VA_ARGS__)
#define kfree(p) drive_free(p)
#define kvfree(p) drive_free(p)
#define totalram_pages() (1UL << 30)

#define alloc_page(f) drive_page(f, 0, __LINE__)
#define alloc_pages(f, order) drive_page(f, order, __LINE__)
#define alloc_pages_noprof alloc_pages
#define alloc_pages_node(n, f, order) drive_page(f, order, __LINE__)
#define alloc_pages_node_noprof alloc_pages_node
#define drive_bulk_of_node(f, n, count, pages) drive_bulk(f, count, pages, __LINE__)
#define drive_bulk_of_policy(f, count, pages) drive_bulk(f, count, pages, __LINE__)
#define alloc_pages_bulk_array_node drive_bulk_of_node
#define alloc_pages_bulk_array_node_noprof drive_bulk_of_node
#define alloc_pages_bulk_node_noprof drive_bulk_of_node
#define alloc_pages_bulk_array_mempolicy drive_bulk_of_policy
#define alloc_pages_bulk_array_mempolicy_noprof drive_bulk_of_policy
#define alloc_pages_bulk_mempolicy_noprof drive_bulk_of_policy
#define __free_page(p) drive_free_pages(p, 1)
#define __free_pages(p, order) drive_free_pages(p, 1UL << (order))

/* What a task's allocations may not do, whatever their flags say. */
#define PF_MEMALLOC 1u
#define PF_MEMALLOC_NOFS 2u
#define PF_MEMALLOC_NOIO 4u
static inline unsigned int memalloc_flags_save(unsigned int flags)
{
	unsigned int added = flags & ~current->flags;

	current->flags |= flags;
	return added;
}
#define memalloc_flags_restore(f) ((void)(current->flags &= ~(f)))
#define memalloc_noreclaim_save() memalloc_flags_save(PF_MEMALLOC)
#define memalloc_nofs_save() memalloc_flags_save(PF_MEMALLOC_NOFS)
#define memalloc_noio_save() memalloc_flags_save(PF_MEMALLOC_NOIO)
#define memalloc_noreclaim_restore(f) memalloc_flags_restore(f)
#define memalloc_nofs_restore(f) memalloc_flags_restore(f)
#define memalloc_noio_restore(f) memalloc_flags_restore(f)

void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);

/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for descriptors: one arena, whatever the caller may wait for. The flags' values only have to differ. */
#pragma once
void *drive_alloc(size_t size, int zeroed);
void drive_free(const void *p);
void drive_shrink(void);
long drive_allocated(void);
/* 7.2 asks for this with no pages as well. Pages belong to callers: there are none to free. */
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
#define kmem_cache_alloc(c, f) (drive_reclaim(f), drive_alloc((c)->size, 0))
#define kmem_cache_alloc_node(c, f, n) (drive_reclaim(f), drive_alloc((c)->size, 0))
#define kmem_cache_zalloc(c, f) (drive_reclaim(f), drive_alloc((c)->size, 1))
#define kmem_cache_free(c, p) drive_free(p)
#define kmalloc(s, f) drive_alloc(s, 0)
#define kmalloc_node(s, f, n) (drive_reclaim(f), drive_alloc(s, 0))
#define kmalloc_array(n, s, f) drive_alloc((n) * (s), 0)
#define kzalloc(s, f) drive_alloc(s, 1)
#define kzalloc_node(s, f, n) drive_alloc(s, 1)
#define kcalloc(n, s, f) drive_alloc((n) * (s), 1)
#define kvmalloc_array(n, s, f) drive_alloc((n) * (s), 0)
#define kvmalloc_node(s, ...) drive_alloc(s, 0)
#define kmalloc_obj(o, ...) ((__typeof__(o) *)drive_alloc(sizeof(o), 0))
#define kmalloc_node_obj kmalloc_obj
#define kmalloc_objs(o, n, ...) ((__typeof__(o) *)drive_alloc(sizeof(o) * (n), 0))
#define kzalloc_obj(o, ...) ((__typeof__(o) *)drive_alloc(sizeof(o), 1))
#define kzalloc_node_obj kzalloc_obj
#define kzalloc_objs(o, n, ...) ((__typeof__(o) *)drive_alloc(sizeof(o) * (n), 1))
#define kfree(p) drive_free(p)
#define kvfree(p) drive_free(p)
#define totalram_pages() (1UL << 30)

void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);

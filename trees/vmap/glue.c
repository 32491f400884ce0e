/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts questions to the statics of an unmodified mm/vmalloc.c, which is included here: one translation unit. This is the
 * only file that knows the allocator. What differs between releases is asked of the compiler (probes.ts): HAVE_... are
 * its answers. What a signature is, the types tell.
 */
/* `unsigned long lazy_max_pages(void)`, the definition, gets another name; `lazy_max_pages()`, a call, comes to us. */
#define lazy_max_pages(x) DRIVE_LAZY_MAX_##x
#define DRIVE_LAZY_MAX_void drive_formula(void)
#define DRIVE_LAZY_MAX_ drive_lazy_limit(__func__[0] == '_')
static unsigned long drive_formula(void);
/*
 * A machine whose every free purges has a limit of 0. The formula never comes to 0, and __purge_vmap_area_lazy, the one
 * function that asks and whose name begins so, divides by it.
 */
static inline unsigned long drive_lazy_limit(int divides)
{
	if (drive_lazy_max == ~0UL)
		return drive_formula();
	return drive_lazy_max == 0 && divides ? 1 : drive_lazy_max;
}
#include "mm/vmalloc.c"
#undef lazy_max_pages

/* Calls f, cast to this type, if it has that type. */
#define HAS_TYPE(f, type) __builtin_types_compatible_p(__typeof__(&f), type)

typedef unsigned long ulong;
typedef struct vmap_area *(*drive_alloc_6)(ulong, ulong, ulong, ulong, int, gfp_t);
typedef struct vmap_area *(*drive_alloc_7)(ulong, ulong, ulong, ulong, int, gfp_t, ulong);
typedef struct vmap_area *(*drive_alloc_8)(ulong, ulong, ulong, ulong, int, gfp_t, ulong, struct vm_struct *);
_Static_assert(HAS_TYPE(alloc_vmap_area, drive_alloc_6) || HAS_TYPE(alloc_vmap_area, drive_alloc_7) ||
	       HAS_TYPE(alloc_vmap_area, drive_alloc_8), "alloc_vmap_area takes other arguments than those known");

static struct vmap_area *drive_area(ulong size, ulong align, ulong start, ulong end, gfp_t gfp)
{
	if (HAS_TYPE(alloc_vmap_area, drive_alloc_8))
		return ((drive_alloc_8)alloc_vmap_area)(size, align, start, end, NUMA_NO_NODE, gfp, 0, NULL);
	if (HAS_TYPE(alloc_vmap_area, drive_alloc_7))
		return ((drive_alloc_7)alloc_vmap_area)(size, align, start, end, NUMA_NO_NODE, gfp, 0);
	return ((drive_alloc_6)alloc_vmap_area)(size, align, start, end, NUMA_NO_NODE, gfp);
}

typedef struct vm_struct **(*drive_pcpu_4)(const ulong *, const size_t *, int, size_t);
typedef struct vm_struct **(*drive_pcpu_5)(const ulong *, const size_t *, int, size_t, gfp_t);
_Static_assert(HAS_TYPE(pcpu_get_vm_areas, drive_pcpu_4) || HAS_TYPE(pcpu_get_vm_areas, drive_pcpu_5),
	       "pcpu_get_vm_areas takes other arguments than those known");

static struct vm_struct **drive_pcpu(const ulong *offsets, const size_t *sizes, int n, size_t align)
{
	if (HAS_TYPE(pcpu_get_vm_areas, drive_pcpu_5))
		return ((drive_pcpu_5)pcpu_get_vm_areas)(offsets, sizes, n, align, GFP_KERNEL);
	return ((drive_pcpu_4)pcpu_get_vm_areas)(offsets, sizes, n, align);
}

ulong drive_block_pages(void)
{
	return VMAP_BBMAP_BITS;
}

ulong drive_map_limit(void)
{
	return VMAP_MAX_ALLOC;
}

static void drive_answer(ulong kind, ulong value)
{
	drive_io->kind = kind;
	drive_io->value = value;
}

static void drive_placed(ulong addr)
{
	drive_answer(addr ? DRIVE_PLACED : DRIVE_REFUSED, addr);
}

/* A frame under each page, as far as there is no PTE yet. */
static void drive_map(ulong addr, ulong size, ulong frame)
{
	ulong at;

	for (at = addr; at - addr < size; at += PAGE_SIZE, frame++) {
		pte_t *pte = drive_pte(at, 1);

		if (!pte_none(*pte)) {
			drive_event(DRIVE_STOPPED, at, 0, 0);
			return;
		}
		set_pte_at(&init_mm, at, pte, pfn_pte(frame, 0));
	}
}

#ifndef HAVE_AREA_FLAGS
/* Of the areas that DRIVE_ALLOC made, as vmalloc's have one. Nothing reads it. */
static struct vm_struct drive_vm;
#endif

static void drive_ask_alloc(const ulong *args)
{
	struct vmap_area *va = drive_area(args[0], args[1], args[2], args[3], args[5] ? GFP_NOWAIT : GFP_KERNEL);

	if (IS_ERR(va)) {
		drive_answer(DRIVE_REFUSED, -PTR_ERR(va));
		return;
	}
	drive_answer(DRIVE_PLACED, va->va_start);
#ifndef HAVE_AREA_FLAGS
	va->vm = &drive_vm;
#endif
	if (args[4])
		drive_map(va->va_start, args[0], args[4]);
}

/* The free space begins at its second byte: an area from there on leaves it so. It is in no tree any more. */
static void drive_ask_carve(ulong size)
{
	struct vmap_area *va = drive_area(size, 1, 1, ULONG_MAX, GFP_KERNEL);

	if (IS_ERR(va) || va->va_start != 1) {
		drive_answer(DRIVE_REFUSED, 0);
		return;
	}
#ifdef HAVE_FIND_UNLINK
	find_unlink_vmap_area(va->va_start);
#else
	unlink_va(va, &vmap_area_root);
#endif
	drive_free(va);
}

/*
 * Whether vfree takes this area. One that DRIVE_ALLOC made has no vm_struct of its own, and is taken for one that has; what
 * vm_map_ram made has none, and differs from it by its flags, or, where there are none, by that.
 */
static int drive_is_owned(const struct vmap_area *va)
{
#ifdef HAVE_AREA_FLAGS
	return !(va->flags & (VMAP_RAM | VMAP_BLOCK));
#else
	return va->vm != NULL;
#endif
}

/* For the question itself: no part of the call. */
static struct vmap_area *drive_find(ulong addr)
{
	int watched = drive_watched;
	struct vmap_area *va;

	drive_watched = 0;
	va = find_vmap_area(addr);
	drive_watched = watched;
	return va;
}

static void drive_ask_free(ulong addr)
{
	struct vmap_area *va = drive_find(addr);

	if (!va || !drive_is_owned(va)) {
		vfree((void *)addr);
		return;
	}
	drive_answer(DRIVE_DONE, va->va_start);
	drive_io->size = va->va_end - va->va_start;
#ifndef HAVE_AREA_FLAGS
	if (va->vm == &drive_vm)
		va->vm = NULL;
#endif
#ifdef HAVE_LAZY_AMONG_AREAS	/* as remove_vm_area does */
	if (!va->vm)
		va->flags |= VM_LAZY_FREE;
#endif
	if (va->vm) {
		vfree((void *)addr);
		return;
	}
#ifdef HAVE_FIND_UNLINK
	va = find_unlink_vmap_area(addr);
#endif
	free_unmap_vmap_area(va);
}

/* Memory of the question's own: it is no allocation of the allocator's, and never fails. */
static void *drive_own(size_t size)
{
	long fail_at = drive_fail_at;
	void *p;

	drive_fail_at = 0;
	p = drive_alloc(size, 1);
	drive_fail_at = fail_at;
	drive_io->allocations--;
	return p;
}

/* As many pages as a question may name, whose addresses are their frames. */
static struct page **drive_pages(ulong count, ulong frame)
{
	struct page **pages = drive_own((count + 1) * sizeof(*pages));
	ulong at;

	for (at = 0; at < count; at++)
		pages[at] = pfn_to_page(frame + at);
	return pages;
}

static void drive_ask_map_ram(ulong count, ulong frame)
{
	struct page **pages = drive_pages(count, frame);

#ifdef HAVE_VMALLOC_PROT
	drive_placed((ulong)vm_map_ram(pages, count, NUMA_NO_NODE, PAGE_KERNEL));
#else
	drive_placed((ulong)vm_map_ram(pages, count, NUMA_NO_NODE));
#endif
	drive_free(pages);
}

/* What no block serves is an area: its caller holds it until vm_unmap_ram finds it. */
static void drive_ask_unmap_ram(ulong addr, ulong count)
{
	struct vmap_area *va = count > VMAP_MAX_ALLOC ? drive_find(addr) : NULL;

	if (va) {
		drive_answer(DRIVE_DONE, va->va_start);
		drive_io->size = va->va_end - va->va_start;
	}
	vm_unmap_ram((void *)addr, count);
}

static void drive_ask_vmap(ulong count, ulong frame, int no_guard)
{
	struct page **pages = drive_pages(count, frame);

	drive_placed((ulong)vmap(pages, count, VM_MAP | (no_guard ? VM_NO_GUARD : 0), PAGE_KERNEL));
	drive_free(pages);
}

/* The areas, not the array that lists them, are what the caller is given: it is made anew when they are freed. */
static void drive_ask_pcpu_get(ulong align, int n, const ulong *offsets, const ulong *sizes)
{
	struct vm_struct **vms = drive_pcpu(offsets, sizes, n, align);

	drive_placed(vms ? (ulong)vms[0]->addr - offsets[0] : 0);
	kfree(vms);
}

static void drive_ask_pcpu_free(ulong base, int n, const ulong *offsets)
{
	struct vm_struct **vms = drive_own(n * sizeof(*vms));
	int i;

	for (i = 0; i < n; i++)
		vms[i] = find_vm_area((void *)(base + offsets[i]));
	pcpu_free_vm_areas(vms, n);
}

/* In the order of MASKS (spec/vmap/concepts.ts). */
static noinline void drive_ask_vmalloc(ulong size, ulong mask)
{
	static const gfp_t drive_masks[] = { GFP_NOWAIT, GFP_NOIO, GFP_NOFS, GFP_KERNEL, GFP_KERNEL | __GFP_NOFAIL };

#ifdef HAVE_VMALLOC_PROT
	drive_placed((ulong)__vmalloc(size, drive_masks[mask % ARRAY_SIZE(drive_masks)], PAGE_KERNEL));
#else
	drive_placed((ulong)__vmalloc(size, drive_masks[mask % ARRAY_SIZE(drive_masks)]));
#endif
}

/* Readers. What they keep on the stack would be part of every other question's state, if it were in drive_ask. */
static noinline void drive_ask_show(void)
{
#if defined(HAVE_NODES) && defined(CONFIG_PROC_FS)	/* in one call since 6.9 */
	struct seq_file file = { 0 };

	vmalloc_info_show(&file, NULL);
#else
	drive_answer(DRIVE_UNKNOWN, DRIVE_SHOW);
#endif
}

static noinline void drive_ask_read(void)
{
#ifdef HAVE_BLOCKS_BY_CPU	/* of 6.4, as vread_iter is */
	struct iov_iter to = { 0 };

	vread_iter(&to, (const char *)drive_start, drive_end - drive_start);
#else
	drive_answer(DRIVE_UNKNOWN, DRIVE_READ);
#endif
}

void drive_settle(void);

/*
 * A CPU keeps a descriptor in stock, which a call that was refused may have put there. Lanes are not asked for it: to
 * look at the stock would be a step of theirs.
 */
static long drive_live(void)
{
#ifdef DRIVE_POINTS
	return 0;
#else
	long live = drive_allocated();
	int c;

	for (c = drive_next_cpu(-1); c < drive_cpus; c = drive_next_cpu(c))
		live -= per_cpu(ne_fit_preload_node, c) != NULL;
	return live;
#endif
}

static long drive_lazy(void)
{
	return vmap_lazy_nr.counter;
}

void drive_ask(int op)
{
	const ulong *args = drive_io->args;
	struct vmap_area *va;

	drive_io->count = drive_io->lost = drive_io->rcu = drive_io->work = drive_io->allocations = 0;
	drive_io->text[0] = 0;
	drive_io->size = 0;
	drive_answer(DRIVE_DONE, 0);
	drive_cpu = op == DRIVE_INIT ? 0 : *args++;
	switch (op) {
	case DRIVE_INIT:
		vmalloc_init();
		break;
	case DRIVE_ALLOC:
		drive_ask_alloc(args);
		break;
	case DRIVE_FREE:
		drive_ask_free(args[0]);
		break;
	case DRIVE_MAP_RAM:
		drive_ask_map_ram(args[0], args[1]);
		break;
	case DRIVE_UNMAP_RAM:
		drive_ask_unmap_ram(args[0], args[1]);
		break;
	case DRIVE_VMAP:
		drive_ask_vmap(args[0], args[1], args[2]);
		break;
	case DRIVE_PCPU_GET:
		drive_ask_pcpu_get(args[0], args[1], args + 2, args + 2 + args[1]);
		break;
	case DRIVE_PCPU_FREE:
		drive_ask_pcpu_free(args[0], args[1], args + 2);
		break;
	case DRIVE_FIND:
		va = find_vmap_area(args[0]);
		drive_answer(va ? DRIVE_FOUND : DRIVE_NOTHING, va ? va->va_start : 0);
		break;
	case DRIVE_PURGE:
#ifdef HAVE_RECLAIM
		reclaim_and_purge_vmap_areas();
#else
		purge_vmap_area_lazy();
#endif
		break;
	case DRIVE_UNMAP_ALIASES:
		vm_unmap_aliases();
		break;
	case DRIVE_CARVE:
		drive_ask_carve(args[0]);
		break;
	case DRIVE_SHRINK:
		drive_shrink();
		break;
	case DRIVE_SHOW:
		drive_ask_show();
		break;
	case DRIVE_READ:
		drive_ask_read();
		break;
	case DRIVE_FIND_VM:
		drive_answer(find_vm_area((void *)args[0]) ? DRIVE_FOUND : DRIVE_NOTHING, 0);
		break;
	case DRIVE_VMALLOC:
		drive_ask_vmalloc(args[0], args[1]);
		break;
	default:
		drive_answer(DRIVE_UNKNOWN, op);
	}
	if (drive_watched)
		drive_event(DRIVE_LEAVES, drive_section, 0, 0);
	drive_watched = drive_context = drive_section = 0;
	drive_settle();
	drive_io->lazy = drive_lazy();
	drive_io->live = drive_live();
	drive_io->descriptors = -1;
	drive_fail_at = 0;
}

/* Where busy and lazy areas are kept. */
#ifdef HAVE_NODES
#define for_each_drive_place(i) for (i = 0; i < nr_vmap_nodes; i++)
#define drive_busy_list(i) (&vmap_nodes[i].busy.head)
#define drive_busy_root(i) (vmap_nodes[i].busy.root.rb_node)
#define drive_lazy_list(i) (&vmap_nodes[i].lazy.head)
#else
#define for_each_drive_place(i) for (i = 0; i < 1; i++)
#define drive_busy_list(i) (&vmap_area_list)
#define drive_busy_root(i) (vmap_area_root.rb_node)
#define drive_lazy_list(i) (&purge_vmap_area_list)
#endif
#ifdef HAVE_LAZY_LLIST
#define for_each_drive_lazy(va, i) llist_for_each_entry(va, vmap_purge_list.first, purge_list)
#else
#define for_each_drive_lazy(va, i) list_for_each_entry(va, drive_lazy_list(i), list)
#endif
#if defined(HAVE_AREA_FLAGS) || defined(HAVE_LAZY_AMONG_AREAS)
#define drive_flags(va) (va)->flags
#else
#define drive_flags(va) 0UL
#endif
#ifdef HAVE_BLOCKS_BY_CPU
#define for_each_drive_index(x, c) \
	for (c = drive_next_cpu(-1); c < drive_cpus && (x = &vmap_block_queue[c].vmap_blocks); c = drive_next_cpu(c))
#elif defined(HAVE_RADIX_TREE)
#define for_each_drive_index(x, c) for (c = 0; c < 1 && (x = &vmap_block_tree); c++)
#else
#define for_each_drive_index(x, c) for (c = 0; c < 1 && (x = &vmap_blocks); c++)
#endif
#ifdef HAVE_BLOCK_CPU
#define drive_block_cpu(vb) ((long)(vb)->cpu)
#else
#define drive_block_cpu(vb) (-1L)
#endif

/* A list that was never initialised is empty. */
static int drive_is_list(const struct list_head *head)
{
	return head->next != NULL;
}

void drive_describe(void)
{
	struct vmap_area *va;
	struct vmap_block *vb;
	struct xarray *x;
	unsigned int at;
	int i, c;

	list_for_each_entry(va, &free_vmap_area_list, list)
		drive_event(DRIVE_FREE_EXTENT, va->va_start, va->va_end, 0);
	for_each_drive_place(i) {
		if (!drive_is_list(drive_busy_list(i)))
			continue;
		list_for_each_entry(va, drive_busy_list(i), list)
			drive_event(DRIVE_AREA, va->va_start, va->va_end, drive_flags(va));
		for_each_drive_lazy(va, i)
			drive_event(DRIVE_LAZY, va->va_start, va->va_end, 0);
#ifdef HAVE_NODES
		for (at = 0; at < MAX_VA_SIZE_PAGES; at++)
			list_for_each_entry(va, &vmap_nodes[i].pool[at].head, list)
				drive_event(DRIVE_POOLED, va->va_start, va->va_end, i);
#endif
	}
	for_each_drive_index(x, c)
		for (at = 0; at < x->count; at++) {
			vb = x->entries[at].item;
			drive_event(DRIVE_BLOCK, vb->va->va_start, vb->free, vb->dirty);
			drive_event(DRIVE_BLOCK_RANGE, vb->dirty_min, vb->dirty_max, drive_block_cpu(vb));
		}
	for (c = drive_next_cpu(-1); c < drive_cpus; c = drive_next_cpu(c)) {
		struct vmap_block_queue *queue = &vmap_block_queue[c];

		if (!drive_is_list(&queue->free))
			continue;
		list_for_each_entry(vb, &queue->free, free_list)
			drive_event(DRIVE_LISTED, vb->va->va_start, c, 0);
	}
}

#ifdef DRIVE_POINTS
int drive_is_pool(const void *at)
{
#ifdef HAVE_NODES
	int i;

	for (i = 0; i < nr_vmap_nodes; i++)
		if ((const char *)at - (const char *)vmap_nodes[i].pool < sizeof(vmap_nodes[i].pool) &&
		    at >= (const void *)vmap_nodes[i].pool)
			return 1;
#endif
	return 0;
}

static int drive_is_listed(const struct vmap_block *sought)
{
	struct vmap_block *vb;
	long room = DRIVE_MOST_LISTED;
	int c;

	for (c = drive_next_cpu(-1); c < drive_cpus; c = drive_next_cpu(c))
		list_for_each_entry(vb, &vmap_block_queue[c].free, free_list) {
			if (vb == sought)
				return 1;
			if (--room < 0)
				drive_bug("the end", 0, "a queue of blocks has no end");
		}
	return 0;
}

/* A block that has pages to give, to which no queue leads; NULL if there is none. */
const void *drive_lost_block(unsigned long *start, unsigned long *free)
{
	struct xarray *x;
	unsigned int at;
	int c;

	for_each_drive_index(x, c)
		for (at = 0; at < x->count; at++) {
			struct vmap_block *vb = x->entries[at].item;

			*start = vb->va->va_start;
			*free = vb->free;
			if (vb->free && !drive_is_listed(vb))
				return vb;
		}
	return NULL;
}

/* Of a page of the window: in how many places it lies. */
static int drive_places(ulong page)
{
	struct vmap_area *va;
	int i, places = 0;

#define DRIVE_HAS(va) ((va)->va_start <= page && page < (va)->va_end)
	list_for_each_entry(va, &free_vmap_area_list, list)
		places += DRIVE_HAS(va);
	for_each_drive_place(i) {
		if (!drive_is_list(drive_busy_list(i)))
			continue;
		list_for_each_entry(va, drive_busy_list(i), list)
			places += DRIVE_HAS(va);
#ifndef HAVE_LAZY_AMONG_AREAS
		for_each_drive_lazy(va, i)
			places += DRIVE_HAS(va);
#endif
#ifdef HAVE_NODES
		for (int at = 0; at < MAX_VA_SIZE_PAGES; at++)
			list_for_each_entry(va, &vmap_nodes[i].pool[at].head, list)
				places += DRIVE_HAS(va);
#endif
	}
#undef DRIVE_HAS
	return places;
}

/* Pages of the window that lie nowhere, and in two places, as bits; pools whose length is not that of their list. */
void drive_space(ulong *lost, ulong *twice, ulong *miscounted)
{
	ulong at, pages = (drive_end - drive_start) / PAGE_SIZE;

	*lost = *twice = *miscounted = 0;
	for (at = 0; at < pages; at++) {
		int places = drive_places(drive_start + at * PAGE_SIZE);

		*lost |= (ulong)(places == 0) << at;
		*twice |= (ulong)(places > 1) << at;
	}
#ifdef HAVE_NODES
	for (int i = 0; i < nr_vmap_nodes; i++)
		for (at = 0; at < MAX_VA_SIZE_PAGES; at++) {
			struct vmap_area *va;
			ulong length = 0;

			list_for_each_entry(va, &vmap_nodes[i].pool[at].head, list)
				length++;
			*miscounted += length != vmap_nodes[i].pool[at].len;
		}
#endif
}

/* Pages of lazy areas, by the lists; and by vmap_lazy_nr. */
void drive_lazy_counts(unsigned long *pages, long *counted)
{
	struct vmap_area *va;
	int i;

	*pages = 0;
	*counted = drive_lazy();
	for_each_drive_place(i)
		if (drive_is_list(drive_busy_list(i)))
			for_each_drive_lazy(va, i)
				*pages += (va->va_end - va->va_start) >> PAGE_SHIFT;
}
#endif

/* Two lanes of 64 bits, each stirred by every number. */
struct drive_lanes { unsigned long long a, b; long room; };

/* Lists of a broken allocator may lead in circles: more numbers than any state has are a stop. */
#define DRIVE_MOST_NUMBERS (1L << 22)

static inline DRIVE_UNCOUNTED void drive_stir(struct drive_lanes *into, unsigned long long number)
{
	if (--into->room < 0)
		drive_stop();
	unsigned long long a = (into->a ^ number) * 0x9fb21c651e98df25ull, b = (into->b + number) * 0xd6e8feb86659fd93ull;

	into->a = a ^ (a >> 32) ^ (b << 7);
	into->b = b ^ (b >> 29);
}

#define DRIVE_END 0xffffffffffffffffull

/* Of the free space the shape and the colours count: a search goes by them. */
static DRIVE_UNCOUNTED void drive_stir_tree(struct drive_lanes *into, const struct rb_node *node, int extents)
{
	const struct vmap_area *va;

	if (!node) {
		drive_stir(into, DRIVE_END);
		return;
	}
	va = rb_entry(node, struct vmap_area, rb_node);
	drive_stir(into, (unsigned long long)va->va_start << 1 | (node->__rb_parent_color & 1));
	if (extents)
		drive_stir(into, va->va_end);
	drive_stir_tree(into, node->rb_left, extents);
	drive_stir_tree(into, node->rb_right, extents);
}

/* By address, in which order they were inserted left out, unless two overlap. */
static DRIVE_UNCOUNTED void drive_stir_busy(struct drive_lanes *into, int i)
{
	const struct vmap_area *va;
	ulong end = 0;
	int sorted = 1;

	list_for_each_entry(va, drive_busy_list(i), list) {
		drive_stir(into, va->va_start);
		drive_stir(into, (unsigned long long)va->va_end << 1 | (va->vm != NULL));
		drive_stir(into, drive_flags(va));
		sorted &= va->va_start >= end && va->va_end > va->va_start;
		end = va->va_end;
	}
	drive_stir(into, DRIVE_END);
	if (!sorted)
		drive_stir_tree(into, drive_busy_root(i), 0);
}

static DRIVE_UNCOUNTED void drive_stir_block(struct drive_lanes *into, const struct vmap_block *vb)
{
	drive_stir(into, vb->va->va_start);
	drive_stir(into, (unsigned long long)vb->free << 32 | vb->dirty);
	drive_stir(into, (unsigned long long)vb->dirty_min << 32 | vb->dirty_max);
	drive_stir(into, drive_block_cpu(vb));
}

/*
 * All that a later reply may depend on but PTEs, which the observer outside knows. Left out are addresses of
 * descriptors, bitmaps that nothing here reads (used_map), and which CPU has a descriptor preloaded.
 */
DRIVE_UNCOUNTED void drive_identify(unsigned long long out[2])
{
	struct drive_lanes lanes = { 0x2545f4914f6cdd1dull, 0x27220a95fe7dbd4dull, DRIVE_MOST_NUMBERS }, *into = &lanes;
	struct vmap_area *va;
	struct vmap_block *vb;
	struct xarray *x;
	unsigned int at;
	int i, c;

	drive_stir(into, drive_lazy());
	drive_stir_tree(into, free_vmap_area_root.rb_node, 1);
	for_each_drive_place(i) {
		if (!drive_is_list(drive_busy_list(i)))
			continue;
		drive_stir_busy(into, i);
		for_each_drive_lazy(va, i) {
			drive_stir(into, va->va_start);
			drive_stir(into, va->va_end);
			drive_stir(into, drive_flags(va));
		}
		drive_stir(into, DRIVE_END);
#ifdef HAVE_NODES
		for (at = 0; at < MAX_VA_SIZE_PAGES; at++) {
			if (list_empty(&vmap_nodes[i].pool[at].head) && !vmap_nodes[i].pool[at].len)
				continue;
			drive_stir(into, (unsigned long long)at << 32 | vmap_nodes[i].pool[at].len);
			list_for_each_entry(va, &vmap_nodes[i].pool[at].head, list)
				drive_stir(into, va->va_start);
		}
		drive_stir(into, DRIVE_END);
#endif
	}
	for_each_drive_index(x, c) {
		for (at = 0; at < x->count; at++)
			drive_stir_block(into, x->entries[at].item);
		drive_stir(into, DRIVE_END);
	}
	for (c = drive_next_cpu(-1); c < drive_cpus; c = drive_next_cpu(c)) {
		struct vmap_block_queue *queue = &vmap_block_queue[c];

		if (drive_is_list(&queue->free))
			list_for_each_entry(vb, &queue->free, free_list)
				drive_stir(into, vb->va->va_start);
		drive_stir(into, DRIVE_END);
	}
	for (i = 0; i < 4; i++)
		drive_stir(into, i);
	out[0] = lanes.a;
	out[1] = lanes.b;
}

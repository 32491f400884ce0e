/* SPDX-License-Identifier: GPL-2.0-only */
/* The rest of the kernel, as far as mm/vmalloc.c can tell. */
#include "kernel.h"

unsigned long drive_start, drive_end, drive_lazy_max = ~0UL, drive_absent;
int drive_cpus = 1, drive_cpu;
int drive_pressure, drive_watched, drive_context, drive_section;
long drive_fail_at;
struct mm_struct init_mm;
struct task_struct drive_task;
struct kmem_cache drive_area_cache;
struct shrinker drive_shrinker;
struct drive_io *drive_io;

/* Reports. */

#define DRIVE_MOST_LOST (1 << 20)

void drive_event(unsigned long kind, unsigned long a, unsigned long b, unsigned long c)
{
	if (drive_io->count < DRIVE_EVENTS)
		drive_io->events[drive_io->count++] = (struct drive_event){ kind, a, b, c };
	else if (++drive_io->lost > DRIVE_MOST_LOST)
		drive_bug("shim.c", __LINE__, "the shim's list of events is full");
}

static char *drive_append(char *to, const char *text)
{
	char *end = drive_io->text + sizeof(drive_io->text) - 1;

	while (*text && to < end)
		*to++ = *text++;
	*to = 0;
	return to;
}

/* What a stop is reported as. */
void drive_note(const char *text)
{
	drive_append(drive_io->text, text);
}

/* The text is "CONDITION at FILE:LINE"; the file's name without its folders. */
_Noreturn void drive_bug(const char *file, int line, const char *condition)
{
	const char *name = file;
	char digits[12], *digit = digits + sizeof(digits) - 1, *to;

	for (; *file; file++)
		if (*file == '/')
			name = file + 1;
	*digit = 0;
	do
		*--digit = '0' + line % 10;
	while (line /= 10);
	to = drive_append(drive_io->text, condition);
	to = drive_append(to, " at ");
	to = drive_append(to, name);
	to = drive_append(to, ":");
	drive_append(to, digit);
	drive_stop();
}

int drive_checked_cpu(int cpu)
{
	if (drive_possible(cpu))
		return cpu;
	drive_event(DRIVE_ABSENT, cpu, 0, 0);
	return cpu < 0 || cpu >= DRIVE_MAX_CPUS ? 0 : cpu;
}

/*
 * Memory: an arena that only grows, with a list of what was freed for each size. What is freed is poisoned, so that a
 * pointer read from it leads nowhere. With ASan it is malloc.
 */
#ifdef __SANITIZE_ADDRESS__
void *malloc(size_t), *calloc(size_t, size_t), free(void *);

static void *drive_take_memory(size_t size)
{
	return malloc(size);
}

static void drive_give_memory(void *p)
{
	free(p);
}
#else
#define DRIVE_GRAIN 16
#define DRIVE_SIZES 64
char *drive_arena;
size_t drive_arena_room, drive_arena_used;
struct drive_chunk { size_t size; struct drive_chunk *next; } __attribute__((aligned(DRIVE_GRAIN)));
static struct drive_chunk *drive_freed[DRIVE_SIZES];

static void *drive_take_memory(size_t size)
{
	size_t grains = (size + DRIVE_GRAIN - 1) / DRIVE_GRAIN;
	struct drive_chunk *chunk = grains < DRIVE_SIZES ? drive_freed[grains] : NULL;

	if (chunk) {
		drive_freed[grains] = chunk->next;
	} else {
		size_t whole = sizeof(*chunk) + grains * DRIVE_GRAIN;

		if (whole > drive_arena_room - drive_arena_used)
			drive_bug("shim.c", __LINE__, "the shim's arena is full");
		chunk = (struct drive_chunk *)(drive_arena + drive_arena_used);
		drive_arena_used += whole;
	}
	*chunk = (struct drive_chunk){ grains, NULL };
	return chunk + 1;
}

static void drive_give_memory(void *p)
{
	struct drive_chunk *chunk = (struct drive_chunk *)p - 1;

	if (chunk->next || !chunk->size)
		drive_bug("shim.c", __LINE__, "what is freed was not allocated, or is freed twice");
	memset(p, 0x6b, chunk->size * DRIVE_GRAIN);
#ifdef DRIVE_POINTS
	/* Nothing is used again, so that each use of what was freed is seen. */
	chunk->next = chunk;
	drive_freed_memory(p, chunk->size * DRIVE_GRAIN);
	return;
#endif
	if (chunk->size < DRIVE_SIZES) {
		chunk->next = drive_freed[chunk->size];
		drive_freed[chunk->size] = chunk;
	}
}
#endif

/* Allocations that are alive: part of the state. */
static long drive_alive;

long drive_allocated(void)
{
	return drive_alive;
}

static int drive_fails(void)
{
	drive_io->allocations++;
	return drive_fail_at && !--drive_fail_at;
}

/* What reclaim does to the pools, which are the only thing here that it can shrink. */
void drive_shrink(void)
{
	if (drive_shrinker.scan_objects)
		drive_shrinker.scan_objects(&drive_shrinker, NULL);
}

/* Of a call that is watched: what its context or mask may forbid. */

void drive_sleeps(int line)
{
	if (drive_watched)
		drive_event(DRIVE_SLEEPS, line, drive_section, 0);
}

void drive_spins(const int *held, const char *what, int bottom_halves)
{
	if (drive_watched)
		drive_event(DRIVE_LOCKS, (unsigned long)held, (unsigned long)what, bottom_halves);
}

void drive_asks(gfp_t flags, int line)
{
	unsigned int scope = drive_task.flags;
	unsigned long may = 0;

	if (!drive_watched)
		return;
	if (flags & __GFP_DIRECT_RECLAIM && !(scope & PF_MEMALLOC))
		may = DRIVE_MAY_WAIT | (flags & __GFP_IO ? DRIVE_MAY_IO : 0) | (flags & __GFP_FS ? DRIVE_MAY_FS : 0);
	if (scope & PF_MEMALLOC_NOIO)
		may &= DRIVE_MAY_WAIT;
	if (scope & PF_MEMALLOC_NOFS)
		may &= ~DRIVE_MAY_FS;
	drive_event(DRIVE_ASKS, line, drive_section, may);
}

/* Who may not fail waits as long as it takes. */
static int drive_fails_for(gfp_t flags, int line)
{
	drive_asks(flags, line);
	return !(flags & __GFP_NOFAIL && flags & __GFP_DIRECT_RECLAIM) && drive_fails();
}

void *drive_alloc_for(gfp_t flags, size_t size, int zeroed, int line)
{
	if (drive_fails_for(flags, line))
		return NULL;
	drive_alive++;
	return memset(drive_take_memory(size), zeroed || flags & __GFP_ZERO ? 0 : 0x5a, size);
}

int drive_shadow(gfp_t flags, int line)
{
	return drive_fails_for(flags, line) ? -ENOMEM : 0;
}

/* Pages are numbers, as far apart as descriptors of pages, for their neighbours are reckoned so. Those of callers are lower. */
#define DRIVE_FIRST_PAGE 0x40000000UL
static unsigned long drive_pages_made;

struct page *drive_page(gfp_t flags, unsigned int order, int line)
{
	if (drive_fails_for(flags, line))
		return NULL;
	drive_alive += 1L << order;
	drive_pages_made += 1UL << order;
	return (struct page *)DRIVE_FIRST_PAGE + drive_pages_made - (1UL << order);
}

unsigned long drive_bulk(gfp_t flags, unsigned long count, struct page **pages, int line)
{
	unsigned long at;

	for (at = 0; at < count && (pages[at] || (pages[at] = drive_page(flags, 0, line))); at++)
		;
	return at;
}

void drive_free_pages(struct page *page, unsigned long count)
{
	if ((unsigned long)page < DRIVE_FIRST_PAGE)
		drive_bug("shim.c", __LINE__, "pages are freed that are the caller's");
	drive_alive -= count;
}

void *drive_alloc(size_t size, int zeroed)
{
	if (drive_fails())
		return NULL;
	drive_alive++;
	return memset(drive_take_memory(size), zeroed ? 0 : 0x5a, size);
}

void drive_free(const void *p)
{
	if (!p)
		return;
	drive_alive--;
	drive_give_memory((void *)p);
}

void free_pages_bulk(struct page **pages, unsigned long count)
{
	while (count)
		drive_free_pages(pages[--count], 1);
}

#ifndef DRIVE_POINTS
/* RCU and work: when the call is over. A grace period is over at once then, which is the harshest legal RCU. */

struct drive_deferred { struct drive_deferred *next; void *what; };
static struct drive_deferred *drive_callbacks;
static struct work_struct *drive_work, **drive_work_end = &drive_work;

void drive_rcu(void *p)
{
	struct drive_deferred *one = drive_take_memory(sizeof(*one));

	*one = (struct drive_deferred){ drive_callbacks, p };
	drive_callbacks = one;
	drive_io->rcu++;
}

/*
 * vfree_atomic queues through the memory that it frees, of which each page of the window begins with DRIVE_UNTOUCHED in a
 * call that is watched.
 */
static void drive_check_queued(void)
{
	unsigned long at;

	for (at = drive_start; drive_watched && at < drive_end; at += PAGE_SIZE) {
		pte_t *pte = drive_pte(at, 0);

		if (*(volatile unsigned int *)at != DRIVE_UNTOUCHED && (!pte || pte_none(*pte)))
			drive_event(DRIVE_QUEUES, at, 0, 0);
	}
}

int drive_queue_work(struct work_struct *w)
{
	drive_check_queued();
	if (w->queued)
		return 0;
	w->queued = 1;
	w->next = NULL;
	*drive_work_end = w;
	drive_work_end = &w->next;
	return 1;
}

void drive_run_work(struct work_struct *w)
{
	struct work_struct **at;

	if (!w->queued)
		return;
	for (at = &drive_work; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	if (drive_work_end == &w->next)
		drive_work_end = at;
	w->queued = 0;
	drive_io->work++;
	/* A worker is a process, and no part of the call. */
	int watched = drive_watched, context = drive_context, section = drive_section;

	drive_watched = drive_context = drive_section = 0;
	w->func(w);
	drive_watched = watched;
	drive_context = context;
	drive_section = section;
}

void drive_settle(void)
{
	while (drive_work)
		drive_run_work(drive_work);
	while (drive_callbacks) {
		struct drive_deferred *one = drive_callbacks;

		drive_callbacks = one->next;
		drive_free(one->what);
		drive_give_memory(one);
	}
}

#endif

/* Bitmaps. */

void bitmap_zero(unsigned long *map, unsigned int bits)
{
	memset(map, 0, (bits + DRIVE_LONG_BITS - 1) / DRIVE_LONG_BITS * sizeof(long));
}

void bitmap_set(unsigned long *map, unsigned int at, unsigned int count)
{
	for (; count; count--, at++)
		map[at / DRIVE_LONG_BITS] |= 1UL << at % DRIVE_LONG_BITS;
}

void bitmap_clear(unsigned long *map, unsigned int at, unsigned int count)
{
	for (; count; count--, at++)
		map[at / DRIVE_LONG_BITS] &= ~(1UL << at % DRIVE_LONG_BITS);
}

unsigned long drive_next_bit(const unsigned long *map, unsigned long bits, unsigned long at, int set)
{
	while (at < bits && (int)(map[at / DRIVE_LONG_BITS] >> at % DRIVE_LONG_BITS & 1) != set)
		at++;
	return at < bits ? at : bits;
}

/* The xarray. */

static unsigned int drive_place(struct xarray *x, unsigned long index)
{
	unsigned int at = 0;

	while (at < x->count && x->entries[at].index < index)
		at++;
	return at;
}

static int drive_has(struct xarray *x, unsigned int at, unsigned long index)
{
	return at < x->count && x->entries[at].index == index;
}

void *(xa_load)(struct xarray *x, unsigned long index)
{
	unsigned int at = drive_place(x, index);

	return drive_has(x, at, index) ? x->entries[at].item : NULL;
}

int drive_insert(struct xarray *x, unsigned long index, void *item)
{
	unsigned int at = drive_place(x, index);

	if (drive_has(x, at, index))
		return -EBUSY;
	if (x->count == x->room) {
		struct drive_entry *entries = drive_take_memory((2 * x->room + 4) * sizeof(*entries));

		if (x->room) {
			memcpy(entries, x->entries, x->count * sizeof(*entries));
			drive_give_memory(x->entries);
		}
		x->entries = entries;
		x->room = 2 * x->room + 4;
	}
	memmove(x->entries + at + 1, x->entries + at, (x->count - at) * sizeof(*x->entries));
	x->entries[at] = (struct drive_entry){ index, item };
	x->count++;
	return 0;
}

int (xa_insert)(struct xarray *x, unsigned long index, void *item, gfp_t flags)
{
	return drive_fails_for(flags, 0) ? -ENOMEM : drive_insert(x, index, item);
}

void *(xa_erase)(struct xarray *x, unsigned long index)
{
	unsigned int at;
	void *item = NULL;

	at = drive_place(x, index);
	if (drive_has(x, at, index)) {
		item = x->entries[at].item;
		x->count--;
		memmove(x->entries + at, x->entries + at + 1, (x->count - at) * sizeof(*x->entries));
	}
	return item;
}

void *(drive_xa_next)(struct xarray *x, unsigned long *index, int first)
{
	unsigned int at;

	at = first ? 0 : drive_place(x, *index + 1);
	if (at >= x->count)
		return NULL;
	*index = x->entries[at].index;
	return x->entries[at].item;
}

/* Page tables. */

struct drive_table { unsigned long top; struct drive_table *next; pte_t ptes[DRIVE_PTES]; };
static struct drive_table *drive_tables[64];

pte_t *drive_pte(unsigned long addr, int make)
{
	unsigned long top = addr >> PMD_SHIFT;
	struct drive_table **bucket = &drive_tables[top % ARRAY_SIZE(drive_tables)], *table;

	for (table = *bucket; table && table->top != top; table = table->next)
		;
	if (!table) {
		if (!make)
			return NULL;
		table = memset(drive_take_memory(sizeof(*table)), 0, sizeof(*table));
		table->top = top;
		table->next = *bucket;
		*bucket = table;
	}
	return table->ptes + (addr >> PAGE_SHIFT) % DRIVE_PTES;
}

/* Page tables are allocated with GFP_KERNEL, in whatever scope their caller has. */
pte_t *drive_pte_alloc(unsigned long addr, int line)
{
	if (!drive_pte(addr, 0) && drive_fails_for(GFP_KERNEL, line))
		return NULL;
	return drive_pte(addr, 1);
}

void drive_set_pte(unsigned long addr, pte_t *at, pte_t pte)
{
	*at = pte;
	drive_event(DRIVE_SET, addr, pte.pfn, 0);
}

pte_t drive_clear_pte(unsigned long addr, pte_t *at)
{
	pte_t was = *at;

	at->pfn = 0;
	if (was.pfn)
		drive_event(DRIVE_CLEAR, addr, was.pfn, 0);
	return was;
}

void arch_sync_kernel_mappings(unsigned long start, unsigned long end)
{
}

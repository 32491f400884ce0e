#define MARK 0x766d6170UL	/* in every page, with its frame number */
#define SECONDS 10		/* for a call that another one waits for */

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 8, 0)
#define map_here(pages, count) vm_map_ram(pages, count, NUMA_NO_NODE)
#define read_nofault(to, from) copy_from_kernel_nofault(to, from, sizeof(*(to)))
#else
#define map_here(pages, count) vm_map_ram(pages, count, NUMA_NO_NODE, PAGE_KERNEL)
#define read_nofault(to, from) probe_kernel_read(to, from, sizeof(*(to)))
#endif

/*
 * What a step got. Its pages stay allocated to the end: a translation that is left over reads memory that is
 * still ours.
 */
struct got {
	void *addr;
	struct page **pages;
	unsigned int count;
	unsigned long flags;
	bool held, by_vmap;
};
static struct got got[STEPS + 1];

static bool take_pages(struct got *g, unsigned int count)
{
	unsigned int nth;

	g->count = count;
	g->pages = kcalloc(count + 1, sizeof(*g->pages), GFP_KERNEL);
	for (nth = 0; g->pages && nth < count; nth++) {
		g->pages[nth] = alloc_page(GFP_KERNEL);
		if (!g->pages[nth])
			return false;
		*(unsigned long *)page_address(g->pages[nth]) = MARK ^ page_to_pfn(g->pages[nth]);
	}
	return g->pages != NULL;
}

static void *at(const struct got *g, unsigned long page)
{
	return (char *)g->addr + page * PAGE_SIZE;
}

/* A call of a step has returned with an address, or without. */
static void __maybe_unused placed(unsigned int step)
{
	struct got *g = &got[step], *other;
	unsigned int nth;

	pr_info("vmapcheck: step %u: %px, %u pages\n", step, g->addr, g->count);
	EXPECT(!!g->addr == !!g->count, "step %u: %u pages were asked for\n", step, g->count);
	if (!g->addr)
		return;
	g->held = true;
	for (nth = 0; nth < g->count; nth++)
		EXPECT(vmalloc_to_page(at(g, nth)) == g->pages[nth], "step %u: page %u is mapped\n", step, nth);
	for (other = got; other < got + STEPS + 1; other++)
		EXPECT(other == g || !other->held || at(other, other->count) <= g->addr ||
		       at(g, g->count) <= other->addr, "step %u overlaps step %u\n", step, (unsigned int)(other - got));
}

static long map_ram_here(void *arg)
{
	struct got *g = arg;

	g->addr = map_here(g->pages, g->count);
	return 0;
}

static void __maybe_unused map_ram(unsigned int step, int cpu, unsigned int count)
{
	bool taken = take_pages(&got[step], count);

	EXPECT(taken, "step %u: no memory\n", step);
	if (!taken)
		return;
	work_on_cpu(cpu, map_ram_here, &got[step]);
	placed(step);
}

static long map_area_here(void *arg)
{
	struct got *g = arg;

	g->addr = vmap(g->pages, g->count, VM_MAP | g->flags, PAGE_KERNEL);
	return 0;
}

static void __maybe_unused map_area(unsigned int step, int cpu, unsigned int count, unsigned long flags)
{
	bool taken = take_pages(&got[step], count);

	EXPECT(taken, "step %u: no memory\n", step);
	if (!taken)
		return;
	got[step].flags = flags;
	got[step].by_vmap = true;
	work_on_cpu(cpu, map_area_here, &got[step]);
	placed(step);
}

static long unmap_ram_here(void *arg)
{
	struct got *g = arg;

	vm_unmap_ram(g->addr, g->count);
	return 0;
}

/* No PTE maps a page of what was unmapped. */
static void no_pte(unsigned int step)
{
	struct got *g = &got[step];
	unsigned int nth;

	for (nth = 0; nth < g->count; nth++)
		EXPECT(vmalloc_to_page(at(g, nth)) != g->pages[nth], "step %u: page %u is unmapped\n", step, nth);
}

static void __maybe_unused unmap_ram(unsigned int step, int cpu)
{
	struct got *g = &got[step];

	if (!g->addr)
		return;
	work_on_cpu(cpu, unmap_ram_here, g);
	g->held = false;
	no_pte(step);
}

/* Outside its domain: part of a map, or what is none. */
static void __maybe_unused unmap_part(unsigned int step, unsigned long page, unsigned int count)
{
	if (got[step].addr)
		vm_unmap_ram(at(&got[step], page), count);
}

static void __maybe_unused free_area(unsigned int step, unsigned long page)
{
	struct got *g = &got[step];

	if (!g->addr)
		return;
	vunmap(at(g, page));
	if (page)
		return;
	g->held = false;
	no_pte(step);
}

struct look {
	struct got *g;
	unsigned long page;
	unsigned int stale;
	bool write;
};

static long touch_here(void *arg)
{
	struct look *look = arg;
	unsigned long *word = at(look->g, look->page), was;

	if (!read_nofault(&was, word) && look->write && look->g->held)
		WRITE_ONCE(*word, was);
	return 0;
}

static void __maybe_unused touch(unsigned int step, int cpu, unsigned long page, bool write)
{
	struct look look = { .g = &got[step], .page = min_t(unsigned long, page, got[step].count - 1), .write = write };

	if (got[step].addr)
		work_on_cpu(cpu, touch_here, &look);
}

static long look_here(void *arg)
{
	struct look *look = arg;
	unsigned int nth;
	unsigned long word;

	for (nth = 0; nth < look->g->count; nth++)
		if (!read_nofault(&word, (unsigned long *)at(look->g, nth)) &&
		    word == (MARK ^ page_to_pfn(look->g->pages[nth])))
			look->stale++;
	return 0;
}

/* vm_unmap_aliases, and then: no CPU reads a page through an address that was unmapped before. */
static void __maybe_unused unmap_aliases(void)
{
	bool due[STEPS + 1];
	unsigned int step;
	int cpu;

	for (step = 0; step <= STEPS; step++)
		due[step] = got[step].addr && !got[step].held;
	vm_unmap_aliases();
	for (step = 0; step <= STEPS; step++) {
		if (!due[step])
			continue;
		no_pte(step);
		for_each_online_cpu(cpu) {
			struct look look = { .g = &got[step] };

			work_on_cpu(cpu, look_here, &look);
			EXPECT(!look.stale, "step %u: CPU %d still reads %u of its pages\n", step, cpu, look.stale);
		}
	}
}

static void drop_pages(struct got *g)
{
	unsigned int nth;

	for (nth = 0; g->pages && nth < g->count; nth++)
		if (g->pages[nth])
			__free_page(g->pages[nth]);
	kfree(g->pages);
	*g = (struct got){ };
}

/* After the last step: nothing is left, unless the run has shown that something is. */
static void clean_up(void)
{
	unsigned int step;

	for (step = 1; step <= STEPS; step++)
		if (got[step].held && got[step].by_vmap)
			vunmap(got[step].addr);
		else if (got[step].held)
			vm_unmap_ram(got[step].addr, got[step].count);
	vm_unmap_aliases();
	for (step = 0; step <= STEPS; step++)
		drop_pages(&got[step]);
}

/*
 * Before the first step: has the CPU begin a block, and use it up but for its last `rest` pages, as small a block
 * as that of the run. What was mapped for that is unmapped, and not flushed.
 */
static void __maybe_unused begin_block(int cpu, unsigned int rest)
{
	unsigned int most = 2 * BLOCK_PAGES / BITS_PER_LONG + 1, count = 0, nth;
	unsigned long inside = BLOCK_PAGES * PAGE_SIZE - 1;
	void **filler = kcalloc(most, sizeof(*filler), GFP_KERNEL);
	bool began = rest == BLOCK_PAGES, done = false;
	struct got *g = &got[0];

	if (filler && take_pages(g, BITS_PER_LONG))
		for (; count < most && !done; count++) {
			work_on_cpu(cpu, map_ram_here, g);
			filler[count] = g->addr;
			began |= ((unsigned long)g->addr & inside) == 0;
			done = !g->addr || (began && ((unsigned long)at(g, BITS_PER_LONG + rest) & inside) == 0);
		}
	EXPECT(done && g->addr, "CPU %d has begun no block of %u pages\n", cpu, BLOCK_PAGES);
	for (nth = 0; nth < count; nth++)
		if (filler[nth])
			vm_unmap_ram(filler[nth], BITS_PER_LONG);
	kfree(filler);
	drop_pages(g);
}

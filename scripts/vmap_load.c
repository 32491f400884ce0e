// SPDX-License-Identifier: GPL-2.0-only
/*
 * A load on the vmap layer, by exported functions alone: a thread on each CPU allocates, maps and frees areas of random
 * sizes. Areas lie in slots that all threads share, so that one CPU frees what another allocated. insmod returns when
 * all threads are done; rmmod frees what is left.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "the same seed makes the same calls, in an order of its own between CPUs");
static unsigned int count = 2000;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "calls of each thread");

#define SLOTS 192
/* Pages of memory, which every mapping maps again. */
#define FRAMES 256

enum kind { BY_VMALLOC, BY_VMAP, BY_MAP_RAM };

struct held {
	enum kind kind;
	unsigned int pages;
	void *address;
};

static struct held *slots[SLOTS];
static struct page *frames[FRAMES];
static atomic_t running;
static DECLARE_COMPLETION(done);

static unsigned int draw(unsigned int *state, unsigned int bound)
{
	/* xorshift32 */
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % bound;
}

static void give_back(struct held *held)
{
	if (!held)
		return;
	switch (held->kind) {
	case BY_VMALLOC:
		vfree(held->address);
		break;
	case BY_VMAP:
		vunmap(held->address);
		break;
	case BY_MAP_RAM:
		vm_unmap_ram(held->address, held->pages);
		break;
	}
	kfree(held);
}

static struct held *take(unsigned int *state)
{
	struct held *held = kmalloc(sizeof(*held), GFP_KERNEL);

	if (!held)
		return NULL;
	/* Most areas are small; some are larger than what a block serves. */
	held->pages = 1 + draw(state, draw(state, 8) ? 16 : FRAMES);
	held->kind = draw(state, 3);
	switch (held->kind) {
	case BY_VMALLOC:
		held->address = vmalloc(held->pages * PAGE_SIZE);
		break;
	case BY_VMAP:
		held->address = vmap(frames, held->pages, VM_MAP, PAGE_KERNEL);
		break;
	case BY_MAP_RAM:
		held->address = vm_map_ram(frames, held->pages, NUMA_NO_NODE);
		break;
	}
	if (held->address)
		return held;
	kfree(held);
	return NULL;
}

static int run(void *arg)
{
	unsigned int state = seed * 2654435761u + (unsigned int)(unsigned long)arg + 1;
	unsigned int nth;

	for (nth = 0; nth < count; nth++) {
		struct held **slot = &slots[draw(&state, SLOTS)];

		if (draw(&state, 400) == 0)
			vm_unmap_aliases();
		give_back(xchg(slot, draw(&state, 3) ? take(&state) : NULL));
		cond_resched();
	}
	if (atomic_dec_and_test(&running))
		complete(&done);
	return 0;
}

static void free_all(void)
{
	unsigned int nth;

	for (nth = 0; nth < SLOTS; nth++)
		give_back(xchg(&slots[nth], NULL));
	for (nth = 0; nth < FRAMES; nth++)
		if (frames[nth])
			__free_page(frames[nth]);
}

static int __init load_init(void)
{
	unsigned int cpu, nth;

	for (nth = 0; nth < FRAMES; nth++) {
		frames[nth] = alloc_page(GFP_KERNEL);
		if (!frames[nth]) {
			free_all();
			return -ENOMEM;
		}
	}
	/* One more than there are threads: this one ends last. */
	atomic_set(&running, 1);
	for_each_online_cpu(cpu) {
		struct task_struct *thread = kthread_create(run, (void *)(unsigned long)cpu, "vmap_load/%u", cpu);

		if (IS_ERR(thread))
			continue;
		atomic_inc(&running);
		kthread_bind(thread, cpu);
		wake_up_process(thread);
	}
	if (!atomic_dec_and_test(&running))
		wait_for_completion(&done);
	return 0;
}

static void __exit load_exit(void)
{
	free_all();
}

module_init(load_init);
module_exit(load_exit);
MODULE_DESCRIPTION("vmapcheck: a load on the vmap layer");
MODULE_LICENSE("GPL");

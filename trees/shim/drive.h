/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between an allocator that was compiled into this program and what drives it. Three sides meet here:
 *
 *   the glue (trees/vmap/glue.c)  knows the allocator, and implements drive_ask, drive_describe and drive_identify
 *   the shim (shim.c, kernel.h)   stands in for the rest of the kernel, and notes what the allocator did
 *   the backend (webassembly.c, or the main loop of a child process)  puts questions, reads replies, saves and restores
 *
 * All state that a later reply may depend on lies in .data, .bss and the arena: who copies the two has copied the machine.
 * What only the reply under way needs lies in *drive_io, which the backend places elsewhere.
 */
#pragma once
#include <stddef.h>

/* What can be asked. The arguments are drive_io->args, the CPU first; addresses and sizes are in bytes. */
enum drive_op {
	DRIVE_INIT = 1,		/* boots the allocator: vmalloc_init */
	DRIVE_ALLOC,		/* cpu size align vstart vend frame noblock: maps from that frame on, unless it is 0 */
	DRIVE_FREE,		/* cpu addr */
	DRIVE_MAP_RAM,		/* cpu pages frame */
	DRIVE_UNMAP_RAM,	/* cpu addr pages */
	DRIVE_VMAP,		/* cpu pages frame no_guard */
	DRIVE_PCPU_GET,		/* cpu align n, then n offsets and n sizes */
	DRIVE_PCPU_FREE,	/* cpu base n, then n offsets */
	DRIVE_FIND,		/* cpu addr */
	DRIVE_PURGE,		/* cpu */
	DRIVE_UNMAP_ALIASES,	/* cpu */
	DRIVE_CARVE,		/* cpu size: takes so much from the bottom of the free space, for good: a smaller word */
	DRIVE_SHRINK,		/* cpu: the shrinker of the pools, as reclaim calls it */
	DRIVE_SHOW,		/* cpu: reads /proc/vmallocinfo */
	DRIVE_READ,		/* cpu: vread_iter over the whole window, as /proc/kcore does */
	DRIVE_FIND_VM,		/* cpu addr: find_vm_area, and nothing of what it returns is read */
	DRIVE_VMALLOC,		/* cpu size mask: __vmalloc, the mask by its number in drive_masks */
};

/*
 * What a question came to. The value is an address; of a refusal the positive errno, 0 if there was none.
 */
enum drive_kind { DRIVE_DONE = 1, DRIVE_PLACED, DRIVE_REFUSED, DRIVE_FOUND, DRIVE_NOTHING, DRIVE_UNKNOWN };

/* What happened on the way, in order. `text` is the address of a string. */
enum drive_event_kind {
	DRIVE_SET = 1,		/* a PTE: address, frame */
	DRIVE_CLEAR,		/* a PTE that was present: address, frame */
	DRIVE_FLUSH,		/* flush_tlb_kernel_range: start, end */
	DRIVE_CACHE,		/* flush_cache_vunmap: start, end */
	DRIVE_WARN,		/* WARN: text, line */
	DRIVE_PRINT,		/* a message of the allocator's: text */
	DRIVE_ABSENT,		/* per-CPU data of a CPU that is not possible: its number */
	DRIVE_STOPPED,		/* mapping stopped at a PTE that was there: address */
	/* Of drive_describe: */
	DRIVE_AREA,		/* busy: start, end, flags */
	DRIVE_FREE_EXTENT,	/* start, end */
	DRIVE_LAZY,		/* waits for a purge: start, end */
	DRIVE_POOLED,		/* start, end, node */
	DRIVE_BLOCK,		/* start, pages never given out, pages given back */
	DRIVE_BLOCK_RANGE,	/* of the block before: the first and the last dirty page + 1, its CPU or -1 */
	DRIVE_LISTED,		/* on a CPU's free list: start, CPU */
	/* Of a call that is watched; a line is one of the tree's, 0 where none is known: */
	DRIVE_SLEEPS,		/* it may sleep: line, sections that it is in */
	DRIVE_ASKS,		/* for memory: line, sections, what it may do meanwhile (drive_may) */
	DRIVE_LOCKS,		/* a spinlock: its address, text, whether bottom halves stay on */
	DRIVE_QUEUES,		/* work, through memory that is not mapped: address */
	DRIVE_LEAVES,		/* it returns: sections that it is still in */
};

/* What an allocation of memory may do: sleep, and in reclaim enter layers. */
enum drive_may { DRIVE_MAY_WAIT = 1, DRIVE_MAY_IO = 2, DRIVE_MAY_FS = 4 };

/* The first word of each page of the window before a call that is watched: there is memory behind the window then. */
#define DRIVE_UNTOUCHED 0xa5a5a5a5u

/* Who calls. From DRIVE_BH_OFF on in_interrupt() is true. */
enum drive_context { DRIVE_PROCESS, DRIVE_ATOMIC, DRIVE_BH_OFF, DRIVE_SOFTIRQ, DRIVE_HARDIRQ, DRIVE_NMI };

struct drive_event { unsigned long kind, a, b, c; };

#ifndef DRIVE_EVENTS
#define DRIVE_EVENTS 16384
#endif
#define DRIVE_ARGS 96
#define DRIVE_MOST_LISTED 4096

struct drive_io {
	unsigned long kind, value;
	long lazy;			/* vmap_lazy_nr, in pages */
	long descriptors;		/* of areas and blocks, alive */
	unsigned long rcu, work;	/* callbacks and work items that ran */
	unsigned long allocations;	/* of memory, that the allocator asked for */
	long live;			/* that it holds now, but for descriptors that a CPU keeps in stock */
	unsigned long size;		/* of the area that a free or an unmap took, which begins at `value`; 0: none */
	unsigned long count, lost;	/* events, and those for which there was no room */
	unsigned long args[DRIVE_ARGS];
	char text[256];			/* of a stop: BUG and where */
	struct drive_event events[DRIVE_EVENTS];
};
extern struct drive_io *drive_io;

/* The machine: set once, before DRIVE_INIT. */
extern unsigned long drive_start, drive_end;	/* the vmalloc window */
extern unsigned long drive_lazy_max;		/* lazy pages above which a free purges; ~0: by the allocator's formula */
extern int drive_cpus;				/* nr_cpu_ids */
extern unsigned long drive_absent;		/* a bit for each CPU number that no CPU has */
extern int drive_cpu;				/* the CPU that asks */
extern int drive_pressure;			/* memory is short: a call that may reclaim for it calls the shrinker */
extern int drive_watched;			/* of the call under way it is noted what its context and mask may forbid */
extern int drive_context;			/* of the caller */
extern int drive_section;			/* spinlocks, RCU, lazy MMU mode: in how many of them the call may not sleep */
extern long drive_fail_at;			/* 1: the next allocation of memory fails, 2: the one after it; 0: none */

/* Memory for the allocator, from the backend: it grows from `drive_arena` on, `drive_arena_used` bytes so far. */
extern char *drive_arena;
extern size_t drive_arena_room, drive_arena_used;

/* The glue. */
void drive_ask(int op);				/* fills *drive_io; does not return from a BUG */
void drive_describe(void);			/* the allocator's structures, as events */
void drive_identify(unsigned long long into[2]);	/* 128 bits, equal for states that no later reply distinguishes */
unsigned long drive_block_pages(void);		/* pages in a per-CPU block, as compiled */
unsigned long drive_map_limit(void);		/* the most pages that a map may take in a block */

/* The backend. */
_Noreturn void drive_stop(void);		/* a BUG: drive_io->text says which */
void drive_blocked(int *held, const char *what);	/* a lock is held: by no other call where calls run one by one */

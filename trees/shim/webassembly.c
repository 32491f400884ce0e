/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The backend inside a WebAssembly module: what it exports, how its memory is saved and restored, how an endless loop
 * ends, and the little of libc that the compiler calls.
 *
 * Memory, from below: the stack, .data and .bss, *drive_io, a copy of .data and .bss, the buffer of a saved state, the
 * arena. The stack comes first, so that one that overflows traps.
 *
 * A saved state is what differs from the base: the machine as it was when drive_base was called. It is a list of words,
 * for each chunk of 64 bytes that differs its number and its contents.
 */
#include "kernel.h"
#define EXPORT(name) __attribute__((export_name(#name), used)) name

extern char __global_base, __data_end, __heap_base;
#define DRIVE_PAGE 65536
#define DRIVE_CHUNK 64
struct drive_saved { unsigned long number; unsigned char bytes[DRIVE_CHUNK]; };

static struct { char *image, *base, *saved; size_t size, most; } drive_layout;

/* The budget of a call: see trees/build.ts. Restored with everything else, and set anew by each call. */
#define DRIVE_LOOK (1L << 26)
static long drive_budget = DRIVE_LOOK;
_Noreturn void drive_endless(void);

/* Called wherever the allocator's own code branches. */
DRIVE_UNCOUNTED void __sanitizer_cov_trace_pc(void)
{
	if (--drive_budget < 0)
		drive_endless();
}

_Noreturn void drive_stop(void)
{
	__builtin_trap();
}

_Noreturn void drive_endless(void)
{
	drive_io->kind = ~0UL;
	__builtin_trap();
}

/*
 * The bottom of memory has no owner: a pointer read from there leads nowhere, and what is written there is seen when
 * the call is over. So NULL is no valid address here either.
 */
#define DRIVE_NOWHERE 1024
#define DRIVE_POISON 0x7a7a7a7au

static void drive_poison_nowhere(void)
{
	unsigned int *at;

	for (at = 0; at < (unsigned int *)DRIVE_NOWHERE; at++)
		*(volatile unsigned int *)at = DRIVE_POISON;
}

static _Noreturn void drive_crash(const char *says)
{
	drive_note(says);
	drive_stop();
}

static void drive_check_nowhere(void)
{
	unsigned int *at, changed = 0;

	for (at = 0; at < (unsigned int *)DRIVE_NOWHERE; at++)
		changed |= *(volatile unsigned int *)at ^ DRIVE_POISON;
	if (!changed)
		return;
	drive_poison_nowhere();
	drive_crash("crash: something was written through a NULL pointer");
}

/* Calls run one by one: who holds this lock is the call itself, or what is there is no lock. */
void drive_blocked(int *held, const char *what)
{
	if (*held != 1)
		drive_crash("crash: a lock is taken where none is");
	drive_bug("the same call", 0, what);
}

static char *drive_reserve(char *from, size_t size)
{
	return from + (size + DRIVE_CHUNK - 1) / DRIVE_CHUNK * DRIVE_CHUNK;
}

/* Lays the memory out for an arena of this many bytes; returns where *drive_io is, 0 if there is no such memory. */
struct drive_io *EXPORT(drive_begin)(size_t arena)
{
	char *at = drive_reserve(NULL, (size_t)&__heap_base), *end;

	drive_poison_nowhere();
	drive_layout.image = &__global_base;
	drive_layout.size = (&__data_end - &__global_base + DRIVE_CHUNK - 1) / DRIVE_CHUNK * DRIVE_CHUNK;
	drive_io = (struct drive_io *)at;
	at = drive_reserve(at, sizeof(*drive_io));
	drive_layout.base = at;
	at = drive_reserve(at, drive_layout.size + arena);
	drive_layout.most = (drive_layout.size + arena) / DRIVE_CHUNK;
	drive_layout.saved = at;
	at = drive_reserve(at, drive_layout.most * sizeof(struct drive_saved));
	drive_arena = at;
	drive_arena_room = arena;
	end = at + arena;
	if ((size_t)end > __builtin_wasm_memory_size(0) * DRIVE_PAGE) {
		size_t more = ((size_t)end - __builtin_wasm_memory_size(0) * DRIVE_PAGE + DRIVE_PAGE - 1) / DRIVE_PAGE;

		if (__builtin_wasm_memory_grow(0, more) == (size_t)-1)
			return NULL;
	}
	return drive_io;
}

void EXPORT(drive_machine)(unsigned long start, unsigned long end, unsigned long lazy_max, int cpus, unsigned long absent)
{
	drive_start = start;
	drive_end = end;
	drive_lazy_max = lazy_max;
	drive_cpus = cpus;
	drive_absent = absent;
}

int EXPORT(drive_set_end)(unsigned long end)
{
	int changes = drive_end != end;

	drive_end = end;
	return changes;
}

/* Of the next call; `at` is counted from 1. */
void EXPORT(drive_fail)(long at)
{
	drive_fail_at = at;
}

/* Of the next call: it is made in this context, and what it does there is noted. */
void EXPORT(drive_watch)(int context)
{
	drive_watched = 1;
	drive_context = context;
}

void EXPORT(drive_call)(int op, long budget)
{
	drive_budget = budget;
	drive_ask(op);
	drive_check_nowhere();
}

void EXPORT(drive_dump)(void)
{
	drive_budget = DRIVE_LOOK;
	drive_io->count = drive_io->lost = 0;
	drive_describe();
}

void EXPORT(drive_fingerprint)(void)
{
	drive_budget = DRIVE_LOOK;
	drive_identify((unsigned long long *)drive_io->args);
}

unsigned long EXPORT(drive_block)(void)
{
	return drive_block_pages();
}

unsigned long EXPORT(drive_limit)(void)
{
	return drive_map_limit();
}

/* From now on states are described by how they differ from this one. */
void EXPORT(drive_base)(void)
{
	memcpy(drive_layout.base, drive_layout.image, drive_layout.size);
	memcpy(drive_layout.base + drive_layout.size, drive_arena, drive_arena_room);
}

struct drive_saved *EXPORT(drive_buffer)(void)
{
	return (struct drive_saved *)drive_layout.saved;
}

static struct drive_saved *drive_save_part(struct drive_saved *to, unsigned long number, const char *now, const char *base,
					   size_t size)
{
	const unsigned long long *a = (const void *)now, *b = (const void *)base;
	size_t chunk;

	for (chunk = 0; chunk < size / DRIVE_CHUNK; chunk++, a += 8, b += 8) {
		if (!((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4]) | (a[5] ^ b[5]) |
		      (a[6] ^ b[6]) | (a[7] ^ b[7])))
			continue;
		to->number = number + chunk;
		memcpy(to->bytes, a, DRIVE_CHUNK);
		to++;
	}
	return to;
}

static size_t drive_in_use(void)
{
	return (drive_arena_used + DRIVE_CHUNK - 1) / DRIVE_CHUNK * DRIVE_CHUNK;
}

/* Writes the state to the buffer; returns its bytes. */
size_t EXPORT(drive_save)(void)
{
	struct drive_saved *first = (struct drive_saved *)drive_layout.saved, *end;

	end = drive_save_part(first, 0, drive_layout.image, drive_layout.base, drive_layout.size);
	end = drive_save_part(end, drive_layout.size / DRIVE_CHUNK, drive_arena, drive_layout.base + drive_layout.size,
			      drive_in_use());
	return (char *)end - (char *)first;
}

/* Makes the machine what the buffer says, which has this many bytes. */
void EXPORT(drive_restore)(size_t bytes)
{
	struct drive_saved *one = (struct drive_saved *)drive_layout.saved, *end = (void *)((char *)one + bytes);
	size_t used = drive_in_use(), parts = drive_layout.size / DRIVE_CHUNK;

	memcpy(drive_arena, drive_layout.base + drive_layout.size, used);
	memcpy(drive_layout.image, drive_layout.base, drive_layout.size);
	for (; one < end; one++)
		memcpy(one->number < parts ? drive_layout.image + one->number * DRIVE_CHUNK
					   : drive_arena + (one->number - parts) * DRIVE_CHUNK,
		       one->bytes, DRIVE_CHUNK);
}

#undef memset
#undef memcpy
#undef memmove

void *memset(void *to, int value, size_t size)
{
	return __builtin_memset(to, value, size);
}

void *memcpy(void *to, const void *from, size_t size)
{
	return __builtin_memcpy(to, from, size);
}

void *memmove(void *to, const void *from, size_t size)
{
	return __builtin_memmove(to, from, size);
}

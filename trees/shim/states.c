/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine in steps, and its states. A saved state is the chunks that differ from the initial state. Stacks are
 * switched by the compiler's own setjmp, which leaves all registers but three on the stack.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "states.h"

#define STACK (16 << 10)

extern char __data_start, _end;

/* Of a lane: where it stands. Part of the state. */
static struct { void *at[5]; int started; } places[LANES];
static char stacks[LANES][STACK] __attribute__((aligned(64)));

struct host *host;

_Noreturn void fail(const char *why)
{
	printf("err %s\n", why);
	fflush(stdout);
	_Exit(3);
}

void *memory(void *was, size_t size)
{
	void *at = realloc(was, size);

	if (!at)
		fail("no memory");
	return at;
}

/* Stacks. Which function sets a place and which jumps there must differ. */

static __attribute__((noinline, noreturn)) void jump_to_scheduler(void)
{
	__builtin_longjmp(host->scheduler, 1);
}

static __attribute__((noinline)) void stand(int lane)
{
	if (!__builtin_setjmp(places[lane].at))
		jump_to_scheduler();
}

void steps_yield(void)
{
	stand(lanes_running);
}

int steps_is_stack(const void *at)
{
	return (const char *)at >= (char *)stacks && (const char *)at < (char *)stacks + sizeof(stacks);
}

_Noreturn void steps_stop(const char *kind)
{
	if (!host->in_lane)
		siglongjmp(host->setup, 1);
	host->stop = kind;
	jump_to_scheduler();
}

static void first_step(int lane)
{
	lanes_body(lane);
	jump_to_scheduler();
}

/* What is in registers when a lane begins is no part of its state, but would be saved on its stack. */
static void clear_registers(ucontext_t *context)
{
#if defined(__x86_64__)
	const int kept[] = { REG_RBX, REG_RBP, REG_R12, REG_R13, REG_R14, REG_R15 };
	size_t at;

	for (at = 0; at < sizeof(kept) / sizeof(*kept); at++)
		context->uc_mcontext.gregs[kept[at]] = 0;
#elif defined(__aarch64__)
	memset(&context->uc_mcontext.regs[19], 0, 11 * sizeof(context->uc_mcontext.regs[0]));
#endif
}

static __attribute__((noinline, noreturn)) void jump_to_lane(int lane)
{
	if (places[lane].started)
		__builtin_longjmp(places[lane].at, 1);
	places[lane].started = 1;
	getcontext(&host->start);
	host->start.uc_stack.ss_sp = stacks[lane];
	host->start.uc_stack.ss_size = STACK;
	host->start.uc_link = NULL;
	makecontext(&host->start, (void (*)(void))first_step, 1, lane);
	clear_registers(&host->start);
	setcontext(&host->start);
	abort();
}

static __attribute__((noinline)) void switch_to(int lane)
{
	if (!__builtin_setjmp(host->scheduler))
		jump_to_lane(lane);
}

static char *live_from(int lane)
{
	char *sp = places[lane].at[2], *low = stacks[lane];

	if (!places[lane].started || sp < low || sp > low + STACK)
		return low + STACK;
	return low + (sp - low) / CHUNK * CHUNK;
}

static int deadlocked(void)
{
	int lane, waits = 0;

	for (lane = 0; lane < LANES; lane++) {
		if (lanes_can_run(lane))
			return 0;
		waits |= !lanes_is_done(lane) && !lanes_waits_for_call(lane);
	}
	return waits;
}

/* What a state is to be judged for, which no lane says: nothing can continue, or all is done. */
static __attribute__((noinline)) void judge_end(void)
{
	int lane, undone = 0;

	if (deadlocked())
		lanes_stopped("deadlock");
	for (lane = 0; lane < LANES; lane++)
		undone |= !lanes_is_done(lane);
	if (undone)
		return;
	host->in_lane = 1;
	if (!__builtin_setjmp(host->scheduler))
		lanes_end();
	host->in_lane = 0;
	if (host->stop)
		lanes_stopped(host->stop);
}

/* One step. What lies below the stack, and where a lane stood that is done, is no part of the state. */
void step(int lane)
{
	static const char empty[CHUNK];
	struct lane_notes *notes = drive_notes;

	notes->acts_length = notes->seen_length = 0;
	notes->acts[0] = notes->seen[0] = 0;
	host->stop = NULL;
	host->has_fault = 0;
	host->in_lane = 1;
	lanes_enter(lane);
	switch_to(lane);
	host->in_lane = 0;
	if (host->has_fault == 1)
		note_act("access %lx", host->fault_from);
	else if (host->has_fault == 2)
		note_act("access %lx %lx", host->fault_from, host->fault_at);
	if (host->stop)
		lanes_stopped(host->stop);
	lanes_leave(lane);
	if (!host->stop)
		judge_end();
	/* A worker with nothing to do begins anew. */
	if (lanes_is_done(lane)) {
		memset(places[lane].at, 0, sizeof(places[lane].at));
		places[lane].started = 0;
	}
	if (memcmp(stacks[lane], empty, CHUNK))
		fail("a stack of the shim is full");
	memset(stacks[lane], 0, live_from(lane) - stacks[lane]);
	host->steps++;
}

/* What reads or writes where it may not. Of an address that the processor has no bits for it does not say which. */
static void note_fault(const siginfo_t *info, const ucontext_t *context)
{
#if defined(__x86_64__)
	host->fault_from = context->uc_mcontext.gregs[REG_RIP];
	host->has_fault = 1;
#elif defined(__aarch64__)
	host->fault_from = context->uc_mcontext.pc;
	host->has_fault = 1;
#endif
	host->fault_at = (unsigned long)info->si_addr;
	host->has_fault += host->has_fault && info->si_code > 0 && info->si_code != SI_KERNEL;
}

void crashed(int signal, siginfo_t *info, void *context)
{
	sigset_t set;

	/* A loop that neither reads nor writes: the same step was under way a second of the processor ago. */
	if (signal == SIGVTALRM && (!host->in_lane || host->steps_at_tick != host->steps)) {
		host->steps_at_tick = host->steps;
		return;
	}
	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	if (!host->in_lane)
		siglongjmp(host->setup, 1);
	host->stop = signal == SIGVTALRM ? "hung" : "crash";
	if (signal == SIGSEGV || signal == SIGBUS)
		note_fault(info, context);
	jump_to_scheduler();
}

/* States. */

static void compare(char *from, char *to)
{
	size_t at = (from - host->image) / CHUNK, end = (to - host->image + CHUNK - 1) / CHUNK;

	for (; at < end; at++)
		if (memcmp(host->image + at * CHUNK, host->base + at * CHUNK, CHUNK))
			host->dirty[host->dirty_count++] = at;
}

/* Which chunks differ: all but unused arenas and dead stacks may. */
void find_dirty(void)
{
	char *start = host->image, *end = start + host->size, *from;
	size_t used;
	int lane;

	host->dirty_count = 0;
	for (lane = 0; lane < LANES; lane++)
		compare(live_from(lane), stacks[lane] + STACK);
	for (lane = 0; lane <= LANES; lane++) {
		used = lanes_arena(lane, &from);
		compare(from, from + used);
	}
	/* Both stand where the linker put them, each in one piece. */
	char *one = (char *)stacks, *one_end = one + sizeof(stacks), *two, *two_end;

	used = lanes_arenas(&two);
	two_end = two + used;

	if (two < one) {
		char *t = one, *te = one_end;

		one = two, one_end = two_end, two = t, two_end = te;
	}
	compare(start, one);
	compare(one_end, two);
	compare(two_end, end);
}

static struct saved *save(void)
{
	struct saved *to = memory(NULL, sizeof(*to) + host->dirty_count * sizeof(struct chunk));
	size_t at;

	to->count = host->dirty_count;
	for (at = 0; at < to->count; at++) {
		to->chunks[at].number = host->dirty[at];
		memcpy(to->chunks[at].bytes, host->image + (size_t)host->dirty[at] * CHUNK, CHUNK);
	}
	host->bytes += sizeof(*to) + to->count * sizeof(struct chunk);
	return to;
}

/* `host` itself lies in the image, and is the same in every state. */
void restore(const struct saved *from)
{
	size_t at;

	for (at = 0; at < host->dirty_count; at++)
		memcpy(host->image + (size_t)host->dirty[at] * CHUNK, host->base + (size_t)host->dirty[at] * CHUNK, CHUNK);
	host->dirty_count = 0;
	for (at = 0; from && at < from->count; at++) {
		memcpy(host->image + (size_t)from->chunks[at].number * CHUNK, from->chunks[at].bytes, CHUNK);
		host->dirty[host->dirty_count++] = from->chunks[at].number;
	}
}

static int by_number(const void *a, const void *b)
{
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

static void identify(uint64_t id[2])
{
	uint64_t a = 0x2545f4914f6cdd1dull, b = 0x27220a95fe7dbd4dull;
	size_t at, word;

	qsort(host->dirty, host->dirty_count, sizeof(*host->dirty), by_number);
	for (at = 0; at < host->dirty_count; at++) {
		const uint64_t *words = (const void *)(host->image + (size_t)host->dirty[at] * CHUNK);

		a = (a ^ host->dirty[at]) * 0x9fb21c651e98df25ull;
		for (word = 0; word < CHUNK / 8; word++) {
			a = (a ^ words[word]) * 0x9fb21c651e98df25ull;
			a ^= a >> 32;
			b = (b + words[word]) * 0xd6e8feb86659fd93ull;
			b ^= b >> 29;
		}
	}
	id[0] = a | 1;
	id[1] = b;
}

static void grow_table(void)
{
	uint64_t (*old)[2] = host->table;
	size_t at, slots = host->slots, to;

	host->slots = slots ? 4 * slots : 1 << 14;
	host->table = memory(NULL, host->slots * sizeof(*old));
	memset(host->table, 0, host->slots * sizeof(*old));
	for (at = 0; at < slots; at++) {
		if (!old[at][0])
			continue;
		for (to = old[at][1] % host->slots; host->table[to][0]; to = (to + 1) % host->slots)
			;
		memcpy(host->table[to], old[at], sizeof(*old));
	}
	free(old);
}

static int is_new(const uint64_t id[2])
{
	size_t at;

	if (2 * host->count >= host->slots)
		grow_table();
	for (at = id[1] % host->slots; host->table[at][0]; at = (at + 1) % host->slots)
		if (host->table[at][0] == id[0] && host->table[at][1] == id[1])
			return 0;
	memcpy(host->table[at], id, sizeof(*host->table));
	return 1;
}

static void add_node(uint32_t parent, int lane)
{
	if (host->count == host->room) {
		host->room = host->room ? 2 * host->room : 1 << 12;
		host->nodes = memory(host->nodes, host->room * sizeof(*host->nodes));
		host->states = memory(host->states, host->room * sizeof(*host->states));
		host->depth_of = memory(host->depth_of, host->room * sizeof(*host->depth_of));
	}
	host->nodes[host->count] = (struct node){ parent, lane };
	host->states[host->count] = save();
	host->depth_of[host->count] = parent == NO_NODE ? 0 : host->depth_of[parent] + 1;
	host->depth = host->depth_of[host->count];
	host->count++;
}

int add_if_new(uint32_t parent, int lane)
{
	uint64_t id[2];

	identify(id);
	if (!is_new(id))
		return 0;
	add_node(parent, lane);
	return 1;
}

void drop_state(struct saved *state)
{
	host->bytes -= sizeof(*state) + state->count * sizeof(struct chunk);
	free(state);
}

void begin_states(void)
{
	host->image = (char *)((uintptr_t)&__data_start / CHUNK * CHUNK);
	host->size = (&_end - host->image + CHUNK - 1) / CHUNK * CHUNK;
	host->base = memory(NULL, host->size);
	host->dirty = memory(NULL, host->size / CHUNK * 2 * sizeof(*host->dirty));
	memcpy(host->base, host->image, host->size);
	find_dirty();
	add_if_new(NO_NODE, 0);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every interleaving of the lanes (lanes.h), breadth first: a state is the memory and the stacks. One line is a request,
 * one line its answer:
 *
 *   call LANE OP SLOT PAGES     begin CPUS PAGES LAZY
 *   go STEPS                    explores on: `at ...`, `judge TEXT`, or `done ...`
 *   verdict LAW STEPS TEXT      what TEXT comes to, 0 for nothing, and go
 *   run LAW                     the lanes of a shortest run that violates it
 *   restart                     the initial state
 *   step LANE                   one step, and what it did; or why the lane cannot take it
 *
 * A saved state is the chunks that differ from the initial state. Stacks are switched by the compiler's own setjmp, which
 * leaves all registers but three on the stack.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "lanes.h"

#define CHUNK 64
#define STACK (16 << 10)
#define MOST_LAWS 64
#define VERDICTS 4096		/* texts that were judged */
#define NO_NODE UINT32_MAX

extern char __data_start, _end;

/* Of a lane: where it stands. Part of the state. */
static struct { void *at[5]; int started; } places[LANES];
static char stacks[LANES][STACK] __attribute__((aligned(64)));

struct chunk { uint32_t number; uint32_t none; char bytes[CHUNK]; };
struct saved { size_t count; struct chunk chunks[]; };
struct node { uint32_t parent; uint8_t lane; };
struct verdict { char *text; int law; };

static struct host {
	void *scheduler[5];
	const char *stop;		/* why the step ended the run, or NULL */
	int in_lane;
	char *image, *base;
	size_t size;
	uint32_t *dirty;		/* chunks of the image that differ from the base */
	size_t dirty_count;
	struct node *nodes;
	struct saved **states;		/* by node, while it waits */
	size_t count, room, next;	/* nodes; the one that is being expanded */
	int next_lane;
	unsigned int depth;
	uint64_t (*table)[2];
	size_t slots;
	size_t bytes, steps, ends, stuck;
	struct verdict verdicts[VERDICTS];
	int verdict_count;
	struct { uint32_t parent; uint8_t lane; size_t times; unsigned int depth; } laws[MOST_LAWS];
	ucontext_t start;
	sigjmp_buf setup;
	uint32_t *depth_of;
} *host;

static _Noreturn void fail(const char *why)
{
	printf("err %s\n", why);
	fflush(stdout);
	_Exit(3);
}

static void *memory(void *was, size_t size)
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

static int deadlocked(void);

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
static void step(int lane)
{
	struct lane_notes *notes = drive_notes;

	notes->acts_length = notes->seen_length = 0;
	notes->acts[0] = notes->seen[0] = 0;
	host->stop = NULL;
	host->in_lane = 1;
	lanes_enter(lane);
	switch_to(lane);
	host->in_lane = 0;
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
	memset(stacks[lane], 0, live_from(lane) - stacks[lane]);
	host->steps++;
}

static void crashed(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	if (!host->in_lane)
		siglongjmp(host->setup, 1);
	host->stop = "crash";
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
static void find_dirty(void)
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
static void restore(const struct saved *from)
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

/* The search. */

static struct verdict *verdict_on(const char *text)
{
	int at;

	for (at = 0; at < host->verdict_count; at++)
		if (!strcmp(host->verdicts[at].text, text))
			return &host->verdicts[at];
	return NULL;
}

/* What a step came to: 0, the number of a law, or -1 where a text must be judged first: it is in `notes->seen`. */
static int law_of(char *seen, char **unknown)
{
	char *line, *rest = seen;
	struct verdict *known;

	while ((line = strsep(&rest, "\n")) && *line) {
		known = verdict_on(line);
		if (!known) {
			*unknown = line;
			return -1;
		}
		if (known->law)
			return known->law;
	}
	return 0;
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

static void report_progress(const char *how)
{
	printf("%s %zu %zu %u %zu %zu %zu %zu\n", how, host->count, host->steps, host->depth, host->count - host->next,
	       host->bytes + host->slots * 16 + host->room * 24, host->ends, host->stuck);
}

/* Looks at each lane of each node in turn. A step whose text must be judged is taken again when it is. */
static void explore(size_t most)
{
	size_t until = host->steps + most;
	char seen[sizeof(drive_notes->seen)], *unknown = NULL;

	for (; host->next < host->count; host->next++, host->next_lane = 0) {
		struct saved *state = host->states[host->next];
		int lane;

		restore(state);
		if (host->next_lane == 0) {
			int can = 0, undone = 0;

			for (lane = 0; lane < LANES; lane++) {
				can |= lanes_can_run(lane);
				undone |= !lanes_is_done(lane);
			}
			host->ends += !undone;
			host->stuck += undone && !can;
		}
		for (lane = host->next_lane; lane < LANES; lane++) {
			uint64_t id[2];
			int law;

			host->next_lane = lane;
			if (host->steps >= until) {
				report_progress("at");
				return;
			}
			restore(state);
			if (!lanes_can_run(lane))
				continue;
			step(lane);
			strcpy(seen, drive_notes->seen);
			find_dirty();
			law = law_of(seen, &unknown);
			if (law < 0) {
				printf("judge %s\n", unknown);
				return;
			}
			if (law > 0) {
				if (!host->laws[law].times++) {
					host->laws[law].parent = host->next;
					host->laws[law].lane = lane;
					host->laws[law].depth = host->depth_of[host->next] + 1;
				}
				continue;
			}
			identify(id);
			if (is_new(id))
				add_node(host->next, lane);
		}
		host->bytes -= sizeof(*state) + state->count * sizeof(struct chunk);
		free(state);
		host->states[host->next] = NULL;
	}
	report_progress("done");
}

static void report_run(uint32_t node)
{
	if (host->nodes[node].parent == NO_NODE)
		return;
	report_run(host->nodes[node].parent);
	printf(" %d", host->nodes[node].lane);
}

static void take_step(int lane)
{
	unsigned long ptes, stale;
	char *line, *rest;

	if (lane < 0 || lane >= LANES || !lanes_can_run(lane)) {
		printf("cannot %s\n", lane >= 0 && lane < LANES && lanes_is_done(lane) ? "done" : "waits");
		return;
	}
	drive_notes->logs = 1;
	step(lane);
	drive_notes->logs = 0;
	printf("%s", host->stop ? "stopped" : "did");
	for (rest = drive_notes->acts; (line = strsep(&rest, "\n")) && *line;)
		printf("\x1f%s", line);
	printf("\x1e");
	for (rest = drive_notes->seen; (line = strsep(&rest, "\n")) && *line;)
		printf("\x1f%s", line);
	lanes_pages(&ptes, &stale);
	printf("\x1e\x1f%lu\x1f%lu\n", ptes, stale);
	find_dirty();
}

static void begin(int cpus, unsigned long pages, unsigned long lazy)
{
	const size_t alternate = 1 << 16;
	struct sigaction action = { .sa_handler = crashed, .sa_flags = SA_ONSTACK | SA_NODEFER };
	stack_t stack = { .ss_sp = mmap(NULL, alternate, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			  .ss_size = alternate };
	const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	size_t at;

	sigaltstack(&stack, NULL);
	for (at = 0; at < sizeof(signals) / sizeof(*signals); at++)
		sigaction(signals[at], &action, NULL);
	if (sigsetjmp(host->setup, 1)) {
		printf("err the setup does not end well\n");
		return;
	}
	lanes_begin(cpus, pages, lazy);
	host->image = (char *)((uintptr_t)&__data_start / CHUNK * CHUNK);
	host->size = (&_end - host->image + CHUNK - 1) / CHUNK * CHUNK;
	host->base = memory(NULL, host->size);
	host->dirty = memory(NULL, host->size / CHUNK * 2 * sizeof(*host->dirty));
	memcpy(host->base, host->image, host->size);
	find_dirty();
	add_node(NO_NODE, 0);
	uint64_t id[2];
	identify(id);
	is_new(id);
	printf("ok %zu\n", host->size);
}

static void answer(char *line)
{
	char *word = strsep(&line, " "), *end = line ? line : "";
	long args[4] = { 0 };
	int n;

	for (n = 0; n < (strcmp(word, "verdict") ? 4 : 2) && *end; n++)
		args[n] = strtol(end, &end, 10);
	if (!strcmp(word, "call")) {
		struct lane_call call = { args[0], args[1], args[2], args[3] };
		const char *why = lanes_add(&call);

		printf("%s\n", why ? why : "ok");
	} else if (!strcmp(word, "begin")) {
		begin(args[0], args[1], args[2]);
	} else if (!strcmp(word, "go")) {
		explore(args[0]);
	} else if (!strcmp(word, "verdict")) {
		if (*end != ' ' || host->verdict_count == VERDICTS || args[0] < 0 || args[0] >= MOST_LAWS)
			fail("too many replies that differ");
		host->verdicts[host->verdict_count++] = (struct verdict){ strdup(end + 1), args[0] };
		explore(args[1]);
	} else if (!strcmp(word, "run") && args[0] > 0 && args[0] < MOST_LAWS && host->laws[args[0]].times) {
		printf("run %zu", host->laws[args[0]].times);
		report_run(host->laws[args[0]].parent);
		printf(" %d\n", host->laws[args[0]].lane);
	} else if (!strcmp(word, "restart")) {
		unsigned long ptes, stale;

		restore(NULL);
		lanes_pages(&ptes, &stale);
		printf("ok %lu %lu\n", ptes, stale);
	} else if (!strcmp(word, "step")) {
		take_step(args[0]);
	} else {
		printf("err unknown\n");
	}
}

int main(void)
{
	size_t room = 0;
	char *line = NULL;

	host = calloc(1, sizeof(*host));
	drive_notes = calloc(1, sizeof(*drive_notes));
	if (!host || !drive_notes)
		return 3;
	for (ssize_t got; (got = getline(&line, &room, stdin)) > 0;) {
		line[got - 1] = 0;
		answer(line);
		fflush(stdout);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What lanes call, what they wait for, and what is to be judged of it. See lanes.h. */
#include "kernel.h"
#include "points.h"

static struct lane_call calls[MOST_CALLS];
static int call_count;
/* What a call gave: an address, which is 0 until it returned and 1 if it was refused; and pages as bits. */
static struct { unsigned long addr, pages; } results[MOST_CALLS];

/* Pages as bits: held by a caller; unmapped by a call that returned; that a TLB may hold although their PTE is gone. */
static unsigned long held, unmapped, translated;
/* Of each running vm_unmap_aliases: what it owes a flush or a cleared PTE. */
static unsigned long owed[LANES + 1];
/* Of each call that unmaps: its pages, but for those that another call has mapped again since. */
static unsigned long taken[LANES + 1];

/* On request: what each call flushed, by the number of the call. It is part of the state then. */
static int remembers, calling[LANES + 1];
static unsigned long flushed[MOST_CALLS];

/* Pages. */

static unsigned long bits_of(unsigned long start, unsigned long end)
{
	unsigned long bits = 0, page;

	for (page = 0; page < MOST_PAGES; page++)
		if (drive_start + page * PAGE_SIZE >= start && drive_start + page * PAGE_SIZE < end)
			bits |= 1UL << page;
	return bits;
}

static unsigned long present(void)
{
	unsigned long bits = 0, page;
	pte_t *pte;

	for (page = 0; page < MOST_PAGES; page++) {
		pte = drive_pte(drive_start + page * PAGE_SIZE, 0);
		if (pte && pte->pfn)
			bits |= 1UL << page;
	}
	return bits;
}

/*
 * Any CPU may cache a page for as long as its PTE is there: so when it is cleared, a TLB may hold it. No TLB could hold
 * more, and none that holds less breaks a law that this one keeps.
 */
static void observe(const struct drive_event *event)
{
	int lane;

	switch (event->kind) {
	case DRIVE_SET:
		unmapped &= ~bits_of(event->a, event->a + PAGE_SIZE);
		for (lane = 0; lane <= LANES; lane++)
			taken[lane] &= ~bits_of(event->a, event->a + PAGE_SIZE);
		note_act("event set %lx %lx", event->a, event->b);
		break;
	case DRIVE_CLEAR:
		translated |= bits_of(event->a, event->a + PAGE_SIZE);
		note_act("event clear %lx", event->a);
		break;
	case DRIVE_FLUSH:
		translated &= ~bits_of(event->a, event->b);
		if (remembers)
			flushed[calling[lane_now()]] |= bits_of(event->a, event->b);
		for (lane = 0; lane <= LANES; lane++)
			owed[lane] &= translated | (unmapped & present());
		note_act("event flush %lx %lx", event->a, event->b);
		SEE("flush", event->a - drive_start, event->b - drive_start);
		break;
	case DRIVE_WARN:
		note_act("event warn %s", (const char *)event->a);
	}
}

void lanes_observe(void)
{
	unsigned long at;

	for (at = 0; at < drive_io->count; at++)
		observe(&drive_io->events[at]);
	memset(drive_io->events, 0, drive_io->count * sizeof(*drive_io->events));
	drive_io->count = 0;
}

void lanes_begins(int lane)
{
	owed[lane] = unmapped & (translated | present());
}

/* Calls. */

const char *lanes_add(const struct lane_call *call)
{
	if (call_count == MOST_CALLS)
		return "too many calls";
	calls[call_count++] = *call;
	return NULL;
}

static int takes(const struct lane_call *call)
{
	return call->op == DRIVE_UNMAP_RAM || call->op == DRIVE_FREE;
}

static int gives(const struct lane_call *call)
{
	return call->op == DRIVE_MAP_RAM || call->op == DRIVE_ALLOC || call->op == DRIVE_VMAP;
}

/* It needs what another call gave, which it takes or only looks for. */
static int needs(const struct lane_call *call)
{
	return takes(call) || call->op == DRIVE_FIND_VM;
}

static void judge(const struct lane_call *call, int at, unsigned long owes)
{
	unsigned long value = drive_io->value, pages = 0, numbers[10 + MOST_CALLS];
	int other, count = 7;

	if (drive_io->lost)
		drive_bug("lanes.c", __LINE__, "the shim's list of events is full");
	if (drive_io->kind == DRIVE_PLACED)
		pages = bits_of(value, value + call->pages * PAGE_SIZE);
	memcpy(numbers, (unsigned long[]){ at, drive_io->kind, drive_io->kind == DRIVE_PLACED ? value - drive_start : value,
		pages & translated, pages & held, owes & translated, owes & unmapped & present() }, 7 * sizeof(*numbers));
	/* What is owed is left: the situation, which distinguishes one bug from another. */
	if (numbers[5] | numbers[6]) {
		numbers[count++] = present();
		numbers[count++] = unmapped;
		numbers[count++] = translated;
		for (other = 0; other < call_count; other++)
			numbers[count++] = results[other].pages;
	}
	see("return", numbers, count);
	held |= pages;
	if (gives(call)) {
		results[at].addr = drive_io->kind == DRIVE_PLACED ? value : 1;
		results[at].pages = pages;
	}
}

static void call_one(int at)
{
	const struct lane_call *call = &calls[at];
	unsigned long *args = drive_io->args, addr = needs(call) ? results[call->slot].addr : 0;
	unsigned long pages = takes(call) ? results[call->slot].pages : 0;
	int lane = lane_now();

	if (addr == 1)		/* it was refused: nothing is there to be taken */
		return;
	memset(args, 0, sizeof(drive_io->args));
	args[0] = drive_cpu;
	switch (call->op) {
	case DRIVE_MAP_RAM:
	case DRIVE_VMAP:
		args[1] = call->pages;
		args[2] = at * MOST_PAGES + 1;
		break;
	case DRIVE_ALLOC:
		args[1] = call->pages * PAGE_SIZE;
		args[2] = PAGE_SIZE;
		args[3] = drive_start;
		args[4] = drive_end;
		args[5] = at * MOST_PAGES + 1;
		break;
	case DRIVE_UNMAP_RAM:
		args[2] = calls[call->slot].pages;
		/* fall through */
	case DRIVE_FREE:
	case DRIVE_FIND_VM:
		args[1] = addr;
	}
	held &= ~pages;
	taken[lane] = pages;
	if (remembers)
		calling[lane] = at;
	lanes[lane].passed = 1;
	lanes[lane].begins = call->op == DRIVE_UNMAP_ALIASES;
	drive_ask(call->op);
	lanes_observe();
	unmapped |= pages & taken[lane] & ~held;
	judge(call, at, owed[lane]);
	owed[lane] = taken[lane] = lanes[lane].begins = 0;
}

const char *lanes_begin(int cpus, unsigned long window_pages, unsigned long lazy_max, int pressure, int outcomes)
{
	int at;

	lay_out_arenas();
	drive_cpus = cpus;
	drive_start = 0xffffc90000000000UL;
	drive_end = drive_start + window_pages * PAGE_SIZE;
	drive_lazy_max = lazy_max;
	enter_arena(LANES);
	drive_ask(DRIVE_INIT);
	for (at = 0; at < call_count; at++)
		if (calls[at].lane >= LANES) {
			drive_cpu = calls[at].lane - LANES;
			call_one(at);
			while (drive_has_work())
				drive_run_first();
			lanes_observe();
			memset(drive_io, 0, sizeof(*drive_io));
		}
	drive_cpu = 0;
	drive_pressure = pressure;
	remembers = outcomes;
	leave_arena(LANES);
	return NULL;
}

void lanes_body(int lane)
{
	int at;

	if (lane == WORKER)
		drive_work_on();
	for (at = 0; at < call_count; at++) {
		if (calls[at].lane != lane)
			continue;
		if (needs(&calls[at]) && !results[calls[at].slot].addr) {
			lanes[lane].waits = calls[at].slot + 1;
			steps_yield();
			lanes[lane].waits = 0;
		}
		note_act("begin %d", at);
		call_one(at);
		note_act("end %d", at);
		memset(drive_io, 0, sizeof(*drive_io));
	}
	lanes[lane].done = 1;
}

const void *drive_lost_block(unsigned long *start, unsigned long *free);
void drive_lazy_counts(unsigned long *pages, long *counted);
void drive_space(unsigned long *lost, unsigned long *twice, unsigned long *miscounted);

/* All calls have returned: what the allocator's structures come to. */
void lanes_end(void)
{
	unsigned long start, free, pages, lost, twice, miscounted;
	long counted;

	enter_arena(LANES);
	if (drive_lost_block(&start, &free))
		SEE("lost", start - drive_start, free);
	drive_lazy_counts(&pages, &counted);
	SEE("lazy", pages, counted);
	drive_space(&lost, &twice, &miscounted);
	SEE("space", lost, twice, miscounted);
	if (remembers) {
		unsigned long outcome[MOST_CALLS + 2] = { pages, present() };

		memcpy(outcome + 2, flushed, call_count * sizeof(*flushed));
		see("outcome", outcome, call_count + 2);
	}
	leave_arena(LANES);
}

int lanes_is_done(int lane)
{
	int at;

	if (lane == WORKER)
		return !drive_has_work();
	for (at = 0; at < call_count; at++)
		if (calls[at].lane == lane)
			return lanes[lane].done;
	return 1;
}

int lanes_waits_for_call(int lane)
{
	return lanes[lane].waits && !results[lanes[lane].waits - 1].addr;
}

int lanes_can_run(int lane)
{
	if (lanes_is_done(lane) || lanes_waits_for_call(lane))
		return 0;
	/* A lock that is freed holds no lane up: its use is seen. */
	return !lanes[lane].wants || !*lanes[lane].wants || is_freed_memory(lanes[lane].wants);
}

void lanes_enter(int lane)
{
	lanes_running = lane;
	drive_cpu = lane == WORKER ? 0 : lane;
	enter_arena(lane);
}

void lanes_pages(unsigned long *ptes, unsigned long *stale)
{
	*ptes = present();
	*stale = translated;
}

void lanes_leave(int lane)
{
	lanes_observe();
	leave_arena(lane);
	drive_cpu = 0;
	lanes_running = -1;
}

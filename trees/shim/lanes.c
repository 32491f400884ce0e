/* SPDX-License-Identifier: GPL-2.0-only */
/* What lanes call, whom they wait for, RCU and work between them, and what is judged. See lanes.h. */
#include "kernel.h"
#include "lanes.h"

#define ARENA_FIRST (96 << 10)	/* the setup's, which boots the allocator */
#define ARENA_LANE (16 << 10)
#define ARENAS (ARENA_FIRST + LANES * ARENA_LANE)
#define MOST_ACCESSES (1 << 20)	/* in one step: more are an endless loop */

int vsnprintf(char *, size_t, const char *, va_list);

static char arenas[ARENAS] __attribute__((aligned(64)));
static unsigned char freed[ARENAS / ARENA_GRAIN];
static struct { size_t used, room; char *from; } arena[LANES + 1];
static struct drive_io ios[LANES + 1];
struct lane_notes *drive_notes;
int lanes_running = -1;

static struct lane_call calls[MOST_CALLS];
static int call_count;
/* What a call gave: 0 until it returned, 1 if it was refused. */
static struct { unsigned long addr; unsigned long pages; int taken; } results[MOST_CALLS];
static struct lane {
	int *wants, waits, done, reads;
	int passed;		/* it did something that others see: it stops before the next such thing */
	int begins;		/* a call, of which nothing was done yet */
} lanes[LANES + 1];

/* Pages as bits: held by a caller; unmapped by a call that returned; that a TLB may hold although their PTE is gone. */
static unsigned long held, unmapped, translated;
/* Of each running vm_unmap_aliases: what it owes a flush or a cleared PTE. */
static unsigned long owed[LANES + 1];

/* One line of what the step did. Only where steps are taken to be shown: what it leaves on the stack is in no state. */
static void act(const char *format, ...)
{
	struct lane_notes *notes = drive_notes;
	size_t room = sizeof(notes->acts) - notes->acts_length;
	va_list args;
	int more;

	if (!notes->logs)
		return;
	va_start(args, format);
	more = vsnprintf(notes->acts + notes->acts_length, room, format, args);
	va_end(args);
	if (more < 0 || more + 1 >= room)
		return;
	notes->acts_length += more + 1;
	notes->acts[notes->acts_length - 1] = '\n';
	notes->acts[notes->acts_length] = 0;
}

static void see_text(const char *text)
{
	struct lane_notes *notes = drive_notes;

	while (*text && notes->seen_length + 2 < sizeof(notes->seen))
		notes->seen[notes->seen_length++] = *text++;
	notes->seen[notes->seen_length] = 0;
}

/* One line of what is to be judged: a word, and numbers in hex. libc would leave its secrets on the stack. */
static void see(const char *word, const unsigned long *numbers, int count)
{
	char digits[18], *digit;
	unsigned long number;
	int at;

	see_text(word);
	for (at = 0; at < count; at++) {
		digit = digits + sizeof(digits) - 1;
		*digit = 0;
		number = numbers[at];
		do
			*--digit = "0123456789abcdef"[number & 15];
		while (number >>= 4);
		*--digit = ' ';
		see_text(digit);
	}
	see_text("\n");
}
#define SEE(word, ...) see(word, (const unsigned long[]){ __VA_ARGS__ }, sizeof((const unsigned long[]){ __VA_ARGS__ }) / sizeof(long))

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
		act("event set %lx %lx", event->a, event->b);
		break;
	case DRIVE_CLEAR:
		translated |= bits_of(event->a, event->a + PAGE_SIZE);
		act("event clear %lx", event->a);
		break;
	case DRIVE_FLUSH:
		translated &= ~bits_of(event->a, event->b);
		for (lane = 0; lane <= LANES; lane++)
			owed[lane] &= translated | (unmapped & present());
		act("event flush %lx %lx", event->a, event->b);
		SEE("flush", event->a - drive_start, event->b - drive_start);
		break;
	case DRIVE_WARN:
		act("event warn %s", (const char *)event->a);
	}
}

static void observe_all(void)
{
	unsigned long at;

	for (at = 0; at < drive_io->count; at++)
		observe(&drive_io->events[at]);
	memset(drive_io->events, 0, drive_io->count * sizeof(*drive_io->events));
	drive_io->count = 0;
}

/* Memory: an arena for each lane, so that addresses do not depend on the order of steps. */

size_t lanes_arenas(char **from)
{
	*from = arenas;
	return ARENAS;
}

size_t lanes_arena(int lane, char **from)
{
	*from = arena[lane].from;
	return arena[lane].used;
}

static void enter_arena(int lane)
{
	drive_arena = arena[lane].from;
	drive_arena_used = arena[lane].used;
	drive_arena_room = arena[lane].room;
	drive_io = &ios[lane];
}

static void leave_arena(int lane)
{
	arena[lane].used = drive_arena_used;
	drive_arena = NULL;
	drive_arena_used = drive_arena_room = 0;
	drive_io = NULL;
}

void drive_freed_memory(const void *p, size_t size)
{
	memset(freed + ((const char *)p - arenas) / ARENA_GRAIN, 1, size / ARENA_GRAIN);
}

static long accesses;

/* Others may come in here. What a vm_unmap_aliases owes is known when it does something: no earlier, no later. */
static void stand_aside(struct lane *lane, int *wants)
{
	lane->passed = 0;
	lane->wants = wants;
	steps_yield();
	lane->wants = NULL;
	if (lane->begins)
		owed[lane - lanes] = unmapped & (translated | present());
	lane->begins = 0;
}

/* What a lane has for itself: its stack, and what it reports. */
static int is_own(unsigned long at)
{
	return steps_is_stack((const void *)at) || at - (unsigned long)ios < sizeof(ios);
}

/* What a plain access is logged as: the line of the tree that makes it is found by this address. */
static void log_access(const void *from)
{
	act("access %lx", (unsigned long)from - 1);
}

static inline __attribute__((always_inline)) void check(unsigned long at)
{
	unsigned long offset = at - (unsigned long)arenas;

	if (lanes_running < 0)
		return;
	if (lanes[lanes_running].passed && !is_own(at)) {
		stand_aside(&lanes[lanes_running], NULL);
		log_access(__builtin_return_address(0));
	}
	if (++accesses > MOST_ACCESSES)
		steps_stop("hung");
	if (offset < ARENAS && freed[offset / ARENA_GRAIN]) {
		log_access(__builtin_return_address(0));
		steps_stop("freed");
	}
}

/* Called by the compiler before each access of the tree's own code (-fsanitize=kernel-address). */
#define CHECKED(size) \
	void __asan_load##size##_noabort(unsigned long at) { check(at); } \
	void __asan_store##size##_noabort(unsigned long at) { check(at); }
CHECKED(1)
CHECKED(2)
CHECKED(4)
CHECKED(8)
CHECKED(16)
void __asan_loadN_noabort(unsigned long at, size_t size) { check(at); check(at + size - 1); }
void __asan_storeN_noabort(unsigned long at, size_t size) { check(at); check(at + size - 1); }
void __asan_handle_no_return(void) { }

/* Points. */

static void done(const char *what, const char *file, const char *function, int line)
{
	act("%s\t%s\t%s\t%d", what, file, function, line);
}

void drive_want(int *wants, const char *what, const char *file, const char *function, int line)
{
	if (lanes_running < 0)
		return;
	stand_aside(&lanes[lanes_running], wants);
	done(what, file, function, line);
}

void drive_point(const char *what, const char *file, const char *function, int line)
{
	drive_want(NULL, what, file, function, line);
}

void drive_after(const char *what, const char *file, const char *function, int line)
{
	if (lanes_running < 0)
		return;
	if (what)
		done(what, file, function, line);
	lanes[lanes_running].passed = 1;
}

void drive_blocked(int *wants, const char *what)
{
	if (lanes_running < 0)
		drive_bug("the setup", 0, what);
	stand_aside(&lanes[lanes_running], wants);
}

_Noreturn void drive_stop(void)
{
	steps_stop("bug");
}

void lanes_stopped(const char *kind)
{
	see_text("stop ");
	see_text(kind);
	see_text(" ");
	see_text(kind[0] == 'b' ? drive_io->text : "");
	see_text("\n");
	act("stop %s %s", kind, kind[0] == 'b' ? drive_io->text : "");
}

/*
 * RCU: what is handed to it is freed as soon as every lane that was reading then has ceased once. Nothing but the
 * memory's end depends on it, and no memory is used twice: a later end would show nothing more.
 */

#define MOST_CALLBACKS 64
static struct { void *what; unsigned int readers; } callbacks[MOST_CALLBACKS];

static int reading_lane(void)
{
	return lanes_running < 0 ? LANES : lanes_running;
}

static void free_unread(unsigned int ceased)
{
	int at;

	for (at = 0; at < MOST_CALLBACKS; at++) {
		if (!callbacks[at].what)
			continue;
		callbacks[at].readers &= ~ceased;
		if (callbacks[at].readers)
			continue;
		drive_free(callbacks[at].what);
		callbacks[at].what = NULL;
	}
}

void drive_rcu(void *p)
{
	unsigned int readers = 0;
	int lane, at;

	for (lane = 0; lane <= LANES; lane++)
		if (lanes[lane].reads > 0)
			readers |= 1u << lane;
	for (at = 0; callbacks[at].what; at++)
		if (at == MOST_CALLBACKS - 1)
			drive_bug("lanes.c", __LINE__, "the shim's list of RCU callbacks is full");
	callbacks[at].what = p;
	callbacks[at].readers = readers;
	free_unread(0);
}

void drive_reads(int by)
{
	int lane = reading_lane();

	lanes[lane].reads += by;
	if (lanes[lane].reads == 0)
		free_unread(1u << lane);
}

/* Work: the worker's. Who waits for it runs it, unless the worker has begun. */

static struct work_struct *work;
static struct work_struct *working;
static int is_working;

int drive_queue_work(struct work_struct *w)
{
	struct work_struct **at;

	if (w->queued)
		return 0;
	w->queued = 1;
	w->next = NULL;
	for (at = &work; *at; at = &(*at)->next)
		;
	*at = w;
	return 1;
}

static int dequeue(struct work_struct *w)
{
	struct work_struct **at;

	if (!w->queued)
		return 0;
	for (at = &work; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	w->next = NULL;
	w->queued = 0;
	return 1;
}

void drive_run_work(struct work_struct *w)
{
	if (dequeue(w))
		w->func(w);
	while (working == w && lanes_running != WORKER)
		drive_blocked(&is_working, "work");
}

void drive_settle(void)
{
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

static void judge(const struct lane_call *call, int at, unsigned long owes)
{
	unsigned long value = drive_io->value, pages = 0;

	if (drive_io->lost)
		drive_bug("lanes.c", __LINE__, "the shim's list of events is full");
	if (drive_io->kind == DRIVE_PLACED)
		pages = bits_of(value, value + call->pages * PAGE_SIZE);
	SEE("return", at, drive_io->kind, drive_io->kind == DRIVE_PLACED ? value - drive_start : value,
	    pages & translated, pages & held, owes & translated, owes & unmapped & present());
	held |= pages;
	if (!takes(call) && call->op != DRIVE_UNMAP_ALIASES && call->op != DRIVE_PURGE) {
		results[at].addr = drive_io->kind == DRIVE_PLACED ? value : 1;
		results[at].pages = pages;
	}
}

static void call_one(int at)
{
	const struct lane_call *call = &calls[at];
	unsigned long *args = drive_io->args, addr = takes(call) ? results[call->slot].addr : 0;
	unsigned long pages = takes(call) ? results[call->slot].pages : 0;
	int lane = reading_lane();

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
		args[1] = addr;
	}
	held &= ~pages;
	lanes[lane].passed = 1;
	lanes[lane].begins = call->op == DRIVE_UNMAP_ALIASES;
	drive_ask(call->op);
	observe_all();
	unmapped |= pages & ~held;
	judge(call, at, owed[lane]);
	owed[lane] = lanes[lane].begins = 0;
}

const char *lanes_begin(int cpus, unsigned long window_pages, unsigned long lazy_max)
{
	char *from = arenas;
	int lane, at;

	for (lane = LANES; lane >= 0; lane--) {
		arena[lane].room = lane == LANES ? ARENA_FIRST : ARENA_LANE;
		arena[lane].from = from;
		from += arena[lane].room;
	}
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
			while (work)
				drive_run_work(work);
			memset(drive_io, 0, sizeof(*drive_io));
		}
	drive_cpu = 0;
	leave_arena(LANES);
	return NULL;
}

static void work_on(void)
{
	for (;;) {
		while (!work)
			steps_yield();
		working = work;
		is_working = 1;
		dequeue(working);
		act("begin worker");
		working->func(working);
		act("end worker");
		working = NULL;
		is_working = 0;
	}
}

void lanes_body(int lane)
{
	int at;

	if (lane == WORKER)
		work_on();
	for (at = 0; at < call_count; at++) {
		if (calls[at].lane != lane)
			continue;
		if (takes(&calls[at]) && !results[calls[at].slot].addr) {
			lanes[lane].waits = calls[at].slot + 1;
			steps_yield();
			lanes[lane].waits = 0;
		}
		act("begin %d", at);
		call_one(at);
		act("end %d", at);
		memset(drive_io, 0, sizeof(*drive_io));
	}
	lanes[lane].done = 1;
}

const void *drive_lost_block(unsigned long *start, unsigned long *free);
void drive_lazy_counts(unsigned long *pages, long *counted);

/* All calls have returned: what the allocator's structures come to. */
void lanes_end(void)
{
	unsigned long start, free, pages;
	long counted;

	enter_arena(LANES);
	if (drive_lost_block(&start, &free))
		SEE("lost", start - drive_start, free);
	drive_lazy_counts(&pages, &counted);
	SEE("lazy", pages, counted);
	leave_arena(LANES);
}

int lanes_is_done(int lane)
{
	int at;

	if (lane == WORKER)
		return !work && !is_working;
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
	return !lanes[lane].wants || !*lanes[lane].wants;
}

void lanes_enter(int lane)
{
	lanes_running = lane;
	accesses = 0;
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
	observe_all();
	leave_arena(lane);
	drive_cpu = 0;
	accesses = 0;
	lanes_running = -1;
}

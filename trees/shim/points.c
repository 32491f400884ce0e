/* SPDX-License-Identifier: GPL-2.0-only */
/* Where lanes stop for each other: points, accesses, RCU and work; their memory, and what they report. See lanes.h. */
#include "kernel.h"
#include "points.h"

#define ARENA_FIRST (96 << 10)	/* the setup's, which boots the allocator */
#define ARENA_LANE (16 << 10)
#define ARENAS (ARENA_FIRST + LANES * ARENA_LANE)
#define MOST_ACCESSES (1 << 20)	/* in one step: more are an endless loop */

int vsnprintf(char *, size_t, const char *, va_list);

static char arenas[ARENAS] __attribute__((aligned(64)));
static unsigned char freed[ARENAS / ARENA_GRAIN];
static struct { size_t used, room; char *from; } arena[LANES + 1];
static struct drive_io ios[LANES + 1];
static long accesses;	/* in this step */
struct lane_notes *drive_notes;
int lanes_running = -1;
struct lane lanes[LANES + 1];

/* What is reported. */

/* One line of what the step did. Only where steps are taken to be shown: what it leaves on the stack is in no state. */
void note_act(const char *format, ...)
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

void see_text(const char *text)
{
	struct lane_notes *notes = drive_notes;

	while (*text && notes->seen_length + 2 < sizeof(notes->seen))
		notes->seen[notes->seen_length++] = *text++;
	notes->seen[notes->seen_length] = 0;
}

/* One line of what is to be judged: a word, and numbers in hex. libc would leave its secrets on the stack. */
void see(const char *word, const unsigned long *numbers, int count)
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

void enter_arena(int lane)
{
	drive_arena = arena[lane].from;
	drive_arena_used = arena[lane].used;
	drive_arena_room = arena[lane].room;
	drive_io = &ios[lane];
	accesses = 0;
}

void leave_arena(int lane)
{
	arena[lane].used = drive_arena_used;
	drive_arena = NULL;
	drive_arena_used = drive_arena_room = 0;
	drive_io = NULL;
	accesses = 0;
}

void lay_out_arenas(void)
{
	char *from = arenas;
	int lane;

	for (lane = LANES; lane >= 0; lane--) {
		arena[lane].room = lane == LANES ? ARENA_FIRST : ARENA_LANE;
		arena[lane].from = from;
		from += arena[lane].room;
	}
}

void drive_freed_memory(const void *p, size_t size)
{
	memset(freed + ((const char *)p - arenas) / ARENA_GRAIN, 1, size / ARENA_GRAIN);
}

int is_freed_memory(const void *at)
{
	unsigned long offset = (const char *)at - arenas;

	return offset < ARENAS && freed[offset / ARENA_GRAIN];
}

/* Others may come in here. What a vm_unmap_aliases owes is known when it does something: no earlier, no later. */
static void stand_aside(struct lane *lane, int *wants)
{
	lane->passed = 0;
	lane->wants = wants;
	steps_yield();
	lane->wants = NULL;
	if (lane->begins)
		lanes_begins(lane - lanes);
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
	note_act("access %lx", (unsigned long)from - 1);
}

static inline __attribute__((always_inline)) void check(unsigned long at)
{
	if (lanes_running < 0)
		return;
	if (lanes[lanes_running].passed && !is_own(at)) {
		stand_aside(&lanes[lanes_running], NULL);
		log_access(__builtin_return_address(0));
	}
	if (++accesses > MOST_ACCESSES)
		steps_stop("hung");
	if (is_freed_memory((const void *)at)) {
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
	note_act("%s\t%s\t%s\t%d", what, file, function, line);
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
	int lane;

	see_text("stop ");
	see_text(kind);
	see_text(" ");
	see_text(kind[0] == 'b' ? drive_io->text : "");
	/* Of those that can no longer continue, who waits within reclaim. */
	for (lane = 0; lane < LANES; lane++)
		if (kind[0] == 'd' && lanes[lane].reclaims)
			see_text("reclaim ");
	see_text("\n");
	note_act("stop %s %s", kind, kind[0] == 'b' ? drive_io->text : "");
}

/*
 * RCU: what is handed to it is freed as soon as every lane that was reading then has ceased once. Nothing but the
 * memory's end depends on it, and no memory is used twice: a later end would show nothing more.
 */

#define MOST_CALLBACKS 64
static struct { void *what; unsigned int readers; } callbacks[MOST_CALLBACKS];

int lane_now(void)
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
	int lane = lane_now();

	lanes[lane].reads += by;
	if (lanes[lane].reads == 0)
		free_unread(1u << lane);
}

/* Work: the worker's. Who waits for it runs it, unless the worker has begun. */

static struct work_struct *work;
static struct work_struct *working;

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

/*
 * Who may reclaim does so before it gets memory; what reclaim itself asks for does not. It stands for the whole of
 * reclaim, which may sleep: another lane may come in before it.
 */
void drive_reclaim(gfp_t flags)
{
	struct lane *lane;

	if (!drive_pressure || lanes_running < 0 || !(flags & __GFP_DIRECT_RECLAIM))
		return;
	lane = &lanes[lanes_running];
	if (lane->reclaims)
		return;
	lane->reclaims = 1;
	stand_aside(lane, NULL);
	note_act("begin reclaim");
	drive_shrink();
	note_act("end reclaim");
	lane->reclaims = 0;
}

/*
 * Under pressure no worker is idle. One more is made by a thread that may reclaim for it, and who waits for the work waits
 * for that thread as well: its steps are taken here.
 */
void drive_run_work(struct work_struct *w)
{
	if (w->queued)
		drive_reclaim(GFP_KERNEL);
	if (dequeue(w))
		w->func(w);
	while (w->running && lanes_running != WORKER)
		drive_blocked(&w->running, "work");
}

int drive_has_work(void)
{
	return work || working;
}

void drive_run_first(void)
{
	drive_run_work(work);
}

/* Lanes do what a call leaves behind. */
void drive_settle(void)
{
}

_Noreturn void drive_work_on(void)
{
	for (;;) {
		while (!work)
			steps_yield();
		working = work;
		dequeue(working);
		working->running = 1;
		note_act("begin worker");
		working->func(working);
		note_act("end worker");
		working->running = 0;
		working = NULL;
	}
}


/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls of several CPUs at once: each CPU is a lane, which runs its calls one after another on a stack of its own, and so
 * is the worker, which runs what is queued. A lane stops at each point (sync.h); another may continue there.
 *
 *   lanes.c  knows the kernel's side: what a lane calls, who waits for whom, RCU, what callers hold and CPUs translate
 *   steps.c  knows the host's side: stacks, saved states, the search, and who drives it
 *
 * What a state is lies in .data and .bss, arenas and stacks included. What is only reported lies in *drive_notes.
 */
#pragma once
#include <stddef.h>

#define LANES 5			/* of CPUs, and the worker's */
#define WORKER (LANES - 1)
#define MOST_CALLS 24		/* of all lanes, and of the setup */
#define MOST_PAGES 32		/* in the window */
#define ARENA_GRAIN 16

/* An operation of drive.h, and which call's result it takes (unmap, free) or is kept as (all others). */
struct lane_call { int lane, op, slot; unsigned long pages; };

struct lane_notes {
	int logs;			/* acts are written down */
	char acts[8192], seen[2048];	/* lines: what the step did, and what is to be judged of it */
	size_t acts_length, seen_length;
};
extern struct lane_notes *drive_notes;

/* lanes.c */
extern int lanes_running;		/* the lane that takes a step, or -1 */
const char *lanes_add(const struct lane_call *call);	/* NULL, or why it cannot be */
const char *lanes_begin(int cpus, unsigned long window_pages, unsigned long lazy_max,
			int pressure, int outcomes);	/* outcomes: what each call flushed is noted at the end */
void lanes_body(int lane);		/* all that the lane does; returns when its calls are done */
int lanes_can_run(int lane);
int lanes_is_done(int lane);
int lanes_waits_for_call(int lane);	/* not for a lock: for what another lane's call gives */
void lanes_enter(int lane);
void lanes_leave(int lane);		/* notes what the step did */
void lanes_stopped(const char *kind);
void lanes_end(void);			/* all lanes are done: notes what is to be judged of that */
void lanes_pages(unsigned long *ptes, unsigned long *stale);	/* with a PTE; without, but perhaps in a TLB */
size_t lanes_arena(int lane, char **from);	/* bytes in use */
size_t lanes_arenas(char **from);		/* bytes of all arenas together */

/* points.c */
void note_act(const char *format, ...);		/* one line of what the step did */

/* steps.c */
void steps_yield(void);
int steps_is_stack(const void *at);	/* of any lane */
_Noreturn void steps_stop(const char *kind);	/* the step ends the run: "bug", "freed" */

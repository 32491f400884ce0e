/* SPDX-License-Identifier: GPL-2.0-only */
/* Between lanes.c and points.c, both of which stand on the kernel's side. */
#pragma once
#include "lanes.h"

extern struct lane {
	int *wants;		/* a lock that it waits for */
	int waits;		/* for a call of another lane: its number + 1 */
	int done, reads;
	int passed;		/* it did something that others see: it stops before the next such thing */
	int reclaims;		/* memory, for an allocation of its own */
	int begins;		/* a vm_unmap_aliases, which has done nothing yet */
} lanes[LANES + 1];		/* the setup's comes last */

int lane_now(void);		/* the lane that runs, or the setup's */
void lanes_begins(int lane);	/* what was to be done by a vm_unmap_aliases is known now */
void lanes_observe(void);	/* takes the events since */
void lay_out_arenas(void);
int is_freed_memory(const void *at);
void enter_arena(int lane);
void leave_arena(int lane);
void see_text(const char *text);
void see(const char *word, const unsigned long *numbers, int count);
#define SEE(word, ...) see(word, (const unsigned long[]){ __VA_ARGS__ }, sizeof((const unsigned long[]){ __VA_ARGS__ }) / sizeof(long))
int drive_has_work(void);
void drive_run_first(void);
_Noreturn void drive_work_on(void);

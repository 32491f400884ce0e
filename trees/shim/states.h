/* SPDX-License-Identifier: GPL-2.0-only */
/* Between steps.c and states.c, both of which stand on the host's side. */
#pragma once
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>
#include "lanes.h"

#define CHUNK 64
#define MOST_LAWS 64
#define NO_NODE UINT32_MAX

struct chunk { uint32_t number; uint32_t none; char bytes[CHUNK]; };
struct saved { size_t count; struct chunk chunks[]; };
struct node { uint32_t parent; uint8_t lane; };
struct verdict { char *text; int law; };

extern struct host {
	void *scheduler[5];
	const char *stop;		/* why the step ended the run, or NULL */
	unsigned long fault_from, fault_at;	/* of a crash: the code, and the address it read or wrote */
	int has_fault;			/* whether that is known: 0, 1 the code, 2 both */
	int in_lane;
	size_t steps_at_tick;
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
	struct verdict *verdicts;	/* by the hash of the text that was judged */
	size_t verdict_slots, verdict_count;
	struct { uint32_t parent; uint8_t lane; size_t times; unsigned int depth; } laws[MOST_LAWS];
	ucontext_t start;
	sigjmp_buf setup;
	uint32_t *depth_of;
} *host;

_Noreturn void fail(const char *why);
void *memory(void *was, size_t size);
void crashed(int signal, siginfo_t *info, void *context);	/* what a signal handler does */
void step(int lane);		/* one step of the machine as it is */
void begin_states(void);	/* the machine as it is now is the initial state */
void find_dirty(void);
void restore(const struct saved *from);		/* NULL: the initial state */
int add_if_new(uint32_t parent, int lane);	/* the machine as it is, with its dirty chunks found */
void drop_state(struct saved *state);

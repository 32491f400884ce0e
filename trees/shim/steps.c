/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every interleaving of the lanes (lanes.h), breadth first: a state is the memory and the stacks. One line is a request,
 * one line its answer:
 *
 *   call LANE OP SLOT PAGES     begin CPUS PAGES LAZY PRESSURE OUTCOMES
 *   go STEPS                    explores on: `at ...`, `judge TEXT`, or `done ...`
 *   verdict LAW STEPS TEXT      what TEXT comes to, 0 for nothing, and go
 *   run LAW                     the lanes of a shortest run that violates it
 *   restart                     the initial state
 *   step LANE                   one step, and what it did; or why the lane cannot take it
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include "states.h"

/* The search. */

/* Where the verdict on a text is, or may be put. The table has free places. */
static struct verdict *verdict_on(const char *text)
{
	uint32_t hash = 2166136261u, at;
	const char *c;

	for (c = text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	for (at = hash; ; at++) {
		struct verdict *place = &host->verdicts[at & (host->verdict_slots - 1)];

		if (!place->text || !strcmp(place->text, text))
			return place;
	}
}

static void add_verdict(const char *text, int law)
{
	struct verdict *was = host->verdicts, *place;
	size_t slots = host->verdict_slots, at;

	if (2 * host->verdict_count >= slots) {
		host->verdict_slots = slots ? 2 * slots : 16;
		host->verdicts = memory(NULL, host->verdict_slots * sizeof(*was));
		memset(host->verdicts, 0, host->verdict_slots * sizeof(*was));
		for (at = 0; at < slots; at++)
			if (was[at].text)
				*verdict_on(was[at].text) = was[at];
		free(was);
	}
	place = verdict_on(text);
	if (place->text)
		fail("this text was judged before");
	*place = (struct verdict){ strdup(text), law };
	if (!place->text)
		fail("no memory");
	host->verdict_count++;
	host->bytes += strlen(text) + 1;
}

/* What a step came to: 0, the number of a law, or -1 where a text must be judged first: it is in `notes->seen`. */
static int law_of(char *seen, char **unknown)
{
	char *line, *rest = seen;
	struct verdict *known;

	while ((line = strsep(&rest, "\n")) && *line) {
		known = host->verdict_slots ? verdict_on(line) : NULL;
		if (!known || !known->text) {
			*unknown = line;
			return -1;
		}
		if (known->law)
			return known->law;
	}
	return 0;
}

static void report_progress(const char *how)
{
	size_t tables = host->slots * 16 + host->room * 24 + host->verdict_slots * sizeof(struct verdict);

	printf("%s %zu %zu %u %zu %zu %zu %zu\n", how, host->count, host->steps, host->depth, host->count - host->next,
	       host->bytes + tables, host->ends, host->stuck);
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
			add_if_new(host->next, lane);
		}
		drop_state(state);
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

static void begin(int cpus, unsigned long pages, unsigned long lazy, int pressure, int outcomes)
{
	const size_t alternate = 1 << 16;
	struct sigaction action = { .sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	stack_t stack = { .ss_sp = mmap(NULL, alternate, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			  .ss_size = alternate };
	const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGVTALRM };
	size_t at;

	sigaltstack(&stack, NULL);
	setitimer(ITIMER_VIRTUAL, &(struct itimerval){ { 1, 0 }, { 1, 0 } }, NULL);
	for (at = 0; at < sizeof(signals) / sizeof(*signals); at++)
		sigaction(signals[at], &action, NULL);
	if (sigsetjmp(host->setup, 1)) {
		printf("err the setup does not end well\n");
		return;
	}
	lanes_begin(cpus, pages, lazy, pressure, outcomes);
	begin_states();
	printf("ok %zu\n", host->size);
}

static void answer(char *line)
{
	char *word = strsep(&line, " "), *end = line ? line : "";
	long args[5] = { 0 };
	int n;

	for (n = 0; n < (strcmp(word, "verdict") ? 5 : 2) && *end; n++)
		args[n] = strtol(end, &end, 10);
	if (!strcmp(word, "call")) {
		struct lane_call call = { args[0], args[1], args[2], args[3] };
		const char *why = lanes_add(&call);

		printf("%s\n", why ? why : "ok");
	} else if (!strcmp(word, "begin")) {
		begin(args[0], args[1], args[2], args[3], args[4]);
	} else if (!strcmp(word, "go")) {
		explore(args[0]);
	} else if (!strcmp(word, "verdict")) {
		if (*end != ' ' || args[0] < 0 || args[0] >= MOST_LAWS)
			fail("a verdict is LAW STEPS TEXT");
		add_verdict(end + 1, args[0]);
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

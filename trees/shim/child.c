/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The backend in a process of its own: the line protocol of docs/drive.md. It reads what there is, answers every whole
 * line, and writes once when its input is empty.
 *
 * A saved state is a copy of .data and .bss, and of the arena as far as it is used. What must not be restored lies in
 * *self. With ASan, whose own state cannot be copied, only the state before init is kept: by a process that waits and forks
 * another for each history.
 */
#define _DEFAULT_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "drive.h"

#define ARENA (8UL << 20)
#define INPUT (1UL << 16)
#define OUTPUT (1UL << 20)
#define LONGEST 1024		/* of what is said at once */
#define MOST_SAVED 65536
#define AGAIN 77		/* the exit code of a process after which another is forked */

extern char __data_start, _end;

static struct self {
	char in[INPUT], out[OUTPUT];
	size_t in_from, in_to, out_length;
	char *saved[MOST_SAVED];
	jmp_buf stop;
	const char *name;
	int begins_again;	/* a `restore 0` is to be answered by the process that was forked for it */
} *self;

static void flush(void)
{
	size_t at = 0;

	while (at < self->out_length) {
		ssize_t wrote = write(1, self->out + at, self->out_length - at);

		if (wrote <= 0)
			_exit(3);
		at += wrote;
	}
	self->out_length = 0;
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	va_list args;
	int length;

	if (OUTPUT - self->out_length < LONGEST)
		flush();
	va_start(args, format);
	length = vsnprintf(self->out + self->out_length, LONGEST, format, args);
	va_end(args);
	self->out_length += length < LONGEST ? length : LONGEST - 1;
}

/* The text of a C expression, in one field. */
static void say_text(const char *name, const char *text)
{
	size_t from;

	if (OUTPUT - self->out_length < 2 * LONGEST)
		flush();
	say("; %s ", name);
	from = self->out_length;
	say("%s", text);
	for (; from < self->out_length; from++)
		if (self->out[from] == ';' || self->out[from] < ' ' || self->out[from] > '~')
			self->out[from] = ' ';
}

/* The next line, without its end; NULL where there is none any more. */
static char *next_line(void)
{
	for (;;) {
		char *start = self->in + self->in_from, *end = memchr(start, '\n', self->in_to - self->in_from);
		ssize_t got;

		if (end) {
			*end = 0;
			self->in_from = end + 1 - self->in;
			return start;
		}
		flush();
		memmove(self->in, start, self->in_to -= self->in_from);
		self->in_from = 0;
		got = read(0, self->in + self->in_to, INPUT - self->in_to);
		if (got <= 0)
			return NULL;
		self->in_to += got;
	}
}

_Noreturn void drive_stop(void)
{
	longjmp(self->stop, 1);
}

/* Calls run one by one: who holds this lock is the call itself, or what is there is no lock. */
_Noreturn void drive_bug(const char *file, int line, const char *condition);
void drive_blocked(int *held, const char *what)
{
	if (*held != 1)
		abort();
	drive_bug("the same call", 0, what);
}

#ifndef __SANITIZE_ADDRESS__
/* Saved states. */

static size_t image_size(void)
{
	return &_end - &__data_start;
}

static int save(unsigned long number)
{
	char *to;

	if (number >= MOST_SAVED)
		return 0;
	free(self->saved[number]);
	to = self->saved[number] = malloc(image_size() + drive_arena_used);
	if (!to)
		return 0;
	memcpy(to, &__data_start, image_size());
	memcpy(to + image_size(), drive_arena, drive_arena_used);
	return 1;
}

static int restore(unsigned long number)
{
	struct self *kept = self;
	char *from = number < MOST_SAVED ? self->saved[number] : NULL;

	if (!from)
		return 0;
	memcpy(&__data_start, from, image_size());
	self = kept;
	memcpy(drive_arena, from + image_size(), drive_arena_used);
	return 1;
}

#endif

/* Questions and replies. */

static const struct { const char *word; int op; } questions[] = {
	{ "alloc", DRIVE_ALLOC }, { "free", DRIVE_FREE }, { "map", DRIVE_MAP_RAM }, { "unmap", DRIVE_UNMAP_RAM },
	{ "vmap", DRIVE_VMAP }, { "vunmap", DRIVE_FREE }, { "find", DRIVE_FIND }, { "pget", DRIVE_PCPU_GET },
	{ "pfree", DRIVE_PCPU_FREE }, { "purge", DRIVE_PURGE }, { "aliases", DRIVE_UNMAP_ALIASES }, { "init", DRIVE_INIT },
};

static void say_events(void)
{
	static const char *const names[] = {
		[DRIVE_SET] = "set", [DRIVE_CLEAR] = "clr", [DRIVE_FLUSH] = "flush", [DRIVE_AREA] = "area",
		[DRIVE_FREE_EXTENT] = "extent", [DRIVE_LAZY] = "purge", [DRIVE_POOLED] = "pool", [DRIVE_BLOCK] = "block",
		[DRIVE_BLOCK_RANGE] = "range", [DRIVE_LISTED] = "list",
	};
	unsigned long at;

	for (at = 0; at < drive_io->count; at++) {
		const struct drive_event *event = &drive_io->events[at];

		switch (event->kind) {
		case DRIVE_WARN:
			say_text("warn", (const char *)event->a);
			break;
		case DRIVE_ABSENT:
			say("; absent");
			break;
		case DRIVE_STOPPED:
			say("; stop");
			break;
		case DRIVE_CLEAR:
			say("; clr %lx", event->a);
			break;
		case DRIVE_SET:
		case DRIVE_FLUSH:
			say("; %s %lx %lx", names[event->kind], event->a, event->b);
			break;
		case DRIVE_CACHE:
		case DRIVE_PRINT:
			break;
		default:
			say("; %s %lx %lx %lx", names[event->kind], event->a, event->b, event->c);
		}
	}
	if (drive_io->lost)
		say("; %lx events are lost", drive_io->lost);
}

static void say_result(void)
{
	switch (drive_io->kind) {
	case DRIVE_PLACED:
		say("; addr %lx", drive_io->value);
		break;
	case DRIVE_REFUSED:
		say("; err %ld", drive_io->value);
		break;
	case DRIVE_FOUND:
		say("; found %lx", drive_io->value);
		break;
	case DRIVE_NOTHING:
		say("; found");
		break;
	default:
		say("; ok");
	}
}

static void ask(int op)
{
	if (setjmp(self->stop)) {
		say_events();
		say_text("bug", drive_io->text);
		return;
	}
	if (op == DRIVE_INIT) {
		const unsigned long *args = drive_io->args;

		drive_cpus = args[0];
		drive_start = args[1];
		drive_end = args[2];
		drive_lazy_max = args[3];
		drive_absent = args[4];
	}
	drive_ask(op);
	say_events();
	say_result();
	if (op == DRIVE_INIT)
		return;
	say("; lazy %s%lx; rcu %lx; work %lx", drive_io->lazy < 0 ? "-" : "", labs(drive_io->lazy), drive_io->rcu, drive_io->work);
	if (drive_io->descriptors >= 0)
		say("; live %lx", drive_io->descriptors);
}

static void hello(void)
{
	say("name %s; can alloc align mapped noblock free map unmap vmap vunmap find pget pfree purge aliases absent",
	    self->name);
#ifdef __SANITIZE_ADDRESS__
	say(" restore");
#else
	say(" save restore");
#endif
	say("; tells flush pte lazy live rcu work; cpus 8; blocks %lx %lx", drive_block_pages(), drive_map_limit());
}

static void answer(char *line)
{
	char *word = strsep(&line, " ");
	unsigned long *args = drive_io->args;
	size_t at, n = 0;

	while (line && *line && n < DRIVE_ARGS)
		args[n++] = strtoul(line, &line, 16);
	memset(args + n, 0, (DRIVE_ARGS - n) * sizeof(*args));
	for (at = 0; at < sizeof(questions) / sizeof(*questions); at++)
		if (!strcmp(word, questions[at].word)) {
			ask(questions[at].op);
			return;
		}
	if (!strcmp(word, "hello")) {
		hello();
	} else if (!strcmp(word, "dump")) {
		drive_io->count = drive_io->lost = 0;
		drive_describe();
		say_events();
#ifdef __SANITIZE_ADDRESS__
	} else if (!strcmp(word, "restore") && args[0] == 0) {
		flush();
		self->begins_again = 1;
		_exit(AGAIN);
#else
	} else if (!strcmp(word, "save")) {
		say(save(args[0]) ? "ok" : "err");
	} else if (!strcmp(word, "restore")) {
		say(restore(args[0]) ? "ok" : "err");
#endif
	} else {
		say("err unknown");
	}
}

static void serve(void)
{
	char *line;

	if (self->begins_again) {
		self->begins_again = 0;
		say("ok\n");
	}
	while ((line = next_line())) {
		answer(line);
		say("\n");
	}
	flush();
	_exit(0);
}

static void *shared(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

#ifdef __SANITIZE_ADDRESS__
const char *__asan_default_options(void)
{
	return "detect_leaks=0:handle_abort=1";
}

/* One process after the other answers; what it has read and not answered is the next one's. Ends as the last one does. */
static void serve_by_forks(void)
{
	for (;;) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			serve();
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			_exit(3);
		if (WIFSIGNALED(status))
			kill(getpid(), WTERMSIG(status));
		if (WEXITSTATUS(status) != AGAIN)
			_exit(WEXITSTATUS(status));
	}
}
#endif

int main(int argc, char **argv)
{
	self = shared(sizeof(*self));
	drive_io = calloc(1, sizeof(*drive_io));
	if (!self || !drive_io)
		return 3;
	self->name = argc > 1 ? argv[1] : "vmalloc";
#ifdef __SANITIZE_ADDRESS__
	serve_by_forks();
#else
	drive_arena = malloc(drive_arena_room = ARENA);
	if (!drive_arena || !save(0))
		return 3;
	serve();
#endif
}

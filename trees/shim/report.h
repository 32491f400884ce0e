/* SPDX-License-Identifier: GPL-2.0-only */
/* What the allocator says of itself: a BUG stops the machine, a WARN and a message are events. */
#pragma once
_Noreturn void drive_bug(const char *file, int line, const char *condition);
void drive_note(const char *text);
void drive_event(unsigned long kind, unsigned long a, unsigned long b, unsigned long c);

#define drive_print(text) drive_event(DRIVE_PRINT, (unsigned long)(text), 0, 0)
#define drive_warn(text) drive_event(DRIVE_WARN, (unsigned long)(text), __LINE__, 0)
#define BUG() drive_bug(__FILE__, __LINE__, "BUG")
#define BUG_ON(x) do { if (x) drive_bug(__FILE__, __LINE__, #x); } while (0)
#define VM_BUG_ON(x) BUG_ON(x)
#define VIRTUAL_BUG_ON(x) ((void)0)
#define WARN_ON(x) ({ int warned = !!(x); if (warned) drive_warn(#x); warned; })
#define WARN_ON_ONCE(x) WARN_ON(x)
#define VM_WARN_ON_ONCE(x) WARN_ON(x)
#define WARN(x, ...) WARN_ON(x)
#define WARN_ONCE(x, ...) WARN_ON(x)
#define printk_ratelimit() 1
#define pr_warn(text, ...) drive_print(text)
#define pr_warn_ratelimited(text, ...) drive_print(text)
#define pr_warn_once(text, ...) drive_print(text)
#define pr_err(text, ...) drive_print(text)
#define pr_info(...) ((void)0)
#define pr_cont(...) ((void)0)
#define warn_alloc(...) drive_print("warn_alloc")
#define dump_page(...) ((void)0)
#define dump_stack() ((void)0)

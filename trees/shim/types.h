/* SPDX-License-Identifier: GPL-2.0-only */
/* Types. Of those that only unreached code looks into there is as much as that code needs to compile. */
#pragma once
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef unsigned int gfp_t, fmode_t, pgtbl_mod_mask, kasan_vmalloc_flags_t;
typedef unsigned long phys_addr_t, pgoff_t, vm_flags_t;
typedef unsigned short umode_t;
typedef long drive_loff_t;
#define loff_t drive_loff_t
#define ssize_t long

struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct hlist_head { struct hlist_node *first; };
struct callback_head { struct callback_head *next; void (*func)(struct callback_head *); };
#define rcu_head callback_head

typedef struct { int held; } spinlock_t;
struct mutex { int held; };
struct rw_semaphore { int held; };
typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic_long_t;
struct work_struct;
typedef void (*work_func_t)(struct work_struct *);
struct work_struct { work_func_t func; int queued, running; struct work_struct *next; };

typedef struct { unsigned long bits; } cpumask_t;
typedef struct { unsigned long bits; } nodemask_t;
struct page { char opaque; unsigned long private; };
struct folio { struct page page; };
typedef struct { unsigned long v; } pgprot_t;

struct mm_struct { int none; };
struct vm_area_struct { unsigned long vm_start, vm_end, vm_flags; pgprot_t vm_page_prot; };
struct task_struct { unsigned int flags; };
struct kmem_cache { const char *name; size_t size; };
struct kmem_obj_info { int none; };
struct iov_iter { int none; };
struct seq_file { void *private; };
struct seq_operations { void *(*start)(), (*stop)(), *(*next)(); int (*show)(); };
struct shrink_control { unsigned long nr_to_scan; };
struct shrinker { unsigned long (*count_objects)(), (*scan_objects)(); };
struct notifier_block { int (*notifier_call)(struct notifier_block *, unsigned long, void *); };
struct blocking_notifier_head { int none; };
struct atomic_notifier_head { int none; };

extern struct mm_struct init_mm;
extern struct task_struct drive_task;
#define current (&drive_task)

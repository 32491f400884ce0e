/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks, atomics, RCU and work. Calls run one by one unless DRIVE_POINTS is defined: then each CPU is a lane (lanes.h),
 * and another lane may come in before or after whatever is marked here. With DRIVE_FINE_POINTS that is also before
 * READ_ONCE, WRITE_ONCE and the steps of an RCU list.
 */
#pragma once
#ifdef DRIVE_POINTS
#define DRIVE_HERE __FILE__, __func__, __LINE__
void drive_point(const char *what, const char *file, const char *function, int line);	/* about to do it */
void drive_after(const char *what, const char *file, const char *function, int line);	/* it is done; NULL: what it is was said before */
void drive_want(int *held, const char *what, const char *file, const char *function, int line);
void drive_reads(int by);		/* RCU may not free what is read from here on, or may again */
int drive_is_pool(const void *at);	/* of the glue: the head of a pool, of which a purge reads hundreds */
#define DRIVE_POINT(what) drive_point(what, DRIVE_HERE)
#define DRIVE_AFTER(what) drive_after(what, DRIVE_HERE)
#define DRIVE_WANT(held, what) drive_want(held, what, DRIVE_HERE)
#define DRIVE_READS(by) drive_reads(by)
#else
#define DRIVE_POINT(what) ((void)0)
#define DRIVE_AFTER(what) ((void)0)
#define DRIVE_WANT(held, what) ((void)0)
#define DRIVE_READS(by) ((void)0)
#endif
#ifdef DRIVE_FINE_POINTS
#define DRIVE_FINE(what, at) (drive_is_pool(at) ? (void)0 : DRIVE_POINT(what))
#else
#define DRIVE_FINE(what, at) ((void)0)
#endif

static inline void drive_take(int *held, const char *what)
{
	while (*held)
		drive_blocked(held, what);
	*held = 1;
}

static inline int drive_try(int *held)
{
	return *held ? 0 : (*held = 1);
}

_Noreturn void drive_bug(const char *file, int line, const char *condition);
#define drive_release(l) ((void)((l)->held ? (l)->held = 0 : (drive_bug(__FILE__, __LINE__, "unlock of " #l ", which is not held"), 0)))

#define DEFINE_SPINLOCK(n) spinlock_t n
#define DEFINE_MUTEX(n) struct mutex n
#define __SPIN_LOCK_UNLOCKED(n) { 0 }
#define spin_lock_init(l) ((void)((l)->held = 0))
#define drive_lock(l) (DRIVE_WANT(&(l)->held, "lock " #l), drive_take(&(l)->held, #l))
void drive_spins(const int *held, const char *what, int bottom_halves);
/* Who holds a spinlock is not preempted, and so reads under RCU. */
#define drive_spin_lock(l, on) (drive_spins(&(l)->held, #l, on), drive_lock(l), DRIVE_SECTION(1), DRIVE_READS(1))
#define spin_lock(l) drive_spin_lock(l, 1)
#define spin_trylock(l) (mutex_trylock(l) ? (DRIVE_SECTION(1), DRIVE_READS(1), 1) : 0)
#define spin_unlock(l) (drive_release(l), DRIVE_SECTION(-1), DRIVE_READS(-1), DRIVE_AFTER("unlock " #l))
#define spin_lock_bh(l) drive_spin_lock(l, 0)
#define spin_unlock_bh(l) spin_unlock(l)
#define spin_lock_irqsave(l, f) ((void)(f), drive_spin_lock(l, 0))
#define spin_unlock_irqrestore(l, f) spin_unlock(l)
#define mutex_lock(l) (drive_sleeps(__LINE__), drive_lock(l))
#define mutex_trylock(l) (DRIVE_POINT("trylock " #l), drive_try(&(l)->held))
#define mutex_unlock(l) (drive_release(l), DRIVE_AFTER("unlock " #l))
#define lockdep_assert_held(l) ((void)0)
#define lockdep_is_held(l) 1
static inline void drive_unguard(struct mutex **m)
{
	mutex_unlock(*m);
}

#define READ_ONCE(x) (DRIVE_FINE("read " #x, &(x)), *(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (DRIVE_FINE("write " #x, &(x)), *(volatile __typeof__(x) *)&(x) = (v))
#define smp_store_release(p, v) WRITE_ONCE(*(p), v)
#define smp_load_acquire(p) READ_ONCE(*(p))
#define smp_mb() ((void)0)
#define smp_rmb() ((void)0)
#define smp_wmb() ((void)0)

#define ATOMIC_INIT(v) { v }
#define ATOMIC_LONG_INIT(v) { v }
#define atomic_read(a) ((a)->counter)
#define atomic_inc(a) ((a)->counter++)
#define atomic_long_read(a) (DRIVE_POINT("read " #a), (a)->counter)
#define atomic_long_set(a, v) (DRIVE_POINT("set " #a), (void)((a)->counter = (v)))
#define atomic_long_add(v, a) (DRIVE_POINT("add to " #a), (void)((a)->counter += (v)))
#define atomic_long_sub(v, a) (DRIVE_POINT("subtract from " #a), (void)((a)->counter -= (v)))
#define atomic_long_inc(a) atomic_long_add(1, a)
#define atomic_long_add_return(v, a) (DRIVE_POINT("add to " #a), (a)->counter += (v))
#define atomic_long_add_return_relaxed(v, a) atomic_long_add_return(v, a)
#define xchg(p, v) ({ __typeof__(*(p)) was = *(p); *(p) = (v); was; })
#define cmpxchg(p, o, n) ({ __typeof__(*(p)) was = *(p); if (was == (o)) *(p) = (n); was; })
#define try_cmpxchg(p, o, n) ({ int same = *(p) == *(o); if (same) *(p) = (n); else *(o) = *(p); same; })

void drive_rcu(void *p);		/* freed after a grace period: when the call is over, or by the lanes */
#define rcu_read_lock() (DRIVE_POINT("rcu_read_lock"), DRIVE_SECTION(1), DRIVE_READS(1))
#define rcu_read_unlock() (DRIVE_SECTION(-1), DRIVE_READS(-1), DRIVE_AFTER("rcu_read_unlock"))
#define rcu_dereference(p) (p)
#define rcu_dereference_raw(p) (p)
#define rcu_assign_pointer(p, v) ((p) = (v))
#define synchronize_rcu() ((void)0)
#define kfree_rcu(p, f) drive_rcu(p)
#define list_add_rcu(n, h) list_add(n, h)
#define list_add_tail_rcu(n, h) list_add_tail(n, h)
#define list_del_rcu(n) do { __list_del_entry(n); (n)->prev = LIST_POISON2; } while (0)
#define list_for_each_entry_rcu(p, h, m) \
	for (p = container_of((h)->next, __typeof__(*p), m); DRIVE_FINE("next of " #h, h), &p->m != (h); \
	     p = container_of(p->m.next, __typeof__(*p), m))

int drive_queue_work(struct work_struct *w);	/* runs when the call is over, or when it is waited for */
void drive_run_work(struct work_struct *w);
#define INIT_WORK(w, f) ((void)((w)->func = (f), (w)->queued = (w)->running = 0))
#define DECLARE_WORK(n, f) struct work_struct n = { f }
#define schedule_work(w) drive_queue_work(w)
#define schedule_work_on(c, w) drive_queue_work(w)
#define queue_work(q, w) drive_queue_work(w)
#define flush_work(w) (drive_sleeps(__LINE__), drive_run_work(w))

#define BLOCKING_NOTIFIER_HEAD(n) struct blocking_notifier_head n
#define ATOMIC_NOTIFIER_HEAD(n) struct atomic_notifier_head n
#define blocking_notifier_call_chain(...) 0
#define blocking_notifier_chain_register(...) 0
#define blocking_notifier_chain_unregister(...) 0
#define atomic_notifier_call_chain(...) 0

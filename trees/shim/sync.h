/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks, atomics, RCU and work. Calls run one by one unless DRIVE_POINTS is defined: then drive_point is called wherever
 * another CPU may come in, and a backend that has a coroutine for each CPU switches there. With DRIVE_FINE_POINTS that
 * is also at READ_ONCE, WRITE_ONCE and the steps of an RCU list.
 */
#pragma once
#ifdef DRIVE_POINTS
#define DRIVE_POINT(what) drive_point(what, __func__, __LINE__)
#else
#define DRIVE_POINT(what) ((void)0)
#endif
#ifdef DRIVE_FINE_POINTS
#define DRIVE_FINE(what) DRIVE_POINT(what)
#else
#define DRIVE_FINE(what) ((void)0)
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

#define DEFINE_SPINLOCK(n) spinlock_t n
#define DEFINE_MUTEX(n) struct mutex n
#define __SPIN_LOCK_UNLOCKED(n) { 0 }
#define spin_lock_init(l) ((void)((l)->held = 0))
#define spin_lock(l) (DRIVE_POINT("lock " #l), drive_take(&(l)->held, #l))
#define spin_trylock(l) (DRIVE_POINT("trylock " #l), drive_try(&(l)->held))
#define spin_unlock(l) ((void)((l)->held = 0), DRIVE_POINT("unlock " #l))
#define spin_lock_irqsave(l, f) ((void)(f), spin_lock(l))
#define spin_unlock_irqrestore(l, f) spin_unlock(l)
#define mutex_lock(l) spin_lock(l)
#define mutex_trylock(l) spin_trylock(l)
#define mutex_unlock(l) spin_unlock(l)
#define lockdep_assert_held(l) ((void)0)
#define lockdep_is_held(l) 1
static inline void drive_unguard(struct mutex **m)
{
	mutex_unlock(*m);
}

#define READ_ONCE(x) (DRIVE_FINE("read " #x), *(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (DRIVE_FINE("write " #x), *(volatile __typeof__(x) *)&(x) = (v))
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

void drive_rcu(void *p);		/* freed when the call is over */
#define rcu_read_lock() DRIVE_POINT("rcu_read_lock")
#define rcu_read_unlock() DRIVE_POINT("rcu_read_unlock")
#define rcu_dereference(p) (p)
#define rcu_dereference_raw(p) (p)
#define rcu_assign_pointer(p, v) ((p) = (v))
#define synchronize_rcu() ((void)0)
#define kfree_rcu(p, f) drive_rcu(p)
#define list_add_rcu(n, h) list_add(n, h)
#define list_add_tail_rcu(n, h) list_add_tail(n, h)
#define list_del_rcu(n) do { __list_del_entry(n); (n)->prev = LIST_POISON2; } while (0)
#define list_for_each_entry_rcu(p, h, m) \
	for (p = container_of((h)->next, __typeof__(*p), m); DRIVE_FINE("rcu list"), &p->m != (h); \
	     p = container_of(p->m.next, __typeof__(*p), m))

int drive_queue_work(struct work_struct *w);	/* runs when the call is over, or when it is waited for */
void drive_run_work(struct work_struct *w);
#define INIT_WORK(w, f) ((void)((w)->func = (f), (w)->queued = 0))
#define DECLARE_WORK(n, f) struct work_struct n = { f }
#define schedule_work(w) drive_queue_work(w)
#define schedule_work_on(c, w) drive_queue_work(w)
#define queue_work(q, w) drive_queue_work(w)
#define flush_work(w) drive_run_work(w)

#define BLOCKING_NOTIFIER_HEAD(n) struct blocking_notifier_head n
#define ATOMIC_NOTIFIER_HEAD(n) struct atomic_notifier_head n
#define blocking_notifier_call_chain(...) 0
#define blocking_notifier_chain_register(...) 0
#define blocking_notifier_chain_unregister(...) 0
#define atomic_notifier_call_chain(...) 0

/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs: numbers below drive_cpus, less the absent ones. All that are possible are online, and on one NUMA node. */
#pragma once
#define DRIVE_MAX_CPUS 8
#define drive_possible(c) ((c) >= 0 && (c) < drive_cpus && !(drive_absent >> (c) & 1))
int drive_checked_cpu(int cpu);		/* notes that a CPU which is not possible was used */

static inline int drive_next_cpu(int cpu)
{
	do
		cpu++;
	while (cpu < drive_cpus && !drive_possible(cpu));
	return cpu;
}

static inline int num_possible_cpus(void)
{
	int cpu, count = 0;

	for (cpu = drive_next_cpu(-1); cpu < drive_cpus; cpu = drive_next_cpu(cpu))
		count++;
	return count;
}

#define nr_cpu_ids ((unsigned int)drive_cpus)
#define num_online_cpus() num_possible_cpus()
#define cpu_possible(c) drive_possible((int)(c))
#define cpu_online(c) drive_possible((int)(c))
#define cpu_possible_mask ((cpumask_t *)0)
#define cpu_online_mask ((cpumask_t *)0)
#define cpumask_next(c, m) drive_next_cpu(c)
#define for_each_possible_cpu(c) for ((c) = drive_next_cpu(-1); (c) < drive_cpus; (c) = drive_next_cpu(c))
#define for_each_online_cpu(c) for_each_possible_cpu(c)
#define smp_processor_id() drive_cpu
#define raw_smp_processor_id() drive_cpu
#define get_cpu() drive_cpu
#define put_cpu() ((void)0)
#define nr_node_ids 1
#define num_online_nodes() 1
#define numa_node_id() 0
#define numa_mem_id() 0

#define DEFINE_PER_CPU(t, n) __typeof__(t) n[DRIVE_MAX_CPUS]
#define per_cpu(n, c) ((n)[drive_checked_cpu(c)])
#define per_cpu_ptr(p, c) (&(*(p))[drive_checked_cpu(c)])
#define raw_cpu_ptr(p) (&(*(p))[drive_cpu])
#define this_cpu_ptr(p) (&(*(p))[drive_cpu])
#define get_cpu_var(n) ((n)[drive_cpu])
#define put_cpu_var(n) ((void)0)
#define this_cpu_read(n) ((n)[drive_cpu])
#define this_cpu_write(n, v) ((n)[drive_cpu] = (v))
#define __this_cpu_read(n) ((n)[drive_cpu])
#define __this_cpu_write(n, v) ((n)[drive_cpu] = (v))
#define __this_cpu_xchg(n, v) xchg(&(n)[drive_cpu], v)
#define __this_cpu_cmpxchg(n, o, v) cmpxchg(&(n)[drive_cpu], o, v)
#define __this_cpu_try_cmpxchg(n, o, v) try_cmpxchg(&(n)[drive_cpu], o, v)

#define CPU_MASK_NONE ((cpumask_t){ 0 })
#define cpumask_set_cpu(c, m) ((m)->bits |= 1UL << (c))
#define cpumask_clear(m) ((m)->bits = 0)
#define cpumask_empty(m) ((m)->bits == 0)
#define cpumask_weight(m) __builtin_popcountl((m)->bits)
#define cpumask_test_cpu(c, m) ((m) ? (m)->bits >> (c) & 1 : drive_possible(c))
#define for_each_cpu(c, m) for ((c) = 0; (c) < DRIVE_MAX_CPUS; (c)++) if ((m)->bits >> (c) & 1)

/* A call runs to its end: as a task, unless it is watched. */
#define in_task() (drive_context <= DRIVE_BH_OFF)
#define in_interrupt() (drive_context >= DRIVE_BH_OFF)
#define in_hardirq() (drive_context == DRIVE_HARDIRQ)
#define in_softirq() (drive_context == DRIVE_BH_OFF || drive_context == DRIVE_SOFTIRQ)
#define in_nmi() (drive_context == DRIVE_NMI)
void drive_sleeps(int line);
#define might_sleep() drive_sleeps(__LINE__)
#define might_sleep_if(x) ((x) ? drive_sleeps(__LINE__) : (void)0)
#define might_alloc(f) drive_asks(f, __LINE__)
#define cond_resched() drive_sleeps(__LINE__)
#define cond_resched_lock(l) ((void)0)
#define need_resched() 0
/* Lanes share what is counted here, and are not watched. */
#ifdef DRIVE_POINTS
#define DRIVE_SECTION(by) ((void)0)
#else
#define DRIVE_SECTION(by) ((void)(drive_section += (by)))
#endif
#define preempt_disable() DRIVE_SECTION(1)
#define preempt_enable() DRIVE_SECTION(-1)
#define signal_pending(t) 0
#define fatal_signal_pending(t) 0
#define tsk_is_oom_victim(t) 0
#define schedule_timeout_uninterruptible(x) drive_sleeps(__LINE__)

/* SPDX-License-Identifier: GPL-2.0-only */
/* Annotations, which mean nothing here, and what the kernel calls the compiler's own. */
#pragma once
#define __init
#define __initdata
#define __read_mostly
#define __ro_after_init
#define __must_check
#define __force
#define __user
#define __percpu
#define __rcu
#define __pure
#define __malloc
#define __attribute_const__
#define __cacheline_aligned_in_smp
#define ____cacheline_aligned_in_smp
#define __no_context_analysis
#define __context_unsafe(x)
#define __guarded_by(...)
#define __must_hold(...)
#define __acquires(...)
#define __releases(...)
#define __printf(a, b)
#define __alloc_size(...)
#define __realloc_size(...)
#define __counted_by(x)
#define __weak __attribute__((weak))
#define noinline __attribute__((noinline))
#undef __always_inline
#define __always_inline inline
#define fallthrough
/* Of our own functions in the file that is compiled with counted branches: one whose branches are not. */
#ifdef __clang__
#define DRIVE_UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define DRIVE_UNCOUNTED
#endif
#define likely(x) (x)
#define unlikely(x) (x)
#define barrier() ((void)0)
#define data_race(x) (x)
#define typeof __typeof__
#define typeof_member(t, m) __typeof__(((t *)0)->m)
#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define container_of(p, t, m) ((t *)((char *)(p) - offsetof(t, m)))
#define static_assert _Static_assert
#define BUILD_BUG_ON(x) ((void)0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define alloc_hooks(x) (x)
#define _RET_IP_ 0UL
#ifdef __wasm__
#define __builtin_return_address(n) ((void *)0)
#endif
#define EXPORT_SYMBOL(x)
#define EXPORT_SYMBOL_GPL(x)
#define EXPORT_SYMBOL_NS_GPL(x, y)
#define EXPORT_SYMBOL_FOR_MODULES(x, y)
#define EXPORT_SYMBOL_FOR_TESTS_ONLY(x)
#define EXPORT_TRACEPOINT_SYMBOL(x)
#define early_param(a, b)
#define module_init(f)
#define core_initcall(f)
/* The configuration: SMP with an MMU, 64 bits, and no option that the shim would have to serve. */
#define CONFIG_MMU 1
#define CONFIG_SMP 1
#define CONFIG_64BIT 1
#define IS_ENABLED(x) 0
#define IS_BUILTIN(x) 0
#define DECLARE_STATIC_KEY_FALSE(x)
#define DEFINE_STATIC_KEY_FALSE(x)
#define static_branch_unlikely(x) 0
/* guard(mutex)(&m): held to the end of the block. */
#define guard(t) drive_guard_##t
#define drive_guard_mutex(m) __attribute__((cleanup(drive_unguard))) struct mutex *drive_guarded = (mutex_lock(m), (m))
#define scoped_cond_guard(n, fail, ...) if (0) { fail; } else

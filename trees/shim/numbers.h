/* SPDX-License-Identifier: GPL-2.0-only */
/* The scope, as far as C wants constants; arithmetic; error numbers. */
#pragma once
/*
 * A small machine needs small words of the block bitmaps. To the preprocessor BITS_PER_LONG has to stay 64, or the
 * allocator leaves its nodes out: an enumerator is 0 there and its value in C.
 */
#ifndef DRIVE_MAP_LIMIT
#define DRIVE_MAP_LIMIT 64
#endif
#ifndef DRIVE_BLOCK_PAGES
#define DRIVE_BLOCK_PAGES 1024
#endif
enum { drive_less_bits = 64 - DRIVE_MAP_LIMIT };
#define BITS_PER_LONG (64 - drive_less_bits)
#define DRIVE_LONG_BITS (8 * sizeof(long))
/*
 * Asked for in one place, `pages / roundup_pow_of_two(NR_CPUS) / 16`, which is to come out at the block size whatever the
 * pages are. trees/build.ts compares what came out.
 */
#define NR_CPUS 8
#define roundup_pow_of_two(n) 1 * 0 + (16UL * DRIVE_BLOCK_PAGES)

#define BITS_PER_BYTE 8
#define BIT(n) (1UL << (n))
#define ULONG_MAX (~0UL)
#define LONG_MAX ((long)(~0UL >> 1))
#define UINT_MAX (~0U)
#define INT_MAX ((int)(~0U >> 1))
#ifndef SIZE_MAX
#define SIZE_MAX ((size_t)-1)
#endif
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define SHMLBA PAGE_SIZE

#define min(a, b) ({ __typeof__(a) min_a = (a); __typeof__(b) min_b = (b); min_a < min_b ? min_a : min_b; })
#define max(a, b) ({ __typeof__(a) max_a = (a); __typeof__(b) max_b = (b); max_a > max_b ? max_a : max_b; })
#define min_t(t, a, b) min((t)(a), (t)(b))
#define max_t(t, a, b) max((t)(a), (t)(b))
#define min3(a, b, c) min(a, min(b, c))
#define max3(a, b, c) max(a, max(b, c))
#define umin(a, b) min((unsigned long)(a), (unsigned long)(b))
#define clamp(v, low, high) min(max(v, low), high)
#define clamp_t(t, v, low, high) clamp((t)(v), (t)(low), (t)(high))
#define swap(a, b) do { __typeof__(a) swap_a = (a); (a) = (b); (b) = swap_a; } while (0)
#define ALIGN(x, a) (((x) + ((a) - 1)) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define PAGE_ALIGN(x) ALIGN(x, PAGE_SIZE)
#define PAGE_ALIGNED(x) IS_ALIGNED((unsigned long)(x), PAGE_SIZE)
#define offset_in_page(x) ((unsigned long)(x) & ~PAGE_MASK)
#define is_power_of_2(n) ((n) != 0 && ((n) & ((n) - 1)) == 0)
#define round_up(x, y) ALIGN(x, y)
#define round_down(x, y) ALIGN_DOWN(x, y)
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define PHYS_PFN(x) ((x) >> PAGE_SHIFT)
#define PFN_PHYS(x) ((phys_addr_t)(x) << PAGE_SHIFT)
#define array_size(a, b) ((a) * (b))
#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)
#define array_index_nospec(i, n) (i)

static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline int fls_long(unsigned long x)
{
	return x ? (int)DRIVE_LONG_BITS - __builtin_clzl(x) : 0;
}

/* Of 0 pages it is 52, as on a 64-bit machine. */
static inline int get_order(unsigned long size)
{
	return size ? fls_long((size - 1) >> PAGE_SHIFT) : 52;
}

#define get_count_order_long(x) drive_count_order(x)
#define get_count_order(x) drive_count_order(x)
static inline int drive_count_order(unsigned long x)
{
	return x ? fls_long(x - 1) : -1;
}
#define ilog2(x) (fls_long(x) - 1)
#define __fls(x) (fls_long(x) - 1)

#define EPERM 1
#define ENOENT 2
#define EIO 5
#define E2BIG 7
#define ENOMEM 12
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define ENOTSUPP 524
#define MAX_ERRNO 4095
#define ERR_PTR(e) ((void *)(long)(e))
#define PTR_ERR(p) ((long)(p))
#define IS_ERR_VALUE(x) ((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)
#define IS_ERR(p) IS_ERR_VALUE((unsigned long)(p))
#define IS_ERR_OR_NULL(p) (!(p) || IS_ERR(p))
#define ERR_CAST(p) ((void *)(p))

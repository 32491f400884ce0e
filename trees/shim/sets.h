/* SPDX-License-Identifier: GPL-2.0-only */
/* Bitmaps, and the xarray as a sorted array. */
#pragma once
#define DECLARE_BITMAP(n, bits) unsigned long n[((bits) + DRIVE_LONG_BITS - 1) / DRIVE_LONG_BITS]
void bitmap_zero(unsigned long *map, unsigned int bits);
void bitmap_set(unsigned long *map, unsigned int at, unsigned int count);
void bitmap_clear(unsigned long *map, unsigned int at, unsigned int count);
unsigned long drive_next_bit(const unsigned long *map, unsigned long bits, unsigned long at, int set);
#define find_next_bit(m, n, at) drive_next_bit(m, n, at, 1)
#define find_next_zero_bit(m, n, at) drive_next_bit(m, n, at, 0)
#define find_first_bit(m, n) drive_next_bit(m, n, 0, 1)
#define find_first_zero_bit(m, n) drive_next_bit(m, n, 0, 0)
#define bitmap_empty(m, n) (find_first_bit(m, n) >= (n))
#define for_each_set_bitrange(s, e, m, n) \
	for ((s) = 0; (s) = find_next_bit(m, n, s), (e) = find_next_zero_bit(m, n, s), (s) < (n); (s) = (e))
#define for_each_clear_bitrange(s, e, m, n) \
	for ((s) = 0; (s) = find_next_zero_bit(m, n, s), (e) = find_next_bit(m, n, s), (s) < (n); (s) = (e))

struct drive_entry { unsigned long index; void *item; };
struct xarray { unsigned int count, room; struct drive_entry *entries; };
#define xa_init(x) ((void)(*(x) = (struct xarray){ 0 }))
#define DEFINE_XARRAY(n) struct xarray n
void *xa_load(struct xarray *x, unsigned long index);
int xa_insert(struct xarray *x, unsigned long index, void *item, gfp_t flags);
void *xa_erase(struct xarray *x, unsigned long index);
void *drive_xa_next(struct xarray *x, unsigned long *index, int first);
#define xa_for_each(x, i, p) \
	for ((i) = 0, (p) = drive_xa_next(x, &(i), 1); p; (p) = drive_xa_next(x, &(i), 0))
/* The radix tree, in which blocks were found before. Memory for it is asked for ahead. */
#define RADIX_TREE(n, f) struct xarray n
int drive_insert(struct xarray *x, unsigned long index, void *item);
#define radix_tree_preload(f) ({ int lacks = drive_shadow(f, __LINE__); if (!lacks) DRIVE_SECTION(1); lacks; })
#define radix_tree_preload_end() DRIVE_SECTION(-1)
#define radix_tree_insert(x, i, p) drive_insert(x, i, p)
#define radix_tree_delete(x, i) xa_erase(x, i)
#define radix_tree_lookup(x, i) xa_load(x, i)
#ifdef DRIVE_POINTS
/* What an xarray does under its own lock is one step. */
#define xa_load(x, i) (DRIVE_POINT("load of " #x), xa_load(x, i))
#define xa_insert(x, i, p, f) \
	({ DRIVE_POINT("insert into " #x); int done = xa_insert(x, i, p, f); DRIVE_AFTER(NULL); done; })
#define xa_erase(x, i) \
	({ DRIVE_POINT("erase from " #x); void *was = xa_erase(x, i); DRIVE_AFTER(NULL); was; })
#define drive_xa_next(x, i, first) (DRIVE_POINT("next of " #x), drive_xa_next(x, i, first))
#endif

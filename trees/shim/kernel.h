/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for every kernel header that mm/vmalloc.c includes but for those that hold its own data structures, which
 * come from the tree. It is included before the tree's file; the headers that the file asks for are empty.
 *
 * Macros where an expression will do and no header of the tree declares the name, functions where one may.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "drive.h"
#undef NULL
#define NULL ((void *)0)
#include "compiler.h"
#include "types.h"
#include "numbers.h"
#include "report.h"
#include "memory.h"
#include "cpus.h"
#include "sync.h"
#include "sets.h"
#include "paging.h"
#include "absent.h"

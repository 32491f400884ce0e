/** The protocols of user-space unmapping that can be explored. A new one is one file and one line here. */
import { cpus, family, type Parameter, type StepProtocol } from "../protocol.ts";
import { asidsMachine } from "./asids/machine.ts";
import { ASIDS_ORDERS } from "./asids/switch.ts";
import { COLLAPSES_ORDERS, collapsesMachine } from "./collapses.ts";
import { HASHES_ORDERS, hashesMachine } from "./hashes.ts";
import { MREMAPS_ORDERS, mremapsMachine } from "./mremaps.ts";
import { PFNMAPS_ORDERS, pfnmapsMachine } from "./pfnmaps.ts";
import { PROTECTS_ORDERS, protectsMachine } from "./protects.ts";
import { RECLAIMS_ORDERS, reclaimsMachine } from "./reclaims.ts";
import { ANON_VMA_ORDERS, anonVmaMachine } from "./rmap/anon-vma.ts";
import { HOLDERS_ORDERS, holdersMachine } from "./rmap/holders.ts";
import { TAKE_ALL_ORDERS, takeAllMachine } from "./rmap/take-all.ts";
import { TRUNCATE_ORDERS, truncateMachine } from "./rmap/truncate.ts";
import { WAITING_ORDERS, waitingMachine } from "./rmap/waiting.ts";
import { TABLES_ORDERS, tablesMachine } from "./tables.ts";
import { ZAPS_ORDERS, zapsMachine } from "./zaps.ts";

const preempts: Parameter = { counts: "whether tasks are preempted", usual: 1, least: 0, most: 1 };

export const STEP_PROTOCOLS: readonly StepProtocol[] = [
  ...family(
    "asids",
    "ASID allocation on arm64: every CPU switches between address spaces, with a fast path without a lock, and rollovers.",
    {
      cpus: { ...cpus, most: 3 },
      tasks: { counts: "address spaces", usual: 4, most: 6 },
      asids: { counts: "ASIDs, more than CPUs", usual: 3, most: 5 },
      generations: { counts: "generations", usual: 2, most: 6 },
    },
    ASIDS_ORDERS,
    asidsMachine,
  ),
  ...family(
    "zaps",
    "Zaps and their gathers on one mm, by tasks that are preempted and change CPUs; faults, TLBs, and in two orders the OOM reaper.",
    {
      cpus: { ...cpus, most: 3 },
      tasks: { counts: "tasks of the mm", usual: 2, most: 3 },
      pages: { counts: "pages", usual: 1, most: 3 },
      preempts,
    },
    ZAPS_ORDERS,
    zapsMachine,
  ),
  ...family(
    "protects",
    "Changes of protection against NUMA migration of the same page: is a flush still due?",
    { cpus },
    PROTECTS_ORDERS,
    protectsMachine,
  ),
  ...family(
    "reclaims",
    "Reclaim that defers its flush, against munmap; each page has a page table of its own.",
    { cpus, pages: { counts: "pages, each with a page table", usual: 1, most: 3 } },
    RECLAIMS_ORDERS,
    reclaimsMachine,
  ),
  ...family(
    "mremaps",
    "mremap between two addresses, against truncation and the cleaning of the page.",
    { cpus },
    MREMAPS_ORDERS,
    mremapsMachine,
  ),
  ...family(
    "pfnmaps",
    "munmap of a driver's frame, against the driver that unmaps and frees it.",
    { cpus },
    PFNMAPS_ORDERS,
    pfnmapsMachine,
  ),
  ...family(
    "hashes",
    "The hash table of powerpc: batches of invalidations, one for each CPU, and tasks that move between CPUs.",
    { cpus, tasks: { counts: "tasks", usual: 2, most: 3 }, preempts },
    HASHES_ORDERS,
    hashesMachine,
  ),
  ...family(
    "tables",
    "A page table is unlinked and freed under walks without a lock: of CPUs, active or lazy, and of software.",
    {
      cpus,
      remote: { counts: "whether software walks on behalf of another process", usual: 0, least: 0, most: 1 },
    },
    TABLES_ORDERS,
    tablesMachine,
  ),
  ...family(
    "collapses",
    "GUP-fast against khugepaged: references taken without a lock.",
    { cpus },
    COLLAPSES_ORDERS,
    collapsesMachine,
  ),
  ...family(
    "take-all",
    "mm_take_all_locks over all mappings of an mm, against vma_adjust: spinlocks and mutexes.",
    { cpus, mappings: { counts: "mappings, and as many anon_vmas", usual: 2, most: 5 } },
    TAKE_ALL_ORDERS,
    takeAllMachine,
  ),
  ...family(
    "anon-vma",
    "page_lock_anon_vma finds an anon_vma without a lock, while it is freed and used again.",
    { cpus: { ...cpus, most: 3 } },
    ANON_VMA_ORDERS,
    anonVmaMachine,
  ),
  ...family(
    "truncate",
    "unmap_mapping_range over the vmas of a file, against faults, fork, munmap and another truncation.",
    {
      cpus: { ...cpus, most: 3 },
      vmas: { counts: "vmas that may map the file", usual: 1, most: 3 },
      pages: { counts: "pages of the file", usual: 2, most: 3 },
    },
    TRUNCATE_ORDERS,
    truncateMachine,
  ),
  ...family(
    "waiting",
    "Waiting for a lock, spinning or asleep, in turn or not; and another task on the CPU of the waiter.",
    { cpus },
    WAITING_ORDERS,
    waitingMachine,
  ),
  ...family(
    "holders",
    "A lock whose holder is preempted and moves to another CPU, while others spin or sleep for it.",
    { cpus: { ...cpus, most: 3 }, tasks: { counts: "tasks", usual: 3, most: 4 } },
    HOLDERS_ORDERS,
    holdersMachine,
  ),
];

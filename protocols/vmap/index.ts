/** The protocols of vmap that can be explored. A new one is one file and one line here. */
import { type Chosen, cpus, family, type Protocol, type StepProtocol } from "../protocol.ts";
import { AREA_ORDERS, areasMachine } from "./areas/machine.ts";
import { BLOCK_ORDERS, blocksMachine } from "./blocks/machine.ts";
import { contextsMachine } from "./contexts/machine.ts";
import { CONTEXTS_ORDERS } from "./contexts/releases.ts";
import { lazyUnmap } from "./lazy-unmap.ts";
import { LEVELS_ORDERS, levelsMachine } from "./levels/machine.ts";
import { POLICIES, pinsMachine } from "./pins/machine.ts";
import { POOLS_ORDERS, poolsMachine } from "./pools/machine.ts";
import { LOCKS_ORDERS, locksMachine } from "./queues/locks/machine.ts";
import { WALKS_ORDERS, walksMachine } from "./queues/walks/machine.ts";
import { READERS_ORDERS, readersMachine } from "./readers.ts";
import { RESET_PERMS_ORDERS, resetPermsMachine } from "./reset-perms.ts";
import { ROOTS_ORDERS, rootsMachine } from "./roots.ts";
import { tablesMachine } from "./tables/machine.ts";
import { KASAN_ORDERS, OBJECTS_ORDERS } from "./tables/releases.ts";
import { WAITS_ORDERS, waitsMachine } from "./waits/machine.ts";

const LAZY_UNMAP: Protocol = {
  name: "lazy-unmap",
  says: "The lazy-unmap protocol of db64fe02 in its smallest form: one purge, one pinner, TLBs that fill by themselves.",
  parameters: {
    V: { counts: "pages", usual: 3, most: 6 },
    F: { counts: "frames", usual: 2, most: 6 },
    C: { counts: "CPUs", usual: 2, most: 5 },
  },
  machine: (given) => lazyUnmap(given as Chosen<"V" | "F" | "C">),
};

export const STEP_PROTOCOLS: readonly StepProtocol[] = [
  ...family(
    "areas",
    "Areas at the step grain: allocations, frees and purges of a release on every CPU.",
    {
      cpus,
      places: { counts: "places for an area of one page", usual: 2, most: 5 },
      lazyMax: { counts: "lazy_max_pages()", usual: 1, least: 0, most: 4 },
      caches: { counts: "whether CPUs translate what is mapped", usual: 1, least: 0, most: 1 },
    },
    AREA_ORDERS,
    (name, scope, order) => areasMachine(name, { ...scope, caches: scope.caches === 1 }, order),
  ),
  ...family(
    "pools",
    "The pool of a node: allocations, frees, the worker that purges into it, and the shrinker that empties it.",
    {
      cpus,
      extents: { counts: "extents", usual: 3, most: 6 },
    },
    POOLS_ORDERS,
    poolsMachine,
  ),
  ...family(
    "waits",
    "Who waits for whom: callers, the work that purges and its helper, workers, rescuers, and reclaim.",
    {
      cpus: { ...cpus, most: 3 },
      areas: { counts: "areas that the drain work releases on its own node", usual: 1, most: 4 },
      most: { counts: "areas that a work item may release in its time", usual: 1, most: 4 },
      workers: { counts: "idle workers at first", usual: 1, least: 0, most: 2 },
      memory: { counts: "whether memory for another worker comes in the end", usual: 1, least: 0, most: 1 },
      other: {
        counts: "others that want the CPU of the drain work: 0 none, 1 work of its queue, 2 a task",
        usual: 0,
        least: 0,
        most: 2,
      },
    },
    WAITS_ORDERS,
    (name, { memory, other, ...scope }, order) =>
      waitsMachine(name, { ...scope, memory: memory === 1, other: OTHERS[other] ?? "none" }, order),
  ),
  ...family(
    "readers",
    "Readers of areas, /proc/vmallocinfo, vread_iter and vmalloc_dump_obj, beside allocations, frees and purges.",
    {
      cpus,
      areas: { counts: "areas, each on a node of its own", usual: 2, most: 3 },
      pages: { counts: "the most pages of an area", usual: 2, most: 3 },
    },
    READERS_ORDERS,
    readersMachine,
  ),
  ...family(
    "blocks",
    "Per-CPU blocks at the step grain: maps, unmaps, vm_unmap_aliases and purges of a release on every CPU.",
    {
      cpus,
      blocks: { counts: "blocks", usual: 1, most: 3 },
      pages: { counts: "pages of a block", usual: 2, most: 5 },
    },
    BLOCK_ORDERS,
    blocksMachine,
    true,
  ),
  ...family(
    "walks",
    "The queue of blocks as a list: its links, walks under RCU, and what is freed at once or after a grace period.",
    {
      cpus,
      blocks: { counts: "blocks", usual: 1, most: 4 },
      pages: {
        counts: "pages of a block; with one it would be full from the start",
        usual: 2,
        least: 2,
        most: 4,
      },
    },
    WALKS_ORDERS,
    walksMachine,
  ),
  ...family(
    "locks",
    "The queues of blocks, whose locks they are written under, and the index in which a block is found.",
    {
      cpus,
      blocks: { counts: "blocks", usual: 2, most: 4 },
      pages: { counts: "pages of a block", usual: 2, least: 2, most: 4 },
    },
    LOCKS_ORDERS,
    locksMachine,
  ),
  ...family(
    "roots",
    "Page tables that are not shared: an address is unmapped, flushed and mapped anew while a root keeps its old entry.",
    {
      cpus,
      roots: { counts: "page tables beside init_mm's", usual: 1, most: 3 },
      addresses: { counts: "addresses", usual: 1, most: 3 },
      frames: { counts: "frames", usual: 2, most: 3 },
    },
    ROOTS_ORDERS,
    rootsMachine,
  ),
  ...family(
    "reset-perms",
    "vfree of areas whose permissions are reset, against purges of other CPUs.",
    { cpus, areas: { counts: "areas", usual: 1, most: 4 } },
    RESET_PERMS_ORDERS,
    resetPermsMachine,
  ),
  ...family(
    "pins",
    "A user of the guarantee at the step grain: frames are mapped, unmapped, and pinned by a policy (docs/pinning.md).",
    {
      cpus,
      pages: { counts: "pages", usual: 2, most: 4 },
      frames: { counts: "frames", usual: 2, most: 4 },
    },
    POLICIES,
    pinsMachine,
  ),
  ...family(
    "contexts",
    "Callers in every context and with every mask that a release allows; what a call allocates itself may wait or fail.",
    {
      cpus: { counts: "callers, each with an area", usual: 1, most: 2 },
      shadow: { counts: "whether KASAN is on", usual: 1, least: 0, most: 1 },
    },
    CONTEXTS_ORDERS,
    (name, { cpus, shadow }, order) => contextsMachine(name, { cpus, shadow: shadow === 1 }, order),
  ),
  ...family(
    "kasan",
    "A side table of which areas share entries: KASAN's shadow, filled with an area and emptied by the purge.",
    {
      cpus,
      places: { counts: "places for an area of one page", usual: 2, most: 4 },
      sharing: { counts: "places that share an entry", usual: 2, most: 4 },
    },
    KASAN_ORDERS,
    tablesMachine,
  ),
  ...family(
    "objects",
    "A side table that owners fill: debug objects in areas, dropped when an area is freed.",
    { cpus, places: { counts: "places for an area of one page", usual: 1, most: 4 } },
    OBJECTS_ORDERS,
    (name, scope, order) => tablesMachine(name, { ...scope, sharing: 1 }, order),
  ),
  ...family(
    "levels",
    "Page tables of two levels: huge entries, the tables that they replace, and who walks them.",
    {
      cpus,
      regions: { counts: "regions of two pages, each of which a huge entry can map", usual: 1, most: 2 },
      tables: { counts: "page tables", usual: 1, most: 3 },
      pairs: { counts: "pairs of contiguous frames", usual: 2, least: 2, most: 3 },
      devices: { counts: "whether a device walks the same tables", usual: 0, least: 0, most: 1 },
    },
    LEVELS_ORDERS,
    (name, scope, order) => levelsMachine(name, { ...scope, devices: scope.devices === 1 }, order),
  ),
];

/** By the number that a scope has for them. */
const OTHERS = ["none", "work", "task"] as const;

export const PROTOCOLS: readonly Protocol[] = [LAZY_UNMAP, ...STEP_PROTOCOLS];

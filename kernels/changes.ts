/**
 * What each commit changed in what a kernel does, said once: kernels take their steps from it, protocols their orders.
 * When a commit came, and in which words, the bibliography says (spec/vmap/bibliography.ts), which dates the promises
 * as well. No promise stands here: the judge may not trust the kernel.
 */
import { type Since, whatCommitsMade } from "../spec/vmap/bibliography.ts";

/** Areas. */
interface AreaFacts {
  /** In what free space is looked for. */
  readonly search: "areas" | "areas, from a cache" | "free space";
  /** How it is tested that an address and a size stay inside the word. */
  readonly wraps: "no test" | "its last byte" | "its end";
  /** Pages kept around an area. */
  readonly guard: { readonly afterArea: number; readonly beforeNext: number };
  /** Whether an address below the window is refused, to which an alignment may wrap. */
  readonly refusesBelowWindow: boolean;
  /** For what size free space is searched. */
  readonly looksFor: "size and alignment" | "the size" | "the size, with an alignment above a page";
  /** Where percpu areas begin to be looked for in an extent. */
  readonly percpuFrom: "the extent below" | "the extent";
  /** How lazy areas are kept. */
  readonly lazyAreas: "flagged" | "listed" | "apart" | "by address" | "on nodes";
  /** Whether PTEs stay when an area or a page is unmapped, until the purge. */
  readonly lazyPtes: boolean;
  /** Whether a refused allocation keeps its descriptor; whether the purge reads a link of what it freed. */
  readonly leaksDescriptor: boolean;
  readonly readsFreedLink: boolean;
  /** Whether an area is found by its first page only. */
  readonly finds: "by first page" | "by any page" | "by any page, on nodes" | "by any page, once initialised";
  readonly obeysNoGuard: boolean;
  readonly warnsOfNoGuard: boolean;
  /** Whether too much that is lazy is purged by a worker. */
  readonly worker: boolean;
  /** What leaves a node's pools with a purge. */
  readonly decay: "a quarter, or all of a few" | "a quarter";
  readonly noblock: boolean;
  /** What becomes of calls outside their domain. */
  readonly allocOfNothing: "placed" | "bug" | "refused";
  readonly freeNowhere: "bug" | "warned";
  readonly freeAgain: "bug" | "warned";
  readonly unmapNowhere: "bug" | "warned";
  readonly unlinksAny: boolean;
}

/** Steps of areas that show only where calls interleave. */
interface AreaStepFacts {
  /** Whether an allocation that found nothing gives up where another CPU purges. */
  readonly triesPurge: boolean;
  /** Whether the purge asserts that what it gathers is counted. */
  readonly assertsCount: boolean;
  /** Whether a free counts an area before it is on the lazy list. */
  readonly countsFirst: boolean;
  /** When what was gathered leaves the counter, and how long the purge that releases it keeps the lock. */
  readonly uncounts: "when gathered" | "when released";
  readonly releases: "at once" | "one by one" | "one by one below the threshold";
  /** set_iounmap_nonlazy overwrites the counter. */
  readonly overwritesCounter: boolean;
  /** Whether the shrinker of the pools (6.9 on) takes the purge lock. */
  readonly shrinkerLocks: boolean;
  /** Whether one lock guards all areas, or free space has its own. */
  readonly areaLocks: "one" | "free and busy";
}

/** Blocks. */
interface BlockFacts {
  /** Where in a block a map goes. */
  readonly pagesFrom: "lowest region" | "behind the last";
  /** Where a new block goes in its CPU's queue, and whether the map that it was made for is in it. */
  readonly newBlock: "first" | "last";
  readonly bornTaken: boolean;
  readonly purgesFragments: boolean;
  /** How what is given back is noted. */
  readonly dirty: "bitmap" | "bitmap, checked" | "bitmap of one word" | "range";
  /** The blocks that vm_unmap_aliases looks at, and whether it passes one all of which is dirty. */
  readonly looksAt: "listed" | "all";
  readonly passesFull: boolean;
  /** Whether it forgets what it collected, and leaves blocks that may still be used. */
  readonly collectsOnce: boolean;
  readonly mapOfNothing: "undefined" | "block after block" | "bug" | "refused";
  /** Whether areas say what vm_map_ram has them for. */
  readonly flagsAreas: boolean;
  /** In which index a block is found. */
  readonly indexedOn: "one for all" | "any CPU" | "a possible CPU";
  /** Whether, and when, a block's CPU is recorded. */
  readonly cpuWritten: "before" | "after" | "never";
  /** Whether a removed block's links lead on, and its rcu_head has memory of its own. */
  readonly rcuLists: boolean;
}

/** Page tables. */
interface PageTableFacts {
  /** A purge synchronises all page tables before it flushes. */
  readonly synchronises: boolean;
  /** What of a vfree that resets permissions asks for a flush. */
  readonly resetAsks: "always" | "for a page in the direct map";
}

/** Callers' contexts, and what a call allocates itself. */
interface ContextFacts {
  /** The masks and contexts from which vmalloc may be called. */
  readonly callers: "GFP_KERNEL" | "GFP_NOFS and GFP_NOIO too" | "without waiting too";
  /** Where __get_vm_area_node asserts that it is not. */
  readonly notIn: "interrupts, or bottom halves off" | "hard interrupts";
  /** Under which mask page tables are allocated. */
  readonly tables: "GFP_KERNEL" | "the caller's";
  /** Whether PTEs are set in lazy MMU mode, and whether that ends if one cannot be set. */
  readonly setsPtesIn: "no section" | "lazy MMU mode, left on by an error" | "lazy MMU mode";
  /** What becomes of an area whose pages cannot be had or mapped. */
  readonly halfMade: "vfree" | "freed by a worker";
  readonly vfreeInInterrupts: boolean;
}

/** Side tables. */
interface TableFacts {
  /** Which areas KASAN has shadow for. */
  readonly shadowOf: "none" | "vmalloc" | "all areas";
  /** Under which mask it is allocated, and whether in lazy MMU mode. */
  readonly shadowMask: "GFP_KERNEL" | "the caller's";
  readonly shadowIn: "lazy MMU mode" | "no section";
  /** What a purge empties, and how often it flushes for that. */
  readonly emptiesShadow: "of free neighbours, under the lock" | "of the area alone";
  readonly flushesShadow: "for each area" | "once";
  /** Whether an entry is read before the page table's lock is taken. */
  readonly readsShadow: "outside the lock" | "under the lock";
  /** When debug objects in an area that is freed are dropped. */
  readonly dropsObjects: "after the area is released" | "before";
}

/** Huge entries. */
interface LevelFacts {
  readonly huge: "none" | "ioremap" | "vmalloc too";
  /** What becomes of a table that a huge entry replaces. */
  readonly replaced: "overwritten" | "freed" | "flushed, freed" | "flushed, freed, without ptdump";
  /** When roots of other processes get an entry of the highest level. */
  readonly syncs: "at faults" | "if all is mapped" | "always";
  /** Whether a flush reaches devices that walk the kernel's page tables. */
  readonly flushesDevices: boolean;
  /** What vmalloc does if it gets no huge page. */
  readonly fallsBack: "by a new area" | "to small pages in the area";
}

export interface Facts
  extends AreaFacts,
    AreaStepFacts,
    BlockFacts,
    PageTableFacts,
    ContextFacts,
    TableFacts,
    LevelFacts {}

/** The rewrite of 2.6.28 (db64fe02258f), as it was first merged. */
const REWRITE: Facts = {
  search: "areas",
  wraps: "no test",
  guard: { afterArea: 1, beforeNext: 0 },
  refusesBelowWindow: false,
  looksFor: "size and alignment",
  percpuFrom: "the extent below",
  lazyAreas: "flagged",
  lazyPtes: true,
  leaksDescriptor: true,
  readsFreedLink: true,
  finds: "by first page",
  obeysNoGuard: false,
  warnsOfNoGuard: false,
  worker: false,
  decay: "a quarter, or all of a few",
  noblock: false,
  allocOfNothing: "placed",
  freeNowhere: "warned",
  freeAgain: "bug",
  unmapNowhere: "bug",
  unlinksAny: false,
  triesPurge: true,
  assertsCount: true,
  countsFirst: false,
  uncounts: "when gathered",
  releases: "at once",
  overwritesCounter: false,
  shrinkerLocks: false,
  areaLocks: "one",
  pagesFrom: "lowest region",
  newBlock: "first",
  bornTaken: false,
  purgesFragments: false,
  dirty: "bitmap",
  looksAt: "listed",
  passesFull: false,
  collectsOnce: false,
  mapOfNothing: "undefined",
  flagsAreas: false,
  indexedOn: "one for all",
  cpuWritten: "before",
  rcuLists: false,
  synchronises: false,
  resetAsks: "always",
  callers: "GFP_KERNEL",
  notIn: "interrupts, or bottom halves off",
  tables: "GFP_KERNEL",
  setsPtesIn: "no section",
  halfMade: "vfree",
  vfreeInInterrupts: false,
  shadowOf: "none",
  shadowMask: "GFP_KERNEL",
  shadowIn: "lazy MMU mode",
  emptiesShadow: "of free neighbours, under the lock",
  flushesShadow: "for each area",
  readsShadow: "outside the lock",
  dropsObjects: "after the area is released",
  huge: "none",
  replaced: "overwritten",
  syncs: "at faults",
  flushesDevices: false,
  fallsBack: "by a new area",
};

/** In the order of the bibliography. */
const MADE: readonly Since<Facts>[] = [
  ["mm: vmalloc failure flush fix", { triesPurge: false }],
  ["7766970c", { wraps: "its last byte", allocOfNothing: "bug" }],
  ["cbb76676", { readsFreedLink: false }],
  ["2498ce42", { leaksDescriptor: false }],
  ["02b709df", { purgesFragments: true, dirty: "bitmap, checked", mapOfNothing: "block after block" }],
  ["de560423", { rcuLists: true }],
  ["88f50044", { assertsCount: false }],
  ["3ee48b6a", { overwritesCounter: true }],
  ["64141da5", { lazyPtes: false }],
  ["89699605", { search: "areas, from a cache", guard: { afterArea: 1, beforeNext: 1 } }],
  ["248ac0e1", { guard: { afterArea: 0, beforeNext: 0 } }],
  ["2012-06-06", { mapOfNothing: "bug" }],
  ["4341fa4", { freeAgain: "warned" }],
  ["32fcfd40", { vfreeInInterrupts: true }],
  ["bcb615a8", { wraps: "its end" }],
  ["cef2ac3f", { finds: "by any page" }],
  ["b8e748b6", { pagesFrom: "behind the last", dirty: "bitmap of one word", cpuWritten: "never" }],
  ["71394fe5", { obeysNoGuard: true }],
  ["68ac546f", { newBlock: "last" }],
  ["cf725ce2", { bornTaken: true }],
  ["7d61bfe8", { dirty: "range" }],
  ["e61ce6ad", { huge: "ioremap" }],
  ["28ee90fe", { replaced: "freed" }],
  ["80c4bd7a", { lazyAreas: "listed", countsFirst: true }],
  ["763b218d", { uncounts: "when released", releases: "one by one" }],
  ["f3c01d2f", { freeNowhere: "bug", dropsObjects: "before" }],
  ["5e0fb5df", { replaced: "flushed, freed" }],
  ["afd07389", { refusesBelowWindow: true }],
  ["6ade2032", { freeNowhere: "warned" }],
  ["68571be9", { releases: "one by one below the threshold" }],
  ["68ad4a33", { search: "free space" }],
  ["31e67340", { resetAsks: "for a page in the direct map" }],
  ["5336e52c", { percpuFrom: "the extent" }],
  ["3f8fd02b", { synchronises: true }],
  ["dd3b8353", { lazyAreas: "apart" }],
  ["3c5c3cfb", { shadowOf: "vmalloc" }],
  ["d98c9e83", { shadowOf: "all areas" }],
  ["2ba3e694", { syncs: "if all is mapped" }],
  ["e36176be", { areaLocks: "free and busy" }],
  ["96e2db45", { lazyAreas: "by address" }],
  ["ad216c03", { passesFull: true }],
  ["121e6f32", { huge: "vmalloc too" }],
  ["9f531973", { looksFor: "the size" }],
  ["bd1a8fb2", { obeysNoGuard: false, warnsOfNoGuard: true }],
  ["451769eb", { callers: "GFP_NOFS and GFP_NOIO too", tables: "the caller's" }],
  ["9333fe98", { looksFor: "the size, with an alignment above a page" }],
  ["690467c8", { worker: true }],
  ["c12cd77c", { overwritesCounter: false }],
  ["e9c3cda4", { fallsBack: "to small pages in the area" }],
  ["2022-12-22", { allocOfNothing: "refused", unmapNowhere: "warned", unlinksAny: true }],
  ["869176a0", { flagsAreas: true }],
  ["062eacf5", { indexedOn: "any CPU" }],
  ["fc1e0d98", { looksAt: "all" }],
  ["a09fad96", { collectsOnce: true }],
  ["7679ba6b", { lazyAreas: "on nodes", releases: "at once", finds: "by any page, on nodes" }],
  ["282631cb", { emptiesShadow: "of the area alone" }],
  ["4ed91fa9", { finds: "by any page, once initialised" }],
  ["ac0476e8", { mapOfNothing: "refused" }],
  ["8c61291f", { cpuWritten: "after" }],
  ["a34acf30", { indexedOn: "a possible CPU" }],
  ["3e3de794", { cpuWritten: "before" }],
  ["61ebe5a7", { fallsBack: "by a new area" }],
  ["9e9e085e", { flushesShadow: "once" }],
  ["3685024e", { syncs: "always" }],
  ["b6ea95a3", { shadowIn: "no section" }],
  ["2025-04-19", { decay: "a quarter" }],
  ["44562c71", { setsPtesIn: "lazy MMU mode, left on by an error" }],
  ["fea18c68", { setsPtesIn: "lazy MMU mode" }],
  ["2025-08-18", { readsShadow: "under the lock" }],
  ["79357cd0", { shadowMask: "the caller's" }],
  ["2025-10-01", { noblock: true, callers: "without waiting too" }],
  ["9c477531", { halfMade: "freed by a worker" }],
  ["e37d5a2d", { flushesDevices: true }],
  ["ec05f51f", { shrinkerLocks: true }],
  ["04aa71da", { notIn: "hard interrupts" }],
  ["2026-07-14", { replaced: "flushed, freed, without ptdump" }],
];

/** Facts that only calls outside their domain show: recordings have none, and so labels that differ in them share one. */
export const OUTSIDE_FACTS = [
  "allocOfNothing",
  "mapOfNothing",
  "freeNowhere",
  "freeAgain",
  "unmapNowhere",
  "unlinksAny",
] as const satisfies readonly (keyof Facts)[];

/** What a version's kernel does. Throws a RangeError for what is no version. */
export function factsOf(label: string): Facts {
  const known = FACTS.get(label);
  if (known !== undefined) return known;
  const facts = whatCommitsMade(label, REWRITE, MADE);
  FACTS.set(label, facts);
  return facts;
}

/** Those found so far: every list of orders asks for its releases as it is loaded. */
const FACTS = new Map<string, Facts>();

/**
 * The optimized allocators by themselves: `act` of the cached kernels with 100,000 areas alive, in allocations
 * and frees a second, against insertions and erasures a second of a bare red-black tree of the same kind with
 * 100,000 nodes (BareTree: a random node is erased, and linked again under a random key after a descent).
 *
 * The workload is a steady one: a random area of the 100,000 is freed, and one of a page is requested. Window, size
 * and alignment are always the same, so the free-area cache is never reset and every search continues from it. The
 * rows differ in how many lazy areas pile up before a free purges them: 32,768 is the kernel's own limit for 8 CPUs,
 * and the row by which the target counts; 8,192 is the same limit for areas of four pages. With fewer, holes are fewer
 * and further between, and the kernels' algorithm itself has to walk: past 100,000/batch areas for each allocation and,
 * up to 4.6, along the whole list for each purge. Nothing is mapped: page tables and TLBs are not measured.
 *
 * The kernels that keep free space in a tree, 5.2 and later, have two tables more, with about 100,000 free extents
 * (FreeAreas).
 *
 *   npx tsx bench/act.ts
 */
import { Random } from "../engine/run/random.ts";
import { erase, linkAndColour, type TreeLinks } from "../kernels/structures/rbtree.ts";
import { NONE } from "../kernels/vmap/areas.ts";
import type { Pages } from "../spec/vmap/vocabulary.ts";
import { fullSize, kernelNamed, place, request } from "./kernel.ts";
import { printTable, whole } from "./print.ts";
import { type Contestant, race, ratio, speed } from "./race.ts";

// A red-black tree of the kernels' kind with keys and nothing else: what `act` is measured against.

class BareTree {
  readonly #keys: Float64Array;
  readonly #links: TreeLinks;

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
    this.#links = {
      left: new Int32Array(capacity),
      right: new Int32Array(capacity),
      parent: new Int32Array(capacity),
      red: new Uint8Array(capacity),
      root: NONE,
    };
  }

  /** Descends to where the key belongs and links the node there. */
  insert(node: number, key: number): void {
    const keys = this.#keys;
    const links = this.#links;
    keys[node] = key;
    let above = NONE;
    let here = links.root;
    let asLeft = false;
    while (here !== NONE) {
      above = here;
      asLeft = key < (keys[here] as number);
      here = (asLeft ? links.left[here] : links.right[here]) as number;
    }
    linkAndColour(links, node, above, asLeft);
  }

  erase(node: number): void {
    erase(this.#links, node);
  }
}

// Kernels that keep free space in a tree (5.2 and later), with about 100,000 free extents in it: two workloads, in both
// of which a random area is freed and one of a page is asked for.
//
// Lowest: areas of one page side by side, of which every other one stays for ever. The sites between them are free,
// lazy or taken, so no two free extents ever join. A request is for the whole window and takes the lowest free site:
// the search goes from the root to the lowest leaf and takes that extent out; a purge brings it back.
//
// Anywhere: 100,000 areas are strewn over the window. A request begins at a random page, so the search ends anywhere
// in the tree, splits the extent it finds there, and a purge joins the parts again. Nothing that two calls in a row
// touch is near in memory.
//
// The window is not the vmalloc window of the machine, so the pools of 6.12 and 7.2 are not asked.

interface FreeAreas extends Contestant {
  /** How many free extents there are now. */
  extents(): number;
}

/** Free extents, about. */
const FREE = 100_000;

/** Taken sites in the first workload: those that a free chooses from. */
const TAKEN = 50_000;

/** Frees and allocates until one purge is over, and one more pair: every turn pays for the purges it delays. */
function lowestSite(label: string, batch: Pages): FreeAreas {
  const kernel = kernelNamed(label);
  const state = kernel.initial(fullSize(8, batch));
  const wanted = request(1);
  const random = new Random(1);
  // Just after a purge half a batch more is free, just before it half a batch less.
  const sites = shuffled(FREE + batch / 2 + TAKEN, random);
  const placed = Float64Array.from({ length: 2 * sites.length }, () => place(kernel, state, wanted));
  const startOf = (site: number) => placed[2 * site + 1] as number;
  for (const site of sites.slice(TAKEN)) kernel.act(state, { op: "free", start: startOf(site) });
  kernel.act(state, { op: "purge" });
  const starts = Float64Array.from(sites.slice(0, TAKEN), startOf);
  const run = () => {
    for (let pair = 0; pair <= batch; pair++) {
      const area = random.below(TAKEN);
      kernel.act(state, { op: "free", start: starts[area] as number });
      starts[area] = place(kernel, state, wanted);
    }
    return 2 * (batch + 1);
  };
  return { name: label, run, extents: () => state.free.count };
}

/** The same, with requests that begin anywhere. */
function anywhere(label: string, batch: Pages): FreeAreas {
  const kernel = kernelNamed(label);
  const state = kernel.initial(fullSize(8, batch));
  const random = new Random(1);
  // Far from the window's end: every request has room above the page it begins at.
  const ask = () => place(kernel, state, request(1, random.below(2 ** 32)));
  const starts = Float64Array.from({ length: FREE }, ask);
  const run = () => {
    for (let pair = 0; pair <= batch; pair++) {
      const area = random.below(FREE);
      kernel.act(state, { op: "free", start: starts[area] as number });
      starts[area] = ask();
    }
    return 2 * (batch + 1);
  };
  return { name: label, run, extents: () => state.free.count };
}

/** The numbers below this in a random order. */
function shuffled(count: number, random: Random): number[] {
  const all = Array.from({ length: count }, (_none, nth) => nth);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [all[last], all[other]] = [all[other] as number, all[last] as number];
  }
  return all;
}

const LABELS = ["2.6.39", "3.16", "4.15.0"];
const AREAS = 100_000;
const TREE_LABELS = ["5.2", "5.10", "5.11", "5.17", "6.1", "6.12", "7.2"];
/** lazy_max_pages() with 8 CPUs. */
const LIMIT = 32_768;
/** How many areas pile up before a purge; how many are freed and allocated in a turn, over whole batches. */
const BATCHES = [
  { batch: LIMIT, pairs: 65_538 },
  { batch: 8_192, pairs: 32_772 },
  { batch: 1_024, pairs: 8_200 },
  { batch: 0, pairs: 100 },
];
const ROUNDS = 5;
const TREE = "tree";

/** 100,000 areas in a kernel, of which a turn replaces some. */
function allocator(label: string, batch: number, pairs: number): Contestant {
  const kernel = kernelNamed(label);
  const state = kernel.initial(fullSize(8, batch));
  const wanted = request(1);
  const random = new Random(1);
  const starts = new Float64Array(AREAS);
  for (let area = 0; area < AREAS; area++) starts[area] = place(kernel, state, wanted);
  const run = () => {
    for (let pair = 0; pair < pairs; pair++) {
      const area = random.below(AREAS);
      kernel.act(state, { op: "free", start: starts[area] as number });
      starts[area] = place(kernel, state, wanted);
    }
    return 2 * pairs;
  };
  return { name: label, run };
}

/** 100,000 nodes in a tree, of which a turn moves some. */
function bareTree(): Contestant {
  const tree = new BareTree(AREAS);
  const random = new Random(1);
  for (let node = 0; node < AREAS; node++) tree.insert(node, random.below(2 ** 32));
  const run = () => {
    const moves = 50_000;
    for (let move = 0; move < moves; move++) {
      const node = random.below(AREAS);
      tree.erase(node);
      tree.insert(node, random.below(2 ** 32));
    }
    return 2 * moves;
  };
  return { name: TREE, run };
}

/** What the tree kernels do, with the kernel's own limit on lazy pages. */
function freeRows(workload: (label: string, batch: Pages) => FreeAreas): string[][] {
  const kernels = TREE_LABELS.map((label) => workload(label, LIMIT));
  const speeds = race([bareTree(), ...kernels], ROUNDS);
  return kernels.map(({ name, extents }) => [
    name,
    whole(extents()),
    whole(speed(speeds, name)),
    whole(speed(speeds, TREE)),
    ratio(speeds, name, TREE).toFixed(2),
  ]);
}

const rows = BATCHES.flatMap(({ batch, pairs }) => {
  const speeds = race([bareTree(), ...LABELS.map((label) => allocator(label, batch, pairs))], ROUNDS);
  return LABELS.map((label) => [
    label,
    whole(batch),
    whole(speed(speeds, label)),
    whole(speed(speeds, TREE)),
    ratio(speeds, label, TREE).toFixed(batch === 0 ? 5 : 2),
  ]);
});
console.log(`Operations a second with ${whole(AREAS)} areas. Wanted: at least 0.25 in the first rows.\n`);
printTable(["kernel", "lazy pages before a purge", "allocs and frees", "bare tree", "ratio"], rows);

const FREE_COLUMNS = ["kernel", "free extents", "allocs and frees", "bare tree", "ratio"];
console.log(
  `\nAbout ${whole(FREE)} free extents, a request takes the lowest that fits. Wanted: at least 0.25.\n`,
);
printTable(FREE_COLUMNS, freeRows(lowestSite));
console.log(`\nAbout ${whole(FREE)} free extents, a request begins at a random page.\n`);
printTable(FREE_COLUMNS, freeRows(anywhere));

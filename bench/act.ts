/**
 * The optimized allocators by themselves: `act` of the cached kernels with 100,000 areas alive, in allocations
 * and frees a second, against insertions and erasures a second of a bare red-black tree of the same kind with
 * 100,000 nodes (bare-tree.ts: a random node is erased, and linked again under a random key after a descent).
 *
 * The workload is a steady one: a random area of the 100,000 is freed, and one of a page is requested. Window, size
 * and alignment are always the same, so the free-area cache is never reset and every search continues from it. The
 * rows differ in how many lazy areas pile up before a free purges them: 32,768 is the kernel's own limit for 8 CPUs,
 * and the row by which the target counts; 8,192 is the same limit for areas of four pages. With fewer, holes are fewer
 * and further between, and the kernels' algorithm itself has to walk: past 100,000/batch areas for each allocation and,
 * up to 4.6, along the whole list for each purge. Nothing is mapped: page tables and TLBs are not measured.
 *
 * The kernels that keep free space in a tree, 5.2 and later, have two tables more, with about 100,000 free extents
 * (free-areas.ts).
 *
 *   npx tsx bench/act.ts
 */

import { Random } from "../engine/run/random-numbers.ts";
import type { Pages } from "../spec/vmap/vocabulary.ts";
import { BareTree } from "./bare-tree.ts";
import { anywhere, FREE, type FreeAreas, lowestSite } from "./free-areas.ts";
import { fullSize, kernelNamed, place, request } from "./kernel.ts";
import { printTable, whole } from "./print.ts";
import { type Contestant, race, ratio, speed } from "./race.ts";

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

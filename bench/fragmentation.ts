/**
 * The gain of the tree of free space (68ad4a330433, 5.2; docs/catalogue.md, A16): an allocation in a space full of
 * holes that are too small for it. The message says that a long list of areas and "permissive parameters" that
 * alternate leave nothing of the free-area cache, so that each search walks the list again.
 *
 * The space: n areas of 1 to 4 pages, mixed, and between any two of them a hole of a page, or of three where the
 * release keeps guard pages. The requests: 8 pages each, aligned to 16 pages and to one in turn. All fit only above the
 * last area. The first kind is served from the cache; the second has a smaller alignment than the cached one, which
 * resets it. What is timed is 8 requests, 4 of each kind, whose areas are then freed and purged: the space is as
 * before. Nothing else is lazy, and no search fails.
 *
 *   npx tsx bench/fragmentation.ts      prints the table and writes docs/plots/fragmentation.svg
 */
import { Random } from "../engine/run/random.ts";
import type { State } from "../kernels/vmap/state.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import { PAGE_SIZE, type Vpn } from "../spec/vmap/vocabulary.ts";
import { type Growing, timeGrowing, writePlot } from "./growing.ts";
import { fullSize, kernelNamed, place, request } from "./kernel.ts";
import { printTable, times, whole } from "./print.ts";

const LABELS = ["2.6.28", "4.15.0", "5.17", "7.2"];
const LENGTHS = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000];
const TIMED = 8;
const ROUNDS = 9;
const NARROW = request(8);
const ALIGNED = { ...NARROW, align: 16 * PAGE_SIZE };
/** No area is larger. */
const LARGEST = 4;

/** A kernel whose space is cut into pieces. */
class Pieces implements Growing {
  readonly #kernel: Kernel<State>;
  readonly #state: State;
  readonly #random = new Random(1);
  #length = 0;
  /** Where the window of the next area begins, so that no kernel walks while the space is made. */
  #above = 0;

  constructor(label: string) {
    this.#kernel = kernelNamed(label);
    this.#state = this.#kernel.initial(fullSize(8, Number.MAX_SAFE_INTEGER));
  }

  growTo(length: number): void {
    for (; this.#length < length; this.#length++) {
      this.#add(1 + this.#random.below(LARGEST));
      this.#free(this.#add(1));
    }
    this.#purge();
  }

  time(): number {
    this.#allocate(2);
    return this.#allocate(TIMED);
  }

  /** Allocates this many areas and frees them; returns nanoseconds an allocation. */
  #allocate(count: number): number {
    const starts: Vpn[] = [];
    const began = performance.now();
    for (let nth = 0; nth < count; nth++) {
      starts.push(place(this.#kernel, this.#state, nth % 2 === 0 ? ALIGNED : NARROW));
    }
    const nanoseconds = ((performance.now() - began) * 1e6) / count;
    for (const start of starts) this.#free(start);
    this.#purge();
    return nanoseconds;
  }

  #add(size: number): Vpn {
    const wanted = request(size, this.#above);
    const start = place(this.#kernel, this.#state, wanted);
    this.#above += start + size - wanted.vstart;
    return start;
  }

  #free(start: Vpn): void {
    this.#kernel.act(this.#state, { op: "free", start });
  }

  #purge(): void {
    this.#kernel.act(this.#state, { op: "purge" });
  }
}

const measured = timeGrowing(LABELS, LENGTHS, ROUNDS, (label) => new Pieces(label));
const at = (label: string, nth: number) => measured.get(label)?.[nth] as number;
console.log("Nanoseconds an allocation, by the number of areas, with holes that are too small.\n");
printTable(
  ["areas", ...LABELS, "2.6.28 / 5.17", "4.15.0 / 5.17"],
  LENGTHS.map((length, nth) => [
    whole(length),
    ...LABELS.map((label) => whole(at(label, nth))),
    times(at("2.6.28", nth) / at("5.17", nth)),
    times(at("4.15.0", nth) / at("5.17", nth)),
  ]),
);
writePlot("fragmentation.svg", LENGTHS, measured, {
  title: "An allocation in a space full of holes that are too small",
  subtitle: "68ad4a330433 (5.2): with free space in a tree, a search no longer walks the areas",
  timed: "time of an allocation",
  least: 100,
  counted: "areas, with a hole between any two",
  curves: {
    "2.6.28": { name: "2.6.28, no cache", color: "#c0392b", symbol: "circle" },
    "4.15.0": { name: "4.15.0, free-area cache", color: "#2471a3", symbol: "rect" },
    "5.17": { name: "5.17, free tree", color: "#1e8449", symbol: "triangle" },
    "7.2": { name: "7.2, free tree", color: "#b9770e", symbol: "diamond" },
  },
});

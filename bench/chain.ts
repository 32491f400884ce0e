/**
 * The claim of commit 89699605 (docs/catalogue.md): a loop that allocates and frees builds a chain of lazy areas from
 * the window's start, and every search walks all of it, "giving an O(n) type of behaviour"; with the free-area cache it
 * is "closer to an amortized O(1)". Compared: the time of an allocation behind a chain of n lazy areas of one page, in
 * the last kernel form without the cache (2.6.28.10) and in two that have it.
 *
 * Nothing purges here, so the chain only grows, as it does in a kernel until lazy_max_pages(): 32,768 pages
 * with 8 CPUs. The chain is brought to a length through windows that begin where it ends, or the kernel
 * without a cache would walk for minutes; the allocations timed begin at its start. A few untimed ones come
 * first: from them on the cache is warm, as in the loop. Each timing is of 8 allocations, whose areas are then
 * freed and lengthen the chain.
 *
 *   npx tsx bench/chain.ts      prints the table and writes docs/plots/chain.svg
 */
import type { State } from "../kernels/vmap/state.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import type { Pages } from "../spec/vmap/vocabulary.ts";
import { type Growing, timeGrowing, writePlot } from "./growing.ts";
import { fullSize, kernelNamed, place, request } from "./kernel.ts";
import { printTable, times, whole } from "./print.ts";

const UNCACHED = "2.6.28.10";
const LABELS = [UNCACHED, "2.6.39", "3.16"];
/** Not just below a power of two: there the kernel's arrays would be copied to larger ones while timed. */
const LENGTHS = [1, 20, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000];
const TIMED = 8;
const ROUNDS = 25;
const NEVER: Pages = Number.MAX_SAFE_INTEGER;

/** A kernel at work on its chain. */
class Loop implements Growing {
  readonly #kernel: Kernel<State>;
  readonly #state: State;
  #length = 0;
  #end = 0;

  constructor(label: string) {
    this.#kernel = kernelNamed(label);
    this.#state = this.#kernel.initial(fullSize(8, NEVER));
  }

  /** Brings the chain to at least this length. */
  growTo(length: number): void {
    while (this.#length < length) {
      const start = place(this.#kernel, this.#state, request(1, this.#end));
      this.#end = start + 2 - request(1).vstart;
      this.#free(start);
    }
  }

  time(): number {
    this.#allocate(2);
    return this.#allocate(TIMED);
  }

  /** Allocates this many areas from the window's start on, and frees them; returns nanoseconds an allocation. */
  #allocate(count: number): number {
    const wanted = request(1);
    const starts: number[] = [];
    const began = performance.now();
    for (let nth = 0; nth < count; nth++) starts.push(place(this.#kernel, this.#state, wanted));
    const nanoseconds = ((performance.now() - began) * 1e6) / count;
    for (const start of starts) this.#free(start);
    this.#end = Math.max(this.#end, (starts.at(-1) ?? 0) + 2 - wanted.vstart);
    return nanoseconds;
  }

  #free(start: number): void {
    this.#kernel.act(this.#state, { op: "free", start });
    this.#length += 1;
  }
}

const measured = timeGrowing(LABELS, LENGTHS, ROUNDS, (label) => new Loop(label));
const uncached = measured.get(UNCACHED) as number[];
const cached = LABELS.filter((label) => label !== UNCACHED);
const at = (label: string, nth: number) => measured.get(label)?.[nth] as number;
console.log("Nanoseconds an allocation, by the number of lazy areas in the chain.\n");
printTable(
  ["lazy areas", ...LABELS, ...cached.map((label) => `${UNCACHED} / ${label}`)],
  LENGTHS.map((length, nth) => [
    whole(length),
    ...LABELS.map((label) => whole(at(label, nth))),
    ...cached.map((label) => times((uncached[nth] as number) / at(label, nth))),
  ]),
);
writePlot("chain.svg", LENGTHS, measured, {
  title: "An allocation behind a chain of lazy areas",
  subtitle: "89699605: O(n) without the free-area cache, closer to an amortized O(1) with it",
  timed: "time of an allocation",
  least: 100,
  counted: "lazy areas in the chain (of one page)",
  curves: {
    "2.6.28.10": { name: "2.6.28.10, no cache", color: "#c0392b", symbol: "circle" },
    "2.6.39": { name: "2.6.39, free-area cache", color: "#2471a3", symbol: "rect" },
    "3.16": { name: "3.16, free-area cache", color: "#1e8449", symbol: "triangle" },
  },
  limit: { at: 32_768, says: "8 CPUs purge here" },
});

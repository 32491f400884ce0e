/**
 * The claim of 89699605 (seed 002): a loop that allocates and frees builds a chain of lazy areas from the
 * window's start, and every search walks all of it, "giving an O(n) type of behaviour"; with the free-area
 * cache it is "closer to an amortized O(1)". Compared: the time of an allocation behind a chain of n lazy
 * areas of one page, in the last kernel form without the cache (2.6.28.10) and in two that have it.
 *
 * Nothing purges here, so the chain only grows, as it does in a kernel until lazy_max_pages(): 32,768 pages
 * with 8 CPUs. The chain is brought to a length through windows that begin where it ends, or the kernel
 * without a cache would walk for minutes; the allocations timed begin at its start. A few untimed ones come
 * first: from them on the cache is warm, as in the loop. Each timing is of 8 allocations, whose areas are then
 * freed and lengthen the chain.
 *
 *   npx tsx bench/chain.ts      prints the table and writes docs/plots/chain.svg
 */
import { mkdirSync, writeFileSync } from "node:fs";
import type { State } from "../kernels/state.ts";
import type { Kernel } from "../spec/kernel.ts";
import type { Pages } from "../spec/vocabulary.ts";
import { chainPlot } from "./chain-plot.ts";
import { fullSize, kernelNamed, place, request } from "./kernel.ts";
import { printTable, times, whole } from "./print.ts";
import { median } from "./race.ts";

const UNCACHED = "2.6.28.10";
const LABELS = [UNCACHED, "2.6.39", "3.16"];
/** Not just below a power of two: there the kernel's arrays would be copied to larger ones while timed. */
const LENGTHS = [1, 20, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000];
const TIMED = 8;
const ROUNDS = 25;
const NEVER: Pages = Number.MAX_SAFE_INTEGER;
const PLOT = new URL("../docs/plots/chain.svg", import.meta.url);

/** A kernel at work on its chain. */
class Loop {
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

  /** Allocates so many areas from the window's start on, and frees them; returns nanoseconds an allocation. */
  time(count: number): number {
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

/** Nanoseconds an allocation by kernel, in the order of LENGTHS. */
function measure(): Map<string, number[]> {
  const rounds = new Map<string, number[][]>(LABELS.map((label) => [label, LENGTHS.map(() => [])]));
  for (let round = 0; round <= ROUNDS; round++) {
    const loops = LABELS.map((label) => ({ label, loop: new Loop(label) }));
    for (const [nth, length] of LENGTHS.entries()) {
      for (const { label, loop } of loops) {
        loop.growTo(length);
        loop.time(2);
        const nanoseconds = loop.time(TIMED);
        // The first round is for the compiler.
        if (round > 0) rounds.get(label)?.[nth]?.push(nanoseconds);
      }
    }
  }
  return new Map([...rounds].map(([label, byLength]) => [label, byLength.map(median)]));
}

const measured = measure();
const uncached = measured.get(UNCACHED) as number[];
const cached = LABELS.filter((label) => label !== UNCACHED);
const at = (label: string, nth: number) => measured.get(label)?.[nth] as number;
console.log("Nanoseconds an allocation, behind a chain of so many lazy areas.\n");
printTable(
  ["lazy areas", ...LABELS, ...cached.map((label) => `${UNCACHED} / ${label}`)],
  LENGTHS.map((length, nth) => [
    whole(length),
    ...LABELS.map((label) => whole(at(label, nth))),
    ...cached.map((label) => times((uncached[nth] as number) / at(label, nth))),
  ]),
);
mkdirSync(new URL(".", PLOT), { recursive: true });
writeFileSync(PLOT, chainPlot(LENGTHS, measured));

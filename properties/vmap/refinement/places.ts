/** Where protocols' places and pages lie in a kernel's space, and what both have there. */
import type { Field } from "../../../engine/search/layout.ts";
import { frameOf, type PageMap } from "../../../kernels/hardware/page-map.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import type { Alloc } from "../../../spec/vmap/commands.ts";
import { areasAndLazy, type Dump } from "../../../spec/vmap/kernel.ts";
import type { Promises } from "../../../spec/vmap/promises.ts";
import { AREAS_ONLY, type Scope } from "../../../spec/vmap/scope.ts";
import { type Extent, PAGE_SIZE, type Pages, type Vpn } from "../../../spec/vmap/vocabulary.ts";
import type { Answered, View } from "./compare.ts";

const BASE: Vpn = 16;
export const upTo = (size: number) => Array.from({ length: size }, (_none, index) => index);
export const list = (items: readonly (string | number)[]) => items.join(" ");

/** Places of a few pages each, as far apart as the guard rule of a release requires. */
export class Places {
  readonly count: number;
  readonly size: Pages;
  readonly #stride: Pages;

  constructor(count: number, size: Pages, { guard }: Promises) {
    this.count = count;
    this.size = size;
    this.#stride = guard.afterArea > 0 ? 2 * size : size;
  }

  get window() {
    return { vstart: BASE, vend: BASE + this.count * this.#stride };
  }

  /** Pages are numbered through all places: the address of one. */
  addressOf(page: number): Vpn {
    return BASE + Math.floor(page / this.size) * this.#stride + (page % this.size);
  }

  /** The number of the page at an address. */
  pageAt(address: Vpn): number {
    const place = Math.floor((address - BASE) / this.#stride);
    return place * this.size + (address - BASE - place * this.#stride);
  }

  rangeOf({ start, end }: Extent): string {
    return `[${this.pageAt(start)},${this.pageAt(end - 1) + 1})`;
  }

  get pages(): readonly number[] {
    return upTo(this.count * this.size);
  }

  scope(more: Partial<Scope> = {}): Scope {
    return {
      ...AREAS_ONLY,
      name: "refinement",
      wordPages: 64,
      cpus: 1,
      lazyMaxPages: 48,
      vmalloc: this.window,
      sizes: [this.size],
      aligns: [PAGE_SIZE],
      windows: [this.window],
      ...more,
    };
  }

  /** The possible requests for one page: of any place, or of this one. */
  alloc(place?: number, cpu?: number): Alloc {
    const from = place === undefined ? this.window.vstart : this.addressOf(place * this.size);
    const vend = place === undefined ? this.window.vend : from + this.#stride;
    const align = PAGE_SIZE * this.#stride;
    return { op: "alloc", size: 1, align, vstart: from, vend, map: true, ...(cpu ? { cpu } : {}) };
  }

  /** The state of each place: the letter of what the kernel keeps there. */
  lives(dump: Dump): string {
    const of = (place: number) => {
      const start = this.addressOf(place * this.size);
      const area = areasAndLazy(dump).find((each) => each.start <= start && start < each.end);
      const pooled = dump.pool?.some((each) => each.start === start);
      return area === undefined ? (pooled ? "p" : ".") : area.lazy ? "L" : "B";
    };
    return upTo(this.count).map(of).join("");
  }
}

/** The pages with a PTE, that a caller holds, and that each CPU translates. */
export function memoryOf({ memory }: State, places: Places, cpus: number): View {
  const { pageTable, held, tlbs } = memory;
  const inMap = (map: PageMap) =>
    list(places.pages.filter((page) => frameOf(map, places.addressOf(page)) !== 0));
  return {
    ptes: inMap(pageTable),
    held: inMap(held),
    ...Object.fromEntries(upTo(cpus).map((cpu) => [`tlb ${cpu}`, inMap(tlbs[cpu] as PageMap)])),
  };
}

export const pagesWith = (fields: readonly Field[], state: Int32Array, value = 1) =>
  list(fields.flatMap((field, page) => (field.get(state) === value ? [page] : [])));
export const bits = (set: number) => list(upTo(32).filter((page) => (set >>> page) & 1));

/** A number that a step's words end with. */
export const numberIn = (says: string) => Number(/\d+/.exec(says)?.[0]);

export function answerOf({ kind, flushes }: Answered, places: Places): View {
  return { kind, flushes: list(flushes.map((each) => places.rangeOf(each))) };
}

export function hull(pages: readonly number[]): string {
  return `[${Math.min(...pages)},${Math.max(...pages) + 1})`;
}

export function placed(view: View, response: Answered, numberOf: (start: Vpn) => number): View {
  return response.kind === "placed" && typeof response.start === "number"
    ? { ...view, at: `${numberOf(response.start)}` }
    : view;
}

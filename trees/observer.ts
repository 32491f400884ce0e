/**
 * Page tables and TLBs as an observer outside the allocator keeps them: from the PTEs that replies set and clear, and
 * from what they flush. It is asked by CPUs that touch pages, and says what is stale and what is dead.
 */
import type { AliasReport, Response } from "../spec/commands.ts";
import type { Cpu, Extent, Pages, Pfn, Vpn } from "../spec/vocabulary.ts";

type Frames = Map<Vpn, Pfn>;

export class Observer {
  readonly #ptes: Frames = new Map();
  /** What callers hold mapped: by page, and how many pages from where. */
  readonly #held: Frames = new Map();
  readonly #holds = new Map<Vpn, Pages>();
  readonly #tlbs: readonly Frames[];

  constructor(cpus: number) {
    this.#tlbs = Array.from({ length: cpus }, () => new Map());
  }

  set(page: Vpn, frame: Pfn): void {
    this.#ptes.set(page, frame);
  }

  clear(page: Vpn): void {
    this.#ptes.delete(page);
  }

  flush({ start, end }: Extent): void {
    for (const tlb of this.#tlbs)
      for (const page of [...tlb.keys()]) if (page >= start && page < end) tlb.delete(page);
  }

  /** A caller holds these pages, mapped to frames from this one on. */
  hold(start: Vpn, pages: Pages, frame: Pfn): void {
    for (let nth = 0; nth < pages; nth++) this.#held.set(start + nth, frame + nth);
    this.#holds.set(start, pages);
  }

  /** What is held from this page on is freed or unmapped. */
  release(start: Vpn): void {
    const pages = this.#holds.get(start) ?? 0;
    for (let nth = 0; nth < pages; nth++) this.#held.delete(start + nth);
    this.#holds.delete(start);
  }

  touch(cpu: Cpu, page: Vpn): Pick<Response & { readonly kind: "reached" }, "kind" | "hit" | "frame"> {
    const tlb = this.#tlbs[cpu] as Frames;
    const cached = tlb.get(page);
    if (cached !== undefined) return { kind: "reached", hit: true, frame: cached };
    const frame = this.#ptes.get(page);
    if (frame !== undefined) tlb.set(page, frame);
    return { kind: "reached", hit: false, frame: frame ?? null };
  }

  report(): AliasReport {
    const unlike = (frames: Frames) =>
      this.#tlbs.flatMap((tlb, cpu) =>
        [...tlb]
          .filter(([page, frame]) => frames.get(page) !== frame)
          .sort(([a], [b]) => a - b)
          .map(([page, frame]) => ({ cpu, page, frame })),
      );
    let deadPtes = 0;
    for (const [page, frame] of this.#ptes) if (this.#held.get(page) !== frame) deadPtes += 1;
    return { staleTlb: unlike(this.#ptes), deadTlb: unlike(this.#held), deadPtes };
  }
}

/** A small allocator that is no kernel, correct or with one fault, and the recordings that it writes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { elsewhere } from "./running.testing.ts";

export interface Rules {
  /** A free flushes and releases at once, or leaves that to a purge when nothing fits or too much is lazy. */
  readonly frees: "eager" | "lazy";
  /** Extra free pages that it requires beyond the size: 0 if correct. */
  readonly wantsMore?: number;
  /** It releases without a flush. */
  readonly neverFlushes?: boolean;
  /** It forgets the last page of areas that begin below a hole. */
  readonly overlaps?: boolean;
}

interface Area {
  readonly start: number;
  readonly end: number;
  readonly mapped: boolean;
  lazy: boolean;
}

type Range = readonly [start: number, end: number];

const LAZY_LIMIT = 6;
const WINDOW: Range = [0x100, 0x118];
const CPUS = 2;

const hex = (page: number) => `0x${(page * 4096).toString(16)}`;

/** First fit. Every reply is a reply of the format. */
class FirstFit {
  private readonly rules: Rules;
  private areas: Area[] = [];
  private readonly ptes = new Map<number, number>();
  private readonly tlbs = Array.from({ length: CPUS }, () => new Map<number, number>());
  private nextFrame = 1;

  constructor(rules: Rules) {
    this.rules = rules;
  }

  busy(): readonly Area[] {
    return this.areas.filter(({ lazy }) => !lazy);
  }

  alloc(size: number, map: boolean) {
    const flush: Range[] = [];
    let start = this.hole(size);
    if (start === undefined) {
      flush.push(...this.purge());
      start = this.hole(size);
    }
    if (start === undefined) return { err: "EBUSY", ...this.done(flush) };
    this.areas.push({ start, end: start + size, mapped: map, lazy: false });
    this.areas.sort((a, b) => a.start - b.start);
    if (map) for (let page = start; page < start + size; page++) this.ptes.set(page, this.nextFrame++);
    return { addr: hex(start), ...this.done(flush), pte_set: map ? size : 0 };
  }

  free(area: Area) {
    area.lazy = true;
    if (area.mapped) for (let page = area.start; page < area.end; page++) this.ptes.delete(page);
    const lazy = this.areas.filter((each) => each.lazy).reduce((sum, { start, end }) => sum + end - start, 0);
    const purges = this.rules.frees === "eager" || lazy > LAZY_LIMIT;
    const pteClr = area.mapped ? area.end - area.start : 0;
    return { ok: true, ...this.done(purges ? this.purge() : []), pte_clr: pteClr };
  }

  touch(cpu: number, page: number) {
    const tlb = this.tlbs[cpu] as Map<number, number>;
    const cached = tlb.get(page);
    if (cached !== undefined) return { hit: true, pfn: cached };
    const pfn = this.ptes.get(page) ?? null;
    if (pfn !== null) tlb.set(page, pfn);
    return { hit: false, pfn };
  }

  private hole(size: number): number | undefined {
    const wanted = size + (this.rules.wantsMore ?? 0);
    let from = WINDOW[0];
    for (const { start, end } of this.areas) {
      if (from + wanted <= start) return from;
      from = Math.max(from, this.rules.overlaps ? end - 1 : end);
    }
    return from + wanted <= WINDOW[1] ? from : undefined;
  }

  /** One flush from the lowest lazy page to the highest, if anything is lazy. */
  private purge(): Range[] {
    const lazy = this.areas.filter((each) => each.lazy);
    this.areas = this.areas.filter((each) => !each.lazy);
    if (lazy.length === 0 || this.rules.neverFlushes) return [];
    const range: Range = [
      Math.min(...lazy.map(({ start }) => start)),
      Math.max(...lazy.map(({ end }) => end)),
    ];
    for (const tlb of this.tlbs) for (let page = range[0]; page < range[1]; page++) tlb.delete(page);
    return [range];
  }

  private done(flush: readonly Range[]) {
    return { flush: flush.map(([start, end]) => [hex(start), hex(end)]) };
  }
}

/** The ops of one trace: areas come and go, and some are mapped and touched. */
function ops(rules: Rules, seed: number, length: number): unknown[] {
  const allocator = new FirstFit(rules);
  let state = seed * 2654435761 + 1;
  const below = (most: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  const window = { vstart: hex(WINDOW[0]), vend: hex(WINDOW[1]) };
  return Array.from({ length }, () => {
    const busy = allocator.busy();
    const area = busy[below(busy.length)];
    const choice = below(10);
    if (choice < 5 || area === undefined) {
      const [size, map] = [1 + below(4), below(2) === 1];
      const request = { op: "alloc_vmap_area", size: hex(size), ...window, ...(map ? { map: 1 } : {}) };
      return [request, allocator.alloc(size, map)];
    }
    if (choice < 8) return [{ op: "free_area", addr: hex(area.start) }, allocator.free(area)];
    const [cpu, page] = [below(CPUS), area.start + below(area.end - area.start)];
    return [{ op: "touch", cpu, addr: hex(page) }, allocator.touch(cpu, page)];
  });
}

let files = 0;

/** A recording of these lines, in a file of its own. */
export function recordingFrom(...lines: readonly object[]): string {
  const path = join(elsewhere, `own-${files++}.jsonl`);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return path;
}

/** A recording of twenty traces. */
export function recordingOf(rules: Rules, more: object): string {
  const config = { cpus: CPUS, lazy_max_pages: LAZY_LIMIT };
  const lines = Array.from({ length: 20 }, (_none, seed) => ({
    version: "first-fit",
    config,
    ...more,
    ops: ops(rules, seed, 60),
  }));
  return recordingFrom(...lines);
}

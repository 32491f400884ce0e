/**
 * A page-by-page world: the independent check of the reference. They share only what spec/ says of requests. It tries
 * every page where the reference skips. It knows no pools, and follows kernels whose areas do not overlap.
 */
import type { Command, PercpuLayout, Response } from "../../spec/vmap/commands.ts";
import { newAreas } from "../../spec/vmap/laws/law.ts";
import { areasFrom } from "../../spec/vmap/percpu-layout.ts";
import type { GuardRule, Promises } from "../../spec/vmap/promises.ts";
import { fitsBlock, type Scope } from "../../spec/vmap/scope.ts";
import {
  alignmentInPages,
  type Cpu,
  type Extent,
  type Pages,
  type Pfn,
  type Vpn,
} from "../../spec/vmap/vocabulary.ts";
import type { AreaView, Purgeable, Request, World } from "../../spec/vmap/world.ts";

interface Area extends Extent {
  readonly by: "alloc" | "vmap" | "mapRam" | Vpn;
  readonly mapped: Pages;
  /** Of a block. */
  readonly cpu?: Cpu | undefined;
}

/** All that is known of one page. */
interface Page {
  /** The area it belongs to, and whether that is lazy. */
  area?: Area | undefined;
  lazy?: boolean;
  /** Of a block: the map that got the page, held or not. */
  map?: { readonly start: Vpn; readonly count: Pages; readonly held: boolean } | undefined;
  /** The frame that its holder has there. */
  frame?: Pfn | undefined;
  /** A frame that no caller holds there any more and that may still be translated, and what is known of the PTE. */
  stale?: { readonly frame: Pfn; readonly pte: "there" | "perhaps" | "gone" } | undefined;
  /** It was released without a flush. */
  unflushed?: boolean;
  /** By CPU: the frame it was seen to translate the page to. */
  readonly tlb: Readonly<Record<Cpu, Pfn>>;
}

const powerOfTwo = (count: Pages): Pages => (count <= 1 ? 1 : 2 * powerOfTwo(count / 2));

export class NaiveWorld implements World {
  readonly scope: Scope;
  readonly promises: Promises;
  readonly pages: Page[];
  initialised: boolean;
  leakedDescriptors = 0;
  #ptes = 0;
  #nextFrame: Pfn = 1;

  constructor(scope: Scope, promises: Promises) {
    this.scope = scope;
    this.promises = promises;
    this.initialised = !scope.beforeInit;
    this.pages = Array.from({ length: scope.wordPages }, () => ({ tlb: {} }));
  }

  /** The world after a reply; the given one stays unchanged. Undefined if the kernel stopped. */
  after(command: Command, response: Response): NaiveWorld | undefined {
    if (response.kind === "bug") return undefined;
    const world = new NaiveWorld(this.scope, this.promises);
    for (const [at, page] of this.pages.entries()) world.pages[at] = { ...page };
    world.initialised = this.initialised || command.op === "init";
    world.#ptes = this.#ptes + response.pteSet - response.pteCleared;
    world.#nextFrame = this.#nextFrame;
    world.leakedDescriptors = this.leakedDescriptors;
    if (command.op === "pcpuFree") world.#freePercpu(command.start, command.offsets, response);
    else {
      if (command.op === "free") world.#free(command.start, response);
      if (command.op === "unmapRam") world.#unmap(command.start, command.count, response);
      world.#flush(command, response);
    }
    if (response.kind === "placed") world.#place(this, command, response.start, response);
    if (command.op === "mapRam" || command.op === "vmap") world.#nextFrame += command.count;
    else if (command.op === "alloc" && command.map) world.#nextFrame += response.pteSet;
    if (command.op === "touch" && response.kind === "reached" && response.frame !== null) {
      const page = world.pages[command.page] as Page;
      world.pages[command.page] = { ...page, tlb: { ...page.tlb, [command.cpu]: response.frame } };
    }
    if (response.descriptors !== undefined) {
      const expected = world.#areas().map((area) => (area.cpu === undefined || world.#isLazy(area) ? 1 : 2));
      world.leakedDescriptors = expected.reduce((left, each) => left - each, response.descriptors);
    }
    return world;
  }

  #in({ start, end }: Extent): Page[] {
    return this.pages.slice(Math.max(0, start), Math.max(0, end));
  }
  #areas(): Area[] {
    return [...new Set(this.pages.flatMap(({ area }) => area ?? []))];
  }
  #isLazy(area: Area): boolean {
    return this.pages[area.start]?.lazy === true;
  }
  /** Pages of a block that were given out, and those of them that are held. */
  #given(block: Area): Pages {
    return this.#in(block).filter(({ map }) => map !== undefined).length;
  }
  #held(block: Area): Pages {
    return this.#in(block).filter(({ map }) => map?.held).length;
  }
  #isFragmented(area: Area): boolean {
    return area.cpu !== undefined && !this.#isLazy(area) && this.#held(area) === 0;
  }
  #purges(area: Area): boolean {
    return this.#isLazy(area) || (this.#isFragmented(area) && this.promises.fragments !== "kept");
  }

  /** No caller holds these any more. If fewer PTEs were cleared than there are pages, all count as present. */
  #forget(start: Vpn, count: Pages, { pteCleared }: Response): void {
    for (const page of this.#in({ start, end: start + count })) {
      page.stale = { frame: page.frame as Pfn, pte: pteCleared < count ? "there" : "gone" };
      page.frame = undefined;
    }
  }

  #free(start: Vpn, response: Response): void {
    const area = this.pages[start]?.area;
    if (area === undefined || this.#isLazy(area)) return;
    this.#forget(start, area.mapped, response);
    for (const page of this.#in(area)) page.lazy = true;
  }

  /** Frees one area after another, with the last purge somewhere between: the reply counts the remaining lazy pages. */
  #freePercpu(base: Vpn, offsets: readonly Pages[], response: Response): void {
    const starts = offsets.map((offset) => base + offset);
    const pagesFrom = (nth: number) =>
      starts.slice(nth).flatMap((start) => this.#in(this.pages[start]?.area as Area)).length;
    const split = starts.findIndex((_start, nth) => nth > 0 && pagesFrom(nth) === response.lazyPages);
    const before = response.flushes.length === 0 || split < 0 ? starts.length : split;
    for (const start of starts.slice(0, before)) this.#free(start, response);
    this.#flush({ op: "pcpuFree", start: base, offsets }, response);
    for (const start of starts.slice(before)) this.#free(start, response);
  }

  #unmap(start: Vpn, count: Pages, response: Response): void {
    if (!fitsBlock(this.scope, count)) {
      this.#free(start, response);
      return;
    }
    this.#forget(start, count, response);
    const map = { start, count, held: false };
    for (const page of this.#in({ start, end: start + powerOfTwo(count) })) page.map = map;
    const block = this.#in(this.pages[start]?.area as Area);
    if (block.every((page) => page.map?.held === false)) for (const page of block) page.lazy = true;
  }

  /** A flush in a reply: what the purge around it released, whose PTEs are gone, and what no CPU translates any more. */
  #flush(command: Command, response: Response): void {
    const { flushes, pteCleared } = response;
    if (flushes.length === 0) return;
    const covered = new Set(flushes.flatMap((extent) => this.#in(extent)));
    const noneLeft = this.deadPtes === 0;
    const gone = new Set(this.#areas().filter((area) => this.#isReleased(area, command, response, covered)));
    for (const page of this.pages) {
      const isGone = page.area !== undefined && gone.has(page.area);
      const isTrapped =
        response.kind === "pinned" && response.traps > 0 && response.frame === page.stale?.frame;
      if (page.stale && (noneLeft || isGone || isTrapped)) page.stale = { ...page.stale, pte: "gone" };
      if (isGone) Object.assign(page, { area: undefined, lazy: false, map: undefined, unflushed: true });
      if (!covered.has(page)) continue;
      Object.assign(page, { unflushed: false, tlb: {} });
      if (page.stale?.pte === "gone") page.stale = undefined;
      else if (page.stale && pteCleared > 0) page.stale = { ...page.stale, pte: "perhaps" };
    }
  }

  #isReleased(area: Area, { op }: Command, response: Response, covered: ReadonlySet<Page>): boolean {
    if (response.kind === "pinned" && !response.swept) return false;
    if (this.#isLazy(area)) return true;
    if (op === "free" || op === "unmapRam" || op === "pcpuFree" || !this.#purges(area)) return false;
    const pages = area.end - area.start;
    const isOfUse = this.promises.fragments === "usable kept" && (pages - this.#given(area)) * 4 >= pages;
    if ((op === "unmapAliases" || op === "pin") && isOfUse) return false;
    return this.#in(area).every((page) => covered.has(page));
  }

  #place(before: NaiveWorld, command: Command, start: Vpn, response: Response): void {
    const small = command.op === "mapRam" && fitsBlock(this.scope, command.count) ? command : undefined;
    for (const { start: first, end } of newAreas(before, command, response)) {
      const by = command.op === "pcpuGet" ? start : (command.op as "alloc" | "vmap" | "mapRam");
      const mapped = small !== undefined || command.op === "pcpuGet" ? 0 : response.pteSet;
      const area: Area = { start: first, end, by, mapped, cpu: small?.cpu };
      for (const page of this.#in(area)) page.area = area;
    }
    if (small !== undefined) {
      const map = { start, count: small.count, held: true };
      for (const page of this.#in({ start, end: start + powerOfTwo(small.count) })) page.map = map;
    }
    for (let nth = 0; nth < response.pteSet; nth++)
      (this.pages[start + nth] as Page).frame = this.#nextFrame + nth;
  }

  areasIn(extent: Extent, purgeable: Purgeable = "taken"): readonly AreaView[] {
    const areas = new Set(this.#in(extent).flatMap(({ area }) => area ?? []));
    return [...areas]
      .filter((area) => purgeable !== "gone" || !this.#purges(area))
      .map((area) => {
        const { start, end, by, cpu, mapped } = area;
        const given = this.#given(area);
        const block = cpu === undefined ? undefined : { cpu, given, givenBack: given - this.#held(area) };
        return {
          start,
          end,
          life: this.#isLazy(area) ? "lazy" : "busy",
          block,
          vmapped: by === "vmap" ? mapped : 0,
        };
      });
  }
  #heldAt(start: Vpn): Area | undefined {
    const area = this.pages[start]?.area;
    return area?.start === start && !this.#isLazy(area) ? area : undefined;
  }
  busyAt(start: Vpn): Extent | undefined {
    const area = this.#heldAt(start);
    return area?.by === "alloc" || area?.by === "vmap" ? area : undefined;
  }
  holdsMap(start: Vpn, count: Pages): boolean {
    const { map } = this.pages[start] ?? {};
    if (fitsBlock(this.scope, count)) return map?.held === true && map.start === start && map.count === count;
    const area = this.#heldAt(start);
    return area?.by === "mapRam" && area.mapped === count;
  }
  holdsPcpu(base: Vpn, offsets: readonly Pages[]): boolean {
    const held = this.#areas().filter((area) => area.by === base && !this.#isLazy(area));
    const starts = new Set(offsets.map((offset) => base + offset));
    return held.length === offsets.length && held.every(({ start }) => starts.has(start));
  }
  blockCanGive(extent: Extent): boolean {
    const block = this.pages[extent.start]?.area;
    if (block?.cpu === undefined || this.#isLazy(block)) return false;
    return this.#in(extent).every(({ area, map }) => area === block && map === undefined);
  }
  blockHasLeft(cpu: Cpu, pages: Pages): boolean {
    const blocks = this.#areas().filter((area) => area.cpu === cpu && !this.#isLazy(area));
    return blocks.some((block) => block.end - block.start - this.#given(block) >= pages);
  }
  fragmentedBlocks(cpu?: Cpu): number {
    const blocks = this.#areas().filter((area) => this.#isFragmented(area));
    return blocks.filter((block) => cpu === undefined || block.cpu === cpu).length;
  }

  #isFree(extent: Extent, purgeable: Purgeable): boolean {
    return this.#in(extent).every(({ area }) => !area || (purgeable === "gone" && this.#purges(area)));
  }
  lowestFit(request: Request, purgeable: Purgeable): Vpn | undefined {
    return this.#lowest(request, purgeable, this.promises.guard);
  }
  lowestFree(request: Request, purgeable: Purgeable): Vpn | undefined {
    return this.#lowest(request, purgeable, { ...this.promises.guard, afterArea: 0, beforeNext: 0 });
  }
  #lowest(
    { size, align, vstart, vend }: Request,
    purgeable: Purgeable,
    { inside, afterArea, beforeNext }: GuardRule,
  ): Vpn | undefined {
    for (let start = Math.max(vstart, this.promises.lowestPage); start + size + inside <= vend; start++) {
      const around = { start: start - afterArea, end: start + size + inside + beforeNext };
      if (start % alignmentInPages(align) === 0 && this.#isFree(around, purgeable)) return start;
    }
    return undefined;
  }
  highestCongruentFit(asked: PercpuLayout, purgeable: Purgeable): Vpn | undefined {
    const { vstart, vend } = this.scope.vmalloc;
    for (let base = vend; base >= Math.max(vstart, this.promises.lowestPage); base--) {
      const areas = areasFrom(base, asked);
      const isFree = areas.every((area) => area.end <= vend && this.#isFree(area, purgeable));
      if (base % alignmentInPages(asked.align) === 0 && isFree) return base;
    }
    return undefined;
  }
  mayBePooled(): boolean {
    return false;
  }

  get lazyPages(): Pages {
    return this.pages.filter(({ lazy }) => lazy).length;
  }
  unflushedIn(extent: Extent): boolean {
    return this.#in(extent).some(({ lazy, stale, unflushed }) => lazy || stale || unflushed);
  }
  get releasedUnflushed(): Pages {
    return this.pages.filter(({ unflushed }) => unflushed).length;
  }
  frameAt(page: Vpn): Pfn | undefined {
    return this.pages[page]?.frame;
  }
  pteAt(page: Vpn): Pfn | undefined {
    const { frame, stale } = this.pages[page] ?? {};
    return frame ?? (stale?.pte === "gone" ? undefined : stale?.frame);
  }
  isTranslated(page: Vpn): boolean {
    const { frame, stale, tlb = {} } = this.pages[page] ?? {};
    return frame !== undefined || stale !== undefined || Object.keys(tlb).length > 0;
  }
  mayBeMapped(frame: Pfn): boolean {
    return this.pages.some(({ stale }) => stale?.frame === frame && stale.pte !== "perhaps");
  }
  lastMappedAt(frame: Pfn): Vpn | undefined {
    const page = this.pages.findIndex(({ stale }) => stale?.frame === frame);
    return page < 0 ? undefined : page;
  }
  get deadPtes(): number {
    return this.#ptes - this.pages.filter(({ frame }) => frame !== undefined).length;
  }
  get deadTranslations(): number {
    return this.pages.flatMap(({ frame, tlb }) => Object.values(tlb).filter((seen) => seen !== frame)).length;
  }
}

import type { Command, Response } from "../../spec/vmap/commands.ts";
import { areasAndLazy, type Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { type Cpu, type Pages, roundedUp, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { KERNELS, kernelCalled } from "./index.ts";
import type { State } from "./state.ts";

export const FIRST = 64;

/** Blocks of eight pages, of which a map takes at most four; without room for a fifth. */
export const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "blocks",
  wordPages: 4096,
  cpus: 2,
  lazyMaxPages: null,
  vmalloc: { vstart: FIRST, vend: FIRST + 32 },
  blockPages: 8,
  bitsPerLong: 4,
  sizes: [],
  aligns: [],
  windows: [],
};
export const FOURS: Scope = { ...SCOPE, blockPages: 4, bitsPerLong: 2 };

export const WITH_BLOCKS = KERNELS.filter(({ release }) => release.fragments !== "no blocks");
export const LABELS = WITH_BLOCKS.map(({ name }) => name);
export const BOTTOM_UP = LABELS.slice(LABELS.indexOf("3.16"));
/** vm_unmap_aliases looks at every block, and keeps those that may still be used. */
export const WALKING = LABELS.slice(LABELS.indexOf("6.5"));
export const OVERLOOKING = LABELS.filter((label) => !WALKING.includes(label));

interface Letter {
  readonly start: Vpn;
  readonly count: Pages;
}

/** A kernel whose maps have letters: `A3` maps three pages on CPU 0, `A3@1` on CPU 1, `-A` unmaps them. */
export class Bench {
  readonly kernel: Kernel<State>;
  readonly state: State;
  readonly #scope: Scope;
  readonly #letters = new Map<string, Letter>();
  readonly #drawn = new Map<Vpn, string>();

  constructor(kernel: string | Kernel<State>, scope: Scope) {
    this.kernel = typeof kernel === "string" ? (kernelCalled(kernel) as Kernel<State>) : kernel;
    this.state = this.kernel.initial(scope);
    this.#scope = scope;
  }

  act(command: Command): Response {
    return this.kernel.act(this.state, command);
  }

  /** Plays a story of letters; the last reply. */
  play(story: string): Response {
    const replies = story.split(" ").map((word) => this.#one(word));
    return replies.at(-1) as Response;
  }

  #one(word: string): Response {
    const [, minus, letter = "", count, cpu] = /^(-?)([A-Z])(\d*)@?(\d?)$/.exec(word) as RegExpExecArray;
    if (minus) return this.#unmap(letter, Number(cpu));
    const pages = Number(count);
    const response = this.act({ op: "mapRam", cpu: Number(cpu), count: pages });
    if (response.kind !== "placed") return response;
    const { start } = response;
    this.#forget(response);
    this.#letters.set(letter, { start, count: pages });
    const taken = pages > this.#scope.bitsPerLong ? pages : roundedUp(pages);
    for (let page = start; page < start + taken; page++) {
      this.#drawn.set(page, page < start + pages ? letter : "+");
    }
    return response;
  }

  #unmap(letter: string, cpu: Cpu): Response {
    const { start, count } = this.#letters.get(letter) as Letter;
    for (let page = start; page < start + count; page++) this.#drawn.set(page, letter.toLowerCase());
    return this.act({ op: "unmapRam", cpu, start, count });
  }

  /** A map that flushed has purged: what was unmapped there is released. */
  #forget({ flushes }: Response): void {
    for (const [page, letter] of this.#drawn) {
      const isHeld = letter !== letter.toLowerCase();
      if (!isHeld && flushes.some(({ start, end }) => start <= page && page < end)) this.#drawn.delete(page);
    }
  }

  startOf(letter: string): Vpn {
    return (this.#letters.get(letter) as Letter).start;
  }

  /**
   * The window, a word for a block: `AA-b` where A is mapped, b was unmapped, a page was never given out. A page
   * that only rounding took is `+`; one in no area is `.`.
   */
  get map(): string {
    const { vstart, vend } = this.#scope.vmalloc;
    const areas = areasAndLazy(this.kernel.dump(this.state));
    let text = "";
    for (let page = vstart; page < vend; page++) {
      if (page > vstart && (page - vstart) % this.#scope.blockPages === 0) text += " ";
      const standing = areas.some(({ start, end }) => start <= page && page < end);
      text += standing ? (this.#drawn.get(page) ?? "-") : ".";
    }
    return text.replace(/[ .]+$/, "");
  }

  /** Of a CPU's list: the numbers of its blocks in the window. */
  listOf(cpu: Cpu): readonly number[] {
    const { freeLists } = this.kernel.dump(this.state);
    const { vmalloc, blockPages } = this.#scope;
    return (freeLists[cpu] as readonly Vpn[]).map((start) => (start - vmalloc.vstart) / blockPages);
  }

  get lazyPages(): Pages {
    return this.kernel.dump(this.state).lazyPages as Pages;
  }
}

export function bench(kernel: string | Kernel<State>, scope: Scope, story?: string): Bench {
  const made = new Bench(kernel, scope);
  if (story !== undefined) made.play(story);
  return made;
}

export const mapAfter = (kernel: string | Kernel<State>, scope: Scope, story: string) =>
  bench(kernel, scope, story).map;
/** The blocks that stand, without what lies between them. */
export const blocksOf = (made: Bench) => made.map.split(" ").filter((block) => !/^[.]+$/.test(block));
/** From one block to the next, in blocks: where a page is kept between areas, every other place stays free. */
export const pitchOf = (made: Bench) => (made.kernel.release.guard.afterArea > 0 ? 2 : 1);
export const flushesOf = (response: Response) => response.flushes.map(({ start, end }) => [start, end]);

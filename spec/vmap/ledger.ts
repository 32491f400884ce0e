/** Which command got what, and whether its caller still holds it: the one record of a history, a run or a recording. */
import type { Pages, Vpn } from "./vocabulary.ts";

/** What a caller can hold: an area, a map of vm_map_ram, percpu areas with one base, a frame that was pinned. */
export type Kind = "area" | "map" | "percpu" | "frame";

export interface Got {
  /** Of the command that got it. */
  readonly index: number;
  readonly kind: Kind;
  /** Its address; of percpu areas the base, of a frame its number. */
  readonly start: Vpn;
  /** As many as were asked for; 0 where nothing is mapped. */
  readonly pages: Pages;
  /** Of percpu areas. */
  readonly offsets: readonly Pages[] | undefined;
  readonly held: boolean;
}

interface Entry extends Got {
  held: boolean;
}

export class Ledger {
  readonly #byIndex: (Entry | undefined)[] = [];
  readonly #held: Readonly<Record<Kind, Entry[]>> = { area: [], map: [], percpu: [], frame: [] };
  readonly #past: Readonly<Record<Kind, Entry[]>> = { area: [], map: [], percpu: [], frame: [] };

  /** What a command got, held or not; undefined if it got nothing. */
  at(index: number): Got | undefined {
    return this.#byIndex[index];
  }

  /** What is held of a kind, by address; frames by when they were pinned. */
  held(kind: Kind): readonly Got[] {
    return this.#held[kind];
  }

  /** What is no longer held, the latest last. */
  past(kind: Kind): readonly Got[] {
    return this.#past[kind];
  }

  give(kind: Kind, index: number, start: Vpn, pages: Pages, offsets?: readonly Pages[]): void {
    const one = { index, kind, start, pages, offsets, held: true };
    this.#byIndex[index] = one;
    const all = this.#held[kind];
    const last = all.at(-1);
    if (kind === "frame" || last === undefined || last.start <= start) all.push(one);
    else all.splice(firstAbove(all, start), 0, one);
  }

  /** A caller gives back what a command got, if it is of this kind and held. */
  take(kind: Kind, index: number): void {
    const one = this.#byIndex[index];
    if (one === undefined || one.kind !== kind || !one.held) return;
    one.held = false;
    const all = this.#held[kind];
    all.splice(all.indexOf(one), 1);
    this.#past[kind].push(one);
  }

  /** What is held here, with exactly this number of pages if given; of several, the first that was got. */
  heldAt(kind: Kind, start: Vpn, pages?: Pages): Got | undefined {
    const all = this.#held[kind];
    if (kind === "frame") return all.find((each) => each.start === start);
    for (let nth = firstAbove(all, start - 1); nth < all.length && all[nth]?.start === start; nth++) {
      if (pages === undefined || all[nth]?.pages === pages) return all[nth];
    }
    return undefined;
  }

  /** What was last got here, held or not. */
  lastAt(kind: Kind, start: Vpn): Got | undefined {
    return this.#byIndex.findLast((each) => each?.kind === kind && each.start === start);
  }

  /** The area or map in which a page lies, or lay, and was got last. */
  lastAround(page: Vpn): Got | undefined {
    return this.#byIndex.findLast((each) => each !== undefined && isAround(each, page));
  }

  /** The same, but a held one if there is one. */
  heldAround(page: Vpn): Got | undefined {
    return (
      this.#byIndex.findLast((each) => each?.held === true && isAround(each, page)) ?? this.lastAround(page)
    );
  }
}

function isAround({ kind, start, pages }: Got, page: Vpn): boolean {
  return kind !== "frame" && start <= page && page < start + pages;
}

/** The place behind all that begin at `start` or below. */
function firstAbove(all: readonly Got[], start: Vpn): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((all[middle] as Got).start <= start) low = middle + 1;
    else high = middle;
  }
  return low;
}

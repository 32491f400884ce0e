/** Histories that checks found while the page is open: no catalogue has them, and a cell of the matrix opens one. */
import type { HistoryFile, Kernel, OpenWing } from "../../spec/wing.ts";
import type { Surprise } from "../check/kernel.ts";

export interface FoundHistory {
  readonly wing: OpenWing;
  readonly kernel: Kernel;
  readonly history: HistoryFile;
}

/** The oldest ones are dropped beyond this many. */
const MOST = 200;

export class FoundHistories {
  readonly #all = new Map<string, FoundHistory>();
  #count = 0;

  /** The name under which the history of a surprise is kept; undefined if it has none. */
  keep(wing: OpenWing, kernel: Kernel, { law, scope, history }: Surprise): string | undefined {
    if (law === null || scope === null || history === null) return undefined;
    this.#count += 1;
    const name = `found-${this.#count}`;
    this.#all.set(name, { wing, kernel, history: { kernel: kernel.name, law, scope, commands: history } });
    const [oldest] = this.#all.keys();
    if (this.#all.size > MOST && oldest !== undefined) this.#all.delete(oldest);
    return name;
  }

  get(name: string): FoundHistory | undefined {
    return this.#all.get(name);
  }
}

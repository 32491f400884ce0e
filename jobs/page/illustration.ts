/** How a wing is drawn on the page: what each step of a history changes, and why one violates a law. */

import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Bench, Evidence, Kernel, Release, Terms } from "../../spec/wing.ts";
import type { Blame, Film, FilmStep, Thing } from "./documents.ts";

/** A judged reply: of a kernel, or recorded. Command and response are undefined if the step did nothing. */
export interface JudgedOf<T extends Terms = Terms> extends Pick<Evidence<T>, "before" | "after"> {
  readonly index: number;
  readonly step?: T["step"];
  readonly command: T["command"] | undefined;
  readonly response: T["response"] | undefined;
}

/** What is drawn of a step, beside its words. */
export type DrawnStep = Omit<FilmStep, "command" | "reply" | "laws">;

export interface Illustration<T extends Terms = Terms> {
  command(command: T["command"]): string;
  response(response: T["response"]): string;
  /** A step that did nothing, since what it names got nothing. */
  idle(step: T["step"]): string;
  /** The machine in a few lines, by what each is called. */
  facts(scope: T["scope"], release: Release): Film["facts"];
  guard(release: Release): Film["guard"];
  cpus(scope: T["scope"]): readonly number[];
  /** Follows a history; the kernel is undefined if its replies were recorded. */
  follow(kernel: Kernel<T> | undefined, scope: T["scope"]): Follower<T>;
  /** The columns in which all that is drawn begins and ends. */
  cuts(steps: readonly DrawnStep[], scope: T["scope"]): Film["cuts"];
  blame(law: string, now: JudgedOf<T>): Blame | undefined;
  /** A state that was reached by hand, by these commands. */
  state(bench: Bench<T>, commands: readonly T["command"][]): DrawnState;
}

/** It is given every step of a history, in order. */
export interface Follower<T extends Terms = Terms> {
  next(now: JudgedOf<T>): DrawnStep;
}

export interface DrawnState {
  readonly things: readonly Thing[];
  readonly cuts: Film["cuts"];
  readonly lines: readonly string[];
}

/** A longer run of pages in which nothing begins or ends is one column. */
const SHORT_RUN = 8;
/** Where more begins and ends than this, each column reaches from one edge to the next. */
const MOST_EDGES = 8000;

/** The columns of a picture in which these begin and end: a page each at an edge, and one for a long run between. */
export function cutsOf(extents: Iterable<Extent>, wordPages: number): readonly Vpn[] {
  const edges = new Set<Vpn>();
  for (const { start, end } of extents) edges.add(start).add(end);
  const cuts = new Set<Vpn>();
  const sorted = [...edges].sort((a, b) => a - b);
  const isDense = sorted.length <= MOST_EDGES;
  for (const [nth, edge] of sorted.entries()) {
    cuts
      .add(Math.max(0, edge - 1))
      .add(edge)
      .add(edge + 1);
    const next = sorted[nth + 1];
    if (!isDense || next === undefined || next - edge > SHORT_RUN) continue;
    for (let page = edge; page < next; page++) cuts.add(page);
  }
  return [...cuts].filter((cut) => cut <= wordPages || sorted.includes(cut)).sort((a, b) => a - b);
}

/** The columns of a picture of addresses. */
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";

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

/**
 * The address space as a picture: a column a page, a letter an area (lower case once it was let go). Only the
 * stretch in question is drawn, and long ones are cut.
 */
import type { Extent, Vpn } from "../../spec/vocabulary.ts";
import { page } from "./text.ts";

export interface DrawnArea extends Extent {
  readonly letter: string;
  readonly lazy: boolean;
}

export interface MapRow {
  readonly label: string;
  /** One character, or a space, for a page. */
  at(page: Vpn): string;
}

/** The longest stretch drawn, in pages, and the width at which its lines are folded. */
const LONGEST = 96;
const WIDTH = 100;
const INDENT = 10;

/** A row of areas; pages where two overlap show as `!`. */
export function areaRow(areas: readonly DrawnArea[]): MapRow {
  return {
    label: "area",
    at: (vpn) => {
      const here = areas.filter((area) => area.start <= vpn && vpn < area.end);
      if (here.length > 1) return "!";
      const [area] = here;
      if (area === undefined) return ".";
      return area.lazy ? area.letter.toLowerCase() : area.letter;
    },
  };
}

/**
 * The stretch of pages worth drawing: these extents and a page around them, or, where that is too long, as much as
 * fits around the lowest of those in focus.
 */
export function stretch(
  extents: readonly Extent[],
  wordPages: number,
  focus: readonly Extent[] = [],
): Extent {
  const start = Math.max(0, Math.min(...extents.map((extent) => extent.start)) - 1);
  const end = Math.min(wordPages, Math.max(...extents.map((extent) => extent.end)) + 1);
  if (end - start <= LONGEST || focus.length === 0) return { start, end: Math.min(end, start + LONGEST) };
  const lowest = Math.min(...focus.map((extent) => extent.start));
  const from = Math.max(start, Math.min(lowest - LONGEST / 4, end - LONGEST));
  return { start: from, end: from + LONGEST };
}

/** The lines of the picture, page numbers above; a long stretch is folded. */
export function drawMap(rows: readonly MapRow[], shown: Extent, width: number = WIDTH): string[] {
  const large = page(shown.start).startsWith("0x");
  const number = (vpn: Vpn) => (large ? vpn - shown.start : vpn);
  const cell = Math.max(2, String(number(shown.end - 1)).length + 1);
  const perLine = Math.floor((width - INDENT - 2) / cell);
  const lines = large ? [`  pages from ${page(shown.start)}:`] : [];
  for (let from = shown.start; from < shown.end; from += perLine) {
    const length = Math.min(perLine, shown.end - from);
    const pages = Array.from({ length }, (_, offset) => from + offset);
    const line = (label: string, cells: readonly (string | number)[]) =>
      `  ${label.padEnd(INDENT)}${cells.map((text) => String(text).padStart(cell)).join("")}`.trimEnd();
    lines.push(
      line("", pages.map(number)),
      ...rows.map((row) =>
        line(
          row.label,
          pages.map((vpn) => row.at(vpn)),
        ),
      ),
    );
  }
  return lines;
}

/** A letter for the n-th area: A to Z, and round again. */
export function letterFor(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + (index % 26));
}

/**
 * The address space as a picture: a column a page, a letter an area (lower case once its owner freed it). Only pages at
 * the edge of something are drawn, and short runs between them: `~` marks pages that are left out.
 */

import { page } from "../../jobs/command-text.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";

export interface DrawnArea extends Extent {
  readonly letter: string;
  readonly lazy: boolean;
}

export interface MapRow {
  readonly label: string;
  /** One character, or a space, for a page. */
  at(page: Vpn): string;
}

/** The pages of a picture, in ascending order. */
export type Pages = readonly Vpn[];

/** The most columns of pages in one picture, and the width at which its lines are folded if none is asked for. */
const MOST_PAGES = 96;
const WIDTH = 100;
const INDENT = 12;
/** A longer run of pages in which nothing begins or ends is left out. */
const SHORT_RUN = 6;
/** Of pages with longer numbers only the first of each run is numbered, and the others counted from it. */
const SHORT_NUMBER = 3;
const LEFT_OUT = "~";

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

/** The pages to draw: the first and the last of each extent, those around it, and short runs between these. */
export function pagesAround(extents: readonly Extent[], wordPages: number): Pages {
  const edges = extents.flatMap(({ start, end }) => [start - 1, start, end - 1, end]);
  const pages: Vpn[] = [];
  for (const edge of [...new Set(edges)].sort((a, b) => a - b)) {
    if (edge < 0 || edge >= wordPages) continue;
    const last = pages.at(-1);
    if (last !== undefined && edge - last <= SHORT_RUN + 1) {
      for (let vpn = last + 1; vpn < edge; vpn++) pages.push(vpn);
    }
    pages.push(edge);
  }
  return pages;
}

/** If not all pages fit a picture, those nearest to these extents; the first extent has priority. */
export function pagesNear(pages: Pages, focus: readonly Extent[]): Pages {
  if (pages.length <= MOST_PAGES) return pages;
  const centres = focus.flatMap(({ start, end }) => [start, end - 1]).map((vpn) => indexFrom(pages, vpn));
  const chosen = new Set<number>();
  for (let distance = 0; chosen.size < MOST_PAGES; distance++) {
    for (const centre of centres.length === 0 ? [0] : centres) {
      for (const index of [centre - distance, centre + distance]) {
        if (index >= 0 && index < pages.length && chosen.size < MOST_PAGES) chosen.add(index);
      }
    }
  }
  return [...chosen].sort((a, b) => a - b).map((index) => pages[index] as Vpn);
}

/** The column of the first page from `vpn` on; the last column if there is none. */
function indexFrom(pages: Pages, vpn: Vpn): number {
  let [low, high] = [0, pages.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pages[middle] as Vpn) < vpn) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether some page of the picture lies in the extent. */
export function isDrawn({ start, end }: Extent, pages: Pages): boolean {
  const first = pages[indexFrom(pages, start)];
  return first !== undefined && start <= first && first < end;
}

/** Consecutive pages of one line, or pages that are left out. */
type Piece = Pages | typeof LEFT_OUT;

/** The lines of the picture, page numbers above; a long picture is folded. */
export function drawMap(rows: readonly MapRow[], pages: Pages, width: number = WIDTH): string[] {
  const longest = Math.max(...pages.map((vpn) => page(vpn).length));
  const isNumbered = longest <= SHORT_NUMBER;
  const cell = isNumbered ? longest + 1 : SHORT_NUMBER;
  const numbersOf = (run: Pages) =>
    isNumbered ? run.map((vpn) => page(vpn).padStart(cell)).join("") : ` ${page(run[0] as Vpn)}`;
  const widthOf = (run: Pages) => Math.max(cell * run.length, numbersOf(run).length);
  return foldedPieces(pages, width - INDENT, widthOf, cell).flatMap((pieces) => {
    const line = (label: string, text: (run: Pages) => string) => {
      const parts = pieces.map((piece) =>
        piece === LEFT_OUT ? LEFT_OUT.padStart(cell) : text(piece).padEnd(widthOf(piece)),
      );
      return `  ${label.padEnd(INDENT - 2)}${parts.join("")}`.trimEnd();
    };
    const cells = (row: MapRow) => (run: Pages) => run.map((vpn) => row.at(vpn).padStart(cell)).join("");
    const marks = (run: Pages) =>
      run.map((_vpn, nth) => (nth === 0 ? "" : `+${nth}`).padStart(cell)).join("");
    return [
      line("", numbersOf),
      ...(isNumbered ? [] : [line("", marks)]),
      ...rows.map((row) => line(row.label, cells(row))),
    ];
  });
}

/** The runs of the pages and the marks between them, in lines of at most this width. */
function foldedPieces(
  pages: Pages,
  width: number,
  widthOf: (run: Pages) => number,
  cell: number,
): readonly (readonly Piece[])[] {
  let line: Piece[] = [];
  let room = width;
  const lines = [line];
  const foldIfFull = (wanted: number) => {
    if (wanted <= room) return;
    line = [];
    lines.push(line);
    room = width;
  };
  for (const [nth, run] of runsOf(pages).entries()) {
    if (nth > 0) {
      foldIfFull(cell);
      line.push(LEFT_OUT);
      room -= cell;
    }
    for (let rest = run; rest.length > 0; ) {
      foldIfFull(widthOf(rest.slice(0, 1)));
      const part = rest.slice(0, Math.floor(room / cell));
      line.push(part);
      room -= widthOf(part);
      rest = rest.slice(part.length);
    }
  }
  return lines;
}

function runsOf(pages: Pages): readonly Pages[] {
  const runs: Vpn[][] = [];
  for (const vpn of pages) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === vpn - 1) run.push(vpn);
    else runs.push([vpn]);
  }
  return runs;
}

/** A letter for the n-th area: A to Z, then A again. */
export function letterFor(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + (index % 26));
}

/** What is drawn over the rows of a picture: the window asked in, flushes, the cache, and the places of a violation. */
import { useRef } from "preact/hooks";
import type { Mark, Thing } from "../../jobs/page/documents.ts";
import { type Extent, page } from "../../spec/vmap/vocabulary.ts";
import { type Axis, columnsOf, fitted, type Viewport } from "./axis.ts";
import type { Row, Run } from "./rows.ts";

interface Beside extends MapProps {
  readonly draw: Drawing;
  readonly placed: readonly Placed[];
}

/** The window that the step asked in, over the areas. */
export function AskedWindow({ window, draw, placed }: Beside) {
  const [row] = placed;
  if (window === null || row === undefined) return null;
  const [from, to] = columnsOf(draw.axis, window);
  const [left, right, y] = [draw.x(from), draw.x(to), row.top - 2];
  return (
    <g class="window">
      <title>{`asked for in ${page(window.start)} up to ${page(window.end)}`}</title>
      <path d={`M${left} ${y + 6}v-6H${right}v6`} />
    </g>
  );
}

/** The ranges that the step flushed, over PTEs and TLBs. */
export function Sweeps({ flushes, draw, placed, step }: Beside) {
  const lanes = placed.filter(({ id }) => id.startsWith("tlb"));
  const isOfGathers = placed.some(({ id }) => id.startsWith("gather"));
  const over = lanes.length > 0 ? lanes : isOfGathers ? placed : placed.slice(-1);
  const [first, last] = [over[0], over.at(-1)];
  if (first === undefined || last === undefined) return null;
  return (
    <>
      {flushes.map(({ start, end }) => {
        const [from, to] = columnsOf(draw.axis, { start, end });
        const wide = Math.max(2, (to - from) * draw.cell);
        return (
          <g key={`${step} ${start} ${end}`} class="sweep">
            <title>{`flushed: ${page(start)} up to ${page(end)}`}</title>
            <rect x={draw.x(from)} y={first.top} width={wide} height={last.top + last.height - first.top} />
            <text x={draw.x(from) + wide / 2} y={last.top + last.height + 14} text-anchor="middle">
              flush
            </text>
          </g>
        );
      })}
    </>
  );
}

/** free_vmap_cache: the area that the next search begins at. */
export function CacheMarker({ cache, draw, placed }: Beside) {
  const row = placed.find(({ id }) => id === "area" || id === "block");
  if (cache === undefined || row === undefined) return null;
  const [from] = columnsOf(draw.axis, cache);
  const at = draw.x(from) + draw.cell / 2;
  const says = `free_vmap_cache: the area at ${page(cache.start)}; cached_hole_size ${cache.holeSize}, cached_vstart ${page(cache.vstart)}, cached_align ${cache.align}`;
  return (
    <g class="cache">
      <title>{says}</title>
      <path d={`M${at} ${row.top + 3}l-6 -9h12z`} />
    </g>
  );
}

/** The places that show the violation, numbered as in the text below. */
export function Marks({ marks, draw, placed }: Beside) {
  return (
    <>
      {marks.map((mark, nth) => {
        const id = mark.row === "tlb" ? `tlb ${mark.cpu}` : mark.row;
        const row =
          placed.find((each) => each.id === id) ?? placed.find((each) => ["area", "block"].includes(each.id));
        if (row === undefined) return null;
        const [from, to] = columnsOf(draw.axis, mark);
        const [left, wide] = [draw.x(from), Math.max(4, (to - from) * draw.cell)];
        return (
          <g key={`${id} ${mark.start} ${mark.end}`} class="mark">
            <title>{mark.says}</title>
            <rect x={left} y={row.top - 1} width={wide} height={row.height + 2} rx="3" />
            <circle cx={left + wide} cy={row.top} r="8" />
            <text x={left + wide} y={row.top}>
              {nth + 1}
            </text>
          </g>
        );
      })}
    </>
  );
}

// All columns in a narrow strip, with what is in view.

/** The strip has as many parts as this, each filled or not. */
const PARTS = 500;

function overviewPath(axis: Axis, runs: readonly Run[]): string {
  const filled = new Uint8Array(PARTS);
  for (const run of runs) {
    const [from, to] = columnsOf(axis, run);
    filled.fill(1, Math.floor((from * PARTS) / axis.columns), Math.ceil((to * PARTS) / axis.columns));
  }
  const parts: string[] = [];
  for (const [at, is] of filled.entries()) if (is === 1) parts.push(`M${at} 0h1v1h-1z`);
  return parts.join("");
}

/** All columns in a narrow strip, with what is in view; a drag moves the view. */
export function Overview({ axis, view, rows, setView }: MapProps) {
  const ref = useRef<HTMLDivElement>(null);
  if (view.span >= axis.columns) return null;
  const part = (columns: number) => `${(100 * columns) / axis.columns}%`;
  const moveTo = (event: PointerEvent) => {
    const box = ref.current?.getBoundingClientRect();
    if (box === undefined || event.buttons === 0) return;
    const at = ((event.clientX - box.left) / box.width) * axis.columns;
    setView(fitted(axis, { ...view, from: at - view.span / 2 }));
  };
  const path = overviewPath(axis, rows.find(({ id }) => id === "area" || id === "block")?.runs ?? []);
  return (
    <div class="overview" ref={ref} onPointerDown={moveTo} onPointerMove={moveTo}>
      <svg viewBox={`0 0 ${PARTS} 1`} preserveAspectRatio="none" aria-hidden="true">
        <path d={path} />
      </svg>
      <div class="in-view" style={{ left: part(view.from), width: part(view.span) }} />
    </div>
  );
}

// What a picture is drawn from, and where its parts stand.

export interface MapProps {
  readonly axis: Axis;
  readonly view: Viewport;
  readonly rows: readonly Row[];
  readonly flushes: readonly Extent[];
  /** The window in which the step asked for an area. */
  readonly window: Extent | null;
  readonly marks: readonly Mark[];
  readonly cache: Extract<Thing, { kind: "cache" }> | undefined;
  /** What the picture shows, in a sentence. */
  readonly says: string;
  /** Changes with each step, so that a flush sweeps again. */
  readonly step: number;
  setView(view: Viewport): void;
}

/** Where a row stands, from the top. */
export interface Placed extends Row {
  readonly top: number;
}

export interface Drawing {
  readonly axis: Axis;
  readonly view: Viewport;
  readonly cell: number;
  x(column: number): number;
}

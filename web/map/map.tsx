/** The address space as a picture: a row for areas, blocks, PTEs and each TLB, a column a page. */
import { Component } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { Mark, Thing } from "../../jobs/page/documents.ts";
import { type Extent, LARGE, page, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { useWidth } from "../width.ts";
import { type Axis, columnsOf, fitted, isLong, type Viewport, whole, zoomed } from "./axis.ts";
import type { Row, Run } from "./rows.ts";

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

const GUTTER = 104;
const AXIS = 24;
const GAP = 6;
/** A narrower column has no text, and one that is narrower still has no rectangle of its own. */
const TEXT_WIDTH = 15;
const WIDEST = 84;
const OWN_WIDTH = 3;

/** Where a row stands, from the top. */
interface Placed extends Row {
  readonly top: number;
}

export function AddressMap(props: MapProps) {
  const { axis, view, rows, says, setView } = props;
  const [ref, width] = useWidth();
  const room = Math.max(80, width - GUTTER);
  const cell = Math.min(WIDEST, room / view.span);
  const x = (column: number) => GUTTER + (column - view.from) * cell;
  const placed = useMemo(() => {
    let top = AXIS;
    return rows.map((row): Placed => {
      const at = top;
      top += row.height + GAP;
      return { ...row, top: at };
    });
  }, [rows]);
  const last = placed.at(-1);
  const height = (last === undefined ? AXIS : last.top + last.height) + 20;
  const draw = useMemo((): Drawing => ({ axis, view, cell, x }), [axis, view, cell]);
  const pan = usePan(props, cell);
  return (
    <div class="map" ref={ref}>
      <svg width={width} height={height} role="img" aria-label={says} {...pan}>
        <defs>
          <pattern
            id="hatch"
            width="6"
            height="6"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <line class="hatch" x1="0" y1="0" x2="0" y2="6" />
          </pattern>
          <clipPath id="in-view">
            <rect x={GUTTER} y="0" width={room} height={height} />
          </clipPath>
        </defs>
        {placed.map(({ id, label, top, height }) => (
          <g key={id}>
            <text class="row-label" x={GUTTER - 10} y={top + height / 2} text-anchor="end">
              {label}
            </text>
            <rect class="lane" x={GUTTER} y={top} width={room} height={height} />
          </g>
        ))}
        <g clip-path="url(#in-view)">
          <AxisTicks {...draw} height={height} />
          {placed.map((row) => (
            <RowRuns key={row.id} row={row} draw={draw} />
          ))}
          <AskedWindow {...props} draw={draw} placed={placed} />
          <Sweeps {...props} draw={draw} placed={placed} />
          <CacheMarker {...props} draw={draw} placed={placed} />
          <Marks {...props} draw={draw} placed={placed} />
        </g>
      </svg>
      <Overview {...props} />
      <fieldset class="zoom" aria-label="Zoom">
        <button type="button" onClick={() => setView(zoomed(axis, view, 0.6))} aria-label="Zoom in">
          +
        </button>
        <button type="button" onClick={() => setView(zoomed(axis, view, 1 / 0.6))} aria-label="Zoom out">
          −
        </button>
        <button type="button" onClick={() => setView(whole(axis))}>
          All
        </button>
        <button
          type="button"
          aria-label="Left"
          onClick={() => setView(fitted(axis, { ...view, from: view.from - view.span / 3 }))}
        >
          ←
        </button>
        <button
          type="button"
          aria-label="Right"
          onClick={() => setView(fitted(axis, { ...view, from: view.from + view.span / 3 }))}
        >
          →
        </button>
      </fieldset>
    </div>
  );
}

interface Drawing {
  readonly axis: Axis;
  readonly view: Viewport;
  readonly cell: number;
  x(column: number): number;
}

const isInView = ({ view }: Drawing, from: number, to: number) =>
  to > view.from && from < view.from + view.span;

function AxisTicks({ axis, view, cell, x, height }: Drawing & { readonly height: number }) {
  const first = Math.floor(view.from);
  const last = Math.min(axis.columns, Math.ceil(view.from + view.span));
  const longest = page(axis.cuts[last - 1] ?? 0).length;
  const every = Math.max(1, Math.ceil((longest * 7.5 + 6) / cell));
  const ticks = [];
  for (let column = first; column < last; column++) {
    const at = axis.cuts[column] as Vpn;
    if (isLong(axis, column) && cell >= 4)
      ticks.push(
        <rect
          key={`long ${column}`}
          class="long"
          x={x(column)}
          y={AXIS}
          width={cell}
          height={height - AXIS}
        />,
      );
    if (isLong(axis, column) && cell >= TEXT_WIDTH)
      ticks.push(
        <text key={`more ${column}`} class="tick" x={x(column) + cell / 2} y={15} text-anchor="middle">
          ~
        </text>,
      );
    else if (column % every === 0)
      ticks.push(
        <text
          key={column}
          class="tick"
          x={x(column) + (at < LARGE ? cell / 2 : 2)}
          y={15}
          text-anchor={at < LARGE ? "middle" : "start"}
        >
          {page(at)}
        </text>,
      );
  }
  return <>{ticks}</>;
}

function RowRuns({ row, draw }: { readonly row: Placed; readonly draw: Drawing }) {
  if (draw.cell < OWN_WIDTH) return <RowPaths row={row} draw={draw} />;
  return (
    <>
      {row.runs.map((run) => {
        const [from, to] = columnsOf(draw.axis, run);
        return isInView(draw, from, to) ? (
          <RunShape
            key={run.key}
            run={run}
            top={row.top}
            height={row.height}
            draw={draw}
            from={from}
            to={to}
          />
        ) : null;
      })}
    </>
  );
}

interface ShapeProps {
  readonly run: Run;
  readonly top: number;
  readonly height: number;
  readonly draw: Drawing;
  readonly from: number;
  readonly to: number;
}

/** Drawn again only if something of it changed. */
class RunShape extends Component<ShapeProps> {
  override shouldComponentUpdate(next: ShapeProps): boolean {
    const now: ShapeProps = this.props;
    return (Object.keys(next) as (keyof ShapeProps)[]).some((key) => next[key] !== now[key]);
  }

  override render() {
    return shapeOf(this.props);
  }
}

function shapeOf({ run, top, height, draw, from, to }: ShapeProps) {
  const { cell, x, axis, view } = draw;
  const [left, wide] = [x(from) + 0.5, (to - from) * cell - 1];
  const shape = { x: left, y: top + 2, width: Math.max(1, wide), height: height - 4 };
  const hatched = ["lazy", "lazyblock", "dirty", "dead", "gone"].includes(run.look);
  const seenFrom = Math.max(from, Math.floor(view.from));
  const seenTo = Math.min(to, Math.ceil(view.from + view.span));
  const middle = (x(seenFrom) + x(seenTo)) / 2;
  const texts = [];
  if (run.textAt !== undefined && cell >= TEXT_WIDTH)
    for (let column = seenFrom; column < seenTo; column++) {
      const long = isLong(axis, column);
      const text = long ? "~" : run.textAt(axis.cuts[column] as Vpn);
      texts.push(
        <text key={column} class="cell" x={x(column) + cell / 2} y={top + height / 2}>
          {text.length * 7 > cell ? text.slice(-2) : text}
        </text>,
      );
    }
  const fits = run.label.length * 7.2 < (seenTo - seenFrom) * cell;
  const label = fits ? run.label : run.label.length > 3 ? "" : run.label.slice(0, 1);
  return (
    <g class={`run ${run.look}${run.hue < 0 ? "" : ` hue${run.hue}`}${run.isNew ? " new" : ""}`}>
      <title>{run.says}</title>
      <rect {...shape} rx="2" />
      {hatched ? <rect {...shape} rx="2" class="over" fill="url(#hatch)" /> : null}
      {label === "" || wide < 8 ? null : (
        <text class="cell" x={middle} y={top + height / 2}>
          {run.look === "lazy" || run.look === "dirty" ? label.toLowerCase() : label}
        </text>
      )}
      {texts}
    </g>
  );
}

/** Many narrow runs: one shape for each look. */
function RowPaths({ row, draw }: { readonly row: Placed; readonly draw: Drawing }) {
  const paths = new Map<string, string[]>();
  for (const run of row.runs) {
    const [from, to] = columnsOf(draw.axis, run);
    if (!isInView(draw, from, to)) continue;
    const look = run.isNew ? `${run.look} new` : run.look;
    const parts = paths.get(look) ?? [];
    paths.set(look, parts);
    const wide = Math.max(1, (to - from) * draw.cell - 0.3);
    parts.push(
      `M${draw.x(from).toFixed(1)} ${row.top + 2}h${wide.toFixed(1)}v${row.height - 4}h-${wide.toFixed(1)}z`,
    );
  }
  return (
    <>
      {[...paths].map(([look, parts]) => (
        <path key={look} class={`run many ${look}`} d={parts.join("")} />
      ))}
    </>
  );
}

interface Beside extends MapProps {
  readonly draw: Drawing;
  readonly placed: readonly Placed[];
}

/** The window that the step asked in, over the areas. */
function AskedWindow({ window, draw, placed }: Beside) {
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
function Sweeps({ flushes, draw, placed, step }: Beside) {
  const lanes = placed.filter(({ id }) => id.startsWith("tlb"));
  const over = lanes.length > 0 ? lanes : placed.slice(-1);
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
function CacheMarker({ cache, draw, placed }: Beside) {
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
function Marks({ marks, draw, placed }: Beside) {
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
function Overview({ axis, view, rows, setView }: MapProps) {
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

/** A drag moves the picture; a wheel with Ctrl zooms where the pointer is. */
function usePan({ axis, view, setView }: MapProps, cell: number) {
  const held = useRef<{ readonly x: number; readonly from: number } | undefined>(undefined);
  return {
    onPointerDown: (event: PointerEvent) => {
      held.current = { x: event.clientX, from: view.from };
    },
    onPointerMove: (event: PointerEvent) => {
      const { current } = held;
      if (current === undefined || event.buttons === 0) return;
      setView(fitted(axis, { ...view, from: current.from - (event.clientX - current.x) / cell }));
    },
    onWheel: (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const box = (event.currentTarget as Element).getBoundingClientRect();
      const at = Math.max(0, Math.min(1, (event.clientX - box.left - GUTTER) / (box.width - GUTTER)));
      setView(zoomed(axis, view, event.deltaY > 0 ? 1.25 : 0.8, at));
    },
  };
}

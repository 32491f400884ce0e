/** The address space as a picture: a row for areas, blocks, PTEs and each TLB, a column a page. */
import { Component } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { LARGE, page, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { useWidth } from "../width.ts";
import { columnsOf, fitted, isLong, whole, zoomed } from "./axis.ts";
import {
  AskedWindow,
  CacheMarker,
  type Drawing,
  type MapProps,
  Marks,
  Overview,
  type Placed,
  Sweeps,
} from "./marks.tsx";
import type { Run } from "./rows.ts";

const GUTTER = 104;
const AXIS = 24;
const GAP = 6;
/** A narrower column has no text, and one that is narrower still has no rectangle of its own. */
const TEXT_WIDTH = 15;
const WIDEST = 84;
const OWN_WIDTH = 3;

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

const isInView = ({ view }: Drawing, from: number, to: number) =>
  to > view.from && from < view.from + view.span;

/** The width of a letter of a tick. */
const LETTER = 7.5;

function AxisTicks({ axis, view, cell, x, height }: Drawing & { readonly height: number }) {
  const first = Math.floor(view.from);
  const last = Math.min(axis.columns, Math.ceil(view.from + view.span));
  const longest = page(axis.cuts[last - 1] ?? 0).length;
  const every = Math.max(1, Math.ceil((longest * LETTER + 6) / cell));
  /** Whether its text stands within the picture: half a number would be another one. */
  const isWhole = (column: number) => {
    const at = axis.cuts[column] as Vpn;
    const wide = page(at).length * LETTER;
    const left = at < LARGE ? x(column) + cell / 2 - wide / 2 : x(column) + 2;
    return left >= x(view.from) && left + wide <= x(view.from + view.span) + GAP;
  };
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
    else if (column % every === 0 && isWhole(column))
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
      const text = isLong(axis, column) ? "~" : run.textAt(axis.cuts[column] as Vpn);
      // Half a number would be another one.
      if (text.length * 7 > cell) continue;
      texts.push(
        <text key={column} class="cell" x={x(column) + cell / 2} y={top + height / 2}>
          {text}
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

/** What is drawn over the rows of a picture: the window asked in, flushes, the cache, and the places of a violation. */
import { page } from "../../spec/vmap/vocabulary.ts";
import { columnsOf } from "./axis.ts";
import type { Drawing, MapProps, Placed } from "./drawing.ts";

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

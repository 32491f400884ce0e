/** The columns of a picture: which pages each has, and which column a page lies in. */
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";

export interface Axis {
  readonly cuts: readonly Vpn[];
  readonly columns: number;
}

export const axisOf = (cuts: readonly Vpn[]): Axis => ({ cuts, columns: Math.max(0, cuts.length - 1) });

/** The column of a page: 0 for one before the first, and the number of columns for one behind the last. */
export function columnOf({ cuts, columns }: Axis, page: Vpn): number {
  let [low, high] = [0, columns];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cuts[middle + 1] as Vpn) <= page) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The columns of an extent, from the first up to the one behind the last: at least one. */
export function columnsOf(axis: Axis, { start, end }: Extent): readonly [from: number, to: number] {
  const from = columnOf(axis, start);
  const last = columnOf(axis, end - 1);
  return [from, Math.max(from + 1, Math.min(axis.columns, last + 1))];
}

/** Whether a column stands for several pages. */
export const isLong = ({ cuts }: Axis, column: number): boolean =>
  (cuts[column + 1] as Vpn) - (cuts[column] as Vpn) > 1;

/** What of the columns is in view. */
export interface Viewport {
  readonly from: number;
  readonly span: number;
}

/** The narrowest view, and the one that a long picture begins with. */
const LEAST = 8;
const USUAL = 72;

export const whole = ({ columns }: Axis): Viewport => ({ from: 0, span: Math.max(1, columns) });

/** The view within the columns, as near to the wanted one as can be. */
export function fitted({ columns }: Axis, { from, span }: Viewport): Viewport {
  const wide = Math.max(Math.min(LEAST, columns), Math.min(columns, span));
  return { from: Math.max(0, Math.min(columns - wide, from)), span: Math.max(1, wide) };
}

/** Zoomed by a factor, so that the column at this part of the view stays where it is. */
export function zoomed(axis: Axis, view: Viewport, factor: number, at = 0.5): Viewport {
  const span = Math.max(LEAST, Math.min(axis.columns, view.span * factor));
  return fitted(axis, { from: view.from + (view.span - span) * at, span });
}

/** A view that has these extents in it; the present one, if it has. */
export function following(axis: Axis, view: Viewport, focus: readonly Extent[]): Viewport {
  const [first] = focus;
  if (first === undefined || view.span >= axis.columns) return view;
  const [from, to] = columnsOf(axis, first);
  if (from >= view.from && to <= view.from + view.span) return view;
  return fitted(axis, { from: (from + to) / 2 - view.span / 2, span: view.span });
}

/** The first view: all of a short picture, or the usual width around what the first step is about. */
export function firstView(axis: Axis, focus: readonly Extent[]): Viewport {
  if (axis.columns <= USUAL) return whole(axis);
  return following(axis, fitted(axis, { from: 0, span: USUAL }), focus);
}

/** All columns in a narrow strip, with what is in view. */
import { useRef } from "preact/hooks";
import { type Axis, columnsOf, fitted } from "./axis.ts";
import type { MapProps } from "./drawing.ts";
import type { Run } from "./rows.ts";

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

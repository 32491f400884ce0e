/** The drawing of each wing. A new wing adds one file and one line here. */
import type { Drawing } from "./drawing.ts";
import { GATHER_DRAWING } from "./gather.ts";
import { VMAP_DRAWING } from "./step-view.ts";

const DRAWINGS: Readonly<Record<string, Drawing>> = { vmap: VMAP_DRAWING, gather: GATHER_DRAWING };

export function drawingOf({ name }: { readonly name: string }): Drawing {
  const found = DRAWINGS[name];
  if (found === undefined) throw new RangeError(`nothing draws ${name}`);
  return found;
}

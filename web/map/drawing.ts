/** What a picture is drawn from, and where its parts stand. */
import type { Mark, Thing } from "../../jobs/page/documents.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import type { Axis, Viewport } from "./axis.ts";
import type { Row } from "./rows.ts";

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

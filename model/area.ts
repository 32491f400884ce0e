import { Record } from "immutable";
import type { Pfn, Vpn } from "../spec/vocabulary.ts";
import type { Life } from "../spec/world.ts";

/** An area in the reference world. Its end is start + size in plain integers; the kernel's may have wrapped. */
export interface AreaFields {
  readonly start: Vpn;
  readonly end: Vpn;
  readonly life: Life;
  /** Pages mapped from `start` on, each to the next frame from `frame` on; 0 for an area that maps nothing. */
  readonly mapped: number;
  readonly frame: Pfn;
  /** Whether the PTEs of those pages are still present: a release may leave them until the purge. */
  readonly ptesPresent: boolean;
}

export class Area extends Record<AreaFields>({
  start: 0,
  end: 0,
  life: "busy",
  mapped: 0,
  frame: 0,
  ptesPresent: false,
}) {}

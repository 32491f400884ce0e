/** find_vmap_area: which area is at an address. */
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import { findArea, findAreaAround, NONE } from "./areas.ts";
import type { Result } from "./kernel.ts";
import type { State } from "./state.ts";

/** The reply to a search that came to this slot. */
export function found({ areas }: State, slot: number): Result {
  return { kind: "found", start: slot === NONE ? null : (areas.start[slot] as number) };
}

/** find_vmap_area up to 3.10: an area is found by its first page. Lazy ones stay in the same tree up to 5.3. */
export function findByStart({ areas }: State, page: Vpn): number {
  return findArea(areas, page);
}

/** The same from 3.11 on, by any of its pages (cef2ac3f6c8a); from 5.2 on chains.ts has it. */
export function findByAnyPage({ areas }: State, page: Vpn): number {
  return findAreaAround(areas, page);
}

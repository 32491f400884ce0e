/** When something happened, as far as printed events show: a window between two of them. And addresses as printed. */
import type { Stamp } from "../../../spec/vmap/log.ts";
import { type Extent, PAGE_SIZE, type Vpn } from "../../../spec/vmap/vocabulary.ts";

/** After `from` was printed and before `by` was. Undefined: no event bounds it on that side. */
export interface Window {
  from: Stamp | undefined;
  by: Stamp | undefined;
}

/**
 * Whether the first event was printed before the second in every order that the log allows. Of events of two CPUs with
 * one time the text shows an order that means nothing.
 */
export function mustPrecede(first: Stamp, second: Stamp): boolean {
  return first.line < second.line && (first.time !== second.time || first.cpu === second.cpu);
}

export function mayPrecede(first: Stamp | undefined, second: Stamp | undefined): boolean {
  return first === undefined || second === undefined || !mustPrecede(second, first);
}

/** Whether all of the window lies before this event. */
export function isOver({ by }: Window, event: Stamp | undefined): boolean {
  return by !== undefined && event !== undefined && mustPrecede(by, event);
}

// Addresses as the kernel prints them.

export const hexOfPage = (page: Vpn): string => `0x${BigInt(Math.round(page * PAGE_SIZE)).toString(16)}`;
export const hex = ({ start, end }: Extent): string => `[${hexOfPage(start)},${hexOfPage(end)})`;

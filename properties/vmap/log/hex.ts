/** Addresses as the kernel prints them. */
import { type Extent, PAGE_SIZE, type Vpn } from "../../../spec/vmap/vocabulary.ts";

export const hexOfPage = (page: Vpn): string => `0x${BigInt(Math.round(page * PAGE_SIZE)).toString(16)}`;
export const hex = ({ start, end }: Extent): string => `[${hexOfPage(start)},${hexOfPage(end)})`;

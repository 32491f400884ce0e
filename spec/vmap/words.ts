/** Numbers of pages, as readers see them. */
import { type Bytes, PAGE_SIZE, type Vpn } from "./vocabulary.ts";

/** Above this, page numbers are shown as addresses: they are somebody's, and known so. */
export const LARGE: Vpn = 2 ** 20;

/** A page number; as an address in bytes where it is large. */
export function page(vpn: Vpn): string {
  return vpn < LARGE ? String(vpn) : `0x${(BigInt(vpn) * BigInt(PAGE_SIZE)).toString(16)}`;
}

export function alignment(align: Bytes): string {
  if (align === PAGE_SIZE) return "";
  return align < PAGE_SIZE
    ? ` align ${align} byte${align === 1 ? "" : "s"}`
    : ` align ${align / PAGE_SIZE} pages`;
}

export function pagesText(count: number): string {
  return `${count} page${count === 1 ? "" : "s"}`;
}

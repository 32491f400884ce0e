/** The memory that a search may take, as part of all that this process takes. */
import { totalmem } from "node:os";
import type { Bounds } from "../engine/search/explore.ts";
import { UsageError } from "./usage-error.ts";

const MEGABYTE = 2 ** 20;
/** Below this a search would end where it begins: what it visits, and what it leaves behind until it is collected. */
const LEAST = 64;

/** What the process takes now, in bytes. */
const taken = () => process.memoryUsage.rss();

/**
 * Bounds for this many megabytes, by itself a quarter of what there is. Throws a UsageError for more than there is, and
 * for no more than the process takes before it begins.
 */
export function memoryBounds(asked: number | undefined): Pick<Bounds, "bytes" | "isFull"> {
  const all = Math.floor(totalmem() / MEGABYTE);
  if (asked !== undefined && asked > all)
    throw new UsageError(`--megabytes ${asked}: this machine has ${all} MB`);
  const most = asked ?? Math.ceil(all / 4);
  const before = Math.ceil(taken() / MEGABYTE);
  if (most < before + LEAST)
    throw new UsageError(
      `--megabytes ${most}: the process takes ${before} MB before it begins; expected at least ${before + LEAST} MB`,
    );
  return { bytes: (most - before) * MEGABYTE, isFull: () => taken() > most * MEGABYTE };
}

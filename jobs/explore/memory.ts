/** The memory that a search may take, as a part of the process's memory. */
import { totalmem } from "node:os";
import type { Bounds } from "../../engine/search/visitable.ts";
import { UsageError } from "../usage-error.ts";

const MEGABYTE = 2 ** 20;
/** Below this a search would end at once: it needs memory for states, and for garbage until it is collected. */
const LEAST = 64;

/** The memory of the process now, in bytes. */
const taken = () => process.memoryUsage.rss();

/**
 * Bounds for this many megabytes, by default a quarter of the machine's. Throws a UsageError for more than the machine
 * has, and for no more than the process takes before the search.
 */
export function memoryBounds(asked: number | undefined): Pick<Bounds, "bytes" | "isFull"> {
  const all = Math.floor(totalmem() / MEGABYTE);
  if (asked !== undefined && asked > all)
    throw new UsageError(`--megabytes ${asked}: this machine has ${all} MB`);
  const most = asked ?? Math.ceil(all / 4);
  const before = Math.ceil(taken() / MEGABYTE);
  if (most < before + LEAST)
    throw new UsageError(
      `${asked === undefined ? `a quarter of this machine's memory is ${most} MB` : `--megabytes ${most}`}: the process takes ${before} MB before it begins; expected at least ${before + LEAST} MB`,
    );
  return { bytes: (most - before) * MEGABYTE, isFull: () => taken() > most * MEGABYTE };
}

/** In which order each release does what a call does. A bug is one of these replaced. */
import type { Step } from "../../../program.ts";
import { aliasesThroughIndex } from "./aliases.ts";
import type { CpuFields, Locks } from "./fields.ts";
import { mapFromQueue } from "./map.ts";
import { unmapFromBlock } from "./unmap.ts";

type Steps = (m: Locks, cpu: CpuFields) => readonly Step[];

export interface LocksOrder {
  readonly map: Steps;
  readonly unmap: Steps;
  readonly aliases: Steps;
}

/** From fc1e0d980037 on vm_unmap_aliases goes through the index, which 062eacf57ad9 (6.4) put in parts by address. */
const linux6_5: LocksOrder = {
  map: mapFromQueue("never"),
  unmap: unmapFromBlock,
  aliases: aliasesThroughIndex("of the index"),
};
const linux6_10: LocksOrder = {
  ...linux6_5,
  map: mapFromQueue("after"),
  aliases: aliasesThroughIndex("of vb->cpu"),
};
const linux6_11: LocksOrder = { ...linux6_10, map: mapFromQueue("before") };

export const LOCKS_ORDERS: Readonly<Record<string, LocksOrder>> = {
  "6.5": linux6_5,
  "6.10": linux6_10,
  "6.11": linux6_11,
};

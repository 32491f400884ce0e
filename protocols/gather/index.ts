/** The protocols of user-space unmapping that can be explored. A new one is one file and one line here. */
import { cpus, family, type StepProtocol } from "../protocol.ts";
import { asidsMachine } from "./asids/machine.ts";
import { ASIDS_ORDERS } from "./asids/switch.ts";

export const STEP_PROTOCOLS: readonly StepProtocol[] = [
  ...family(
    "asids",
    "ASID allocation on arm64: every CPU switches between address spaces, with a fast path without a lock, and rollovers.",
    {
      cpus: { ...cpus, most: 3 },
      tasks: { counts: "address spaces", usual: 4, most: 6 },
      asids: { counts: "ASIDs, more than CPUs", usual: 3, most: 5 },
      generations: { counts: "generations", usual: 2, most: 6 },
    },
    ASIDS_ORDERS,
    asidsMachine,
  ),
];

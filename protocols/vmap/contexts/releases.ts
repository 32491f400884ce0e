/** What a release allows its callers, and in which order it does what they ask for. */
import { type Facts, factsOf } from "../../../kernels/changes.ts";
import type { Context } from "../../../spec/vmap/concepts.ts";
import { GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_NOWAIT, NOFAIL } from "./fields.ts";
import { frees, mapsInNewBlock, populates, populatesInLazyMode, worker } from "./others.ts";
import { always, byScope, ofCaller } from "./steps.ts";
import {
  assertsNoHardInterrupt,
  assertsNoInterrupt,
  begins,
  type Callers,
  getsPages,
  makesArea,
  mapsInTwoTables,
  mapsPages,
  queuesHalfMade,
  returns,
  type Steps,
  vfreesHalfMade,
} from "./vmalloc.ts";

export interface ContextsOrder {
  readonly begins: Steps;
  readonly asserts: Steps;
  readonly makesArea: Steps;
  /** Absent in releases that have no shadow for areas. */
  readonly populates?: Steps | undefined;
  readonly getsPages: Steps;
  readonly mapsPages: Steps;
  readonly halfMade: Steps;
  readonly returns: Steps;
  readonly mapsInNewBlock: Steps;
  readonly frees: Steps;
  readonly worker: Steps;
}

const from = (context: Context, ...masks: readonly number[]) => masks.map((mask) => ({ context, mask }));

/** Documented of __vmalloc_node_range, or said by the commit that allowed it. */
const CALLERS: Readonly<Record<Facts["callers"], Callers>> = {
  GFP_KERNEL: from("process", GFP_KERNEL),
  "GFP_NOFS and GFP_NOIO too": from("process", GFP_KERNEL, GFP_NOFS, GFP_NOIO, NOFAIL),
  "without waiting too": [
    ...from("process", GFP_KERNEL, GFP_NOFS, GFP_NOIO, NOFAIL, GFP_NOWAIT),
    ...from("spinlock held", GFP_NOWAIT),
    ...from("bottom halves off", GFP_NOWAIT),
  ],
};

/** From which contexts, and with which masks, a release may be called. */
export function callersOf(label: string): { readonly vmalloc: Callers; readonly vfree: readonly Context[] } {
  const { callers, vfreeInInterrupts } = factsOf(label);
  return {
    vmalloc: CALLERS[callers],
    vfree: vfreeInInterrupts ? ["process", "bottom halves off", "softirq", "hard irq"] : ["process"],
  };
}

export function orderOf(label: string): ContextsOrder {
  const facts = factsOf(label);
  const canWaitOrNot = facts.callers === "without waiting too";
  const inside = facts.shadowMask === "GFP_KERNEL" ? always : ofCaller;
  const shadow = facts.shadowIn === "lazy MMU mode" ? populatesInLazyMode(inside) : populates(inside);
  return {
    begins: begins(callersOf(label).vmalloc),
    asserts: facts.notIn === "hard interrupts" ? assertsNoHardInterrupt : assertsNoInterrupt,
    makesArea: makesArea(canWaitOrNot ? "if it may wait" : "always"),
    populates: facts.shadowOf === "none" ? undefined : shadow,
    getsPages,
    mapsPages: mapsPages(
      facts.tables === "GFP_KERNEL" ? always : byScope,
      facts.setsPtesIn === "lazy MMU mode, left on by an error",
    ),
    halfMade: facts.halfMade === "vfree" ? vfreesHalfMade : queuesHalfMade,
    returns,
    mapsInNewBlock,
    frees: frees(callersOf(label).vfree),
    worker,
  };
}

export const NEWEST = "7.1";
/** As kvmalloc(GFP_ATOMIC) may be called. No assertion refuses it. */
const AND_SOFTIRQS: Callers = [...CALLERS["without waiting too"], ...from("softirq", GFP_NOWAIT)];

export const CONTEXTS_ORDERS: Readonly<Record<string, ContextsOrder>> = {
  "2.6.28": orderOf("2.6.28"),
  "3.11": orderOf("3.11"),
  "5.5": orderOf("5.5"),
  "5.17": orderOf("5.17"),
  /** As 6.12.117: both faults of the shadow are repaired, and vmalloc has to wait. */
  "6.1.192": orderOf("6.1.192"),
  "6.15": orderOf("6.15"),
  "6.16-rc1": orderOf("6.16-rc1"),
  "6.16": orderOf("6.16"),
  "6.17": orderOf("6.17"),
  "6.19": orderOf("6.19"),
  [NEWEST]: orderOf(NEWEST),
  /** Before KASAN had shadow, where callers of GFP_NOFS and GFP_NOIO rely on what came with 451769ebb7e7. */
  "5.4-called-with-any-mask": { ...orderOf("5.4"), begins: begins(CALLERS["GFP_NOFS and GFP_NOIO too"]) },
  "7.1-called-in-softirqs": { ...orderOf(NEWEST), begins: begins(AND_SOFTIRQS) },
  "7.1-called-in-softirqs-locking-bh": {
    ...orderOf(NEWEST),
    begins: begins(AND_SOFTIRQS),
    makesArea: makesArea("if it may wait", "bottom halves off"),
  },
  "7.1-mapping-two-tables": { ...orderOf(NEWEST), mapsPages: mapsInTwoTables(byScope, "does nothing") },
  "7.1-unmapping-before-it-tries-again": {
    ...orderOf(NEWEST),
    mapsPages: mapsInTwoTables(byScope, "unmaps"),
  },
  "7.1-vfree-of-half-made": { ...orderOf(NEWEST), halfMade: vfreesHalfMade },
};

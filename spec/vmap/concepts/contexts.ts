/**
 * Who calls, and what he may do meanwhile: the caller's context, the mask of his allocation, and the laws of both. A call
 * allocates memory itself; each of these allocations may succeed, wait for reclaim, or fail.
 */
import type { Law } from "../../contract.ts";

/** A process that may sleep; one that holds a spinlock; one that disabled bottom halves; what interrupts a process. */
export const CONTEXTS = [
  "process",
  "spinlock held",
  "bottom halves off",
  "softirq",
  "hard irq",
  "NMI",
] as const;
export type Context = (typeof CONTEXTS)[number];

/** What in_interrupt() is true of: disabled bottom halves too. */
export const isInInterrupt = (context: Context): boolean => !["process", "spinlock held"].includes(context);

/** What an allocation of memory may do: wait at all, and in reclaim start I/O and enter the filesystem. */
export interface Mask {
  readonly name: string;
  readonly mayWait: boolean;
  readonly mayEnter: readonly Layer[];
  /** It has to wait for as long as it takes. */
  readonly mayNotFail: boolean;
}

export type Layer = "reclaim" | "block layer" | "filesystem";

const mask = (name: string, mayEnter: readonly Layer[], mayNotFail = false): Mask => ({
  name,
  mayWait: mayEnter.includes("reclaim"),
  mayEnter,
  mayNotFail,
});

export const MASKS: readonly Mask[] = [
  mask("GFP_NOWAIT", []),
  mask("GFP_NOIO", ["reclaim"]),
  mask("GFP_NOFS", ["reclaim", "block layer"]),
  mask("GFP_KERNEL", ["reclaim", "block layer", "filesystem"]),
  mask("GFP_KERNEL | __GFP_NOFAIL", ["reclaim", "block layer", "filesystem"], true),
];

/** A call, as far as these laws ask for it. */
export interface CallFrom {
  readonly context: Context;
  readonly mask: Mask;
}

/** What is seen of a call up to one of its steps; what is absent was not seen there. */
export interface Seen {
  /** It slept, or said that it might (might_sleep); and whether in a section in which nothing may. */
  readonly slept?: { readonly inSection: boolean };
  /** The layers that an allocation of it may enter. */
  readonly entered?: readonly Layer[];
  /** The assertion that stopped the kernel. */
  readonly stoppedBy?: string | undefined;
  /** It takes a lock that does not disable bottom halves: who took that so far, this call included. */
  readonly locks?: { readonly inSoftirq: boolean; readonly whereOneMayCome: boolean };
  /** What its caller asked to free is queued in memory of its own: whether that is mapped. */
  readonly queuedInMapped?: boolean;
  /** It returned: what it got, and whether a section that it began is still open. */
  readonly returned?: { readonly granted: boolean; readonly inSection: boolean };
  /** It tries again for ever what cannot succeed. */
  readonly isEndless?: boolean;
}

export type ContextLaw = Law<unknown, CallFrom, Seen>;

export const sleepsOnlyWhereItMay: ContextLaw = {
  id: "sleeps-only-where-it-may",
  says: "A call sleeps only for a caller whose context and mask may wait, and in no section of its own that may not.",
  source: "might_sleep in alloc_vmap_area, and b6ea95a34cbd: no allocation that sleeps in lazy MMU mode",
  holds(_before, { context, mask }, { slept }) {
    return slept === undefined || (context === "process" && mask.mayWait && !slept.inSection);
  },
};

export const obeysMask: ContextLaw = {
  id: "obeys-mask",
  says: "What a call allocates itself enters no layer that its caller's mask forbids.",
  source: "451769ebb7e7 (page tables), 79357cd06d41 (CVE-2025-39910, KASAN's shadow)",
  holds(_before, { mask }, { entered = [] }) {
    return entered.every((layer) => mask.mayEnter.includes(layer));
  },
};

export const servesAllowedContexts: ContextLaw = {
  id: "serves-allowed-contexts",
  says: "No assertion stops a call in a context, and with a mask, from which its release allows it.",
  source: "04aa71da5f35 (CVE-2026-63955)",
  holds(_before, _command, { stoppedBy }) {
    return stoppedBy === undefined;
  },
};

export const nofailIsServed: ContextLaw = {
  id: "nofail-is-served",
  says: "A call with __GFP_NOFAIL is not refused, and does not try for ever what cannot succeed.",
  source: "9376130c390a (5.17)",
  holds(_before, { mask }, { returned, isEndless }) {
    return !mask.mayNotFail || (returned?.granted !== false && isEndless !== true);
  },
};

export const sectionsEnd: ContextLaw = {
  id: "sections-end",
  says: "A call that returns has left every section that it began: lazy MMU mode, and what a lock protects.",
  source: "fea18c686320: lazy MMU mode was left on where a page could not be mapped",
  holds(_before, _command, { returned }) {
    return returned?.inSection !== true;
  },
};

export const locksSurviveInterrupts: ContextLaw = {
  id: "locks-survive-interrupts",
  says: "A lock that a softirq takes is held by no process that a softirq may interrupt: it would wait for what it interrupted.",
  source: "Documentation/locking/lockdep-design.rst: softirq-safe and softirq-unsafe",
  holds(_before, _command, { locks }) {
    return !(locks?.inSoftirq && locks.whereOneMayCome);
  },
};

export const queuedInMappedMemory: ContextLaw = {
  id: "queued-in-mapped-memory",
  says: "A free that is deferred through the memory itself, as vfree_atomic does, finds that memory mapped.",
  source: "32fcfd40715e; 9c47753167a6: a half-made area is queued by its vm_struct instead",
  holds(_before, _command, { queuedInMapped }) {
    return queuedInMapped !== false;
  },
};

export const CONTEXT_LAWS: readonly ContextLaw[] = [
  sleepsOnlyWhereItMay,
  obeysMask,
  servesAllowedContexts,
  nofailIsServed,
  sectionsEnd,
  locksSurviveInterrupts,
  queuedInMappedMemory,
];

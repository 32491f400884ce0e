/**
 * The users of the guarantee that vm_unmap_aliases gives: a caller that pins a frame as a page table (Xen), or changes
 * its caching attribute (PAT), first ensures that nothing else maps it. Each policy is one way to do so from the mails
 * of June 2008; docs/pinning.md compares them.
 */
import type { Pinned } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Pfn } from "../../spec/vmap/vocabulary.ts";
import { deadPagesOf, dropPte, flushTlbKernelRange } from "../hardware/memory.ts";
import { emptyPageMap, frameOf, takeFrame } from "../hardware/page-map.ts";
import type { State } from "./state.ts";

/** What a policy did. */
type Pin = Pick<Pinned, "frame" | "traps" | "swept">;

export interface PinPolicy {
  readonly id: string;
  /** What it does, in a sentence. */
  readonly says: string;
  readonly source: string;
  /** Whether it needs a bit for each frame that was mapped and freed. */
  readonly notesFrames: boolean;
  /** Takes a frame and removes its aliases; `unmapAliases` is the kernel's. */
  pin(state: State, unmapAliases: (state: State) => void): Pin;
  /** The page table is gone, and its frame with it. */
  unpin(state: State, frame: Pfn): void;
}

const backToAllocator = ({ memory }: State, frame: Pfn): void => {
  memory.frames.freed.push(frame);
};

const always: PinPolicy = {
  id: "always",
  says: "Calls vm_unmap_aliases at every pin.",
  source:
    'linux-kernel, "mm: vmap rewrite", 2008-06-09: "I\'d need to do the alias unmap each time"; what 2.6.28 did',
  notesFrames: false,
  pin: (state, unmapAliases) => {
    const frame = takeFrame(state.memory.frames);
    unmapAliases(state);
    return { frame, traps: 0, swept: true };
  },
  unpin: backToAllocator,
};

const ifOutstanding: PinPolicy = {
  id: "if-outstanding",
  says: "Calls it only if any lazy mapping is outstanding: an area not purged, or a page given back in a block.",
  source:
    'linux-kernel, "mm: vmap rewrite", 2008-06-09: "Can it be fast-pathed if there are no outstanding aliases?"',
  notesFrames: false,
  pin: (state, unmapAliases) => {
    const frame = takeFrame(state.memory.frames);
    const swept = anyOutstanding(state);
    if (swept) unmapAliases(state);
    return { frame, traps: 0, swept };
  },
  unpin: backToAllocator,
};

/** vmap_lazy_nr is not enough: it does not count a page given back in a block. */
function anyOutstanding({ lazyPages, blocks }: State): boolean {
  return lazyPages > 0 || (blocks.count > 0 && anyDirty(blocks));
}

function anyDirty({ index, dirty }: State["blocks"]): boolean {
  return index.pages.some((page, slot) => page >= 0 && dirty[(index.frames[slot] as number) - 1] !== 0);
}

const bitPerFrame: PinPolicy = {
  id: "bit-per-frame",
  says: "Asks whether this frame has an alias: the vmap layer keeps a bit for each frame it frees lazily.",
  source:
    'linux-kernel, "mm: vmap rewrite", 2008-06-09: "a single bit would suffice", switched on at run time',
  notesFrames: true,
  pin: (state, unmapAliases) => {
    const { frames } = state.memory;
    const frame = takeFrame(frames);
    const swept = frameOf(frames.noted, frame as number) !== 0;
    if (swept) {
      unmapAliases(state);
      frames.noted = emptyPageMap();
    }
    return { frame, traps: 0, swept };
  },
  unpin: backToAllocator,
};

/** A stock filled with this number of frames at a time. */
function stockOf(size: number): PinPolicy {
  return {
    id: `stock-of-${size}`,
    says: `Keeps a stock of unaliased frames, filled ${size} at a time by one call; frames of page tables go back to it, as far as it has room.`,
    source:
      'linux-kernel, "mm: vmap rewrite", 2008-06-09: "keep a cache of unaliased page table pages", like the quicklists',
    notesFrames: false,
    pin: (state, unmapAliases) => {
      const { frames } = state.memory;
      const swept = frames.stock.length === 0;
      if (swept) {
        for (let taken = 0; taken < size; taken++) frames.stock.unshift(takeFrame(frames));
        unmapAliases(state);
      }
      return { frame: frames.stock.pop() as Pfn, traps: 0, swept };
    },
    unpin: ({ memory }, frame) => {
      const { stock, freed } = memory.frames;
      (stock.length < size ? stock : freed).push(frame);
    },
  };
}

/**
 * The host knows frames, not the guest's addresses: it finds the PTEs of a frame by its own check, and drops every
 * translation once for a frame that has some, or that was freed since it last did so.
 */
const hostRepairs: PinPolicy = {
  id: "host-repairs",
  says: "Never calls it: the host checks the frame for aliases, traps, and repairs them.",
  source:
    'linux-kernel, "mm: vmap rewrite", 2008-06-09: "doesn\'t the host have to do its own alias check anyway?"',
  notesFrames: true,
  pin: (state) => {
    const { frames } = state.memory;
    const frame = takeFrame(frames);
    const pages = deadPagesOf(state, frame);
    for (const page of pages) dropPte(state, page);
    if (pages.length > 0 || frameOf(frames.noted, frame as number) !== 0) {
      flushTlbKernelRange(state, 0, state.word as number);
      frames.noted = emptyPageMap();
    }
    return { frame, traps: pages.length, swept: false };
  },
  unpin: backToAllocator,
};

/** In the order of those mails; the stock in three sizes. */
export const POLICIES: readonly PinPolicy[] = [
  always,
  ifOutstanding,
  bitPerFrame,
  stockOf(4),
  stockOf(16),
  stockOf(64),
  hostRepairs,
];

/** A frame is pinned as the state's policy does it; `unmapAliases` is the kernel's. */
export function pin(state: State, unmapAliases: (state: State) => void): Pinned {
  const { frame, traps, swept } = policyOf(state).pin(state, unmapAliases);
  return { kind: "pinned", frame, traps, swept, ptes: deadPagesOf(state, frame).length };
}

export function unpin(state: State, frame: Pfn): void {
  policyOf(state).unpin(state, frame);
}

function policyOf(state: State): PinPolicy {
  return POLICIES.find(({ id }) => id === state.pinning) ?? always;
}

/** The same kernel under another user of the guarantee. */
export function underPolicy(kernel: Kernel<State>, { id, notesFrames }: PinPolicy): Kernel<State> {
  return {
    ...kernel,
    name: `${kernel.name} with ${id}`,
    initial: (scope) => ({ ...kernel.initial(scope), pinning: id, notesFrames }),
  };
}

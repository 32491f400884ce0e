/** Bugs that no recorded kernel has, each planted in one: the good kernel with one step replaced. */
import { freeChain, nextBatch } from "../../kernels/gather/batches.ts";
import { flushMmu, isNested } from "../../kernels/gather/flush.ts";
import { STEPS } from "../../kernels/gather/gather-kernel.ts";
import { adjustRange, resetRange } from "../../kernels/gather/range.ts";
import type { LawId } from "../../spec/contract.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Bug } from "../../spec/wing.ts";
import { type Change, changed, pinned, released } from "./changed.ts";

interface Planted extends Pick<Bug<GatherTerms>, "id" | "number" | "says" | "source" | "latent" | "fixed"> {
  /** The release, and what is replaced. */
  readonly in: string;
  readonly with: Change;
  readonly violates: readonly LawId[];
  /** The release without the bug, if it is another. */
  readonly repaired?: string;
}

const ALL: readonly Planted[] = [
  {
    id: "oom-reaper-fullmm",
    number: "D7",
    says: "The reaper gathers the whole mm as if it were dead. Where the architecture does not flush for that, pages of a running process are freed with their translations.",
    source: "687cb0884a71, Wang Nan, 2017, CVE-2017-18202; planted in 4.15",
    fixed: "4.15",
    in: "4.15",
    with: {
      steps: {
        // An architecture that flushes nothing for a gather of the whole mm, as its ASID is not used again (arm64, 5a7862e83000).
        flushTlb: (state, gather, rules) => {
          if (!gather.fullmm) STEPS.flushTlb(state, gather, rules);
        },
      },
    },
    violates: ["page-after-flush"],
  },
  {
    id: "force-flush-reset",
    number: "D12",
    says: "A nested tlb_finish_mmu resets the gather before it sets its range: it forgets that tables were freed, and which levels were cleared.",
    source: "7a30df49f63a, Yang Shi, 2019; planted in 5.2.1",
    fixed: "5.2",
    in: "5.2.1",
    with: {
      steps: {
        // tlb_finish_mmu of 5.1, where another gather is open.
        finish: (state, gather, rules, start, end) => {
          if (isNested(state)) {
            resetRange(gather);
            adjustRange(gather, start, end - start);
          }
          flushMmu(state, gather, rules);
          freeChain(state, gather);
        },
      },
    },
    violates: ["flush-covers"],
  },
  {
    id: "hugetlb-unshare-noflush",
    number: "D13",
    says: "Unsharing a page table removes the translations of 1 GiB, and the gather does not note it: nothing is flushed.",
    source: "a4a118f2eead, Nadav Amit, 2021, CVE-2021-4002; planted in 6.19.10",
    fixed: "5.16",
    in: "6.19.10",
    with: { steps: { unshare: () => {} } },
    violates: ["flush-covers"],
  },
  {
    id: "collapse-lazy-cpu",
    number: "D17",
    says: "khugepaged flushes as if only entries had been cleared. CPUs that keep the mm lazily pass such a flush, and their walk caches lead to the table that is freed.",
    source: "3ef938c35035, Jann Horn, 2025; planted in 6.19.10",
    fixed: "6.15",
    in: "6.19.10",
    with: {
      steps: {
        // The flush does not say that a table goes.
        collapse: (state, command) => {
          STEPS.collapse(state, command);
          state.events = state.events.map((event) =>
            event.kind === "flush" ? { ...event, freedTables: 0 } : event,
          );
        },
      },
    },
    violates: ["flush-covers", "table-after-flush", "freed-table-not-walked"],
  },
  {
    id: "ppc-hash-duplicate",
    number: "D18",
    says: "The PTE lock is dropped while entries of the hash table still wait to be invalidated: a fault puts a second entry beside the old one.",
    source:
      "Benjamin Herrenschmidt, 2010-04-08; Peter Zijlstra, linux-mm 20110307172206.557810970; b9ef323ea168; planted in 3.1",
    fixed: "never released",
    in: "3.1-ppc64",
    with: {
      steps: {
        // Lazy mode that is left without a flush of its batch.
        setLazy: (state, cpu, _rules, on) => {
          const batch = state.hash[cpu];
          if (batch !== undefined) batch.active = on ? 1 : 0;
        },
      },
    },
    violates: ["hash-empty-outside-lazy", "one-hash-entry"],
  },
  {
    id: "gather-preempted",
    number: undefined,
    says: "The array of 2.6 is its CPU's. Had its owner been allowed to sleep, the next gather on that CPU would have taken the same array, and the pages in it would never be freed.",
    source: "d16dfc550f53 gave gathers to their callers; planted in 2.6.39",
    fixed: "never released",
    in: "2.6.39",
    with: { promises: { preemptible: true } },
    violates: ["nothing-lost"],
    repaired: "3.0.66",
  },
  {
    id: "batch-kept",
    number: undefined,
    says: "A flush frees what the batches hold, and leaves it there: the next flush frees it again.",
    source: "a mutant of tlb_batch_pages_flush: nr is not set to 0",
    fixed: "never released",
    in: "3.1",
    with: {
      steps: {
        freeBatches: (state, gather) => {
          const chain = gather.chain.map((batch) => ({ ...batch, entries: batch.entries.slice() }));
          STEPS.freeBatches(state, gather);
          gather.chain = chain;
        },
      },
    },
    violates: ["freed-once"],
  },
  {
    id: "failed-batch-passed",
    number: undefined,
    says: "A gather that gets no batch page says that there is room.",
    source: "a mutant of tlb_next_batch: what it returns is not looked at",
    fixed: "never released",
    in: "3.1",
    with: { steps: { nextBatch: (state, gather, facts) => nextBatch(state, gather, facts) || true } },
    violates: ["failed-allocation-flushes"],
  },
  {
    id: "rcu-ignores-irqs-off",
    number: undefined,
    says: "A grace period that does not wait for code with interrupts off ends while a lockless walker is in the table.",
    source:
      "Peter Zijlstra, 2010-04-08: RCU need not be driven from an interrupt; call_rcu_sched in 26723911269b; planted in 4.19",
    latent: true,
    fixed: "never released",
    in: "4.19",
    with: { steps: { graceEnds: () => true } },
    violates: ["table-after-walkers"],
  },
];

export const PLANTED: readonly Bug<GatherTerms>[] = ALL.map(
  ({ in: label, with: change, violates, repaired = label, ...bug }) => ({
    ...bug,
    changed: changed(label, bug.id, change),
    violations: pinned(violates, [bug.id], released(repaired)),
    explains: () => true,
  }),
);

/** The commits that changed mmu_gather, by release, with the bugs that they began and ended. */

import type { Arch } from "./vocabulary.ts";

export interface Change {
  /** Of mainline; or, where its name is not known here, the subject of the patch. */
  readonly commit: string;
  readonly release: string;
  readonly says: string;
  /** The first label here that has it, by age. */
  readonly since: string;
  /** Labels that have it before that: stable and vendor trees. */
  readonly trees: readonly string[];
  /** Bugs by their slugs. */
  readonly begins: readonly string[];
  readonly ends: readonly string[];
}

/** The recorded labels, by age. */
export const LABELS = [
  "2.6.28",
  "2.6.39",
  "3.0.66",
  "3.1",
  "3.9.6",
  "3.10.4",
  "3.16",
  "4.4",
  "4.15",
  "4.15.18",
  "4.19",
  "5.2.1",
  "5.4.18",
  "5.11",
  "5.17",
  "6.1.10",
  "6.8",
  "6.12",
  "6.19.10",
] as const;

interface More {
  readonly begins?: string;
  readonly ends?: string;
  readonly trees?: readonly string[];
}

function change(release: string, since: string, commit: string, says: string, more: More = {}): Change {
  const slugs = (text = "") => text.split(" ").filter((slug) => slug !== "");
  return {
    commit,
    release,
    since,
    says,
    trees: more.trees ?? [],
    begins: slugs(more.begins),
    ends: slugs(more.ends),
  };
}

/** In the order in which they came. */
export const CHANGES: readonly Change[] = [
  change(
    "3.0",
    "3.0.66",
    "d16dfc550f53",
    "A gather belongs to its caller, who may sleep: pages wait in a chain of batches (with e303297e6c3a).",
    { begins: "tlb-fast-mode" },
  ),
  change(
    "3.0",
    "3.0.66",
    "26723911269b",
    "Page tables freed through RCU: ppc64's list becomes generic, and s390 uses it.",
    { begins: "rcu-table-no-invalidate rcu-table-mm-users" },
  ),
  change("3.8", "3.9.6", "53a59fc67f97", "A gather has at most so much memory in batches.", {
    trees: ["3.0.66"],
  }),
  change("3.6", "3.9.6", "597e1c3580b7", "A gather has a range, and x86 flushes it.", {
    begins: "zap-range-wrong-half gather-range-corner",
  }),
  change("3.10", "3.10.4", "29eb77825cc7", "No fast mode: one CPU flushes before it frees, too.", {
    ends: "tlb-fast-mode",
  }),
  change("3.11", "3.16", "2b047252d087", "tlb_gather_mmu is given the range; fullmm is 0 to ~0.", {
    begins: "table-outside-range",
    ends: "gather-range-corner zap-range-wrong-half",
  }),
  change("3.15", "3.16", "02a8f3abb708", "s390 flushes before it frees tables, also of a whole mm.", {
    ends: "s390-flushes-first",
  }),
  change(
    "3.15",
    "3.16",
    "1cf35d47712d",
    "A flush is a TLB part, under the PTE lock, and a part that frees.",
    { begins: "zap-misses-last-page" },
  ),
  change(
    "3.19",
    "4.4",
    "fb7332a9fedf",
    "The range is that of the entries that were removed; it is empty after a flush.",
    { ends: "zap-misses-last-page table-outside-range" },
  ),
  change("4.8", "4.15", "e9d55e157034", "__tlb_remove_page says whether the gather is full."),
  change(
    "4.10",
    "4.15",
    "e77b0852b551",
    "A gather knows its page size (with b5bc66b71310: the range grows by that of a pmd or pud).",
  ),
  change(
    "4.13",
    "4.15",
    "99baac21e458",
    "tlb_finish_mmu also flushes its range where another thread has not flushed yet.",
    { ends: "madv-flush-miss" },
  ),
  change("4.19-rc2", "4.19", "a6f572084fbe", "The last user of an mm frees tables as others do.", {
    ends: "rcu-table-mm-users",
    trees: ["4.4", "4.15.18"],
  }),
  change(
    "4.19-rc2",
    "4.19",
    "d86564a2f085",
    "Walk caches are invalidated before tables are freed, where the architecture asks for it.",
    { ends: "rcu-table-no-invalidate", trees: ["4.15.18"] },
  ),
  change("4.19-rc2", "4.19", "db7ddef30128", "Table batches go in the part that frees.", {
    trees: ["4.15.18"],
  }),
  change(
    "4.20",
    "5.2.1",
    "a6d60245d6d9",
    "A gather tracks which levels were cleared, and whether tables were freed (22a61c3c4f13).",
  ),
  change("5.2", "5.2.1", "5f307be18b3e", "tlb_start_vma flushes caches, tlb_end_vma the TLB, generically."),
  change("5.2", "5.2.1", "ed6a79352cad", "Some architectures flush where the page size changes."),
  change("5.2", "5.2.1", "7a30df49f63a", "A nested tlb_finish_mmu flushes the whole mm, with its tables.", {
    ends: "force-flush-reset",
  }),
  change(
    "5.6",
    "5.11",
    "0ed1325967ab",
    "A full flush that is due anyway is not made by a change of page size.",
  ),
  change("5.6", "5.11", "0d6e24d430ef", "A flush happens only if an entry or a table was removed."),
  change("6.0", "6.1.10", "1e9fdf21a433", "No architecture has a tlb_start_vma or tlb_end_vma of its own."),
  change("5.19", "6.1.10", "b67fbebd4cf9", "A vma of frames without pages is flushed where it ends.", {
    ends: "pfnmap-unlink-before-flush",
  }),
  change("6.2", "6.8", "5df397dec7c4", "The rmap of dirty file pages is removed after the flush."),
  change("6.6", "6.8", "6bbd42e2df8f", "Secondary TLBs are invalidated where the TLB is, not by the gather."),
  change("6.9", "6.12", "d7f861b9c43a", "Runs of pages of one folio take two entries."),
  change(
    "6.16",
    "6.19.10",
    '"mmu_gather: move tlb flush for VM_PFNMAP/VM_MIXEDMAP vmas into free_pgtables()", Roman Gushchin, 2025',
    "Vmas of frames without pages are flushed once, before they are freed.",
  ),
  change(
    "6.19",
    "6.19.10",
    '"mm/hugetlb: fix excessive IPI broadcasts when unsharing PMD tables using mmu_gather", David Hildenbrand',
    "Shared page tables are unshared through the gather.",
  ),
];

/** What a commit made of something: by the first digits of its name, or by the first words of its subject. */
export type Since<T> = readonly [commit: string, made: Partial<T>];

/** What a label begins with, so that `gather-3.1` is not a kernel of another wing. */
export const PREFIX = "gather-";

/** Architectures with kernels of their own: these run on no other. */
const OWN_ARCHES = ["s390", "ppc64"] as const satisfies readonly Arch[];

/** `gather-2.6.28-s390` runs on s390 alone; undefined for what runs on several architectures. */
export function archOf(label: string): (typeof OWN_ARCHES)[number] | undefined {
  return OWN_ARCHES.find((arch) => label.endsWith(`-${arch}`));
}

/** `gather-2.6.28-s390` is an architecture of 2.6.28. */
export function releaseOf(label: string): string {
  const release = label.replace(PREFIX, "");
  const arch = archOf(label);
  return arch === undefined ? release : release.slice(0, -`-${arch}`.length);
}

/** Whether an architecture has kernels of its own. */
export function isOwnArch(arch: Arch): boolean {
  return OWN_ARCHES.some((own) => own === arch);
}

/** Whether a label has a change. Throws a RangeError for what is no label. */
export function hasChange(label: string, { since, trees }: Change): boolean {
  const ages: readonly string[] = LABELS;
  const age = ages.indexOf(releaseOf(label));
  if (age < 0) throw new RangeError(`${label} is no label of a recorded gather`);
  return age >= ages.indexOf(since) || trees.includes(releaseOf(label));
}

/** By the first digits of its name, or by the first words of its subject. Throws a RangeError unless there is exactly one. */
function changeCalled(commit: string): Change {
  const cited = CHANGES.filter((each) => each.commit.includes(commit));
  if (cited.length !== 1) throw new RangeError(`the bibliography has no commit ${commit}, or several`);
  return cited[0] as Change;
}

/** Whether a label has the change of a commit. */
export function hasCommit(label: string, commit: string): boolean {
  return hasChange(label, changeCalled(commit));
}

/** What it is in a label, from what it was at first and a line for each commit. */
export function whatCommitsMade<T>(label: string, first: T, lines: readonly Since<T>[]): T {
  let made = first;
  for (const [commit, change] of lines) if (hasCommit(label, commit)) made = { ...made, ...change };
  return made;
}

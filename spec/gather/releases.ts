/** Who promises what, by the commit that brought it. */
import type { LawId } from "../contract.ts";
import { archOf, hasCommit, LABELS, PREFIX } from "./bibliography.ts";

/** The recorded kernels: the releases, and those of two architectures. */
export const ALL_LABELS: readonly string[] = [
  ...LABELS,
  "2.6.28-s390",
  "3.1-s390",
  "2.6.28-ppc64",
  "3.1-ppc64",
].map((label) => PREFIX + label);

const ALWAYS: readonly LawId[] = [
  "page-after-flush",
  "table-after-flush",
  "table-after-walkers",
  "freed-once",
  "nothing-lost",
  "flush-covers",
  "failed-allocation-flushes",
  "freed-not-reached",
  "freed-table-not-walked",
];

/** Laws by the commit since which they are promised. */
const SINCE: readonly (readonly [commit: string, law: LawId])[] = [
  ["53a59fc67f97", "batches-bounded"],
  ["99baac21e458", "finish-leaves-nothing-stale"],
  ["0d6e24d430ef", "flush-only-removed"],
  ["b67fbebd4cf9", "unlinked-is-flushed"],
];

const HASH: readonly LawId[] = ["one-hash-entry", "hash-empty-outside-lazy"];

function promisesOf(label: string): Promises {
  const ppc64 = archOf(label) === "ppc64";
  const s390 = archOf(label) === "s390";
  const has = (commit: string) => hasCommit(label, commit);
  // s390 has lockless walkers since its tables are freed through RCU.
  const walks = !s390 || has("26723911269b");
  const since = SINCE.flatMap(([commit, law]) => (has(commit) ? [law] : []));
  return {
    labels: [label],
    laws: [
      ...ALWAYS.filter((law) => law !== "table-after-walkers" || walks),
      ...since,
      ...(ppc64 ? HASH : []),
    ],
    sizes: has("e77b0852b551"),
    levels: has("a6d60245d6d9"),
    invalidates: has("d86564a2f085"),
    preemptible: has("d16dfc550f53"),
    perCpu: !has("d16dfc550f53"),
    has: {
      ranges: has("597e1c3580b7"),
      tlbOnly: has("fb7332a9fedf"),
      pageSizes: has("e77b0852b551"),
      folios: has("d7f861b9c43a"),
      freeVmas: has("mmu_gather: move tlb flush for VM_PFNMAP"),
      unshare: has("mm/hugetlb: fix excessive IPI broadcasts"),
      hash: ppc64,
      space: s390,
      pages: !s390,
    },
  };
}

export const RELEASES: readonly Promises[] = ALL_LABELS.map(promisesOf);

export function promisesCalled(label: string): Promises {
  const found = RELEASES.find(({ labels }) => labels.includes(label));
  if (found === undefined) throw new RangeError(`${label} is no label of a recorded gather`);
  return found;
}

export interface Promises {
  readonly labels: readonly string[];
  readonly laws: readonly LawId[];
  /** Whether an entry above a PTE is flushed as a whole; before, the flush of its first page counts. */
  readonly sizes: boolean;
  /** Whether flushes say which levels were cleared, and whether tables were freed. */
  readonly levels: boolean;
  /** Whether it invalidates walk caches before it frees tables, on architectures that need that. */
  readonly invalidates: boolean;
  /** Whether the owner of a gather may sleep, and so other commands may come between its own. */
  readonly preemptible: boolean;
  /** Whether pages wait in the array of a CPU. */
  readonly perCpu: boolean;
  /** What it has. */
  readonly has: Readonly<Record<Feature, boolean>>;
}

/** Calls that came with a release. */
export type Feature =
  | "ranges"
  | "tlbOnly"
  | "pageSizes"
  | "folios"
  | "freeVmas"
  | "unshare"
  | "hash"
  | "space"
  | "pages";

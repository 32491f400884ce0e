/** What concurrent logs are made of: a kernel, a machine, the events that are recorded, and what goes wrong. */

export const DEFECTS = [
  "overlap",
  "early reuse",
  "no flush",
  "short flush",
  "area left out",
  "miscount",
  "hole passed over",
] as const;
/** What the allocator does wrong, once. */
export type Defect = (typeof DEFECTS)[number];

export interface Setting {
  readonly seed: number;
  readonly cpus: number;
  /** Pools, and a list of lazy areas for each node (6.9 on); or one list, in which neighbours merge. */
  readonly nodes: number;
  /** Names of events that the log has: tracepoints and kprobes. */
  readonly has: (event: string) => boolean;
  readonly calls: number;
  /** Pages of the window: in a small one requests are refused. */
  readonly pages: number;
  /** What the reader says of the kernel's version. */
  readonly release: string | undefined;
  /** Rows of lost events. */
  readonly losses?: number;
  readonly defect?: Defect;
}

const isTracepoint = (event: string) => !event.startsWith("k_");
/** Events that kernels and recordings have: all, tracepoints alone, kprobes alone, and parts of them. */
const PARTS: readonly Setting["has"][] = [
  () => true,
  isTracepoint,
  (event) => !isTracepoint(event),
  (event) => isTracepoint(event) || event === "k_free",
  (event) => isTracepoint(event) || event === "k_tlb" || event.startsWith("k_purge"),
  (event) => event !== "k_tlb",
  (event) => !event.startsWith("k_alloc"),
  (event) => isTracepoint(event) || event === "k_free" || event === "k_tlb",
  (event) => isTracepoint(event) || event.startsWith("k_alloc"),
];

/** Each number gives another kernel, machine and recording. */
export function settingOf(seed: number): Setting {
  const nth = <T>(all: readonly T[], every: number) => all[Math.floor(seed / every) % all.length] as T;
  const nodes = nth([1, 2, 4], PARTS.length);
  return {
    seed,
    has: nth(PARTS, 1),
    nodes,
    cpus: nth([1, 2, 4], 3 * PARTS.length),
    pages: nth([70, 100_000], 1),
    calls: 150,
    release: nth([undefined, nodes > 1 ? "6.12" : "6.8"], 8),
  };
}

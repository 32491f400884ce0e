/** A log written by hand: one event a line, in the order in which they are given, by pages from the start of a window. */
import { fileOf } from "../../adapters/complaints.testing.ts";
import { type ValidateOptions, type ValidateReport, validate } from "./validate.ts";

const START = 0xffffd58480000000n;
const WINDOW = "vstart=0xffffd58480000000 vend=0xfffff5847fffffff";

export const hexOf = (page: number): string => `0x${(START + BigInt(page) * 4096n).toString(16)}`;
const extent = (from: number, to: number) => `start=${hexOf(from)} end=${hexOf(to)}`;

/** A line that has more than its event. */
export interface Placed {
  readonly says: string;
  readonly cpu: number;
}

export const onCpu = (cpu: number, says: string): Placed => ({ says, cpu });

export const alloc = (page: number, size = 1, align = 1): string =>
  `alloc_vmap_area: va_start: ${START + BigInt(page) * 4096n} size=${size * 4096} align=${align} ${WINDOW} failed=0`;
export const refuse = (size: number): string =>
  `alloc_vmap_area: va_start: ${0n} size=${size * 4096} align=1 ${WINDOW} failed=1`;
export const allocEntry = (size: number, align = 1): string =>
  `k_alloc: (alloc_vmap_area+0x0/0x1) size=${size * 4096} align=${align} ${WINDOW}`;
export const allocReturn = (from: number, to: number): string =>
  `k_alloc_ret: (f+0x1/0x2 <- alloc_vmap_area) va=0xffff8a1cb4a85240 ${extent(from, to)}`;
export const freeing = (from: number, to: number): string =>
  `k_free: (f+0x0/0x1) va=0xffff8a1cb4a85240 ${extent(from, to)}`;
export const free = (page: number, lazy: number): string =>
  `free_vmap_area_noflush: va_start=${hexOf(page)} nr_lazy=${lazy} nr_lazy_max=8192`;
export const purging = "k_purge: (__purge_vmap_area_lazy+0x0/0x1) start=0xffffffffffffffff end=0x0";
export const flush = (from: number, to: number): string => `k_tlb: (f+0x0/0x1) ${extent(from, to)}`;
export const purge = (from: number, to: number, areas: number): string =>
  `purge_vmap_area_lazy: ${extent(from, to)} num_purged=${areas}`;
export const NO_PURGE = "purge_vmap_area_lazy: start=0xffffffffffffffff end=0x0 num_purged=0";
export const purged = (areas: boolean): string =>
  `k_purge_ret: (f+0x1/0x2 <- __purge_vmap_area_lazy) ret=0x${Number(areas)}`;

/** An event of another CPU, which says nothing of areas: what came before it can be decided. */
export const OTHER: Placed = onCpu(1, "k_vmap_ram: (vm_map_ram+0x0/0x1) count=1");

/** The report on these lines. */
export const judgeLines = (lines: readonly string[], options?: ValidateOptions): Promise<ValidateReport> =>
  validate(fileOf(`${lines.join("\n")}\n`, ".txt"), options);

/** The report on these events: those of CPU 0 unless another is named, of one task on each CPU. */
export const judge = (events: readonly (string | Placed)[], options?: ValidateOptions) =>
  judgeLines(
    events.map((event, nth) => {
      const { says, cpu } = typeof event === "string" ? onCpu(0, event) : event;
      return `task-${100 + cpu} [00${cpu}] ..... 1.${String(nth + 1).padStart(6, "0")}: ${says}`;
    }),
    options,
  );

/** The laws violated, each with its line. */
export const violatedIn = ({ violations }: ValidateReport): readonly (readonly [string, number])[] =>
  violations.map(({ law, line }) => [law, line]);

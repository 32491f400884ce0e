/** The laws that a log is judged by: those of the specification that its events show, and those of a log itself. */
import type { LawId } from "../../../spec/contract.ts";
import { LAWS } from "../../../spec/vmap/laws/index.ts";

export interface LogLaw {
  readonly id: LawId;
  readonly says: string;
  readonly source: string;
}

/** The laws of the specification whose violation a log can show. */
const OF_CALLS: readonly LawId[] = [
  "in-window",
  "aligned",
  "no-overlap",
  "lowest-fit-at-a-page",
  "lowest-roomy-hole",
  "refused-only-when-full",
  "flush-before-reuse",
  "flush-well-formed",
  "one-flush-per-purge",
  "lazy-count",
  "argument-domain",
];

/** Those on the search for free space. */
export const OF_ROOM: readonly LawId[] = [
  "lowest-fit-at-a-page",
  "lowest-roomy-hole",
  "refused-only-when-full",
];

const OF_LOGS: readonly LogLaw[] = [
  {
    id: "purge-takes-all",
    says: "A purge takes every area that was freed before it began, and none that was not freed.",
    source: "__purge_vmap_area_lazy takes each list of lazy areas whole (db64fe02, 7679ba6b36db)",
  },
  {
    id: "events-agree",
    says: "The events of one call agree: its entry, its tracepoint and its return name one request and one area.",
    source:
      "alloc_vmap_area and free_vmap_area_noflush print what they were called with and what they return",
  },
  {
    id: "end-state",
    says: "The areas that the log leaves are those of /proc/vmallocinfo, lazy ones among the unpurged.",
    source: "vmalloc_info_show walks the areas in use and the lazy lists",
  },
];

export const LOG_LAWS: readonly LogLaw[] = [
  ...OF_CALLS.map((id) => LAWS.find((law) => law.id === id) as LogLaw),
  ...OF_LOGS,
];

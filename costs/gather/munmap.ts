/** munmap of user pages: how often a release flushes, and what it frees, is counted while its kernel model answers. */
import { kernelCalled } from "../../kernels/gather/index.ts";
import { type Limits, numbers, pagesOf, type Scope, STD, tableOf } from "../../spec/gather/scope.ts";
import { PAGE } from "../../spec/gather/vocabulary.ts";
import { type Costs, hardwareOf } from "../costs.ts";
import { type Nanoseconds, type Program, Simulation } from "../simulation.ts";

/** A release, and how much its gathers hold. */
export interface Gathering {
  readonly name: string;
  readonly kernel: string;
  readonly limits: Limits;
}

/** The first flushes for each page: the array of 2.6.28 with room for one. */
export const GATHERINGS: readonly Gathering[] = [
  { name: "no batch: a flush for each page", kernel: "gather-2.6.28", limits: { ...STD, array: 1 } },
  { name: "2.6.28: an array of 506 pages", kernel: "gather-2.6.28", limits: STD },
  { name: "3.1: batches of 510, as many as there is memory for", kernel: "gather-3.1", limits: STD },
  { name: "3.9 and later: at most 19 batches of 510", kernel: "gather-3.9.6", limits: STD },
];

/** What the model did, in order: a flush of the mm, or pages that were freed. */
type Did = "flush" | number;

/** A process that unmaps all that it has. */
export function didFor({ kernel: label, limits }: Gathering, pages: number): readonly Did[] {
  const kernel = kernelCalled(label);
  if (kernel === undefined) throw new RangeError(`there is no kernel ${label}`);
  const addresses = pagesOf(pages);
  const end = pages * PAGE;
  const scope: Scope = {
    name: "munmap",
    arch: "x86",
    cpus: 2,
    tables: "page",
    limits,
    pages: addresses,
    frames: numbers(pages, 1),
    tableIds: [...new Set(addresses.map(tableOf))],
    slots: 1,
    calls: ["zap"],
  };
  const state = kernel.initial(scope);
  const commands = [
    { op: "gather", g: 0, start: 0, end },
    { op: "zap", g: 0, addr: 0, n: pages, pfn: 1 },
    { op: "finish", g: 0, start: 0, end },
  ] as const;
  return commands.flatMap((command) =>
    kernel.act(state, command).events.flatMap((event): Did[] => {
      if (event.kind === "flush") return ["flush"];
      if (event.kind === "page") return [1];
      return event.kind === "pages" ? [event.runs.reduce((sum, [, count]) => sum + count, 0)] : [];
    }),
  );
}

export interface MunmapResult {
  readonly nanosecondsAPage: Nanoseconds;
  readonly flushes: number;
}

/** Of a process whose threads run on this number of CPUs. */
export function runMunmap(gathering: Gathering, costs: Costs, threads: number, pages: number): MunmapResult {
  const simulation = new Simulation(hardwareOf(costs), threads);
  const did = didFor(gathering, pages);
  simulation.start(0, unmaps(did, costs, threads));
  for (let cpu = 1; cpu < threads; cpu++) simulation.start(cpu, computes());
  simulation.run(() => simulation.cpus[0]?.state === "idle" && simulation.now > 0);
  const flushes = did.filter((each) => each === "flush").length;
  return { nanosecondsAPage: simulation.now / pages, flushes };
}

/** The entries of pages are cleared before the flush that is made for them, and the pages are freed after it. */
function* unmaps(did: readonly Did[], costs: Costs, threads: number): Program {
  const { pteClear, descriptor } = costs.nanoseconds;
  for (const [nth, each] of did.entries()) {
    if (each === "flush") {
      yield { work: freedAfter(did, nth) * pteClear, as: "zap_pte_range" };
      yield { flushBelow: threads };
    } else yield { work: each * descriptor, as: "free_pages" };
  }
}

/** Pages freed between a flush and the next. */
function freedAfter(did: readonly Did[], flush: number): number {
  let pages = 0;
  for (let at = flush + 1; at < did.length; at++) {
    const each = did[at] as Did;
    if (each === "flush") break;
    pages += each;
  }
  return pages;
}

function* computes(): Program {
  for (;;) yield { work: 1e6, as: "user" };
}
